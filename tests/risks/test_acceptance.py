"""Who accepts which risk: the literal table through the view; its end, also while nothing ran (R5.2)."""

import datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from risks import acceptance
from risks.acceptance import APPROVERS, lapse_acceptances
from risks.models import Acceptance, AcceptanceState, Band, Risk, Status, Treatment
from risks.rating import rate
from risks.work import risks_work
from tests.factories.people import UserFactory
from tests.factories.risks import a_risk, accepted, an_executive, asked, level, rated

# band: the rating that gives it. In the order of PEOPLE: may approve (Y), sees it and may not (n), does not see it (-).
RATINGS: dict[str, tuple[int, int]] = {Band.LOW: (2, 2), Band.MEDIUM: (3, 3), Band.HIGH: (4, 4), Band.CRITICAL: (5, 5)}
PEOPLE = (
    "owner", "requester", "earlier_owner", "owners_manager", "other_manager", "executive", "compliance", "admin",
    "control_owner", "employee", "auditor", "outsider",
)  # fmt: skip
MAY: dict[str, str] = {
    Band.LOW: "n n n Y n Y Y - - - n -",
    Band.MEDIUM: "n n n Y n Y n - - - n -",
    Band.HIGH: "n n n n n Y Y - - - n -",
    Band.CRITICAL: "n n n n n Y n - - - n -",
}


def post(user: User, page: str, target: object, **said: object) -> int:
    client = Client()
    client.force_login(user)
    target.refresh_from_db()
    address = reverse(f"risks:{page}", args=[target.pk])
    return client.post(address, {"version": target.version, **said}).status_code


@pytest.mark.parametrize("band", list(Band))
def test_who_may_approve_what(  # noqa: PLR0917 - the table names them all
    band: str,
    manager: User,
    owner: User,
    compliance: User,
    admin: User,
    colleague: User,
    employee: User,
    auditor: User,
    outsider: User,
):
    # Whoever asked or once owned it would be let through by their role: a second compliance manager and an executive.
    requester = UserFactory(name="Rita Requester", role="compliance_manager")
    earlier = UserFactory(name="Elsa Earlier", role="manager")
    people = {
        "owner": owner, "requester": requester, "earlier_owner": earlier, "owners_manager": manager,
        "other_manager": UserFactory(role="manager"), "executive": UserFactory(role="manager"),
        "compliance": compliance, "admin": admin, "control_owner": colleague, "employee": employee, "auditor": auditor,
        "outsider": outsider,
    }  # fmt: skip
    an_executive(people["executive"])
    an_executive(earlier)
    found = {}
    for name in PEOPLE:
        risk = rated(owner=owner, inherent=RATINGS[band])
        request = asked(risk, actor=requester)
        for who in (earlier, owner):  # given away and back since it was asked
            risk = Risk.objects.get(pk=risk.pk)
            risk.owner = who
            save(risk, actor=SYSTEM, verb="risk.updated")
        status = post(people[name], "acceptance-approve", request)
        request.refresh_from_db()
        risk.refresh_from_db()
        assert (request.state == AcceptanceState.APPROVED) == (status == 302) == (risk.status == Status.ACCEPTED)
        found[name] = {302: "Y", 403: "n", 404: "-"}[status]
    assert " ".join(found.values()) == MAY[band]
    assert {line for lines in APPROVERS.values() for line in lines} == {
        "owner's manager", "compliance manager", "executive",
    }  # fmt: skip
    lines = set(Acceptance.objects.filter(state="approved").values_list("decided_as", flat=True))
    assert lines == set(APPROVERS[band])


