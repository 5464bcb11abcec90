"""The accounts of a listing as people look at them: narrowed by flag, standing and words, with their words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict

from accessreviews.models import TONES, Flag, Known, ListedAccount, Listing, SignIn, Standing
from foundation.pages.filters import matching

ANY_FLAG: Final = "flagged"
FIELDS: Final = ("key", "name", "email")
STANDING_TONES: Final[Mapping[str, str]] = {
    Standing.ACTIVE: "ok", Standing.CONTRACTOR: "ok", Standing.LEFT: "bad", Standing.FUTURE: "info",
    Standing.MACHINE: "info", Standing.SHARED: "warn", Standing.UNMATCHED: "bad",
}  # fmt: skip
HEADER: Final = (
    "Line", "Account", "Name", "E-mail", "Personnel number", "Roles", "Enabled", "MFA", "Last sign-in", "Created",
    "Standing", "Person", "Owner", "Flags", "Why",
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """What of a listing is looked at; what is not known is ignored."""

    flag: str = ""
    standing: str = ""
    q: str = ""

    @classmethod
    def of(cls, params: QueryDict) -> "Chosen":
        """From a query string."""
        flag, standing = params.get("flag", ""), params.get("standing", "")
        return cls(
            flag if flag in (*Flag.values, ANY_FLAG) else "", standing if standing in Standing.values else "",
            params.get("q", "")[:200].replace("\x00", ""),
        )  # fmt: skip

    def accounts(self, listing: Listing) -> QuerySet[ListedAccount]:
        """The accounts, in the order of their source."""
        found = ListedAccount.objects.filter(listing_id=listing.pk).order_by("id")
        if self.flag == ANY_FLAG:
            found = found.filter(flagged=True)
        elif self.flag:
            told = Cast("flags", TextField())
            found = found.annotate(told=told).filter(told__contains=f'["{self.flag}"')
        if self.standing:
            found = found.filter(standing=self.standing)
        return found.filter(matching(self.q, FIELDS)) if self.q else found


def whole(accounts: QuerySet[ListedAccount]) -> QuerySet[ListedAccount]:
    """With their people and owners."""
    return accounts.select_related("person", "owner")


def told(account: ListedAccount) -> list[tuple[str, str, str]]:
    """Its flags: label, tone, why."""
    return [(str(Flag(flag).label), TONES[flag], why) for flag, why in account.flags]


def sign_in_words(account: ListedAccount) -> str:
    """The last sign-in: its day, never, or nothing where the source does not say."""
    return str(account.last_sign_in) if account.last_sign_in else "Never" if account.sign_in == SignIn.NEVER else ""


def known_words(value: str) -> str:
    """Yes, no, or nothing where the source does not say."""
    return "" if value == Known.UNKNOWN else str(Known(value).label)


def exported(account: ListedAccount) -> list[Any]:
    """One account under HEADER."""
    flags = told(account)
    return [
        account.line, account.key, account.name, account.email, account.external_id, "; ".join(account.roles),
        known_words(account.enabled) or "Unknown", known_words(account.mfa) or "Unknown",
        sign_in_words(account) or "Unknown", account.created_on, account.get_standing_display(),
        str(account.person or ""), str(account.owner or ""), "; ".join(label for label, _, _ in flags),
        " ".join(why for _, _, why in flags),
    ]  # fmt: skip


def counts_of(listing: Listing) -> dict[str, Any]:
    """The counts kept with a listing: (value, label, tone, number) of standings and of flags, the gravest first."""
    standing, flags = listing.counts.get("standing", {}), listing.counts.get("flags", {})
    return {
        "standings": [
            (one.value, one.label, STANDING_TONES[one], standing[one]) for one in Standing if standing.get(one.value)
        ],
        "flags": [(one.value, one.label, TONES[one], flags[one]) for one in Flag if flags.get(one.value)],
        "flagged": listing.counts.get("flagged", 0),
        "no_mfa_known": listing.counts.get("mfa", {}).get(Known.UNKNOWN.value, 0),
    }


def chunks(accounts: QuerySet[ListedAccount], size: int = 1000) -> Iterator[list[ListedAccount]]:
    """All of them, a chunk at a time, each in one query."""
    last = 0
    while some := list(whole(accounts).filter(id__gt=last)[:size]):
        yield some
        last = some[-1].pk
