"""Freezing a list of accounts as a listing: the one door for files, the API and our own accounts. All or nothing."""

import datetime
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import connection, transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from accessreviews import removals
from accessreviews.listings.flags import Before, Rules, Told, flags_of, is_flagged, privileged_among, rules_for
from accessreviews.listings.matching import Match, Roster
from accessreviews.listings.rows import AccountRow, check_rows
from accessreviews.models import ListedAccount, Listing, Review, ReviewState, Shape
from evidence import actions as evidence
from evidence.models import Kind
from foundation.accounts.models import User
from foundation.organisation.models import day_at, zone
from foundation.organisation.settings import setting
from foundation.trail.keep import save
from systems.models import System

CHUNK = 1000
FILE_NAME = "accounts.json"


@dataclass(frozen=True, slots=True)
class Judged:
    """One account with whose it is and what is notable of it."""

    row: AccountRow
    match: Match
    flags: Told
    privileged: bool


def record_listing(  # noqa: PLR0913 - a listing says this much about itself
    system: System, rows: Sequence[AccountRow], *, actor: Any, source: str, query: str, source_total: int,
    pulled_at: datetime.datetime, content: File | bytes, shape: Shape, name: str = FILE_NAME, environment: str = "",
    pulled_by: User | None = None, connector: str = "", mapping: Mapping[str, Any] | None = None,
) -> Listing:  # fmt: skip
    """Freeze `rows` as every account of a system at one moment, and keep `content` as evidence for another to judge.

    source: from where it was pulled; query: by which anybody gets the same again. source_total: how many accounts the
    source itself counts. pulled_at: when the source showed them (aware). content: the file exactly as it was received,
    called `name`. mapping: field → heading, as it was read. The evidence is linked to no control: a list alone proves
    no review. Raises ValidationError for what is no whole list of the system's accounts, naming lines; then nothing is
    kept.
    """
    check(system, rows, source, query, source_total, pulled_at)
    pulled_on = day_at(pulled_at)
    check_rows(rows, pulled_on)
    ready = evidence.prepare(
        *evidence.as_file(content, name), actor=actor, title=f"Accounts of {system.name}, {pulled_on}",
        kind=Kind.EXPORT, name=name, another=True, source=evidence.Source(
            system=source, environment=environment, query=query, connector=connector, collected_by=pulled_by,
            captured_at=pulled_at, rows=len(rows),
        ),
    )  # fmt: skip
    earlier = last_reviewed(system)
    judge = Judge(Roster.of(system, pulled_on), rules_of(system, pulled_on, earlier))
    listing = Listing(
        system=system, source=source.strip(), environment=environment.strip(), query=query.strip(),
        pulled_at=pulled_at, pulled_by=pulled_by, connector=connector.strip(), source_total=source_total,
        row_count=len(rows), sha256=ready.item.sha256, shape=shape, mapping=dict(mapping or {}), earlier=earlier,
        counts=counted(judge.all(rows)), frozen_by=evidence.person(actor),
    )  # fmt: skip
    ready.keep_bytes()
    return store(listing, rows, judge, ready, actor)


@transaction.atomic
def store(listing: Listing, rows: Sequence[AccountRow], judge: "Judge", ready: evidence.Ready, actor: Any) -> Listing:
    """Write the evidence, the listing and its accounts, with their entry in the trail."""
    System.objects.select_for_update().get(pk=listing.system_id)
    not_stale(listing)
    listing.evidence = evidence.store(ready, actor=actor, accepted_by=None)
    listing.full_clean()
    refs = {
        "system": listing.system_id, "evidence": listing.evidence_id, "accounts": listing.row_count,
        "flagged": listing.counts["flagged"], "sha256": listing.sha256,
    }  # fmt: skip
    save(listing, actor=actor, verb="listing.frozen", refs=refs)
    insert(as_columns(listing, one) for one in judge.all(rows))
    # ---- the listing stands: what follows from it in the same transaction is called here ----
    removals.prove(listing)
    return listing


def check(
    system: System, rows: Sequence[AccountRow], source: str, query: str, source_total: int, pulled_at: datetime.datetime
) -> None:
    """Raise ValidationError for what is no whole list, before anything is looked up."""
    if system.archived_at:
        raise ValidationError({"system": f"{system.ref} is archived. Restore it first."})
    if not source.strip():
        raise ValidationError({"source": "Say from where it was pulled."})
    if not query.strip():
        raise ValidationError({"query": "Say by which report, query or menu anybody gets the same list again."})
    if pulled_at > timezone.now():
        raise ValidationError({"pulled_at": "It cannot have been pulled in the future."})
    if source_total != len(rows):
        words = f"The source counts {source_total:,} and the list holds {len(rows):,}. Find what is missing."
        raise ValidationError({"source_total": words})


