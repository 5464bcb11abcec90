"""The roster, and what is asked of the people on it."""

from people.models.checklists import Checklist, ChecklistItem, ChecklistRun, ItemState, Occasion, open_items
from people.models.person import TONES, Kind, Person, Standing, active_on, left_by, starts_after

__all__ = [
    "TONES",
    "Checklist",
    "ChecklistItem",
    "ChecklistRun",
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