def test_a_request_is_asked_declined_asked_again_withdrawn_approved_and_ended(
    owner: User, manager: User, compliance: User
):
    risk, said = rated(owner=owner, inherent=(3, 3)), {"reason": "It costs more.", "compensating": "We watch it."}
    page, until = "risk-request-acceptance", today() + datetime.timedelta(days=60)
    assert post(owner, page, risk, **said, until=today()) == 422
    assert post(owner, page, risk, **said, until=today() + datetime.timedelta(days=366)) == 422
    assert post(owner, page, risk, reason="It costs more.", until=until) == 422
    assert post(owner, page, risk, **said, until=until) == 302
    assert post(owner, page, risk, **said, until=until) == 422
    one = Acceptance.objects.get()
    assert [item.action for item in risks_work(manager) if item.ref == one.ref] == ["Decide"]
    assert [item for item in risks_work(compliance) if item.ref == one.ref] == []
    assert post(compliance, "acceptance-decline", one, reason="No.") == 403
    assert post(manager, "acceptance-decline", one, reason="Not yet.") == 302
    assert post(owner, page, risk, **said, until=until) == 302
    two = Acceptance.objects.first()
    assert post(owner, "risk-archive", risk, reason="Gone.") == 403
    assert post(compliance, "risk-archive", risk, reason="Gone.") == 422
    assert post(owner, "acceptance-withdraw", two, reason="Better words.") == 302
    three = accepted(risk, actor=owner, approver=manager)
    risk.refresh_from_db()
    assert (risk.status, risk.accepted_until, risk.treatment) == (Status.ACCEPTED, three.until, Treatment.ACCEPT)
    assert post(owner, "risk-treat", risk, treatment="mitigate", reason="So.") == 422
    assert post(compliance, "acceptance-end", three, reason="It changed.") == 302
    risk.refresh_from_db()
    assert (risk.status, risk.accepted_until, risk.treatment) == (Status.REOPENED, None, "")
    told = Entry.objects.filter(object_type="risks.acceptance", outcome="ok").order_by("id")
    assert list(told.values_list("verb", flat=True)) == [
        "acceptance.requested", "acceptance.declined", "acceptance.requested", "acceptance.withdrawn",
        "acceptance.requested", "acceptance.approved", "acceptance.ended",
    ]  # fmt: skip


@pytest.mark.parametrize(("band", "longest"), [("low", 365), ("medium", 365), ("high", 180), ("critical", 90)])
def test_the_worse_the_risk_the_shorter_it_is_accepted(owner: User, band: str, longest: int):
    risk = rated(owner=owner, inherent=RATINGS[band])
    with pytest.raises(ValidationError, match=f"at most {longest} days"):
        asked(risk, actor=owner, days=longest + 1)
    assert asked(risk, actor=owner, days=longest).state == AcceptanceState.REQUESTED


def test_what_nobody_owns_or_rated_is_not_accepted_and_the_method_may_not_move_beneath_it(owner: User, manager: User):
    with pytest.raises(ValidationError, match="cannot be accepted now"):
        asked(a_risk(owner=owner), actor=owner)
    with pytest.raises(ValidationError, match="Name an owner"):
        asked(rated(), actor=owner)
    risk = rated(owner=owner, inherent=(3, 3))
    request = asked(risk, actor=owner)
    rate(Risk.objects.get(pk=risk.pk), actor=owner, inherent=level(4, 4), residual=level(4, 4))
    request.refresh_from_db()
    assert (request.state, request.ended_reason[:26]) == (AcceptanceState.WITHDRAWN, "The risk was rated anew: 1")
    with pytest.raises(PermissionDenied, match="an executive"):
        acceptance.approve(asked(risk, actor=owner), actor=manager)


def test_rated_above_what_was_accepted_it_is_open_again_and_below_it_stays(owner: User, manager: User):
    risk = rated(owner=owner, inherent=(3, 3))
    one = accepted(risk, actor=owner, approver=manager)
    lower = rate(Risk.objects.get(pk=risk.pk), actor=owner, inherent=level(2, 3), residual=level(2, 3))
    assert (lower.status, lower.accepted_until) == (Status.ACCEPTED, one.until)
    worse = rate(lower, actor=owner, inherent=level(4, 3), residual=level(4, 3))
    one.refresh_from_db()
    assert (worse.status, worse.accepted_until, one.state) == (Status.REOPENED, None, AcceptanceState.ENDED)
    assert one.ended_reason == "The risk was rated anew: 12 remains, 9 was accepted."


