"""The pages of checklists and of how they went for people."""

import datetime
from typing import Any, ClassVar

from evidence.models import Evidence
from foundation.accounts.access import verbs_on, visible
from foundation.pages.act import VerbPage
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from people import runs
from people.columns import (
    CHECKLIST_COLUMNS,
    CHECKLIST_FACTS,
    RUN_COLUMNS,
    RUN_FACTS,
    attach_items,
)
from people.filters import ChecklistFilter, ChecklistRunFilter
from people.forms import ChecklistForm, CloseForm, CompleteItemForm, ReopenItemForm
from people.models import Checklist, ChecklistItem, ChecklistRun
from people.steps import read_steps


class ChecklistPages(Pages):
    """The checklists themselves."""

    model = Checklist
    form_class, filter_class = ChecklistForm, ChecklistFilter
    columns, facts, related, ordering = CHECKLIST_COLUMNS, CHECKLIST_FACTS, ("control",), ("occasion", "title")
    intro = "What is done whenever somebody joins or leaves: by whom, and by when."

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its items, read."""
        return {"steps": read_steps(target.items)}


class ChecklistRunPages(Pages):
    """A checklist for one person. It begins by itself, or on the page of the person."""

    model = ChecklistRun
    filter_class = ChecklistRunFilter
    columns, facts, ordering = RUN_COLUMNS, RUN_FACTS, ("due_on",)
    related = ("person", "checklist__control", "closed_by", "started_by")
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    links = (Link("Item", ChecklistItem, "run"),)
    intro = "Onboarding and offboarding of each person. What was done late stays late."
    verbs: ClassVar = (
        VerbPage("complete_item", runs.complete_item, "Settle an item", "The item is settled.", CompleteItemForm),
        VerbPage(
            "complete_item", runs.reopen_item, "Open an item again", "The item is open again.", ReopenItemForm,
            name="reopen-item",
        ),
        VerbPage("close", runs.close_run, "Close checklist", "{0.ref} is closed and kept as evidence.", CloseForm),
    )  # fmt: skip
    attach = staticmethod(attach_items)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its evidence to whoever sees that, and the verbs that make sense now."""
        proofs = {item.proof_id for item in target.shown if item.proof_id} | {target.evidence_id} - {None}
        seen = {item.pk: item for item in visible(self.user, Evidence).filter(pk__in=proofs)}
        given = set() if moment or target.closed_at or target.archived_at else self.given(target)
        return {
            "kept": seen.get(target.evidence_id),
            "lines": [(item, seen.get(item.proof_id)) for item in target.shown],
            "verbs": {
                "complete": "complete_item" in given and bool(target.waiting),
                "reopen": "complete_item" in given and len(target.waiting) < len(target.shown),
                "close": "close" in given and not target.waiting,
            },
        }

    def given(self, target: Any) -> set[str]:
        """The verbs that the role gives."""
        return verbs_on(self.user, ("complete_item", "close"), target)
