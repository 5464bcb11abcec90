"""The register of corrective actions, and the verbs on one. They are planned on their finding's page."""

from typing import Any, ClassVar

from findings import follow_up
from findings.columns import ACTION_COLUMNS, ACTION_FACTS, attach_finding
from findings.filters import CorrectiveActionFilter
from findings.forms import CompleteForm, CorrectiveActionForm, SeenForm
from findings.models import CorrectiveAction
from foundation.accounts.access import are_apart, can
from foundation.accounts.duties import ACTION_VERIFICATION
from foundation.accounts.scopes import TokenScope
from foundation.pages.act import VerbPage
from foundation.pages.pages import Pages


class CorrectiveActionPages(Pages):
    """Corrective actions, each with the finding that it follows from."""

    model = CorrectiveAction
    form_class, filter_class = CorrectiveActionForm, CorrectiveActionFilter
    columns, facts, related, ordering = ACTION_COLUMNS, ACTION_FACTS, ("owner",), ("due_on",)
    left_out: ClassVar = ("create",)
    intro = "What is done so that findings do not come back: who, by when, and who saw that it is done."
    verbs: ClassVar = (
        VerbPage(
            "complete", follow_up.complete, "Mark as done", "{0.ref} is done; another person verifies it.",
            CompleteForm, scope=TokenScope.WRITE_STATUS,
        ),
        VerbPage("verify", follow_up.verify_action, "Verify action", "{0.ref} is verified.", SeenForm),
        VerbPage("verify", follow_up.return_action, "Not done", "{0.ref} is to be done.", name="return"),
    )  # fmt: skip
    attach = staticmethod(attach_finding)

    def detail_context(self, target: Any, moment: Any) -> dict[str, Any]:
        """The verbs that make sense now and that this person may do."""
        if moment or target.archived_at:
            return {"verbs": {}}
        judging = target.done_by_id is not None and target.verified_by_id is None and can(self.user, "verify", target)
        return {
            "verbs": {
                "complete": target.done_by_id is None and can(self.user, "complete", target),
                "verify": judging and are_apart(self.user, [target.done_by_id], ACTION_VERIFICATION, target),
                "return": judging,
            }
        }