def not_stale(listing: Listing) -> None:
    """Raise ValidationError for a listing that is older than the newest one of its system, or the same again."""
    newest = Listing.objects.filter(system_id=listing.system_id).order_by("-pulled_at", "-id").first()
    if newest is None or newest.pulled_at < listing.pulled_at:
        return
    when = f"{newest.pulled_at.astimezone(zone()):%Y-%m-%d %H:%M}"
    if newest.pulled_at > listing.pulled_at:
        words = f"{newest.ref} was pulled later, at {when}: the newest listing says who has access now. Pull a new one."
        raise ValidationError({"pulled_at": words})
    if newest.sha256 == listing.sha256:
        raise ValidationError({"pulled_at": f"{newest.ref} is this very list: the same bytes, pulled at {when}."})


# ---- judging -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Judge:
    """Whose the accounts are and what is notable of each. Gone through twice instead of being held in memory."""

    roster: Roster
    rules: Rules

    def all(self, rows: Sequence[AccountRow]) -> Iterator[Judged]:
        """Each account, judged."""
        return (self.one(row) for row in rows)

    def one(self, row: AccountRow) -> Judged:
        """One account, judged."""
        match = self.roster.match(row)
        return Judged(row, match, flags_of(row, match, self.rules), bool(privileged_among(row.roles, self.rules)))


def last_reviewed(system: System) -> Listing | None:
    """The listing of the system's last approved review."""
    approved = Review.objects.filter(system=system, state=ReviewState.APPROVED).order_by("-approved_at", "-id")
    review = approved.select_related("listing").first()
    return review.listing if review else None


def rules_of(system: System, day: datetime.date, earlier: Listing | None) -> Rules:
    """By what the accounts of a system are judged on a day."""
    before = None
    if earlier:
        roles = dict(roles_of(earlier))
        before = Before(f"{earlier.ref} of {day_at(earlier.pulled_at)}", roles)
    return rules_for(day, setting("dormant_days"), system.privileged_roles, system.forbidden_pairs, before)


def roles_of(listing: Listing) -> Iterator[tuple[str, frozenset[str]]]:
    """(key, roles) of each account of a listing, casefolded; equal sets of roles are one object."""

    @lru_cache(maxsize=4096)
    def folded(text: str) -> frozenset[str]:
        return frozenset(role.casefold() for role in json.loads(text))

    found = ListedAccount.objects.filter(listing=listing).annotate(text=Cast("roles", TextField())).order_by()
    for key, text in found.values_list("key", "text").iterator(chunk_size=5000):
        yield key.casefold(), folded(text)


def counted(judged: Iterator[Judged]) -> dict[str, Any]:
    """How many accounts there are of each standing, flag and state, and how many are flagged or privileged at all."""
    counts = {name: Counter[str]() for name in ("standing", "flags", "enabled", "mfa", "sign_in")}
    flagged = privileged = 0
    for one in judged:
        counts["standing"][one.match.standing.value] += 1
        counts["flags"].update({flag.value for flag, _ in one.flags})
        counts["enabled"][one.row.enabled.value] += 1
        counts["mfa"][one.row.mfa.value] += 1
        counts["sign_in"][one.row.sign_in.value] += 1
        flagged += is_flagged(one.flags)
        privileged += one.privileged
    return {**{name: dict(sorted(found.items())) for name, found in counts.items()},
            "flagged": flagged, "privileged": privileged}  # fmt: skip


COLUMNS: Final = (
    "listing_id", "line", "key", "name", "email", "external_id", "roles", "enabled", "mfa", "machine", "sign_in",
    "last_sign_in", "created_on", "owner_said", "person_id", "owner_id", "standing", "flags", "flagged", "privileged",
)  # fmt: skip


def as_columns(listing: Listing, one: Judged) -> tuple[Any, ...]:
    """An account as its row is kept, in the order of COLUMNS."""
    row, match = one.row, one.match
    return (
        listing.pk, row.line, row.key, row.name, row.email.lower(), row.external_id,
        as_json(tuple(sorted(set(row.roles), key=str.casefold))), row.enabled.value, row.mfa.value, row.machine.value,
        row.sign_in.value, row.last_sign_in and row.last_sign_in.isoformat(),
        row.created_on and row.created_on.isoformat(), row.owner_said, match.person, match.owner, match.standing.value,
        json.dumps([[flag.value, words] for flag, words in one.flags], ensure_ascii=False), is_flagged(one.flags),
        one.privileged,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def as_json(roles: tuple[str, ...]) -> str:
    """Roles as their column has them."""
    return json.dumps(roles, ensure_ascii=False)


def insert(accounts: Iterator[tuple[Any, ...]]) -> None:
    """Write accounts by one plain statement: composing a hundred thousand rows would take the ORM most of a minute."""
    table, quote = ListedAccount._meta.db_table, connection.ops.quote_name
    columns, values = ", ".join(map(quote, COLUMNS)), ", ".join(["%s"] * len(COLUMNS))
    statement = f"INSERT INTO {quote(table)} ({columns}) VALUES ({values})"  # noqa: S608 - names of ours
    with connection.cursor() as cursor:
        while some := list(islice(accounts, CHUNK)):
            cursor.executemany(statement, some)
