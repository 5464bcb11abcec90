"""The roster, and what is asked of the people on it."""

from people.models.checklists import Checklist, ChecklistItem, ChecklistRun, ItemState, Occasion, open_items
from people.models.person import TONES, Kind, Person, Standing, active_on, left_by, starts_after
from people.models.training import Audience, Completion, Course

__all__ = [
    "TONES",
    "Audience",
    "Checklist",
    "ChecklistItem",
    "ChecklistRun",
    "Completion",
    "Course",
    "ItemState",
    "Kind",
    "Occasion",
    "Person",
    "Standing",
    "active_on",
    "left_by",
    "open_items",
    "starts_after",
]
