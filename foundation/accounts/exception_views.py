"""The register of exceptions from the separation of duties, and the three verbs on one."""

from operator import attrgetter
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from foundation.accounts import exceptions
from foundation.accounts.access import can
from foundation.accounts.exception_forms import ExceptionFilter, ExceptionForm
from foundation.accounts.models import DutyException
from foundation.pages.act import VerbPage
from foundation.pages.columns import Column
from foundation.pages.pages import Pages

TONES = {
    "In force": "warn",
    "Requested": "info",
    "To come": "info",
    "Declined": "mute",
    "Ended": "mute",
    "Over": "mute",
}


class ExceptionPages(Pages):
    """Exceptions are asked for, decided and ended; never edited, archived or restored."""

    model = DutyException  # type: ignore[assignment]  # Tracked without archived_at; its filter knows
    form_class, filter_class = ExceptionForm, ExceptionFilter
    columns: ClassVar = (
        Column("exception", "Exception", sort="id", kind="title", get=str),
        Column("rule", "Rule"),
        Column("beneficiary", "For", sort="beneficiary__name", kind="person"),
        Column("record", "Record", url=attrgetter("record_url")),
        Column("opens_at", "From", sort="opens_at", kind="moment"),
        Column("expires_at", "Until", sort="expires_at", kind="moment"),
        Column("approver", "Approver", sort="approver__name", kind="person"),
        Column("standing", "Status", kind="badge", tones=TONES),
    )
    facts: ClassVar = (
        *columns[1:],
        Column("reason", "Reason"),
        Column("requested_by", "Asked for by", kind="person"),
        Column("decided_at", "Decided", kind="moment"),
        Column("ended_at", "Ended", kind="moment"),
    )
    left_out: ClassVar = ("edit", "archive", "restore")
    related: ClassVar = ("beneficiary", "approver", "requested_by")
    ordering: ClassVar = ("-id",)
    verbs: ClassVar = (
        VerbPage("approve", exceptions.approve_exception, "Approve exception", "{} is approved."),
        VerbPage("decline", exceptions.decline_exception, "Decline exception", "{} is declined.", tone="danger"),
        VerbPage("end", exceptions.end_exception, "End exception", "{} is ended.", tone="danger"),
    )
    intro = "Who may take two steps alone that two people take otherwise: why, until when, and who approved it."

    @staticmethod
    def attach(found: list[Any], user: Any, moment: Any) -> None:
        """What each is about, by name; at a past moment the status is what it was then."""
        exceptions.name_records(found, user)
        for exception in found:
            exception.looked_at = moment

    def detail_context(self, target: DutyException, moment: Any) -> dict[str, Any]:
        """The verbs that make sense now and that this person may do."""
        standing = target.standing()
        decides = standing == "Requested" and target.approver_id == self.user.pk
        return {
            "may_approve": decides and can(self.user, "approve", target),
            "may_decline": decides and can(self.user, "decline", target),
            "may_end": standing in ("Requested", "In force", "To come") and can(self.user, "end", target),
        }

    def keep(self, form: Any, participle: str) -> DutyException:
        """A new exception is only asked for."""
        return exceptions.request_exception(form.save(commit=False), actor=self.user)

    def act_on(self, target: DutyException, verb: VerbPage) -> HttpResponse:
        """Only the person named in it approves or declines."""
        if verb.verb != "end" and target.approver_id != self.user.pk:
            raise PermissionDenied(exceptions.NOT_NAMED)
        exceptions.name_records([target], self.user)
        return super().act_on(target, verb)
