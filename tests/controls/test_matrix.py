"""The control matrix: states, gaps, filters and counts, by hand; and as it stood."""

import datetime
import itertools

import pytest
from django.utils import timezone

from controls import actions
from controls.matrix import Asked, build
from controls.models import Applicability, Category, Criterion, Status
from controls.states import COVERED, GAP, NOT_RELEVANT, OUT_OF_SCOPE, WEAK, state_of
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from tests.factories.controls import ControlFactory, link, small_framework


@pytest.mark.parametrize(
    ("in_scope", "applicability", "statuses", "state"),
    [
        (True, "applicable", [], GAP),
        (True, "applicable", ["planned"], WEAK),
        (True, "applicable", ["planned", "in_progress"], WEAK),
        (True, "applicable", ["planned", "implemented"], COVERED),
        (True, "carved_out", [], GAP),
        (True, "carved_out", ["implemented"], COVERED),
        (True, "not_relevant", [], NOT_RELEVANT),
        (True, "not_relevant", ["implemented"], NOT_RELEVANT),
        (False, "applicable", ["implemented"], OUT_OF_SCOPE),
    ],
)
def test_the_state_of_a_criterion(in_scope, applicability, statuses, state):
    assert state_of(in_scope, applicability, statuses) == state


@pytest.fixture
def company(compliance: User, owner: User, tmp_path):
    """Security and Availability in scope. CC1.1 covered by A and B, CC1.2 weak by B, CC2.1 a gap (its only control is
    retired), A1.1 covered by C; P1.1 out of scope with D.
    """
    small_framework(tmp_path)
    actions.change_scope(Category.objects.get(slug="availability"), actor=compliance, in_scope=True, reason="Asked.")
    past, ahead = today() - datetime.timedelta(days=1), today() + datetime.timedelta(days=1)
    made = {
        "A": ControlFactory(ref="A", status=Status.IMPLEMENTED, owner=owner, review_date=past),
        "B": ControlFactory(ref="B", status=Status.PLANNED),
        "C": ControlFactory(ref="C", status=Status.IMPLEMENTED, owner=compliance, review_date=ahead),
        "D": ControlFactory(ref="D", status=Status.IMPLEMENTED, owner=owner),
        "R": ControlFactory(ref="R", status=Status.RETIRED),
    }
    for ref, codes in {"A": ["CC1.1"], "B": ["CC1.1", "CC1.2"], "C": ["A1.1"], "D": ["P1.1"], "R": ["CC2.1"]}.items():
        link(made[ref], *codes)
    actions.reword(
        made["C"], actor=compliance, who="She", what="looks", how_often="daily", on_what="on it",
        effective_from=today(), reason="New.",
    )  # fmt: skip
    return made


def shape(matrix):
    """Each criterion with its state and the controls beside it."""
    return {
        line.code: (line.state, [control.ref for control in line.controls])
        for group in matrix.groups
        for line in group.criteria
    }


EVERYTHING = {
    "CC1.1": (COVERED, ["A", "B"]),
    "CC1.2": (WEAK, ["B"]),
    "CC2.1": (GAP, []),
    "A1.1": (COVERED, ["C"]),
}


def test_the_matrix_by_hand(company, compliance: User):
    matrix = build(compliance, Asked())
    assert shape(matrix) == EVERYTHING
    assert [group.code for group in matrix.groups] == ["CC1", "CC2", "A1"]
    assert (matrix.in_scope, matrix.out_of_scope) == (["Security", "Availability"], ["Privacy"])
    assert matrix.counts == {COVERED: 2, WEAK: 1, GAP: 1, OUT_OF_SCOPE: 1}
    assert matrix.judged == 4
    assert matrix.controls_counted == 3
    assert matrix.lacking == {"owner": 1, "review": 1, "wording": 2}
    assert matrix.rows == 5
    assert matrix.groups[0].tally == [("Weak", "warn", 1), ("Covered", "ok", 1)]


def test_what_each_control_lacks(company, compliance: User):
    matrix = build(compliance, Asked())
    assert {c.ref: c.lacks for c in matrix.shown.values()} == {
        "A": ["review", "wording"],
        "B": ["owner", "wording"],
        "C": [],
    }
    assert [c.ref for c in matrix.lacking_controls] == ["A", "B"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"category": "availability"}, {"A1.1": (COVERED, ["C"])}),
        ({"category": "privacy"}, {"P1.1": (OUT_OF_SCOPE, ["D"])}),
        ({"series": "CC2"}, {"CC2.1": (GAP, [])}),
        ({"owner": "nobody"}, {"CC1.1": (COVERED, ["B"]), "CC1.2": (WEAK, ["B"])}),
        ({"state": "gap"}, {"CC2.1": (GAP, [])}),
        ({"state": "weak"}, {"CC1.2": (WEAK, ["B"])}),
        ({"state": "review"}, {"CC1.1": (COVERED, ["A"])}),
        ({"state": "owner"}, {"CC1.1": (COVERED, ["B"]), "CC1.2": (WEAK, ["B"])}),
        ({"state": "attention"}, {"CC1.1": (COVERED, ["A", "B"]), "CC1.2": (WEAK, ["B"]), "CC2.1": (GAP, [])}),
        ({"state": "covered", "owner": "nobody"}, {"CC1.1": (COVERED, ["B"])}),
        ({"every_status": True, "series": "CC2"}, {"CC2.1": (GAP, ["R"])}),
        ({"series": "XX"}, {}),
    ],
)
def test_filters_narrow_what_is_shown_and_no_count(company, compliance: User, asked, expected):
    matrix = build(compliance, Asked(**asked))
    assert shape(matrix) == expected
    assert matrix.counts == {COVERED: 2, WEAK: 1, GAP: 1, OUT_OF_SCOPE: 1}