def test_expiry_reopens_while_the_worker_is_off_for_a_week_and_is_written_down_once(owner: User, manager: User):
    risks = [rated(owner=owner, inherent=(3, 3), title=f"Risk {n}") for n in range(3)]
    ends = [
        accepted(risk, actor=owner, approver=manager, days=days) for risk, days in zip(risks, (5, 6, 60), strict=True)
    ]
    assert [item.kind for item in risks_work(owner)] == ["Its acceptance ends"] * 2
    here = datetime.datetime.now(datetime.UTC)
    with time_machine.travel(here + datetime.timedelta(days=12), tick=False):  # nothing has run since
        risk = Risk.objects.get(pk=risks[0].pk)
        assert (risk.status, risk.standing(today())) == (Status.ACCEPTED, Status.REOPENED)
        client = Client()
        client.force_login(owner)
        assert "Its acceptance ended on" in client.get(risk.get_absolute_url()).content.decode()
        listed = client.get("/risks/?status=reopened").content.decode()
        assert ("Risk 0" in listed, "Risk 1" in listed, "Risk 2" in listed) == (True, True, False)
        assert "Lapsed on its day" in client.get(ends[0].get_absolute_url()).content.decode()
        assert [item.kind for item in risks_work(owner)].count("Open again") == 2
        # the first is asked again before the worker is back: the end is written down first
        again = asked(risk, actor=owner)
        assert lapse_acceptances() == 1
        assert lapse_acceptances() == 0
    assert list(Acceptance.objects.order_by("id").values_list("state", flat=True)) == [
        "lapsed", "lapsed", "approved", "requested",
    ]  # fmt: skip
    assert Acceptance.objects.get(pk=again.pk).risk_id == risks[0].pk
    for verb, kind in (("acceptance.lapsed", ends), ("risk.reopened", risks)):
        entries = Entry.objects.filter(verb=verb)
        assert sorted(entries.values_list("object_id", flat=True)) == sorted(str(one.pk) for one in kind[:2])
        assert set(entries.values_list("actor_kind", flat=True)) == {"system"}


def test_who_approved_it_does_not_become_its_owner_and_closing_ends_it(owner: User, manager: User, compliance: User):
    risk = rated(owner=owner, inherent=(3, 3))
    one = accepted(risk, actor=owner, approver=manager)
    client = Client()
    client.force_login(compliance)
    address = reverse("risks:risk-edit", args=[risk.pk])
    form = client.get(address).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "", False)}
    assert client.post(address, data | {"owner": manager.pk}).status_code == 422
    assert client.post(address, data | {"owner": ""}).status_code == 422
    assert post(compliance, "risk-close", risk, reason="The product is gone.") == 302
    one.refresh_from_db()
    risk.refresh_from_db()
    assert (risk.status, one.state) == (Status.CLOSED, AcceptanceState.ENDED)
    assert post(compliance, "risk-reopen", risk, reason="It is back.") == 302


def edited(user: User, risk: Risk, **said: Any) -> int:
    """Post the risk's form as a browser does, with these fields changed."""
    client = Client()
    client.force_login(user)
    address = reverse("risks:risk-edit", args=[risk.pk])
    form = client.get(address).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "", False)}
    data = {name: "\r\n".join(value.splitlines()) if isinstance(value, str) else value for name, value in data.items()}
    return client.post(address, data | said).status_code


def test_a_change_of_the_risk_voids_what_was_asked_and_what_was_accepted_stays(
    owner: User, manager: User, colleague: User, compliance: User
):
    risk = rated(owner=owner, inherent=(3, 3), cause="Two\nlines")
    other = UserFactory(role="manager")
    colleague.manager = other
    save(colleague, actor=SYSTEM, verb="user.updated")
    request = asked(risk, actor=compliance)
    assert edited(compliance, risk, source_note="The workshop") == 302
    request.refresh_from_db()
    assert request.state == AcceptanceState.REQUESTED
    # given to somebody else: the former owner's manager answers for it no more
    held = Risk.objects.get(pk=risk.pk)
    held.owner = colleague
    with transaction.atomic():
        save(held, actor=SYSTEM, verb="risk.updated")
        with pytest.raises(PermissionDenied, match="owner's manager"):
            acceptance.approve(Acceptance.objects.get(), actor=manager)
        with pytest.raises(ValidationError, match="another owner"):
            acceptance.approve(Acceptance.objects.get(), actor=other)
        transaction.set_rollback(True)
    assert edited(compliance, risk, owner=colleague.pk) == 302
    assert edited(compliance, risk, owner=owner.pk) == 302
    again = asked(risk, actor=owner)
    assert edited(compliance, risk, title="A much larger one", effect="All of it") == 302
    told = Entry.objects.filter(verb="acceptance.withdrawn").order_by("id")
    assert [entry.facts["reason"] for entry in told] == [
        "The risk has another owner than when it was asked.",
        "The risk was rewritten since it was asked: title, effect.",
    ]  # fmt: skip
    assert {one.state for one in (Acceptance.objects.get(pk=one.pk) for one in (request, again))} == {"withdrawn"}
    one = accepted(risk, actor=owner, approver=manager)
    for said in ({"title": "Larger still"}, {"category": "legal"}, {"cause": "Another"}, {"assets": "All"}):
        assert edited(compliance, risk, **said) == 422
    assert edited(compliance, risk, source_note="The second workshop") == 302
    acceptance.end(one, actor=compliance, reason="It grew.")
    assert edited(compliance, risk, title="Larger still") == 302


