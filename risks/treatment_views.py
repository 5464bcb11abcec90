"""The register of treatment actions. They are planned on their risk's page."""

from typing import Any, ClassVar

from foundation.accounts.access import can
from foundation.accounts.scopes import TokenScope
from foundation.pages.act import VerbPage
from foundation.pages.pages import Pages
from risks import treatment
from risks.columns import ACTION_COLUMNS, ACTION_FACTS, attach_named_risk
from risks.filters import TreatmentActionFilter
from risks.forms import CompleteForm, TreatmentActionForm
from risks.models import TreatmentAction


class TreatmentActionPages(Pages):
    """Steps of treatment plans, each with its risk."""

    model = TreatmentAction
    form_class, filter_class = TreatmentActionForm, TreatmentActionFilter
    columns, facts, ordering = ACTION_COLUMNS, ACTION_FACTS, ("due_on",)
    related = ("owner", "done_by")
    left_out: ClassVar = ("create",)
    intro = "What is done about risks: by whom, and by when."
    verbs: ClassVar = (
        VerbPage(
            "complete", treatment.complete, "Mark as done", "{0.ref} is done.", CompleteForm,
            scope=TokenScope.WRITE_STATUS,
        ),
    )  # fmt: skip
    attach = staticmethod(attach_named_risk)

    def detail_context(self, target: Any, moment: Any) -> dict[str, Any]:
        """Whether this person may say now that it is done."""
        open_ = moment is None and target.archived_at is None and target.done_by_id is None
        return {"verbs": {"complete": open_ and can(self.user, "complete", target)}}
