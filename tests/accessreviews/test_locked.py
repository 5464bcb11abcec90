"""After the approval nothing of a review can be written: by no action, no save and no SQL."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction

from accessreviews import campaigns, signing
from accessreviews.deciding import comment, decide, delegate, keep_together, reassign, undo
from accessreviews.models import Assignment, Choice, Decision, ListedAccount, ReviewItem
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.reviews import STATEMENT, a_manager, signed
from tests.factories.rounds import a_part, approved_review, fresh, item

TABLES = ("decision", "assignment", "review", "reviewitem", "listing", "listedaccount")


@pytest.fixture
def part(compliance: User, manager: User) -> Assignment:
    """Of an approved review; `manager` approved it."""
    part = a_part(compliance, manager)
    comment(item(part), actor=part.reviewer, words="Asked the boss.")
    approved_review(part)
    return fresh(part)


ACTIONS: dict[str, Callable[[Assignment, User], object]] = {
    "decide": lambda part, _: decide(item(part), actor=part.reviewer, choice=Choice.REMOVE, reason="No.", seen=1),
    "undo": lambda part, _: undo(item(part), actor=part.reviewer, seen=1),
    "keep": lambda part, _: keep_together(part, [item(part)], actor=part.reviewer),
    "comment": lambda part, _: comment(item(part), actor=part.reviewer, words="More."),
    "delegate": lambda part, _: delegate(part, actor=part.reviewer, delegate=a_manager("Hal"), reason="Away."),
    "reassign": lambda part, by: reassign(part, actor=by, reviewer=a_manager("Hal"), reason="Left."),
    "sign": lambda part, _: signed(part),
    "approve": lambda part, by: signing.approve(part.review, actor=by, statement=STATEMENT),
    "return": lambda part, by: signing.give_back(part.review, actor=by, reason="Again."),
    "omit": lambda part, by: campaigns.omit(part.review, actor=by, reason="No."),
    "cancel": lambda part, by: campaigns.cancel(part.review.campaign, actor=by, reason="No."),
    "set_reviewer": lambda part, by: campaigns.set_reviewer(part.review, actor=by, reviewer=by, by="reviewer"),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_refused(part: Assignment, manager: User, name: str):
    before = Entry.objects.filter(object_type__startswith="accessreviews.", outcome="ok").count()
    with pytest.raises((ValidationError, PermissionDenied)), transaction.atomic():
        ACTIONS[name](part, manager)
    assert Entry.objects.filter(object_type__startswith="accessreviews.", outcome="ok").count() == before


def test_every_save_of_the_orm_is_refused(part: Assignment):
    decision, review = Decision.objects.get(item=item(part)), part.review
    decision.reason, part.why, review.statement = "No.", "No.", "No."
    for row, verb in ((decision, "decision.kept"), (part, "assignment.delegated"), (review, "review.updated")):
        with pytest.raises(DatabaseError, match="Corrections are addenda"), transaction.atomic():
            save(row, actor=SYSTEM, verb=verb)
    for frozen in (ListedAccount.objects.all(), ReviewItem.objects.all()):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            frozen.update(flagged=False)


def columns(table: str) -> str:
    """All columns of a table but its number, which a new row gets."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table)
    return ", ".join(f'"{column.name}"' for column in found if column.name != "id")


@pytest.mark.parametrize("name", [*TABLES, "comment"])
def test_the_database_refuses_update_and_delete(part: Assignment, name: str):
    table = f"accessreviews_{name}"
    for sql in (f"UPDATE {table} SET id = id + 1000", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match=r"frozen|signed|approved|undone"), transaction.atomic():
            connection.cursor().execute(sql)
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("name", ["decision", "assignment", "reviewitem", "listedaccount", "comment"])
def test_the_database_refuses_to_add_to_it(part: Assignment, name: str):
    table = f"accessreviews_{name}"
    told = columns(table)
    with pytest.raises(DatabaseError, match=r"signed|added|approved"), transaction.atomic():
        connection.cursor().execute(f"INSERT INTO {table} (id, {told}) SELECT id + 1000, {told} FROM {table} LIMIT 1")


def test_a_signed_part_is_locked_before_the_approval_too(compliance: User, manager: User):
    part = a_part(compliance, manager)
    for one in ReviewItem.objects.filter(assignment=part).select_related("account"):
        decide(one, actor=part.reviewer, choice=Choice.KEEP, reason="Needed.")
    signed(fresh(part))
    for sql in ("UPDATE accessreviews_decision SET reason = 'No.'", "DELETE FROM accessreviews_decision"):
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(sql)
    with pytest.raises(ValidationError, match="It is signed"):
        undo(item(part), actor=part.reviewer, seen=1)
