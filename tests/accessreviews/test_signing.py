"""Signing a review off: what blocks it, whose signatures it takes, what its hash is over, and giving it back (R4.1)."""

import datetime
import hashlib
import json

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accessreviews import campaigns, signing
from accessreviews.deciding import comment, decide, delegate, undo
from accessreviews.hashing import hash_of
from accessreviews.models import Assignment, CampaignState, Choice, Decision, Removal, ReviewItem, ReviewState
from accessreviews.result import result_of
from evidence.coverage.keep import refresh_stale
from evidence.models import Occurrence
from foundation.accounts.models import User
from foundation.trail.guards import lifted
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from people.models import Person
from tests.factories.evidence import operating
from tests.factories.listings import a_listing, a_person, a_system, account_of, administrator
from tests.factories.reviews import STATEMENT, a_manager, approved, decided, launched, signed
from tests.factories.reviews import items_of as accounts_of
from tests.factories.rounds import BOSS, a_part, a_removal, approved_review, fresh, item


@pytest.fixture
def part(compliance: User, manager: User) -> Assignment:
    """Three accounts, one of them privileged, for one reviewer; `manager` approves."""
    return a_part(compliance, manager)


def words(part: Assignment) -> list[str]:
    return [block.words for block in signing.blocks(fresh(part))]


