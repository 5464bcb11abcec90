"""What the database itself says about frameworks, controls and what ties them."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction

from controls.models import MOVES, SCOPE, Category, Control, Criterion, Mapping, Status, Wording, sentence
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory, link, small_framework

TODAY = datetime.date(2026, 11, 22)


def test_the_moves_are_these_and_no_others():
    assert MOVES == {
        "planned": ("in_progress", "not_applicable"),
        "in_progress": ("implemented", "planned", "not_applicable"),
        "implemented": ("retired", "in_progress", "not_applicable"),
        "not_applicable": ("planned",),
        "retired": ("planned",),
    }
    assert SCOPE == ("planned", "in_progress", "implemented")


def refused(instance, verb="control.updated"):
    """Whether the database refuses to store the row."""
    try:
        with transaction.atomic():
            save(instance, actor=SYSTEM, verb=verb)
    except (IntegrityError, DataError):  # PostgreSQL says of what is too long that it is no value of the column
        return True
    return False


def test_references_are_unique_whatever_their_case(db):
    ControlFactory(ref="IAM-01")
    with pytest.raises(IntegrityError), transaction.atomic():
        ControlFactory(ref="iam-01")


@pytest.mark.parametrize(
    "values",
    [{"status": "done"}, {"kind": "magic"}, {"nature": "x"}, {"frequency": "often"}, {"ref": ""}, {"name": ""}],
)
def test_a_control_holds_only_known_values(db, values):
    control = ControlFactory()
    for name, value in values.items():
        setattr(control, name, value)
    assert refused(control)


@pytest.mark.parametrize(
    ("ref", "fits", "stands"),
    [
        ("IAM-03", True, True),
        ("a.1_b/2", True, True),
        ("R" * 30, True, True),
        ("-1", False, True),
        ("Ä-1", False, True),
        ("A\n1", False, True),
        ("=A1", False, True),
        ("A 1", False, False),
        ("R" * 31, False, False),
    ],
)
def test_a_reference_is_short_and_has_no_spaces(db, ref: str, fits: bool, stands: bool):
    control = Control(ref=ref, name="Named")
    if fits:
        control.clean_fields()
    else:
        with pytest.raises(ValidationError):
            control.clean_fields()
    assert refused(control, "control.created") != stands


def test_not_applicable_needs_a_reason_and_two_people(owner: User, colleague: User):
    now = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)

    def control(**values):
        made = ControlFactory()
        for name, value in {"status": Status.NOT_APPLICABLE, **values}.items():
            setattr(made, name, value)
        return made

    whole = {"not_applicable_reason": "No office", "proposed_by": owner, "proposed_at": now, "approved_by": colleague}
    assert not refused(control(**whole))
    assert refused(control())
    assert refused(control(**whole | {"not_applicable_reason": ""}))
    assert refused(control(**whole | {"approved_by": None}))
    assert refused(control(**whole | {"approved_by": owner}))
    assert refused(control(**whole | {"proposed_by": None}))
    assert refused(control(**whole | {"proposed_at": None}))
    assert refused(control(**whole | {"status": Status.IMPLEMENTED}))


def test_a_required_category_cannot_leave_the_scope(db, tmp_path):
    small_framework(tmp_path)
    security = Category.objects.get(slug="security")
    security.in_scope = False
    assert refused(security, "category.scope_changed")


@pytest.mark.parametrize(
    ("applicability", "reason", "organisation", "fits"),
    [
        ("applicable", "", "", True),
        ("applicable", "", "A host", False),
        ("not_relevant", "", "", False),
        ("not_relevant", "We keep none.", "", True),
        ("not_relevant", "We keep none.", "A host", False),
        ("carved_out", "They run the rooms.", "", False),
        ("carved_out", "", "A host", False),
        ("carved_out", "They run the rooms.", "A host", True),
        ("maybe", "Because.", "", False),
    ],
)
def test_an_exception_to_a_criterion_is_whole(db, tmp_path, applicability, reason, organisation, fits):
    small_framework(tmp_path)
    criterion = Criterion.objects.get(code="CC1.1")
    criterion.applicability, criterion.applicability_reason = applicability, reason
    criterion.subservice_organisation = organisation
    assert refused(criterion, "criterion.applicability_changed") != fits


def test_a_control_and_a_criterion_are_linked_once(db, tmp_path):
    small_framework(tmp_path)
    control = ControlFactory()
    link(control, "CC1.1")
    again = Mapping(control=control, criterion=Criterion.objects.get(code="CC1.1"))
    assert refused(again, "mapping.created")


def test_the_vocabulary_of_controls(owner: User):
    yesterday, tomorrow = TODAY - datetime.timedelta(days=1), TODAY + datetime.timedelta(days=1)
    planned = ControlFactory(ref="A", owner=owner, review_date=yesterday)
    due = ControlFactory(ref="B", operator=owner, status=Status.IN_PROGRESS, review_date=TODAY)
    later = ControlFactory(ref="C", status=Status.IMPLEMENTED, review_date=tomorrow)
    ControlFactory(ref="D", status=Status.RETIRED, review_date=yesterday)
    shelved = ControlFactory(ref="E", review_date=yesterday)
    shelved.archived_at = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    save(shelved, actor=SYSTEM, verb="control.archived")

    controls = Control.objects.order_by("ref")
    assert list(controls.in_scope()) == [planned, due, later]
    assert list(controls.without_owner()) == [due, later]
    assert list(controls.owned_by(owner)) == [planned, due]


def test_a_wording_is_one_sentence():
    text = "The IT lead re-confirms each account, every quarter, on every production system."
    assert sentence("The IT lead ", "re-confirms each account", "every quarter.", "on every production system.") == text
    assert sentence("", "", "", "") == ""


def test_the_wording_in_force_is_the_latest_begun_and_of_one_day_the_last_written(owner: User):
    control = ControlFactory()

    def wording(day, what):
        parts = {"who": "She", "what": what, "how_often": "daily", "on_what": "on it", "reason": "It changed."}
        made = Wording(control=control, effective_from=day, author=owner, **parts)
        return save(made, actor=owner, verb="wording.written")

    old = wording(TODAY - datetime.timedelta(days=30), "looks")
    wrong = wording(TODAY, "lokos twice")
    corrected = wording(TODAY, "looks twice")
    coming = wording(TODAY + datetime.timedelta(days=1), "looks away")

    assert Wording.objects.in_force(TODAY).first() == corrected
    assert Wording.objects.in_force(TODAY - datetime.timedelta(days=1)).first() == old
    assert Wording.objects.in_force(TODAY + datetime.timedelta(days=9)).first() == coming
    assert Wording.objects.in_force(TODAY - datetime.timedelta(days=31)).first() is None
    assert wrong in control.wordings.all()


@pytest.mark.parametrize("empty", ["who", "what", "how_often", "on_what", "reason"])
def test_a_wording_has_all_its_parts(owner: User, empty):
    parts = {"who": "She", "what": "looks", "how_often": "daily", "on_what": "on it", "reason": "New."}
    wording = Wording(control=ControlFactory(), effective_from=TODAY, author=owner, **parts | {empty: ""})
    assert refused(wording, "wording.written")
