"""What the evidence says of one occurrence: the same whatever order it came in (R3.6)."""

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.coverage.judge import (
    LATE,
    NOTHING,
    RETURNED,
    UNMET,
    UNWRITTEN,
    WAITING,
    Answer,
    Asked,
    Need,
    Proof,
    judge,
)
from evidence.coverage.tiles import Days


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


OCTOBER = Asked(days=Days(day("2026-10-01"), day("2026-10-31")), due=day("2026-11-10"), needs=(), written=True)
GOOD = Proof(evidence=1, state="accepted", day=day("2026-10-20"), own=False)
ALL_OF_IT = Days(day("2026-10-01"), day("2026-10-31"))

PROOFS = st.builds(
    Proof,
    evidence=st.integers(1, 30),
    state=st.sampled_from(["accepted", "submitted", "returned"]),
    day=st.dates(day("2026-09-01"), day("2026-12-31")),
    own=st.booleans(),
    days=st.none()
    | st.tuples(st.dates(day("2026-09-01"), day("2026-12-01")), st.integers(0, 70)).map(
        lambda pair: Days(pair[0], pair[0] + datetime.timedelta(days=pair[1]))
    ),
    meant=st.none() | st.dates(day("2026-09-01"), day("2026-12-01")),
    event=st.sampled_from(["", "CHG-1", "CHG-2"]),
    requirement=st.none() | st.integers(1, 3),
    nothing=st.booleans(),
)
ASKED = st.builds(
    replace,
    st.just(OCTOBER),
    needs=st.sets(st.integers(1, 3)).map(sorted),
    written=st.booleans(),
    excepted=st.booleans(),
    event=st.sampled_from(["", "CHG-1"]),
)


@given(ASKED, st.lists(PROOFS, max_size=8, unique_by=lambda proof: proof.evidence), st.randoms())
def test_it_is_the_same_in_whatever_order_evidence_comes(asked: Asked, proofs: list[Proof], chance):
    shuffled = list(proofs)
    chance.shuffle(shuffled)
    assert judge(asked, shuffled) == judge(asked, proofs)


@given(ASKED, st.lists(PROOFS, max_size=8, unique_by=lambda proof: proof.evidence))
def test_what_nobody_accepted_never_counts(asked: Asked, proofs: list[Proof]):
    plain = judge(asked, [replace(proof, state="submitted") for proof in proofs])
    assert plain.outcome in {"open", "excepted"}


@given(ASKED, st.lists(PROOFS, max_size=8, unique_by=lambda proof: proof.evidence))
def test_a_typed_period_alone_never_counts(asked: Asked, proofs: list[Proof]):
    """What a person sends after the last day of grace is late, whatever it says about its own time."""
    typed = [replace(proof, own=False, day=max(proof.day, day("2026-11-11"))) for proof in proofs]
    assert judge(asked, typed).outcome in {"open", "late", "excepted"}


@given(ASKED, st.lists(PROOFS, max_size=6, unique_by=lambda proof: proof.evidence), PROOFS)
def test_more_evidence_never_makes_it_worse(asked: Asked, proofs: list[Proof], more: Proof):
    if judge(asked, proofs).outcome == "done":
        assert judge(asked, [*proofs, replace(more, evidence=99)]).outcome == "done"


@pytest.mark.parametrize(
    ("proof", "outcome"),
    [
        (GOOD, "done"),
        (replace(GOOD, day=day("2026-10-01")), "done"),
        (replace(GOOD, day=day("2026-09-30")), "open"),  # before it began
        (replace(GOOD, day=day("2026-11-10"), days=ALL_OF_IT), "done"),  # the last day of grace
        (replace(GOOD, day=day("2026-11-11"), days=ALL_OF_IT), "late"),
        (replace(GOOD, day=day("2026-11-11"), days=ALL_OF_IT, own=True), "done"),  # the source's own times
        (replace(GOOD, day=day("2026-11-11"), own=True), "open"),  # ... of another time
        (replace(GOOD, day=day("2026-11-05")), "open"),  # in grace, but nothing says that it is about October
        (replace(GOOD, day=day("2026-11-05"), meant=day("2026-10-01")), "done"),
        (replace(GOOD, day=day("2026-11-20"), meant=day("2026-10-01")), "late"),
        (replace(GOOD, meant=day("2026-11-01")), "open"),  # meant for another one
        (replace(GOOD, nothing=True, days=ALL_OF_IT, day=day("2026-11-02")), "none"),
        (replace(GOOD, nothing=True, days=Days(day("2026-10-01"), day("2026-10-20"))), "open"),  # not for all of it
    ],
)
def test_one_item_decides(proof: Proof, outcome: str):
    assert judge(OCTOBER, [proof]).outcome == outcome


def test_what_is_lacking_is_said():
    assert judge(OCTOBER, []) == Answer("open", NOTHING)
    assert judge(OCTOBER, [replace(GOOD, state="submitted")]) == Answer("open", WAITING, waiting=True)
    assert judge(OCTOBER, [replace(GOOD, state="returned")]) == Answer("open", RETURNED)
    assert judge(replace(OCTOBER, written=False), [GOOD]) == Answer("open", UNWRITTEN)
    assert judge(replace(OCTOBER, needs=(7,)), [GOOD]) == Answer("open", UNMET)
    assert judge(OCTOBER, [replace(GOOD, day=day("2026-11-11"), days=ALL_OF_IT)]) == Answer("late", LATE, 1)


def test_each_requirement_is_met_and_the_last_one_decides():
    asked = replace(OCTOBER, needs=(1, 2))
    first = replace(GOOD, requirement=1)
    second = replace(GOOD, evidence=2, requirement=2, day=day("2026-11-03"), days=ALL_OF_IT)
    assert judge(asked, [first]).why == UNMET
    assert judge(asked, [first, second]) == Answer("done", evidence=2)
    assert judge(asked, [first, replace(second, day=day("2026-11-20"))]) == Answer("late", LATE, 2)


def test_an_excepted_one_is_told_unless_it_is_done():
    asked = replace(OCTOBER, excepted=True)
    assert judge(asked, []).outcome == "excepted"
    assert judge(asked, [GOOD]).outcome == "done"
    assert judge(asked, [replace(GOOD, day=day("2026-11-11"), days=ALL_OF_IT)]).outcome == "excepted"


def test_a_requirement_holds_on_its_days():
    need = Need(1, day("2026-01-01"), day("2026-06-30"))
    assert need.holds(day("2026-01-01"))
    assert need.holds(day("2026-06-30"))
    assert not need.holds(day("2026-07-01"))
    assert not need.holds(day("2025-12-31"))
