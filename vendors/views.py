"""The register of vendors and the verbs on one."""

import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from foundation.accounts.access import get_allowed
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from vendors import actions, approval, documents, exits, reviews
from vendors.columns import COLUMNS, FACTS, attach_vendor
from vendors.detail import shown_of
from vendors.exit_forms import OffboardForm
from vendors.filters import VendorFilter
from vendors.forms import AddConditionForm, LinkFindingForm, NoteForm, RaiseTierForm, StatementForm, VendorForm
from vendors.imports import VendorImporter
from vendors.models import Condition, Contract, ExitStep, Vendor, VendorAlias, VendorDocument, VendorFinding
from vendors.paper_forms import AddContractForm, AddDocumentForm
from vendors.reconciliation.actions import take_off
from vendors.review_forms import BeginForm

APPROVING: dict[str, bool] = {"approve": False, "approve-conditionally": True}


class VendorPages(Pages):
    """The register of vendors."""

    model = Vendor
    form_class, filter_class, importer = VendorForm, VendorFilter, VendorImporter
    columns, facts = COLUMNS, FACTS
    related: ClassVar = ("owner", "approver")
    ordering: ClassVar = ("name",)
    links: ClassVar = (
        Link("Finding", VendorFinding, "vendor"),
        Link("Contract", Contract, "vendor"),
        Link("Document", VendorDocument, "vendor"),
        Link("Condition", Condition, "vendor"),
        Link("Exit step", ExitStep, "vendor"),
    )
    intro = "Whom we depend on, how much, what is agreed and on file, and when each is looked at again."
    verbs: ClassVar = (
        VerbPage("assess", approval.assess, "Take into assessment", "{0.ref} is in assessment.", NoteForm),
        VerbPage("approve", approval.approve, "Approve vendor", "{0.ref} is approved.", StatementForm),
        VerbPage(
            "approve", approval.approve_conditionally, "Approve with conditions",
            "{0.ref} is approved with conditions.", StatementForm, name="approve-conditionally",
        ),
        VerbPage("approve", approval.give_back, "Return vendor", "{0.ref} is returned to its owner.", name="return"),
        VerbPage("assess", approval.propose, "Propose again", "{0.ref} is proposed again.", name="propose"),
        VerbPage(
            "raise_tier", actions.raise_tier, "Raise tier", lambda vendor: f"{vendor.ref} is {vendor.tier} now.",
            RaiseTierForm,
        ),
        VerbPage(
            "offboard", exits.offboard, "Offboard vendor", "{0.ref} is being ended; its steps are planned.",
            OffboardForm, tone="danger",
        ),
        VerbPage("offboard", exits.keep_on, "Keep vendor", "{0.ref} is kept.", name="keep"),
        VerbPage("end", exits.end, "End vendor", "{0.ref} is ended.", tone="danger"),
        VerbPage(
            "add_condition", actions.add_condition, "Add condition", "A condition is set.", AddConditionForm,
            path="conditions/new",
        ),
        VerbPage(
            "begin_review", reviews.begin, "Begin review", "A review is begun.", BeginForm, path="reviews/new",
            tab="reviews",
        ),
        VerbPage(
            "link_finding", actions.link_finding, "Link finding", "The finding is linked.", LinkFindingForm,
            path="findings/new", tab="links",
        ),
        VerbPage(
            "add_document", documents.add_document, "File document", "The document is filed.", AddDocumentForm,
            path="documents/new", scope=None, tab="papers",
        ),
        VerbPage(
            "add_contract", documents.add_contract, "Add contract", "The contract is registered.", AddContractForm,
            path="contracts/new", tab="papers",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_vendor)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Why it has its tier, what blocks its approval, conditions and exit, and the verbs offered now."""
        return shown_of(target, self.user, moment)

    def keep(self, form: RegisterForm, participle: str) -> Vendor:
        """A vendor is rated anew with every change."""
        return actions.keep_vendor(form.save(commit=False), actor=self.user, participle=participle)

    def put_away(self, target: Any, participle: str, reason: str) -> Any:
        """What is in use is ended, not archived."""
        with transaction.atomic():
            if participle == "archived":
                actions.check_put_away(target)
            return super().put_away(target, participle, reason)

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """Before an approval its approver reads what still blocks it."""
        shown: dict[str, Any] = {}
        if verb.slug in APPROVING:
            shown["blocks"] = approval.blocks(target, conditional=APPROVING[verb.slug])
        return act(self.request, type(self), target, verb, **shown)


UNLINK = VerbPage("unlink", actions.unlink, "Unlink", "It is unlinked.", tone="danger", tab="links")


def unlink_finding(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link to a finding away; `pk` is the link's."""
    found = get_allowed(user_of(request), "unlink", VendorFinding.objects.select_related("vendor", "finding"), pk)
    return act(request, VendorPages, found, UNLINK)


TAKE_OFF = VerbPage("archive", take_off, "Take name off", "The name is taken off.", tone="danger", tab="links")


def take_alias_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Take another name off a vendor; `pk` is the name's."""
    found = get_allowed(user_of(request), "archive", VendorAlias.objects.select_related("vendor"), pk)
    return act(request, VendorPages, found, TAKE_OFF)
