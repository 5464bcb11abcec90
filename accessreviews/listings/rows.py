"""One account as a source shows it, before anybody is looked up. What it does not say is unknown, never “no”."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from accessreviews.models import Known, ListedAccount, SignIn

MOST_TOLD = 20  # lines named in one refusal
MOST_ACCOUNTS = 100_000  # of one listing
MOST_ROLES = 500  # of one account
DAY = datetime.timedelta(days=1)
LONGEST = {
    field.name: field.max_length or 0
    for field in ListedAccount._meta.fields
    if field.name in ("key", "name", "email", "external_id", "owner_said")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One account. `line`: where it stands in its source, counted as a person counts; `roles` as the source has them.

    owner_said: who answers for it by the source: an e-mail address, or words. Three-state values are those of `Known`;
    `last_sign_in` is there exactly when `sign_in` is known.
    """

    line: int
    key: str
    name: str = ""
    email: str = ""
    external_id: str = ""
    roles: tuple[str, ...] = ()
    enabled: Known = Known.UNKNOWN
    mfa: Known = Known.UNKNOWN
    machine: Known = Known.UNKNOWN
    sign_in: SignIn = SignIn.UNKNOWN
    last_sign_in: datetime.date | None = None
    created_on: datetime.date | None = None
    owner_said: str = ""


def check_rows(rows: Sequence[AccountRow], pulled_on: datetime.date) -> None:
    """Refuse what makes a list of accounts unfit, naming lines: no key, a key twice, a day after the pull.

    pulled_on: the day of the pull; a source in another time zone may be a day ahead. Keys are compared whatever their
    case. Raises ValidationError.
    """
    if not rows:
        raise ValidationError("There is no account in it. A listing of nobody proves nothing.")
    if len(rows) > MOST_ACCOUNTS:
        raise ValidationError(f"A listing has at most {MOST_ACCOUNTS:,} accounts.")
    wrong, seen = [], dict[str, int]()
    for row in rows:
        earlier = seen.setdefault(row.key.casefold(), row.line)
        if not row.key:
            wrong.append(f"Line {row.line} has no account name.")
        elif earlier != row.line:
            wrong.append(f"Line {row.line}: “{row.key[:80]}” stands in line {earlier} already.")
        else:
            wrong += [f"Line {row.line}: {words}" for words in faults(row, pulled_on)]
    refuse(wrong)


def faults(row: AccountRow, pulled_on: datetime.date) -> Iterable[str]:
    """What of one row no listing can hold."""
    for name, most in LONGEST.items():
        if len(getattr(row, name)) > most:
            yield f"the {name.replace('_', ' ')} is longer than {most} characters."
    if len(row.roles) > MOST_ROLES:
        yield f"it holds {len(row.roles)} roles; {MOST_ROLES} are the most."
    if (row.last_sign_in is not None) != (row.sign_in == SignIn.KNOWN):
        yield "the last sign-in and its day do not agree."
    for words, day in (("last sign-in", row.last_sign_in), ("creation", row.created_on)):
        if day is not None and day > pulled_on + DAY:
            yield f"the {words}, {day}, lies after the listing was pulled."


def refuse(wrong: Sequence[str]) -> None:
    """Raise ValidationError with the first of what is wrong, and how much more there is."""
    if wrong:
        more = [f"And {len(wrong) - MOST_TOLD:,} more."] if len(wrong) > MOST_TOLD else []
        raise ValidationError([*wrong[:MOST_TOLD], *more])