def test_one_owner_s_matrix(company, owner: User):
    assert shape(build(owner, Asked(owner=str(owner.pk)))) == {"CC1.1": (COVERED, ["A"])}


def test_who_may_update_which_status(company, owner: User, compliance: User, auditor: User):
    def updatable(user):
        return {c.ref for c in build(user, Asked()).shown.values() if c.may_update}

    assert updatable(compliance) == {"A", "B", "C"}
    assert updatable(owner) == {"A"}
    assert updatable(auditor) == set()


def test_an_auditor_sees_the_categories_of_his_window(company, auditor: User, outsider: User):
    assert shape(build(auditor, Asked())) == EVERYTHING
    assert shape(build(auditor, Asked(category="privacy"))) == {}
    assert shape(build(outsider, Asked())) == {}


def test_a_criterion_that_is_not_relevant_is_no_gap(company, compliance: User):
    actions.change_applicability(
        Criterion.objects.get(code="CC2.1"),
        actor=compliance,
        applicability=Applicability.NOT_RELEVANT,
        reason="None here.",
    )
    matrix = build(compliance, Asked())
    assert shape(matrix)["CC2.1"] == (NOT_RELEVANT, [])
    assert (matrix.judged, matrix.counts.get(GAP)) == (3, None)


def test_the_matrix_as_it_stood(company, compliance: User):
    then = timezone.now()
    actions.update_status(company["B"], actor=compliance, status=Status.IN_PROGRESS, note="Begun.")
    control = actions.update_status(
        type(company["B"]).objects.get(ref="B"), actor=compliance, status=Status.IMPLEMENTED, note="Done."
    )
    actions.set_criteria(control, {Criterion.objects.get(code="CC2.1"): "New."}, actor=compliance, reason="Moved.")
    actions.change_scope(Category.objects.get(slug="availability"), actor=compliance, in_scope=False, reason="Later.")
    actions.assign_owner([control], actor=compliance, owner=compliance, reason="Hers.")

    assert shape(build(compliance, Asked())) == {
        "CC1.1": (COVERED, ["A"]),
        "CC1.2": (GAP, []),
        "CC2.1": (COVERED, ["B"]),
    }
    before = build(compliance, Asked(), then)
    assert shape(before) == EVERYTHING
    assert {c.ref: (c.status, c.owner_id) for c in before.shown.values()}["B"] == (Status.PLANNED, None)
    assert before.lacking == {"owner": 1, "review": 1, "wording": 2}
    assert not any(control.may_update for control in before.shown.values())


def test_an_archived_control_counts_for_nothing(company, compliance: User):
    company["C"].archived_at = timezone.now()
    save(company["C"], actor=compliance, verb="control.archived", reason="Merged.")
    assert shape(build(compliance, Asked()))["A1.1"] == (GAP, [])


def test_columns_are_filled_by_whoever_is_handed_in(company, compliance: User):
    def risks(user, controls, moment):
        assert (user, moment) == (compliance, None)
        return {company["A"].pk: "R-1"}

    matrix = build(compliance, Asked(), columns={"risk": risks})
    assert {c.ref: c.risk for c in matrix.shown.values()} == {"A": "R-1", "B": "None recorded", "C": "None recorded"}
    assert matrix.risks_known
    assert not build(compliance, Asked()).risks_known


def test_the_csv_has_a_row_for_each_control_and_each_gap(company, compliance: User):
    rows = list(itertools.chain(*build(compliance, Asked()).chunks(size=2)))
    assert [(row[1], row[3], row[4], row[-1]) for row in rows] == [
        ("CC1.1", "Covered", "A", "Review overdue, No wording in force"),
        ("CC1.1", "Covered", "B", "No owner, No wording in force"),
        ("CC1.2", "Weak", "B", "No owner, No wording in force"),
        ("CC2.1", "Gap", "", "No control in scope"),
        ("A1.1", "Covered", "C", ""),
    ]
    assert {len(row) for row in rows} == {14}


def test_a_screen_holds_whole_series(company, compliance: User):
    matrix = build(compliance, Asked())
    assert [[group.code for group in heap] for heap in matrix.screens(3)] == [["CC1"], ["CC2", "A1"]]
    assert [[group.code for group in heap] for heap in matrix.screens(300)] == [["CC1", "CC2", "A1"]]


def test_the_matrix_costs_the_same_for_three_controls_and_for_thirty(
    company, compliance: User, owner: User, auditor: User, django_assert_max_num_queries
):
    def cost(user, moment=None):
        with django_assert_max_num_queries(9) as queries:
            build(user, Asked(), moment)
        return len(queries)

    few = [cost(compliance), cost(owner), cost(auditor), cost(compliance, timezone.now())]
    for _ in range(27):
        link(ControlFactory(owner=owner), "CC1.1", "CC1.2")
    assert [cost(compliance), cost(owner), cost(auditor), cost(compliance, timezone.now())] == few
