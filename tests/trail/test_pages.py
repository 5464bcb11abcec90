"""The trail's pages as people see them."""

import pytest
from django.urls import reverse

from foundation.trail.models import Entry

pytestmark = pytest.mark.django_db


def test_smoke(client, admin, owner):
    client.force_login(admin)
    page = client.get(reverse("trail:entry-list"))
    assert page.status_code == 200
    assert "Oskar Owner" in page.content.decode()
    entry = Entry.objects.filter(verb="user.created").first()
    assert client.get(reverse("trail:entry-detail", args=[entry.pk])).status_code == 200
    body = b"".join(client.get(reverse("trail:entry-csv"))).decode()
    assert "user.created" in body
