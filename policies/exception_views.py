"""The register of exceptions from policies, and the verbs on one. They are asked for on their policy's page."""

from typing import Any, ClassVar

from foundation.accounts.access import are_apart, verbs_on
from foundation.accounts.duties import POLICY_EXCEPTION
from foundation.pages.act import VerbPage
from foundation.pages.forms import RegisterForm
from foundation.pages.pages import Pages
from policies import exceptions
from policies.columns import EXCEPTION_COLUMNS, EXCEPTION_FACTS, attach_exception, exception_words
from policies.filters import PolicyExceptionFilter
from policies.forms import OptionalNoteForm
from policies.models import ExceptionState, PolicyException


class PolicyExceptionPages(Pages):
    """Exceptions from policies: asked, decided, in force, ended."""

    model = PolicyException
    form_class, filter_class = RegisterForm, PolicyExceptionFilter
    columns, facts, ordering = EXCEPTION_COLUMNS, EXCEPTION_FACTS, ("-id",)
    related = ("policy", "requested_by", "decided_by")
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = "What a policy does not hold for, why, what stands in meanwhile, and until when."
    verbs: ClassVar = (
        VerbPage(
            "approve", exceptions.approve, "Approve exception", "{0.ref} holds until {0.until}.", OptionalNoteForm
        ),
        VerbPage("decline", exceptions.decline, "Decline exception", "{0.ref} is declined."),
        VerbPage("withdraw", exceptions.withdraw, "Withdraw request", "{0.ref} is withdrawn."),
        VerbPage("end", exceptions.end, "End exception", "The policy holds again.", tone="danger"),
    )
    attach = staticmethod(attach_exception)

    def detail_context(self, target: Any, moment: Any) -> dict[str, Any]:
        """The verbs that make sense now and that this person may do."""
        standing = exception_words(target)
        if moment:
            return {"standing": standing, "verbs": {}}
        given = verbs_on(self.user, ("approve", "decline", "withdraw", "end"), target)
        waits = target.state == ExceptionState.REQUESTED
        apart = are_apart(self.user, (target.requested_by_id,), POLICY_EXCEPTION, target)
        verbs = {
            "approve": waits and "approve" in given and apart,
            "decline": waits and "decline" in given,
            "withdraw": waits and "withdraw" in given,
            "end": target.state == ExceptionState.APPROVED and "end" in given,
        }
        return {"standing": standing, "verbs": verbs}
