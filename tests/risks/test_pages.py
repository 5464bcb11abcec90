"""Risks on their pages and in the API."""

from django.test import Client
from django.urls import reverse

from foundation.accounts.models import User
from tests.factories.evidence import operating
from tests.factories.risks import rated


def post(user: User, page: str, target: object, **said: object) -> object:
    client = Client()
    client.force_login(user)
    target.refresh_from_db()
    return client.post(reverse(f"risks:{page}", args=[target.pk]), {"version": target.version, **said})


def test_smoke(compliance: User):
    risk = rated(operating(), residual=(2, 2), owner=compliance)
    client = Client()
    client.force_login(compliance)
    for path in (
        "/risks/",
        "/risks/new/",
        f"/risks/{risk.pk}/",
        f"/risks/{risk.pk}/rate/",
        "/risks/actions/",
        "/risks/acceptances/",
        f"/risks/{risk.pk}/edit/",
        f"/risks/{risk.pk}/history/",
        f"/risks/{risk.pk}/trail/",
        "/risks/export.csv",
        "/api/v1/risks/",
    ):
        response = client.get(path)
        assert response.status_code == 200, path
