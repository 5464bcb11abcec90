"""A grant that is over, not begun, taken back, another's or of another verb opens no door: all of them are tried."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission
from django.http import Http404
from django.test import Client
from django.utils import timezone

from audits.actions import end_access
from audits.models import Engagement, EngagementGrant
from foundation.accounts.access import allowed, can, get_allowed, visible, which
from foundation.accounts.models import User
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.people import EngagementFactory, UserFactory

HOUR = timedelta(hours=1)


def over(grant: EngagementGrant) -> None:
    grant.opens_at, grant.expires_at = timezone.now() - 2 * HOUR, timezone.now() - HOUR


def over_this_moment(grant: EngagementGrant) -> None:
    grant.expires_at = timezone.now()


def not_begun(grant: EngagementGrant) -> None:
    grant.opens_at = timezone.now() + HOUR


def anothers(grant: EngagementGrant) -> None:
    grant.user = UserFactory(role="auditor")


def another_verb(grant: EngagementGrant) -> None:
    grant.permission = Permission.objects.get(content_type__app_label="audits", codename="change_engagement")


def another_record(grant: EngagementGrant) -> None:
    grant.content_object = EngagementFactory(name="Another examination")


WORTHLESS = [over, over_this_moment, not_begun, anothers, another_verb, another_record]


def sights(user: User, engagement: Engagement) -> dict[str, bool]:
    """What each way to ask says of this record for this person."""
    try:
        got = get_allowed(user, "view", Engagement, engagement.pk) == engagement
    except Http404:
        got = False
    about = Entry.objects.filter(object_type="audits.engagement", object_id=str(engagement.pk))
    return {
        "visible": visible(user, Engagement).filter(pk=engagement.pk).exists(),
        "allowed": allowed(user, "view", Engagement).filter(pk=engagement.pk).exists(),
        "can": can(user, "view", engagement),
        "which": which(user, "view", [engagement]) == {engagement.pk},
        "get_allowed": got,
        "history": visible(user, Engagement.history.all()).filter(id=engagement.pk).exists(),
        "trail": visible(user, about).exists(),
    }


def doors(user: User, engagement: Engagement) -> dict[str, bool]:
    """Whether each page answers with this record, or at all."""
    client = Client()
    client.force_login(user)
    page = engagement.get_absolute_url()
    entry = Entry.objects.filter(object_type="audits.engagement", object_id=str(engagement.pk)).earliest("id")

    def names(path: str, words: str = engagement.name) -> bool:
        return words in client.get(path).getvalue().decode()

    now = urlencode({"as_of": timezone.now().isoformat()})

    try:
        printed = engagement.name in html_for(paper_for("/audits/", user), cover_for(user))
    except Http404:
        printed = False
    return {
        "detail": client.get(page).status_code == 200,
        "history tab": client.get(f"{page}history/").status_code == 200,
        "trail tab": client.get(f"{page}trail/").status_code == 200,
        "past": client.get(f"{page}?{now}").status_code == 200,
        "list": names("/audits/"),
        "CSV": names("/audits/export.csv"),
        "trail": names("/trail/?register=audits.engagement", f'href="/trail/{entry.pk}/"'),
        "trail CSV": names("/trail/export.csv?register=audits.engagement", f"\n{entry.pk},"),
        "entry": client.get(f"/trail/{entry.pk}/").status_code == 200,
        "PDF": printed,
    }


@pytest.fixture
def grant(auditor: User) -> EngagementGrant:
    return EngagementGrant.objects.get(user=auditor)


def test_a_grant_that_holds_opens_every_door(auditor: User, engagement: Engagement):
    assert set(sights(auditor, engagement).values()) == {True}
    assert {door for door, is_open in doors(auditor, engagement).items() if not is_open} == set()


@pytest.mark.parametrize("make", WORTHLESS)
def test_one_that_does_not_opens_none(
    auditor: User, engagement: Engagement, grant: EngagementGrant, make: Callable[[Any], None]
):
    make(grant)
    save(grant, actor=SYSTEM, verb="engagementgrant.ended")
    assert set(sights(auditor, engagement).values()) == {False}
    assert {door for door, is_open in doors(auditor, engagement).items() if is_open} == set()


def test_one_that_was_taken_back_opens_none(auditor: User, compliance: User, engagement: Engagement):
    window = auditor.windows.get()
    end_access(window, actor=compliance, reason="Fieldwork is over.")
    assert set(sights(auditor, engagement).values()) == {False}
    assert {door for door, is_open in doors(auditor, engagement).items() if is_open} == set()


def test_a_deactivated_person_has_none(auditor: User, engagement: Engagement):
    auditor.is_active = False
    save(auditor, actor=SYSTEM, verb="user.deactivated")
    assert set(sights(auditor, engagement).values()) == {False}


def test_a_grant_to_a_member_ends_as_well(owner: User, engagement: Engagement):
    """Not only auditors: a control owner who was let see one engagement sees it until then."""
    grant = EngagementGrant(user=owner, content_object=engagement, reason="Helps to prepare it.")
    grant.permission = Permission.objects.get(content_type__app_label="audits", codename="view_engagement")
    grant.opens_at, grant.expires_at = timezone.now() - HOUR, timezone.now() + HOUR
    save(grant, actor=SYSTEM, verb="engagementgrant.created")
    assert sights(owner, engagement)["visible"]
    over(grant)
    save(grant, actor=SYSTEM, verb="engagementgrant.ended")
    assert set(sights(owner, engagement).values()) == {False}
