"""The registers of what is to be done about vendors: conditions, and the steps of exits. Both are made elsewhere."""

import datetime
from typing import Any, ClassVar

from foundation.accounts.access import can, verbs_on
from foundation.accounts.scopes import TokenScope
from foundation.pages.act import VerbPage
from foundation.pages.forms import RegisterForm
from foundation.pages.pages import Pages
from foundation.trail.keep import save
from vendors import actions, exits
from vendors.exit_forms import CompleteForm
from vendors.forms import ConditionForm, MeetForm
from vendors.models import Condition, ExitStep
from vendors.paper_columns import attach_vendor
from vendors.work_columns import CONDITION_COLUMNS, CONDITION_FACTS, STEP_COLUMNS, STEP_FACTS
from vendors.work_filters import ConditionFilter, ExitStepFilter


class ConditionPages(Pages):
    """What has to be done because vendors are used with conditions."""

    model = Condition
    form_class, filter_class = ConditionForm, ConditionFilter
    columns, facts = CONDITION_COLUMNS, CONDITION_FACTS
    related: ClassVar = ("vendor", "owner")
    ordering: ClassVar = ("due_on",)
    left_out: ClassVar = ("create",)
    intro = "What vendors, or we with them, have to do because they are used with conditions."
    verbs: ClassVar = (
        VerbPage("meet", actions.meet, "Mark as met", "{0.ref} is met.", MeetForm, scope=TokenScope.WRITE_STATUS),
    )
    attach = staticmethod(attach_vendor)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Whether this person may say that it is met."""
        live = moment is None and not target.archived_at and target.met_on is None
        return {"may_meet": live and bool(verbs_on(self.user, ("meet",), target))}

    def keep(self, form: RegisterForm, participle: str) -> Condition:
        """Its entry names the vendor."""
        condition: Condition = form.save(commit=False)
        refs = {"vendor": condition.vendor_id}
        return save(condition, actor=self.user, verb=f"condition.{participle}", refs=refs)


class ExitStepPages(Pages):
    """What is done when vendors leave, step by step."""

    model = ExitStep
    form_class, filter_class = RegisterForm, ExitStepFilter
    columns, facts = STEP_COLUMNS, STEP_FACTS
    related: ClassVar = ("vendor", "owner")
    ordering: ClassVar = ("due_on",)
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = "What is done when vendors leave: access, data, integrations, payments and our own list."
    verbs: ClassVar = (
        VerbPage(
            "complete", exits.complete, "Settle step", "“{0.title}” is settled.", CompleteForm,
            scope=TokenScope.WRITE_STATUS,
        ),
    )  # fmt: skip
    attach = staticmethod(attach_vendor)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Whether this person may settle it."""
        live = moment is None and not target.archived_at and target.done_on is None
        return {"may_complete": live and can(self.user, "complete", target)}