def test_whoever_owned_it_since_it_was_rated_never_approves(owner: User, compliance: User, colleague: User):
    # compliance rates its own risk, gives it to somebody, who asks: the giver owned what is accepted
    given = rated(owner=compliance, actor=compliance, title="Given away")
    asks = rated(owner=owner, actor=compliance, title="Rated for another")
    assert edited(compliance, given, owner=owner.pk) == 302
    with pytest.raises(PermissionDenied, match="owns the risk"):
        acceptance.approve(asked(given, actor=owner), actor=compliance)
    assert acceptance.approve(asked(asks, actor=owner), actor=compliance).decided_by == compliance
    # who owned it once and rated it last, after it was given away, neither
    rate(Risk.objects.get(pk=given.pk), actor=compliance, inherent=level(4, 4), residual=level(4, 4))
    with pytest.raises(PermissionDenied, match="owns the risk"):
        acceptance.approve(Acceptance.objects.get(risk=given), actor=compliance)
    # rated anew by its owner, what the former owner approves was never the former owner's
    rate(Risk.objects.get(pk=given.pk), actor=owner, inherent=level(3, 5), residual=level(3, 5))
    assert acceptance.approve(asked(given, actor=owner), actor=compliance).state == AcceptanceState.APPROVED


def test_the_database_lets_what_was_decided_end_once_and_nothing_else(owner: User, manager: User):
    pks = {}
    for state in ("approved", "lapsed", "withdrawn"):
        risk = rated(owner=owner, inherent=(3, 3), title=state)
        made = asked(risk, actor=owner) if state == "withdrawn" else accepted(risk, actor=owner, approver=manager)
        if state == "withdrawn":
            acceptance.withdraw(made, actor=owner, reason="Better words.")
        if state == "lapsed":
            acceptance.over(made, AcceptanceState.LAPSED, actor=SYSTEM, reason="Its day.")
        pks[state] = made.pk
    for state, change in (
        ("approved", "state = 'requested'"), ("approved", "state = 'declined'"), ("approved", "ended_reason = 'x'"),
        ("lapsed", "state = 'approved', ended_at = NULL"), ("lapsed", "state = 'ended'"),
        ("lapsed", "ended_reason = 'x'"), ("lapsed", "ended_at = NULL"), ("withdrawn", "state = 'requested'"),
        ("withdrawn", "ended_reason = 'x'"), ("approved", "state = 'ended', reason = 'x'"),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="it only ends"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE risks_acceptance SET {change} WHERE id = %s", [pks[state]])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE risks_acceptance SET state = 'ended', ended_reason = 'x' WHERE id = %s", [pks["approved"]]
        )


def test_what_is_decided_about_and_by_whom_is_said(owner: User, manager: User, compliance: User):
    risk = rated(owner=owner, inherent=RATINGS[Band.CRITICAL], cause="Laptops are not locked.")
    request = asked(risk, actor=owner)
    client = Client()
    client.force_login(compliance)
    assert "Nobody holds that now" in client.get(request.get_absolute_url()).content.decode()
    named = UserFactory(name="Ella Executive", role="manager")
    an_executive(named)
    assert acceptance.approvers_of(request) == [named]
    assert "Now that is Ella Executive" in client.get(request.get_absolute_url()).content.decode()
    client.force_login(named)
    page = client.get(reverse("risks:acceptance-approve", args=[request.pk])).content.decode()
    for words in (risk.title, "Laptops are not locked.", "likelihood 5", "None is linked.", request.reason):
        assert words in page, words


@pytest.mark.parametrize("verb", ["approve", "decline", "withdraw", "end"])
def test_the_risk_is_locked_before_its_acceptance(owner: User, manager: User, verb: str):
    """As every verb on the risk does: two people who decide at once wait for each other, and never for ever."""
    an_executive(manager)
    risk = rated(owner=owner)
    request = accepted(risk, actor=owner, approver=manager) if verb == "end" else asked(risk, actor=owner)
    said = {} if verb == "approve" else {"reason": "It is so."}
    with CaptureQueriesContext(connection) as asks:
        getattr(acceptance, verb)(Acceptance.objects.get(pk=request.pk), actor=manager, **said)
    reads = [one["sql"].split(" FROM ")[1].split()[0].strip('"') for one in asks if " FROM " in one["sql"]]
    rows = [table for table in reads if table in {"risks_risk", "risks_acceptance"}]
    assert rows[:3] == ["risks_acceptance", "risks_risk", "risks_acceptance"]  # the first is the test's own