def refused(part: Assignment, match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        signed(fresh(part))
    assert fresh(part).signed_at is None


def rewrite(item: ReviewItem, reason: str) -> None:
    """Somebody took the guards away and wrote to the database: no door of ours lets this through."""
    with lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE accessreviews_decision SET reason = %s WHERE item_id = %s", [reason, item.pk])


# ---- what blocks it ------------------------------------------------------------------------------------------------


def test_undecided_and_undone_accounts_block_it(part: Assignment):
    assert words(part) == ["3 accounts are undecided."]
    decided(part)
    assert words(part) == []
    undo(item(part), actor=part.reviewer, seen=1)
    assert words(part) == ["1 account is undecided."]
    refused(part, "1 account is undecided")


def test_an_account_that_became_the_deciders_blocks_it(part: Assignment):
    decided(part)
    person = Person.objects.get(email=BOSS)
    person.user = part.reviewer
    save(person, actor=SYSTEM, verb="person.updated")
    assert words(part) == ["1 decided by whose account it is, or who administers the system."]
    refused(part, "by whose account it is")


def test_an_account_with_the_deciders_address_blocks_it(part: Assignment):
    decided(part)
    reviewer = part.reviewer
    reviewer.email = BOSS
    save(reviewer, actor=SYSTEM, verb="user.updated")
    refused(part, "by whose account it is")


def test_who_was_made_administrator_meanwhile_blocks_all_of_theirs(part: Assignment):
    decided(part)
    administrator(part.review.system, part.reviewer)
    assert words(part) == ["3 decided by whose account it is, or who administers the system."]
    refused(part, "administers the system")


def test_a_flagged_account_kept_without_a_word_blocks_it(part: Assignment):
    decided(part)
    rewrite(item(part), "")
    assert words(part) == ["1 flagged and kept without a reason."]


def test_a_listing_that_lost_a_row_blocks_it(part: Assignment):
    decided(part)
    listing = part.review.listing
    with lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE accessreviews_listing SET source_total = 4, row_count = 4 WHERE id = %s", [listing.pk])
    refused(part, "is not the whole list any more")


def test_what_blocks_it_takes_the_same_queries_for_few_and_many(compliance: User, manager: User):
    taken = []
    for count in (3, 30):
        part = a_part(compliance, manager, rows=[account_of(a_person()) for _ in range(count)])
        with CaptureQueriesContext(connection) as queries:
            signing.blocks(part)
        taken.append(len(queries))
    assert taken[0] == taken[1]


# ---- who signs -----------------------------------------------------------------------------------------------------


def test_the_reviewer_signs_with_a_statement_and_nobody_else(part: Assignment, compliance: User):
    decided(part)
    helper = a_manager("Hal Helper")
    delegate(part, actor=part.reviewer, delegate=helper, reason="Away.")
    for person in (helper, compliance):
        with pytest.raises(PermissionDenied):
            signing.sign(fresh(part), actor=person, statement=STATEMENT)
    with pytest.raises(ValidationError, match="State what you sign"):
        signing.sign(fresh(part), actor=part.reviewer, statement=" ")
    done = signed(fresh(part))
    assert (done.signed_by, done.statement, done.pace["single"]) == (part.reviewer, STATEMENT, 3)
    assert fresh(part.review).state == ReviewState.SIGNED
    with pytest.raises(ValidationError, match="signed already"):
        signed(fresh(part))


def test_the_approver_alone_approves_and_never_before_the_signature(part: Assignment, manager: User, compliance: User):
    decided(part)
    with pytest.raises(ValidationError, match="does not wait for an approval"):
        approved(part.review)
    signed(fresh(part))
    with pytest.raises(PermissionDenied):
        signing.approve(fresh(part.review), actor=compliance, statement=STATEMENT)
    with pytest.raises(ValidationError, match="State what you approve"):
        signing.approve(fresh(part.review), actor=manager, statement="")
    review = approved(part.review)
    assert (review.state, review.approved_by, review.statement) == (ReviewState.APPROVED, manager, STATEMENT)


def test_who_decided_any_of_it_does_not_approve_it_even_if_it_was_undone(compliance: User):
    helper = a_manager("Hal Helper")
    part = a_part(compliance, a_manager("Anna Approver"))
    delegate(part, actor=part.reviewer, delegate=helper, reason="Away.")
    first = item(part)
    decide(first, actor=helper, choice=Choice.KEEP, reason="Needed.")
    undo(first, actor=helper, seen=1)
    decided_again = decide(first, actor=part.reviewer, choice=Choice.KEEP, reason="Needed.", seen=2)
    assert decided_again.version == 3
    for other in accounts_of(part):
        if other.pk != first.pk:
            decide(other, actor=part.reviewer, choice=Choice.KEEP)
    signed(fresh(part))
    campaign = part.review.campaign
    campaign.approver = helper  # as if the campaign had named the delegate meanwhile
    save(campaign, actor=SYSTEM, verb="campaign.updated")
    with pytest.raises(PermissionDenied):
        approved(part.review)
    assert fresh(part.review).state == ReviewState.SIGNED


# ---- what is signed ------------------------------------------------------------------------------------------------


def recomputed(part: Assignment) -> str:
    """The hash of a part by Python's own library alone, from the rows."""
    digest = hashlib.sha256()
    for one in Decision.objects.filter(assignment=part).order_by("item__account__line"):
        said = {
            "account": one.item.account.key, "choice": one.choice, "roles_after": one.roles_after,
            "reason": one.reason, "decided_by": one.decided_by_id, "in_bulk": 0,
            "decided_at": one.decided_at.isoformat(timespec="microseconds"),
        }  # fmt: skip
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()


def test_the_hash_is_over_the_full_list_and_changes_with_any_decision(part: Assignment):
    seen = {hash_of(part)}
    for one in accounts_of(part):
        decide(one, actor=part.reviewer, choice=Choice.KEEP, reason="Nötig.")
        seen.add(hash_of(part))
    undo(item(part), actor=part.reviewer, seen=1)
    seen.add(hash_of(part))
    decide(item(part), actor=part.reviewer, choice=Choice.REMOVE, reason="Nötig.", seen=2)
    assert len(seen | {hash_of(part)}) == 6
    assert signed(fresh(part)).decisions_sha256 == recomputed(part)
    review = approved(part.review)
    said = {"listing": review.listing.sha256, "parts": [[part.pk, recomputed(part)]]}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    assert review.decisions_sha256 == hashlib.sha256(text.encode()).hexdigest()
    entry = Entry.objects.get(verb="review.approved")
    assert entry.facts["refs"]["sha256"] == review.decisions_sha256


def test_decisions_that_are_not_those_that_were_signed_are_not_approved(part: Assignment):
    decided(part)
    signed(fresh(part))
    rewrite(item(part), "Something else.")
    with pytest.raises(ValidationError, match="their hash differs"):
        approved(part.review)
    assert fresh(part.review).state == ReviewState.SIGNED


# ---- giving it back ------------------------------------------------------------------------------------------------


def back(part: Assignment, manager: User) -> None:
    signing.give_back(fresh(part.review), actor=manager, reason="Look at the boss again.")


def test_returned_it_is_decided_and_signed_again_and_removals_follow(part: Assignment, manager: User):
    removal = a_removal(part)
    back(part, manager)
    returned = fresh(part)
    assert (returned.signed_at, returned.statement, returned.decisions_sha256) == (None, "", "")
    assert fresh(removal).archived_at is None  # what is being removed meanwhile goes on
    decide(item(part), actor=part.reviewer, choice=Choice.KEEP, reason="Stays after all.", seen=1)
    signed(returned)
    assert fresh(removal).archived_at is not None
    back(part, manager)
    decide(item(part), actor=part.reviewer, choice=Choice.CHANGE, roles_after=["User"], reason="No admin.", seen=2)
    signed(fresh(part))
    again = fresh(removal)
    assert (again.archived_at, again.kind, again.roles_after) == (None, Choice.CHANGE, ["User"])
    told = Entry.objects.filter(object_type="accessreviews.removal").order_by("id").values_list("verb", flat=True)
    assert list(told) == ["removal.created", "removal.archived", "removal.restored"]


def test_only_the_approver_returns_it_with_a_reason(part: Assignment, manager: User, compliance: User):
    decided(part)
    signed(fresh(part))
    with pytest.raises(PermissionDenied):
        signing.give_back(fresh(part.review), actor=compliance, reason="Again.")
    with pytest.raises(ValidationError, match="decided anew"):
        signing.give_back(fresh(part.review), actor=manager, reason="")


# ---- what its last approval does -----------------------------------------------------------------------------------


def test_the_last_approval_makes_the_result_evidence(compliance: User, manager: User):
    systems = [a_system(), a_system()]
    for system in systems:
        a_listing(system, [account_of(a_person())])
    campaign = launched(systems, actor=compliance, approver=manager, reviewer=a_manager())
    parts = list(Assignment.objects.filter(review__campaign=campaign).order_by("id"))
    approved_review(parts[0])
    assert fresh(campaign).state == CampaignState.OPEN
    assert fresh(campaign).evidence is None
    approved_review(parts[1])
    campaign = fresh(campaign)
    assert campaign.state == CampaignState.CLOSED  # nothing is to be removed
    result = result_of(campaign)
    assert [one["decisions"]["keep"] for one in result["reviews"]] == [1, 1]
    assert not Removal.objects.exists()


def test_a_comment_is_written_until_the_approval_and_not_after(part: Assignment, manager: User):
    decided(part)
    signed(fresh(part))
    comment(item(part), actor=manager, words="Are you sure?")
    approved(part.review)
    with pytest.raises(ValidationError, match="addenda"):
        comment(item(part), actor=manager, words="Too late.")


AUTUMN = datetime.datetime(2026, 10, 5, 12, tzinfo=datetime.UTC)
THIRD_QUARTER = {
    "period_from": datetime.date(2026, 7, 1), "period_to": datetime.date(2026, 9, 30),
    "due_on": datetime.date(2026, 9, 30),
}  # fmt: skip


@pytest.mark.parametrize(("signed_on", "standing"), [(AUTUMN, "done"), (AUTUMN + datetime.timedelta(days=30), "late")])
def test_the_square_of_a_linked_quarterly_control_turns(
    compliance: User, manager: User, signed_on: datetime.datetime, standing: str
):
    control = operating("quarterly")
    with time_machine.travel(signed_on):
        refresh_stale()
        part = a_part(compliance, manager, control=control.ref, **THIRD_QUARTER)
        removal = a_removal(part)
        square = Occurrence.objects.get(control=control, starts_on="2026-07-01")
        assert square.standing(signed_on.date()) in ("due", "missing")
        approved(part.review)
        square.refresh_from_db()
        assert square.standing(signed_on.date()) == standing
    campaign = fresh(part.review.campaign)
    assert square.evidence == campaign.evidence
    assert campaign.state == CampaignState.SIGNED  # a removal is open; the review is a fact all the same
    assert fresh(removal).proved_at is None
    with pytest.raises(ValidationError, match="evidence already"):
        campaigns.link_control(campaign, actor=compliance, control=control.ref, reason="Late.")
