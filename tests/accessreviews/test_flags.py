"""Each flag with its reason in words, and what raises none."""

import datetime
from typing import Any

import pytest

from accessreviews.listings.flags import Before, flags_of, is_flagged, rules_for
from accessreviews.listings.matching import Match
from accessreviews.listings.rows import AccountRow
from accessreviews.models import Flag, Known, SignIn, Standing

DAY = datetime.date(2026, 11, 21)
BEFORE = Before("L-3 of 2026-08-20", {"jane": frozenset({"user"})})
PAIRS = [["Payments creator", "Payments approver"]]
OWN = Match(Standing.ACTIVE, person=1, by="address")
NOBODY = Match(Standing.UNMATCHED)


def row(**values: Any) -> AccountRow:
    """An account that nothing is notable of."""
    said = {
        "line": 2, "key": "jane", "enabled": Known.YES, "mfa": Known.YES, "sign_in": SignIn.KNOWN,
        "last_sign_in": DAY, "roles": ("User",),
    }  # fmt: skip
    return AccountRow(**{**said, **values})


def told(match: Match = OWN, before: Before | None = None, **values: Any) -> dict[Flag, str]:
    """The flags of an account that differs from `row` in these values."""
    return dict(flags_of(row(**values), match, rules_for(DAY, 90, ["Admin", "OWNER"], PAIRS, before)))


def test_an_ordinary_account_has_no_flag() -> None:
    assert told() == {}


@pytest.mark.parametrize(
    ("flag", "words", "match", "values"),
    [
        (
            Flag.LEFT_ACTIVE, "Its person left on 2026-10-30, and it is enabled.",
            Match(Standing.LEFT, person=1, left_on=datetime.date(2026, 10, 30)), {},
        ),
        (
            Flag.LEFT_ACTIVE,
            "Its person left on 2026-10-30, and the source does not say that it is disabled.",
            Match(Standing.LEFT, person=1, left_on=datetime.date(2026, 10, 30)), {"enabled": Known.UNKNOWN},
        ),
        (
            Flag.ORPHANED,
            "No person of the roster is known by its number or address, nobody owns it, and it is enabled.", NOBODY, {},
        ),
        (
            Flag.CONFLICT, "Holds “Payments creator” and “Payments approver”, which nobody may hold together.", OWN,
            {"roles": ("payments APPROVER", "Payments creator")},
        ),
        (Flag.PRIVILEGED, "Holds “admin” and “Owner”, which can do harm.", OWN, {"roles": ("admin", "Owner", "User")}),
        (Flag.NO_MFA, "Signs in without a second factor.", OWN, {"mfa": Known.NO}),
        (
            Flag.DORMANT, "Last signed in 2026-05-02, 203 days before the listing.", OWN,
            {"last_sign_in": datetime.date(2026, 5, 2)},
        ),
        (
            Flag.NEVER_SIGNED_IN, "Has never signed in since it was created on 2026-01-07.", OWN,
            {"sign_in": SignIn.NEVER, "last_sign_in": None, "created_on": datetime.date(2026, 1, 7)},
        ),
        (
            Flag.SERVICE, "No person signs in with it: the source says so.",
            Match(Standing.MACHINE, owner=7, by="source"), {},
        ),
        (
            Flag.SHARED, "Several people sign in with it: somebody said so, and it is remembered.",
            Match(Standing.SHARED, owner=7, by="remembered"), {},
        ),
    ],
)  # fmt: skip
def test_a_flag_says_why(flag: Flag, words: str, match: Match, values: dict[str, Any]) -> None:
    assert told(match, **values) == {flag: words}


def test_dormant_begins_the_day_after_the_setting() -> None:
    assert told(last_sign_in=DAY - datetime.timedelta(days=90)) == {}
    assert Flag.DORMANT in told(last_sign_in=DAY - datetime.timedelta(days=91))


def test_what_the_source_does_not_say_is_no_flag() -> None:
    assert told(mfa=Known.UNKNOWN, sign_in=SignIn.UNKNOWN, last_sign_in=None, enabled=Known.UNKNOWN) == {}


def test_a_disabled_account_is_told_for_nothing_but_what_it_is() -> None:
    left = Match(Standing.LEFT, person=1, left_on=DAY)
    worst = {"enabled": Known.NO, "mfa": Known.NO, "roles": ("Admin",), "sign_in": SignIn.NEVER, "last_sign_in": None}
    assert told(left, BEFORE, **worst) == {}
    assert told(NOBODY, BEFORE, **worst) == {}
    assert list(told(Match(Standing.MACHINE, by="source"), BEFORE, **worst)) == [Flag.SERVICE]


def test_a_machine_has_no_second_factor_to_show_but_needs_an_owner() -> None:
    assert list(told(Match(Standing.MACHINE, owner=7), mfa=Known.NO)) == [Flag.SERVICE]
    ownerless = told(Match(Standing.MACHINE, by="source"), owner_said="ops team")
    assert ownerless[Flag.OWNER_UNKNOWN].endswith("The source names “ops team”, whom nobody here is.")
    gone = told(Match(Standing.SHARED, owner=7, by="remembered", owner_gone=True))
    assert gone[Flag.OWNER_UNKNOWN] == "Its owner has no active account here any more."


def test_an_unmatched_account_with_an_owner_is_not_orphaned() -> None:
    assert told(Match(Standing.UNMATCHED, owner=7, by="source")) == {}


def test_new_and_grown_are_against_the_last_reviewed_listing() -> None:
    new = told(OWN, BEFORE, key="joe")
    assert new == {Flag.NEW: "It is not in L-3 of 2026-08-20, which was reviewed last."}
    assert told(OWN, BEFORE, key="JANE", roles=("USER",)) == {}
    grown = told(OWN, BEFORE, roles=("User", "Billing"))
    assert grown == {Flag.GREW: "Holds “Billing”, and did not in L-3 of 2026-08-20, which was reviewed last."}


def test_only_a_machine_account_with_an_owner_may_be_kept_with_others() -> None:
    assert not is_flagged([(Flag.SERVICE, "")])
    assert not is_flagged([])
    for flag in set(Flag) - {Flag.SERVICE}:
        assert is_flagged([(flag, "")])


def test_the_gravest_comes_first() -> None:
    found = told(NOBODY, BEFORE, key="x", mfa=Known.NO, roles=("Admin",))
    assert list(found) == [Flag.ORPHANED, Flag.PRIVILEGED, Flag.NO_MFA, Flag.NEW]
