"""The pages of training: courses with who completed them, and the completions."""

import datetime
from typing import Any, ClassVar

from foundation.accounts.access import can
from foundation.pages.act import VerbPage
from foundation.pages.pages import Pages
from people import training
from people.columns import (
    COMPLETION_COLUMNS,
    COMPLETION_FACTS,
    COURSE_COLUMNS,
    COURSE_FACTS,
    attach_certificate,
)
from people.completion_imports import CompletionImporter
from people.filters import CompletionFilter, CourseFilter
from people.forms import CloseForm, CompletionForm, CourseForm
from people.models import Completion, Course

SHOWN = 200  # people on a course's page, the late ones first; its evidence has them all


class CoursePages(Pages):
    """Training courses."""

    model = Course
    form_class, filter_class = CourseForm, CourseFilter
    columns, facts, related, ordering = COURSE_COLUMNS, COURSE_FACTS, ("control",), ("title",)
    intro = "What everybody, or some departments, are trained in, by when, and how often again."
    verbs: ClassVar = (
        VerbPage(
            "record_evidence", training.record_evidence, "Record evidence",
            "Who completed {0.title} is kept as evidence; somebody else judges it.", CloseForm,
        ),
    )  # fmt: skip

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Who completed it, who is due and who is late, as far as this person sees them."""
        found = training.attendance(target, self.user, moment)
        live = moment is None and target.archived_at is None
        return {
            "people": [(one, training.TONES[one.standing]) for one in found[:SHOWN]],
            "more": len(found) - SHOWN,
            "counts": training.counted(found),
            "may_record": live and target.control_id is not None and can(self.user, "record_evidence", target),
        }


class CompletionPages(Pages):
    """Who completed which course when."""

    model = Completion
    form_class, filter_class, importer = CompletionForm, CompletionFilter, CompletionImporter
    columns, facts, ordering = COMPLETION_COLUMNS, COMPLETION_FACTS, ("-completed_on",)
    related = ("course", "person")
    left_out: ClassVar = ("edit",)
    prefilled: ClassVar = ("course",)
    intro = "Who completed which course when. None is changed: a newer one follows, a wrong one is archived."
    attach = staticmethod(attach_certificate)
