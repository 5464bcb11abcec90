"""How far parts have come, and the accounts of one part as its page lists them: live, or as it stood."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import QueryDict

from accessreviews import signing
from accessreviews.models import Assignment, Choice, Comment, Decision, Flag, Known, ReviewItem, Standing
from accessreviews.models.listings import TONES
from foundation.pages.filters import matching
from foundation.trail.asof import rows, thaw

SIZES: Final = (25, 50, 100)
UNDECIDED, FLAGGED, ALL = "undecided", "flagged", "all"
SELF_DECIDED, WITHOUT_REASON = "self_decided", "without_reason"  # what blocks a signature (signing.blocks)
SHOWS: Final = (
    (UNDECIDED, "Undecided"),
    (FLAGGED, "Flagged"),
    (Choice.KEEP.value, "Kept"),
    (Choice.CHANGE.value, "To change"),
    (Choice.REMOVE.value, "To remove"),
    (ALL, "All"),
)


def counts_at(parts: Iterable[Assignment], moment: datetime.datetime | None) -> dict[int, dict[str, int]]:
    """How many of each part's accounts are kept, changed, removed, decided and undecided at a moment. One query."""
    known = {part.pk: part for part in parts}
    found = {number: dict.fromkeys(Choice.values, 0) for number in known}
    said = rows(Decision, moment).filter(assignment_id__in=known).exclude(choice="").order_by()
    for number, choice, count in said.values_list("assignment_id", "choice").annotate(count=Count("id")):
        found[number][choice] = count
    for number, counts in found.items():
        part = known[number]
        counts["decided"] = sum(counts.values())
        counts[UNDECIDED] = part.item_count - counts["decided"]
        counts[FLAGGED], counts[ALL] = part.flagged_count, part.item_count
    return found


STANDINGS: Final[dict[str, str]] = {value: str(words) for value, words in Standing.choices}
NOT_ENABLED: Final[dict[str, str]] = {Known.NO: "disabled", Known.UNKNOWN: "enabled unknown"}
CHOICE_TONES: Final[dict[str, str]] = {Choice.KEEP: "ok", Choice.CHANGE: "warn", Choice.REMOVE: "bad", "": "mute"}


class Counted(Paginator):
    """Pages of rows whose number is known without counting them."""

    def __init__(self, found: Any, size: int, known: int | None) -> None:
        super().__init__(found, size)
        if known is not None:
            self.__dict__["count"] = known


class Numbered(Counted):
    """Pages of rows whose positions are 1, 2, 3 …: far down a part no row before them is read."""

    def page(self, number: Any) -> "Page[Any]":
        """The page of this number."""
        number = self.validate_number(number)
        before = (number - 1) * self.per_page
        everything: Any = self.object_list
        found = everything.filter(position__gt=before, position__lte=min(before + self.per_page, self.count))
        return Page(found, number, self)


@dataclass(frozen=True)
class Line:
    """One account as the deciding page shows it. `barred`: it is somebody else's to decide on.

    `flags`: word, tone and reason of each. `error`, `typed`: of a decision that was refused.
    """

    item: ReviewItem
    decision: Any
    flags: list[tuple[str, str, str]]
    barred: bool
    comments: int = 0
    error: Any = None
    typed: Any = None

    @property
    def seen(self) -> int:
        """The version of the decision that is shown, 0 for none."""
        return self.decision.version if self.decision else 0

    @cached_property
    def name(self) -> str:
        """What the account is called."""
        return str(self.item.account)

    @property
    def key(self) -> str:
        """What the source calls it, where that is not its name."""
        return "" if self.item.account.key == self.name else self.item.account.key

    @property
    def about(self) -> str:
        """Whose it is: by the roster, or who answers for it; and whether it is enabled, if not."""
        account, person = self.item.account, self.item.account.person
        said = [person.name if person and person.name != self.name else "", STANDINGS[account.standing]]
        if person:
            said.append(", ".join(filter(None, (person.title, person.department))))
        if account.owner:
            said.append(f"{account.owner} answers for it")
        return " · ".join(filter(None, [*said, NOT_ENABLED.get(account.enabled, "")]))

    @property
    def signed_in(self) -> str:
        """The day of the last sign-in, or what is known of it."""
        account = self.item.account
        return account.last_sign_in.isoformat() if account.last_sign_in else account.sign_in

    @property
    def mfa(self) -> str:
        """Whether it has a second factor: yes, no or unknown."""
        return self.item.account.mfa

    @property
    def number(self) -> str:
        """The account's number as text, which no locale puts commas into."""
        return str(self.item.pk)

    @property
    def tone(self) -> str:
        """The tone of its decision."""
        return CHOICE_TONES[self.choice]

    @property
    def keepable(self) -> bool:
        """Whether it may be kept together with others."""
        return not self.item.flagged and not self.choice and not self.barred

    @property
    def choice(self) -> str:
        """What is decided, "" for nothing."""
        return self.decision.choice if self.decision else ""


