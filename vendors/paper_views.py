"""The registers of documents and contracts. Both are made on their vendor's page."""

import datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from foundation.accounts.access import can, get_shown, verbs_on
from foundation.files.download import open_file
from foundation.pages.act import VerbPage
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.moment import day_of
from foundation.pages.pages import Pages
from foundation.trail.asof import rows, thaw
from foundation.trail.keep import save
from vendors import documents
from vendors.clauses import CLAUSES
from vendors.models import Contract, VendorDocument
from vendors.paper_columns import (
    CONTRACT_COLUMNS,
    CONTRACT_FACTS,
    DOCUMENT_COLUMNS,
    DOCUMENT_FACTS,
    attach_contracts,
    attach_documents,
)
from vendors.paper_filters import ContractFilter, DocumentFilter
from vendors.paper_forms import ContractForm, RecordForm, SupersedeForm


class VendorDocumentPages(Pages):
    """What is on file of vendors, with the days for which it speaks."""

    model = VendorDocument
    form_class, filter_class = RegisterForm, DocumentFilter
    columns, facts = DOCUMENT_COLUMNS, DOCUMENT_FACTS
    related: ClassVar = ("vendor", "brought_by")
    ordering: ClassVar = ("-id",)
    left_out: ClassVar = ("create", "edit")
    intro = "Reports, certificates, contracts and other papers of vendors. None is edited: a newer one supersedes it."
    verbs: ClassVar = (
        VerbPage(
            "supersede", documents.supersede, "File newer version", "A newer version of {0.ref} is filed.",
            SupersedeForm, scope=None,
        ),
    )  # fmt: skip
    attach = staticmethod(attach_documents)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """What it supersedes and what superseded it; whether this person may open it and file a newer one."""
        around = [number for number in (target.supersedes_id,) if number]
        found = rows(VendorDocument, moment).filter(supersedes_id=target.pk)
        newer = found.first()
        older = rows(VendorDocument, moment).filter(id__in=around).first()
        live = moment is None and not target.archived_at
        return {
            "older": thaw(older) if older else None,
            "newer": thaw(newer) if newer else None,
            "may_open": can(self.user, "download", target, moment),
            "may_supersede": live and newer is None and bool(verbs_on(self.user, ("supersede",), target)),
        }


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file as it came; the trail says who had it."""
    document = get_shown(user_of(request), "download", VendorDocument, pk)
    return open_file(user_of(request), document, name=document.name)


download.pages = VendorDocumentPages  # type: ignore[attr-defined]


class ContractPages(Pages):
    """What was agreed with vendors, until when, and which of the terms that matter it holds."""

    model = Contract
    form_class, filter_class = ContractForm, ContractFilter
    columns, facts = CONTRACT_COLUMNS, CONTRACT_FACTS
    related: ClassVar = ("vendor", "document")
    ordering: ClassVar = ("-starts_on",)
    left_out: ClassVar = ("create",)
    intro = "What was agreed with vendors, until when, and which of the terms that matter each contract holds."
    verbs: ClassVar = (
        VerbPage(
            "record_evidence", documents.record_contract, "Record as evidence",
            "The checklist of {0.ref} is recorded; another person judges it.", RecordForm, path="evidence",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_contracts)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The checklist, term by term; the evidence; and what may be done."""
        live = moment is None and not target.archived_at
        return {
            "terms": [(words, target.clauses.get(key, "")) for key, words in CLAUSES.items()],
            "day": day_of(moment),
            "may_record": live and can(self.user, "record_evidence", target),
        }

    def keep(self, form: RegisterForm, participle: str) -> Contract:
        """The terms with the checklist and the signed paper, as one change."""
        contract: Contract = form.save(commit=False)
        terms: Any = form
        contract.clauses = terms.clauses()
        contract.document = terms.paper
        return save(contract, actor=self.user, verb=f"contract.{participle}", refs={"vendor": contract.vendor_id})
