"""What makes an account worth judging by itself, each with its reason in words. Pure: no query, no clock.

Unknown is not “no”: what a source does not say raises no flag, except that an account which may be enabled counts as
enabled. Of a disabled account only what it is gets told: it gives nobody access.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from accessreviews.listings.matching import Match
from accessreviews.listings.rows import AccountRow
from accessreviews.models import Flag, Known, SignIn, Standing

# A machine account with an owner is nothing to wonder about; without one it is flagged for that. All else is judged
# alone: no bulk keep, and a reason also to keep it.
INFORMING: Final = frozenset({Flag.SERVICE})
NOBODYS: Final = (Standing.MACHINE, Standing.SHARED)
Told = list[tuple[Flag, str]]


@dataclass(frozen=True)
class Before:
    """The listing of the system's last approved review: how it is called, and who held which roles, both casefolded."""

    words: str
    roles: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Rules:
    """By what a system's accounts are judged. `day`: of the pull; `before`: None where no review was approved yet."""

    day: datetime.date
    dormant_days: int
    privileged: frozenset[str] = frozenset()
    pairs: Sequence[tuple[str, str]] = field(default_factory=tuple)
    before: Before | None = None


def rules_for(
    day: datetime.date, dormant_days: int, privileged_roles: Sequence[str], forbidden_pairs: Sequence[Sequence[str]],
    before: Before | None,
) -> Rules:  # fmt: skip
    """The rules of a system: its role names are compared whatever their case."""
    pairs = [(one, other) for one, other in forbidden_pairs]
    return Rules(day, dormant_days, frozenset(role.casefold() for role in privileged_roles), pairs, before)


def privileged_among(roles: Sequence[str], rules: Rules) -> list[str]:
    """The roles that can do harm."""
    return [role for role in roles if role.casefold() in rules.privileged]


def flags_of(row: AccountRow, match: Match, rules: Rules) -> Told:
    """The flags of one account with their reasons, the gravest first (domain §4)."""
    told = list(what_it_is(match))
    if row.enabled != Known.NO:
        told += [*whose_it_is(row, match), *what_it_may(row, rules), *how_it_is_used(row, match, rules)]
        told += since_last_review(row, rules)
    order = list(Flag)
    return sorted(told, key=lambda one: order.index(one[0]))


def is_flagged(told: Told) -> bool:
    """Whether it is judged by itself: it has a flag that does more than inform."""
    return any(flag not in INFORMING for flag, _ in told)


def what_it_is(match: Match) -> Iterator[tuple[Flag, str]]:
    """Machine and shared accounts, disabled ones too."""
    said = "somebody said so, and it is remembered" if match.by == "remembered" else "the source says so"
    if match.standing == Standing.MACHINE:
        yield Flag.SERVICE, f"No person signs in with it: {said}."
    if match.standing == Standing.SHARED:
        yield Flag.SHARED, f"Several people sign in with it: {said}."


def whose_it_is(row: AccountRow, match: Match) -> Iterator[tuple[Flag, str]]:
    """Left but active, orphaned, owner unknown."""
    open_ = "it is enabled" if row.enabled == Known.YES else "the source does not say that it is disabled"
    if match.standing == Standing.LEFT:
        yield Flag.LEFT_ACTIVE, f"Its person left on {match.left_on}, and {open_}."
    elif match.standing == Standing.UNMATCHED and match.owner is None:
        who = "No person of the roster is known by its number or address"
        yield Flag.ORPHANED, f"{who}, nobody owns it, and {open_}."
    if match.owner_gone:
        yield Flag.OWNER_UNKNOWN, "Its owner has no active account here any more."
    elif match.standing in NOBODYS and match.owner is None:
        said = f" The source names “{row.owner_said}”, whom nobody here is." if row.owner_said else ""
        yield Flag.OWNER_UNKNOWN, f"It is no person's, and nobody is named who answers for it.{said}"


def what_it_may(row: AccountRow, rules: Rules) -> Iterator[tuple[Flag, str]]:
    """Privileged roles and conflicting duties."""
    held = {role.casefold() for role in row.roles}
    for one, other in rules.pairs:
        if one.casefold() in held and other.casefold() in held:
            yield Flag.CONFLICT, f"Holds “{one}” and “{other}”, which nobody may hold together."
    if strong := privileged_among(row.roles, rules):
        yield Flag.PRIVILEGED, f"Holds {listed(strong)}, which can do harm."


def how_it_is_used(row: AccountRow, match: Match, rules: Rules) -> Iterator[tuple[Flag, str]]:
    """No MFA, dormant, never signed in. A machine has no second factor to show."""
    if row.mfa == Known.NO and match.standing != Standing.MACHINE:
        yield Flag.NO_MFA, "Signs in without a second factor."
    if row.sign_in == SignIn.NEVER:
        since = f" since it was created on {row.created_on}" if row.created_on else ""
        yield Flag.NEVER_SIGNED_IN, f"Has never signed in{since}."
    if row.last_sign_in and (idle := (rules.day - row.last_sign_in).days) > rules.dormant_days:
        yield Flag.DORMANT, f"Last signed in {row.last_sign_in}, {idle} days before the listing."


def since_last_review(row: AccountRow, rules: Rules) -> Iterator[tuple[Flag, str]]:
    """New accounts, and roles that were not there."""
    if rules.before is None:
        return
    held = rules.before.roles.get(row.key.casefold())
    if held is None:
        yield Flag.NEW, f"It is not in {rules.before.words}, which was reviewed last."
    elif gained := [role for role in row.roles if role.casefold() not in held]:
        yield Flag.GREW, f"Holds {listed(gained)}, and did not in {rules.before.words}, which was reviewed last."


def listed(roles: Sequence[str], most: int = 5) -> str:
    """Role names in a sentence; of many the first."""
    named = [f"“{role}”" for role in roles[:most]]
    more = [f"{len(roles) - most} more"] if len(roles) > most else []
    parts = [*named, *more]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
