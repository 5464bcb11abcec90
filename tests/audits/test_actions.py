"""Engagements and the windows that follow them."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audits.actions import admit_auditor, end_access, keep_engagement
from audits.models import Engagement, EngagementGrant
from controls.frameworks import load_trust_services
from foundation.accounts.access import can, open_window, visible
from foundation.accounts.models import AuditorWindow, User
from foundation.accounts.roles import Role
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from tests.factories.people import EngagementFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def new_auditor(db: None) -> User:
    return UserFactory(role=Role.AUDITOR, name="Nora Newman")


@pytest.fixture
def criteria(compliance: User) -> None:
    load_trust_services(compliance)


def admit(
    engagement: Engagement, user: User, actor: User, *, start: int = 0, days: int = 30, **more: Any
) -> AuditorWindow:
    """From `start` days from now, for some days."""
    opens = timezone.now() + timedelta(days=start)
    times = {"opens_at": opens, "closes_at": opens + timedelta(days=days)}
    return admit_auditor(engagement, user, actor=actor, **{"reason": "Fieldwork", **times, **more})


def test_admit_auditor(engagement: Engagement, new_auditor: User, compliance: User) -> None:
    window = admit(engagement, new_auditor, compliance)
    assert (window.period_from, window.period_to) == (engagement.period_from, engagement.period_to)
    assert window.category_codes == ["security", "availability"]
    assert open_window(new_auditor) == window
    assert can(new_auditor, "view", engagement)
    grant = EngagementGrant.objects.get()
    assert (grant.user, grant.content_object, grant.granted_by) == (new_auditor, engagement, compliance)
    assert (grant.opens_at, grant.expires_at) == (window.opens_at, window.closes_at)
    entry = Entry.objects.get(verb="engagement.auditor_admitted")
    assert (entry.actor_id, entry.object_id) == (compliance.pk, str(engagement.pk))
    told = json.loads(entry.detail)
    assert told["reason"] == "Fieldwork"
    assert told["refs"] == {"user": new_auditor.pk, "window": window.pk, "grant": grant.pk}


def test_an_auditor_has_one_window_at_a_time(engagement: Engagement, new_auditor: User, compliance: User) -> None:
    admit(engagement, new_auditor, compliance)
    other = EngagementFactory()
    for start, days in ((0, 30), (10, 5), (29, 10), (-1, 40)):
        with pytest.raises(ValidationError, match="already has access"):
            admit(other, new_auditor, compliance, start=start, days=days)
    admit(other, UserFactory(role=Role.AUDITOR), compliance)
    assert AuditorWindow.objects.filter(user=new_auditor).count() == 1


def test_windows_may_follow_each_other(engagement: Engagement, new_auditor: User, compliance: User) -> None:
    first = admit(engagement, new_auditor, compliance)
    second = admit(
        EngagementFactory(),
        new_auditor,
        compliance,
        opens_at=first.closes_at,
        closes_at=first.closes_at + timedelta(days=1),
    )
    with time_machine.travel(first.closes_at, tick=False):
        assert open_window(new_auditor) == second


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"days": 0}, "ends before it begins"),
        ({"days": -1}, "ends before it begins"),
        ({"start": -10, "days": 5}, "is over"),
        ({"reason": " "}, "Say why"),
    ],
)
def test_impossible_admissions_leave_nothing(
    change: dict[str, Any], message: str, engagement: Engagement, new_auditor: User, compliance: User
) -> None:
    with pytest.raises(ValidationError, match=message):
        admit(engagement, new_auditor, compliance, **change)
    assert not AuditorWindow.objects.exists()
    assert not EngagementGrant.objects.exists()
    assert not Entry.objects.filter(verb="engagement.auditor_admitted").exists()


@pytest.mark.parametrize("changes", [{"role": Role.EMPLOYEE}, {"role": Role.AUDITOR, "is_active": False}])
def test_only_an_active_auditor_is_admitted(changes: dict[str, Any], engagement: Engagement, compliance: User) -> None:
    with pytest.raises(ValidationError, match="active account with the role Auditor"):
        admit(engagement, UserFactory(**changes), compliance)


def test_nobody_is_admitted_to_an_archived_engagement(
    engagement: Engagement, new_auditor: User, compliance: User
) -> None:
    engagement.archived_at = timezone.now()
    save(engagement, actor=compliance, verb="engagement.archived")
    with pytest.raises(ValidationError, match="archived"):
        admit(engagement, new_auditor, compliance)


def test_end_access(engagement: Engagement, new_auditor: User, compliance: User) -> None:
    window = admit(engagement, new_auditor, compliance)
    end_access(window, actor=compliance, reason="Report issued")
    assert open_window(new_auditor) is None
    assert not visible(new_auditor, Engagement).exists()
    assert EngagementGrant.objects.get().expires_at <= timezone.now()
    entry = Entry.objects.get(verb="engagement.access_ended")
    assert json.loads(entry.detail)["reason"] == "Report issued"
    with pytest.raises(ValidationError, match="ended already"):
        end_access(window, actor=compliance, reason="Again")
    admit(engagement, new_auditor, compliance)
    assert open_window(new_auditor) is not None


def test_access_that_has_not_begun_never_begins(engagement: Engagement, new_auditor: User, compliance: User) -> None:
    window = admit(engagement, new_auditor, compliance, start=5)
    end_access(window, actor=compliance, reason="Postponed")
    with time_machine.travel(timezone.now() + timedelta(days=6), tick=False):
        assert open_window(new_auditor) is None
        assert not can(new_auditor, "view", engagement)


def test_ending_one_engagement_leaves_the_other(engagement: Engagement, new_auditor: User, compliance: User) -> None:
    other = EngagementFactory()
    first = admit(engagement, new_auditor, compliance, days=5)
    second = admit(other, new_auditor, compliance, start=6, days=5)
    end_access(first, actor=compliance, reason="Done")
    with time_machine.travel(second.opens_at + timedelta(hours=1), tick=False):
        assert open_window(new_auditor) == second
        assert list(visible(new_auditor, Engagement)) == [other]


def test_windows_follow_their_engagement(
    engagement: Engagement, new_auditor: User, compliance: User, criteria: None
) -> None:
    past = admit(engagement, new_auditor, compliance, days=1)
    end_access(past, actor=compliance, reason="Too early")
    window = admit(engagement, new_auditor, compliance)
    engagement.refresh_from_db()
    engagement.categories = ["confidentiality"]
    engagement.period_to = date.fromordinal(engagement.period_to.toordinal() + 31)
    keep_engagement(engagement, actor=compliance)
    window.refresh_from_db()
    assert window.category_codes == ["security", "confidentiality"], "Security cannot be unticked (R1.1)"
    assert window.period_to == engagement.period_to
    assert Entry.objects.filter(verb="auditorwindow.updated", object_id=str(window.pk), actor_id=compliance.pk).exists()
    past.refresh_from_db()
    assert past.category_codes == ["security", "availability"], "what is over stays as it was"


def test_a_new_engagement_always_covers_security(compliance: User, criteria: None) -> None:
    engagement = Engagement(name="Type I", type="I", as_of=date(2026, 6, 30), categories=["privacy"])
    keep_engagement(engagement, actor=compliance)
    assert engagement.categories == ["security", "privacy"]
    assert Entry.objects.get(verb="engagement.created").actor_id == compliance.pk


def test_unknown_categories_are_refused(engagement: Engagement, compliance: User, criteria: None) -> None:
    engagement.categories = ["security", "happiness"]
    with pytest.raises(ValidationError, match="no category happiness"):
        keep_engagement(engagement, actor=compliance)


def test_two_people_editing_at_once(engagement: Engagement, compliance: User, criteria: None) -> None:
    theirs = Engagement.objects.get(pk=engagement.pk)
    engagement.firm = "One"
    keep_engagement(engagement, actor=compliance)
    theirs.firm = "Two"
    with pytest.raises(Stale):
        keep_engagement(theirs, actor=compliance)


@pytest.mark.parametrize(
    "times",
    [
        {"type": "I", "as_of": None, "period_from": None, "period_to": None},
        {"type": "I", "as_of": date(2026, 1, 1), "period_from": date(2026, 1, 1), "period_to": date(2026, 2, 1)},
        {"type": "II", "period_from": date(2026, 1, 2), "period_to": date(2026, 1, 1)},
        {"type": "II", "period_from": None, "period_to": date(2026, 1, 1)},
        {"type": "II", "period_to": None},
        {"type": "V"},
        {"status": "certified"},
    ],
)
def test_the_database_refuses_times_that_do_not_fit_the_type(times: dict[str, Any], db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        EngagementFactory(**times)


def test_clean_says_what_is_missing() -> None:
    with pytest.raises(ValidationError, match="as of one day"):
        Engagement(name="x", type="I").clean()
    with pytest.raises(ValidationError, match="first and last day"):
        Engagement(name="x", type="II", period_from=date(2026, 1, 1)).clean()
    with pytest.raises(ValidationError, match="ends before it begins"):
        Engagement(name="x", type="II", period_from=date(2026, 2, 1), period_to=date(2026, 1, 1)).clean()
    one_day = Engagement(name="x", type="II", period_from=date(2026, 1, 1), period_to=date(2026, 1, 1))
    one_day.clean()


def test_switching_the_type_leaves_no_date_behind() -> None:
    engagement = Engagement(
        name="x", type="I", as_of=date(2026, 1, 1), period_from=date(2026, 1, 1), period_to=date(2026, 2, 1)
    )
    engagement.clean()
    assert (engagement.period_from, engagement.period_to) == (None, None)
    assert engagement.days == (date(2026, 1, 1), date(2026, 1, 1))


@pytest.mark.parametrize(("was", "to"), [("planned", "reporting"), ("planned", "closed"), ("closed", "fieldwork")])
def test_illegal_steps_are_refused(was: str, to: str, compliance: User, criteria: None) -> None:
    engagement = EngagementFactory(status=was)
    engagement.status = to
    with pytest.raises(ValidationError, match="cannot go there"):
        keep_engagement(engagement, actor=compliance)
    assert Engagement.objects.get().status == was


def test_a_new_engagement_is_planned(compliance: User, criteria: None) -> None:
    engagement = Engagement(name="x", type="I", as_of=date(2026, 6, 30), status="closed")
    with pytest.raises(ValidationError, match="cannot go there"):
        keep_engagement(engagement, actor=compliance)
