"""The verbs on controls: what they change, what they refuse, and the entries they leave."""

import datetime
import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from controls import actions
from controls.frameworks import load_framework
from controls.models import Applicability, Category, Control, Criterion, Framework, Mapping, Series, Status
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import Stale
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from foundation.trail.steps import IllegalMove
from tests.factories.controls import ControlFactory, small_framework, trust_services
from tests.factories.people import UserFactory

LEGAL = {
    ("planned", "in_progress"),
    ("in_progress", "implemented"),
    ("in_progress", "planned"),
    ("implemented", "retired"),
    ("implemented", "in_progress"),
    ("retired", "planned"),
}
STAYING = {
    ("planned", "planned"),
    ("in_progress", "in_progress"),
    ("implemented", "implemented"),
    ("retired", "retired"),
}
ORDINARY = ["planned", "in_progress", "implemented", "retired"]


@pytest.fixture
def entries(db):
    """The verbs recorded since the test asked for them."""
    start = 0

    def since() -> list[str]:
        nonlocal start
        found = list(Entry.objects.filter(id__gt=start).order_by("id"))
        start = found[-1].id if found else start
        return [entry.verb for entry in found]

    return since


def stored(control: Control) -> Control:
    return Control.objects.get(pk=control.pk)


@pytest.mark.parametrize("before", ORDINARY)
@pytest.mark.parametrize("after", [*ORDINARY, "not_applicable"])
def test_a_status_moves_only_where_it_may(owner: User, entries, before, after):
    control = ControlFactory(status=before, owner=owner)
    entries()
    if (before, after) in LEGAL | STAYING:
        actions.update_status(control, actor=owner, status=after, note="Here is why.")
        assert (stored(control).status, stored(control).status_note) == (after, "Here is why.")
        assert (stored(control).status_changed_at is not None) == (before != after)
        assert entries() == ["control.status_updated"]
    else:
        with pytest.raises(IllegalMove):
            actions.update_status(control, actor=owner, status=after, note="Here is why.")
        assert stored(control).status == before
        assert entries() == []


@pytest.mark.parametrize("note", ["", "   "])
def test_a_status_needs_a_note(owner: User, note):
    control = ControlFactory(owner=owner)
    with pytest.raises(ValidationError):
        actions.update_status(control, actor=owner, status=Status.IN_PROGRESS, note=note)
    assert stored(control).status == Status.PLANNED


def test_the_entry_tells_what_changed_and_why(owner: User):
    control = ControlFactory(owner=owner)
    actions.update_status(control, actor=owner, status=Status.IN_PROGRESS, note="Drafted.")
    entry = Entry.objects.get(verb="control.status_updated")
    detail = json.loads(entry.detail)
    assert (entry.actor_id, entry.object_type, entry.object_id) == (owner.pk, "controls.control", str(control.pk))
    assert detail["changes"]["status"] == ["planned", "in_progress"]
    assert detail["changes"]["status_note"] == ["", "Drafted."]
    assert detail["reason"] == "Drafted."


def test_a_status_read_before_a_colleague_changed_it_is_refused(owner: User):
    seen = ControlFactory(owner=owner)
    actions.update_status(stored(seen), actor=owner, status=Status.IN_PROGRESS, note="First.")
    with pytest.raises(Stale):
        actions.update_status(seen, actor=owner, status=Status.IN_PROGRESS, note="Second.")
    assert stored(seen).status_note == "First."


