"""The columns of conditions and of the steps of exits, and the facts on their pages."""

from operator import attrgetter
from typing import Any

from foundation.pages.columns import Column
from foundation.pages.people import owner_words
from vendors.paper_columns import VENDOR

TONES = {"Open": "warn", "Overdue": "bad", "Met": "ok", "Done": "ok", "Does not apply": "mute", "Withdrawn": "mute"}


def condition_state(one: Any) -> str:
    """Where a condition stands on the day."""
    if one.met_on is not None:
        return "Met"
    return "Overdue" if one.due_on < one.seen_on else "Open"


def step_state(one: Any) -> str:
    """Where a step stands on the day."""
    if one.done_on is not None:
        return "Done" if one.applicable else "Does not apply"
    if one.archived_at:
        return "Withdrawn"
    return "Overdue" if one.due_on < one.seen_on else "Open"


OWNER = Column("owner", "Owner", sort="owner__name", kind="person", get=owner_words, data=attrgetter("owner"))
CONDITION_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("what", "Condition", sort="what", kind="title"),
    VENDOR,
    OWNER,
    Column("due_on", "Due", sort="due_on", kind="date"),
    Column("state", "State", kind="badge", tones=TONES, get=condition_state),
    Column("met_on", "Met", sort="met_on", kind="date"),
)
CONDITION_FACTS = (
    *CONDITION_COLUMNS[1:],
    Column("met_by", "Met by", kind="person"),
    Column("met_note", "What shows it"),
)
STEP_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("kind", "Step", sort="kind", kind="title"),
    VENDOR,
    OWNER,
    Column("due_on", "Due", sort="due_on", kind="date"),
    Column("state", "State", kind="badge", tones=TONES, get=step_state),
    Column("done_on", "Done", sort="done_on", kind="date"),
)
STEP_FACTS = (
    *STEP_COLUMNS[1:],
    Column("note", "What shows it"),
    Column("document", "Proof", get=attrgetter("document")),
    Column("done_by", "Settled by", kind="person"),
)