class Part:
    """The accounts of one part as somebody asked for them: `params` has show, flag, q (words), page and per_page."""

    def __init__(self, part: Assignment, params: QueryDict, moment: datetime.datetime | None) -> None:
        self.part, self.params, self.moment = part, params, moment
        self.counts = counts_at([part], moment)[part.pk]
        asked = params.get("show", "")
        known = {show for show, _ in SHOWS} | {SELF_DECIDED, WITHOUT_REASON}
        first = UNDECIDED if self.counts[UNDECIDED] and moment is None else ALL
        self.show = asked if asked in known else first
        self.words = params.get("q", "").replace("\0", "").strip()[:200]  # PostgreSQL takes no NUL
        self.flag = params.get("flag", "") if params.get("flag", "") in Flag.values else ""

    def rows(self) -> QuerySet[ReviewItem]:
        """The accounts that are shown, in the order of deciding."""
        found = ReviewItem.objects.filter(assignment=self.part.pk)
        if self.words:
            found = found.filter(matching(self.words, ("account__key", "account__name", "account__email")))
        if self.flag:
            found = found.filter(account__flags__icontains=f'"{self.flag}"')
        return self.shown(found).order_by("position")

    def shown(self, found: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
        """Those of one kind."""
        if self.show == FLAGGED:
            return found.filter(position__lte=self.part.flagged_count)
        if self.show in (SELF_DECIDED, WITHOUT_REASON):
            blocked: QuerySet[ReviewItem] = getattr(signing, self.show)(self.part)
            return found.filter(pk__in=blocked.values("pk"))
        if self.show == ALL:
            return found
        said = rows(Decision, self.moment).filter(assignment_id=self.part.pk).exclude(choice="")
        if self.show == UNDECIDED:
            return found.exclude(pk__in=said.values("item_id"))
        return found.filter(pk__in=said.filter(choice=self.show).values("item_id"))

    def page(self) -> "Page[ReviewItem]":
        """One page of them, with account and person."""
        asked = self.params.get("per_page", "")
        size = int(asked) if asked in {str(size) for size in SIZES} else SIZES[0]
        found = self.rows().select_related("account__person", "account__owner")
        if self.words or self.flag or self.show not in self.counts:
            return Counted(found, size, None).get_page(self.params.get("page"))
        pages = Numbered if self.show in (ALL, FLAGGED) else Counted
        return pages(found, size, self.counts[self.show]).get_page(self.params.get("page"))

    def lines(self, items: Iterable[ReviewItem], barred: set[int]) -> list[Line]:
        """The accounts with their decisions and how much was said of them. Two queries."""
        items = list(items)
        ids = [item.pk for item in items]
        said = rows(Decision, self.moment).filter(item_id__in=ids).select_related("decided_by")
        decisions = {one.item_id: one for one in (thaw(row) for row in said)}
        spoken = rows(Comment, self.moment).filter(item_id__in=ids).order_by()
        comments = dict(spoken.values_list("item_id").annotate(count=Count("id")))
        return [
            Line(item, decisions.get(item.pk), flags_of(item), item.pk in barred, comments.get(item.pk, 0))
            for item in items
        ]


def flags_of(item: ReviewItem) -> list[tuple[str, str, str]]:
    """Each flag of an account: its word, its tone, and why."""
    return [(str(Flag(flag).label), TONES[flag], why) for flag, why in item.account.flags]