def test_an_archived_control_takes_no_verb(owner: User, compliance: User):
    control = ControlFactory(archived_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    with pytest.raises(ValidationError):
        actions.update_status(control, actor=owner, status=Status.IN_PROGRESS, note="Go.")
    with pytest.raises(ValidationError):
        actions.review(control, actor=owner, note="Seen.")
    with pytest.raises(ValidationError):
        actions.assign_owner([control], actor=compliance, owner=owner, reason="Why not.")


def test_not_applicable_takes_a_second_person(owner: User, compliance: User, entries):
    implemented = ControlFactory(status=Status.IMPLEMENTED, owner=owner)
    entries()
    control = actions.propose_not_applicable(implemented, actor=owner, reason="No office.")
    assert (control.status, control.awaits_second_person) == (Status.IMPLEMENTED, True)
    with pytest.raises(PermissionDenied):
        actions.approve_not_applicable(control, actor=owner)
    with pytest.raises(ValidationError):
        actions.propose_not_applicable(control, actor=compliance, reason="Once more.")
    control = actions.approve_not_applicable(control, actor=compliance)
    assert (control.status, control.approved_by, control.proposed_by) == (Status.NOT_APPLICABLE, compliance, owner)
    assert control.not_applicable_reason == "No office."
    assert entries() == ["control.not_applicable_proposed", "control.not_applicable_approved"]


def test_a_control_that_is_applicable_again_is_planned_and_owes_no_reason(owner: User, compliance: User):
    control = actions.propose_not_applicable(ControlFactory(), actor=owner, reason="No office.")
    control = actions.approve_not_applicable(control, actor=compliance)
    with pytest.raises(IllegalMove):
        actions.update_status(control, actor=owner, status=Status.IMPLEMENTED, note="Back.")
    control = actions.update_status(control, actor=owner, status=Status.PLANNED, note="We rent an office now.")
    assert (control.status, control.not_applicable_reason) == (Status.PLANNED, "")
    assert (control.proposed_by, control.proposed_at, control.approved_by) == (None, None, None)


def test_a_declined_proposal_leaves_the_control_as_it_was(owner: User, compliance: User, entries):
    control = actions.propose_not_applicable(ControlFactory(), actor=owner, reason="No office.")
    entries()
    with pytest.raises(ValidationError):
        actions.decline_not_applicable(control, actor=compliance, reason=" ")
    control = actions.decline_not_applicable(control, actor=compliance, reason="There is a lab.")
    assert (control.status, control.awaits_second_person) == (Status.PLANNED, False)
    assert entries() == ["control.not_applicable_declined"]
    with pytest.raises(ValidationError):
        actions.approve_not_applicable(control, actor=compliance)


def test_moving_on_withdraws_a_proposal_and_a_mere_note_does_not(owner: User):
    control = actions.propose_not_applicable(ControlFactory(), actor=owner, reason="No office.")
    control = actions.update_status(control, actor=owner, status=Status.PLANNED, note="Still waiting.")
    assert control.awaits_second_person
    control = actions.update_status(control, actor=owner, status=Status.IN_PROGRESS, note="It applies after all.")
    assert not control.awaits_second_person


def test_a_retired_control_is_not_proposed(owner: User):
    with pytest.raises(IllegalMove):
        actions.propose_not_applicable(ControlFactory(status=Status.RETIRED), actor=owner, reason="Gone.")


def words(**changes):
    start = {"who": "The IT lead", "what": "looks", "how_often": "daily", "on_what": "on it", "reason": "New."}
    return start | {"effective_from": today()} | changes


def test_a_new_wording_leaves_the_old_one_standing(compliance: User, entries):
    control = ControlFactory()
    entries()
    first = actions.reword(control, actor=compliance, **words())
    second = actions.reword(control, actor=compliance, **words(what="looks twice", reason="Once was too little."))
    assert list(control.wordings.order_by("id")) == [first, second]
    assert (first.author, second.text) == (compliance, "The IT lead looks twice, daily, on it.")
    assert entries() == ["wording.written", "wording.written"]
    with pytest.raises(ValidationError):
        actions.reword(control, actor=compliance, **words(how_often=""))
    with pytest.raises(ValidationError):
        actions.reword(control, actor=compliance, **words(reason=""))


def test_criteria_are_set_by_their_differences(compliance: User, tmp_path, entries):
    small_framework(tmp_path)
    control = ControlFactory()
    one, two, three = (Criterion.objects.get(code=code) for code in ("CC1.1", "CC1.2", "CC2.1"))
    entries()
    actions.set_criteria(control, {one: "It says so.", two: "And here."}, actor=compliance, reason="First.")
    assert entries() == ["mapping.created", "mapping.created"]
    actions.set_criteria(control, {one: "It says so.", three: "Better."}, actor=compliance, reason="Second.")
    assert entries() == ["mapping.created", "mapping.archived"]
    actions.set_criteria(control, {two: "Again.", three: "Better still."}, actor=compliance, reason="Third.")
    assert sorted(entries()) == ["mapping.archived", "mapping.restored", "mapping.updated"]
    actions.set_criteria(control, {two: "Again.", three: "Better still."}, actor=compliance, reason="Fourth.")
    assert entries() == []

    live = {link.criterion.code: link.rationale for link in Mapping.objects.live()}
    assert live == {"CC1.2": "Again.", "CC2.1": "Better still."}
    assert Mapping.objects.count() == 3
    gone = Mapping.objects.get(criterion=one)
    assert [row.history_change_reason for row in gone.history.order_by("history_id")] == ["First.", "Third."]
    with pytest.raises(ValidationError):
        actions.set_criteria(control, {}, actor=compliance, reason="")


def test_an_owner_is_assigned_to_all_or_none(owner: User, colleague: User, compliance: User, entries):
    controls = [ControlFactory(), ControlFactory(owner=owner), ControlFactory(owner=colleague)]
    entries()
    assert actions.assign_owner(controls, actor=compliance, owner=owner, reason="Reorganised.") == 2
    assert entries() == ["control.owner_assigned"] * 2
    assert {stored(control).owner for control in controls} == {owner}
    assert stored(controls[0]).history.first().history_change_reason == "Reorganised."

    stale = [stored(control) for control in controls]
    actions.review(stored(controls[2]), actor=owner, note="Seen.")
    entries()
    with pytest.raises(Stale):
        actions.assign_owner(stale, actor=compliance, owner=colleague, reason="Again.")
    assert {stored(control).owner for control in controls} == {owner}
    assert entries() == []
    with pytest.raises(ValidationError):
        actions.assign_owner([stored(controls[0])], actor=compliance, owner=UserFactory(is_active=False), reason="Why.")


def test_a_review_date_is_changed_on_all(compliance: User, entries):
    controls = [ControlFactory() for _ in range(3)]
    entries()
    day = today() + datetime.timedelta(days=40)
    assert actions.change_review_date(controls, actor=compliance, review_date=day, reason="Moved.") == 3
    assert entries() == ["control.review_date_changed"] * 3
    assert {stored(control).review_date for control in controls} == {day}


def test_a_review_sets_the_next_one_cadence_ahead(owner: User, entries):
    due = ControlFactory(owner=owner, review_date=today())
    entries()
    control = actions.review(due, actor=owner, note="Works as worded.")
    assert (control.last_reviewed_on, control.review_date) == (today(), today() + datetime.timedelta(days=365))
    assert entries() == ["control.reviewed"]
    soon = today() + datetime.timedelta(days=7)
    assert actions.review(control, actor=owner, note="Once more.", next_review=soon).review_date == soon
    for wrong in ({"note": ""}, {"note": "Late.", "next_review": today()}):
        with pytest.raises(ValidationError):
            actions.review(stored(control), actor=owner, **wrong)
    with pytest.raises(ValidationError):
        actions.review(ControlFactory(status=Status.RETIRED), actor=owner, note="Why?")


def test_security_cannot_be_unticked_and_a_scope_change_is_whole(compliance: User, tmp_path, entries):
    small_framework(tmp_path)
    security, uptime = Category.objects.get(slug="security"), Category.objects.get(slug="availability")
    entries()
    with pytest.raises(ValidationError):
        actions.set_scope({uptime: True, security: False}, actor=compliance, reason="Less.")
    assert entries() == []
    assert not Category.objects.get(slug="availability").in_scope
    actions.set_scope({uptime: True, security: True}, actor=compliance, reason="Customers ask for it.")
    assert entries() == ["category.scope_changed"]
    assert Category.objects.get(slug="availability").in_scope


def test_a_criterion_is_not_relevant_with_a_reason_and_applicable_without(compliance: User, tmp_path, entries):
    small_framework(tmp_path)
    criterion = Criterion.objects.get(code="CC1.1")
    entries()
    with pytest.raises(ValidationError):
        actions.change_applicability(
            criterion, actor=compliance, applicability=Applicability.CARVED_OUT, reason="They do it."
        )
    actions.change_applicability(
        criterion, actor=compliance, applicability=Applicability.NOT_RELEVANT, reason="We keep none."
    )
    stored = Criterion.objects.get(code="CC1.1")
    assert stored.applicability_reason == "We keep none."
    with pytest.raises(Stale):
        actions.change_applicability(
            criterion, actor=compliance, applicability=Applicability.APPLICABLE, reason="Now we do."
        )
    criterion = stored
    actions.change_applicability(
        criterion, actor=compliance, applicability=Applicability.APPLICABLE, reason="Now we do."
    )
    assert Criterion.objects.get(code="CC1.1").applicability_reason == ""
    assert entries() == ["criterion.applicability_changed"] * 2


def test_the_trust_services_criteria_are_61_in_five_categories_and_twenty_series(db):
    trust_services()
    counts = {c.slug: (c.criteria.count(), c.required, c.in_scope) for c in Category.objects.all()}
    assert counts == {
        "security": (33, True, True),
        "availability": (3, False, False),
        "confidentiality": (2, False, False),
        "processing-integrity": (5, False, False),
        "privacy": (18, False, False),
    }
    assert Series.objects.count() == 20
    assert list(Criterion.objects.values_list("code", flat=True)[:2]) == ["CC1.1", "CC1.2"]


def test_loading_twice_changes_nothing_and_keeps_the_company_s_choices(compliance: User, tmp_path, entries):
    entries()
    small_framework(tmp_path)
    assert entries() == [
        "framework.loaded",
        *["category.loaded"] * 3,
        *["series.loaded"] * 4,
        *["criterion.loaded"] * 5,
    ]
    uptime = Category.objects.get(slug="availability")
    actions.change_scope(uptime, actor=compliance, in_scope=True, reason="Asked for.")
    entries()
    small_framework(tmp_path)
    assert entries() == []
    assert Category.objects.get(slug="availability").in_scope


def test_another_framework_stands_beside_the_first(db, tmp_path):
    small_framework(tmp_path)
    file = tmp_path / "other.csv"
    file.write_text("id,category,series,title,description\n5.1,Organisational,5,Policies,Ours\n")
    load_framework(file, slug="other", name="Other", actor=SYSTEM)
    assert Framework.objects.count() == 2
    assert str(Criterion.objects.get(code="5.1").series) == "5 Organisational"
    assert not Category.objects.get(slug="organisational").in_scope


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,category,series,title\n", "description"),
        ("id,category,series,title,description\nA,B,C,,E\n", "Line 2"),
        ("id,category,series,title,description\nA,B,C,D,E\nA,B,C,D,E\n", "second time"),
    ],
)
def test_a_framework_file_that_does_not_fit_loads_nothing(db, tmp_path, text, words):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(ValidationError, match=words):
        load_framework(file, slug="bad", name="Bad", actor=SYSTEM)
    assert not Framework.objects.exists()
