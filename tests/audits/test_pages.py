"""The engagement pages: by whom they are opened, and admitting an auditor on them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.actions import admit_auditor
from audits.models import Engagement, EngagementGrant
from controls.frameworks import load_trust_services
from foundation.accounts.access import open_window
from foundation.accounts.models import AuditorWindow, User
from foundation.accounts.roles import Role
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.people import EngagementFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_compliance(client: Client, compliance: User) -> Client:
    load_trust_services(compliance)
    client.force_login(compliance)
    return client


def page(name: str, *args: int) -> str:
    return reverse(f"audits:engagement-{name}", args=args)


def local(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("who", "listing", "detail", "edit"),
    [
        ("compliance", 200, 200, 200),
        ("auditor", 200, 200, 403),
        ("admin", 404, 404, 404),
        ("manager", 404, 404, 404),
        ("owner", 404, 404, 404),
        ("employee", 404, 404, 404),
        ("outsider", 404, 404, 404),
    ],
)
def test_who_may_open_them(
    who: str,
    listing: int,
    detail: int,
    edit: int,
    client: Client,
    engagement: Engagement,
    request: pytest.FixtureRequest,
) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get(page("list")).status_code == listing
    assert client.get(page("detail", engagement.pk)).status_code == detail
    for name in ("edit", "archive"):
        assert client.get(page(name, engagement.pk)).status_code == edit
    for name in ("edit", "archive", "admit-auditor"):
        expected = {200: {422}, 403: {403}, 404: {404}}[edit]
        assert client.post(page(name, engagement.pk), {}).status_code in expected, name
    assert Engagement.objects.get(pk=engagement.pk).version == 1


def test_create_an_engagement(as_compliance: Client) -> None:
    form = {
        "name": "SOC 2 2026",
        "type": "II",
        "period_from": "2026-01-01",
        "period_to": "2026-12-31",
        "categories": ["availability"],
        "firm": "Harrow & Pike LLP",
    }
    response = as_compliance.post(page("create"), form)
    engagement = Engagement.objects.get()
    assert response.url == page("detail", engagement.pk)
    assert engagement.categories == ["security", "availability"]
    shown = as_compliance.get(response.url).content.decode()
    assert "2026-01-01 to 2026-12-31" in shown
    assert "Security, Availability" in shown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"period_to": "2025-12-31"}, "ends before it begins"),
        ({"type": "I"}, "as of one day"),
        ({"categories": ["happiness"]}, "happiness"),
    ],
)
def test_a_refused_engagement_says_why(as_compliance: Client, change: dict[str, Any], message: str) -> None:
    form = {"name": "x", "type": "II", "period_from": "2026-01-01", "period_to": "2026-12-31"}
    response = as_compliance.post(page("create"), {**form, **change})
    assert response.status_code == 422
    assert message in response.content.decode()
    assert not Engagement.objects.exists()


def test_admit_and_end_access(as_compliance: Client, engagement: Engagement) -> None:
    auditor, now = UserFactory(role=Role.AUDITOR, name="Nora Newman"), timezone.now()
    form = {
        "user": auditor.pk,
        "opens_at": local(now - timedelta(hours=1)),
        "closes_at": local(now + timedelta(days=30)),
        "reason": "Fieldwork",
    }
    assert as_compliance.post(page("admit-auditor", engagement.pk), form).status_code == 302
    window = AuditorWindow.objects.get()
    assert open_window(auditor) == window
    assert "Nora Newman" in as_compliance.get(page("detail", engagement.pk)).content.decode()
    again = as_compliance.post(page("admit-auditor", engagement.pk), form)
    assert again.status_code == 422
    assert "already has access" in again.content.decode()
    end = page("end-access", engagement.pk, window.pk)
    assert as_compliance.get(end).status_code == 200
    assert as_compliance.post(end, {"reason": ""}).status_code == 422
    assert open_window(auditor) == window
    assert as_compliance.post(end, {"reason": "Done", "version": window.version}).status_code == 302
    assert open_window(auditor) is None
    assert as_compliance.post(end, {"reason": "Done", "version": window.version}).status_code == 422


def test_a_window_of_another_engagement_is_not_found_here(
    as_compliance: Client, engagement: Engagement, auditor: User
) -> None:
    window, other = AuditorWindow.objects.get(), EngagementFactory()
    assert as_compliance.post(page("end-access", other.pk, window.pk), {"reason": "x"}).status_code == 404
    assert open_window(auditor) == window


def test_only_active_auditors_can_be_chosen(as_compliance: Client, engagement: Engagement, owner: User) -> None:
    now = timezone.now()
    form = {
        "user": owner.pk,
        "opens_at": local(now),
        "closes_at": local(now + timedelta(days=1)),
        "reason": "Fieldwork",
    }
    assert as_compliance.post(page("admit-auditor", engagement.pk), form).status_code == 422
    assert not EngagementGrant.objects.exists()


def test_an_engagement_with_open_access_is_not_archived(
    as_compliance: Client, engagement: Engagement, auditor: User
) -> None:
    form = {"reason": "Done", "version": engagement.version}
    assert as_compliance.post(page("archive", engagement.pk), form).url == page("detail", engagement.pk)
    engagement.refresh_from_db()
    assert engagement.archived_at is None


def test_windows_are_not_told_of_a_past_moment(as_compliance: Client, engagement: Engagement, auditor: User) -> None:
    now = timezone.now().isoformat().replace("+", "%2B")
    past = as_compliance.get(f"{page('detail', engagement.pk)}?as_of={now}")
    assert past.context["moment"]
    assert past.context["windows"] is None
    assert "Audrey Auditor" not in past.content.decode()


def test_an_auditor_opens_the_engagement_after_its_period(client: Client) -> None:
    user, now = UserFactory(role=Role.AUDITOR), timezone.now()
    past = EngagementFactory(
        period_from=(now - timedelta(days=400)).date(), period_to=(now - timedelta(days=30)).date()
    )
    admit_auditor(past, user, opens_at=now, closes_at=now + timedelta(days=9), actor=SYSTEM, reason="Fieldwork")
    client.force_login(user)
    assert client.get(page("list")).context["page"].object_list == [past]
    assert client.get(page("detail", past.pk)).status_code == 200
    assert client.get(reverse("accounts:user-detail", args=(user.pk,))).status_code == 200


def test_an_auditor_sees_one_engagement_and_nobody_elses_access(
    client: Client, auditor: User, engagement: Engagement
) -> None:
    other = EngagementFactory()
    client.force_login(auditor)
    rows = client.get(page("list")).context["page"].object_list
    assert [row.pk for row in rows] == [engagement.pk]
    assert client.get(page("detail", other.pk)).status_code == 404
    shown = client.get(page("detail", engagement.pk))
    assert shown.context["windows"] is None
    assert "Admit an auditor" not in shown.content.decode()
    assert Entry.objects.filter(verb="page.read", actor_id=auditor.pk, object_id=str(engagement.pk)).count() == 1


def test_the_edit_form_says_who_changed_what_meanwhile(as_compliance: Client, engagement: Engagement) -> None:
    form = {
        "name": "Mine",
        "type": "II",
        "period_from": engagement.period_from.isoformat(),
        "period_to": engagement.period_to.isoformat(),
        "categories": engagement.categories,
        "version": 1,
    }
    assert as_compliance.post(page("edit", engagement.pk), form).status_code == 302
    response = as_compliance.post(page("edit", engagement.pk), {**form, "name": "Theirs"})
    assert response.status_code == 409
    assert "Nothing was saved" in response.content.decode()
    engagement.refresh_from_db()
    assert engagement.name == "Mine"
