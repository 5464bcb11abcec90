"""The registers of worksheets and of the user controls in them, the verbs on a worksheet, and its workpaper."""

import datetime
from typing import Any, ClassVar

from django.http import QueryDict
from django.urls import reverse

from evidence.models import Evidence
from foundation.accounts.access import are_apart, get_allowed, verbs_on, visible
from foundation.accounts.duties import WORKSHEET_APPROVAL
from foundation.accounts.models import User
from foundation.organisation.settings import setting
from foundation.pages.act import VerbPage
from foundation.pages.forms import RegisterForm
from foundation.pages.history import Link
from foundation.pages.moment import day_of
from foundation.pages.pages import Pages
from foundation.pages.paper import Paper
from foundation.trail.asof import rows, thaw
from vendors.models import Cuec, ReportException, Subservice, Worksheet, WorksheetState
from vendors.worksheets import carrying, lines, pasting, signing
from vendors.worksheets.blocks import Block, blocks, lines_of, warnings
from vendors.worksheets.columns import (
    COLUMNS,
    CUEC_COLUMNS,
    CUEC_FACTS,
    CUEC_TONES,
    FACTS,
    STATE_TONES,
    attach_cuec,
    attach_standing,
    state_words,
)
from vendors.worksheets.filters import CuecFilter, WorksheetFilter
from vendors.worksheets.forms import (
    CuecForm,
    EmptyForm,
    ExceptionForm,
    PasteForm,
    StatementForm,
    SubmitForm,
    SubserviceForm,
    WorksheetForm,
)
from vendors.worksheets.standing import standing_of

VERBS = ("change", "submit", "approve", "return", "cancel")


class WorksheetPages(Pages):
    """Worksheets: each the reading of one SOC report, line by line, approved by another person."""

    model = Worksheet
    form_class, filter_class = WorksheetForm, WorksheetFilter
    columns, facts, ordering = COLUMNS, FACTS, ("-id",)
    related, facts_related = ("vendor", "bridge", "reviewer", "approver"), ("document", "submitted_by", "approved_by")
    links = (
        Link("Exception", ReportException, "worksheet"),
        Link("User control", Cuec, "worksheet"),
        Link("Subservice organisation", Subservice, "worksheet"),
    )
    left_out: ClassVar = ("detail", "archive", "restore")
    prefilled: ClassVar = ("document",)
    intro = "What vendors' SOC reports say, what they expect of us, and what follows: read by one, approved by another."
    verbs: ClassVar = (
        VerbPage("submit", signing.submit, "Submit worksheet", "{0.ref} waits for {0.approver}.", SubmitForm),
        VerbPage(
            "approve", signing.approve, "Approve worksheet", "{0.ref} is approved and locked.", StatementForm
        ),
        VerbPage("return", signing.give_back, "Return worksheet", "{0.ref} is open again."),
        VerbPage("cancel", signing.cancel, "Cancel worksheet", "{0.ref} is cancelled.", tone="danger"),
        VerbPage(
            "change", lines.add_exception, "Add exception", "The exception is noted.", ExceptionForm,
            name="add-exception", path="exceptions/new",
        ),
        VerbPage(
            "change", lines.add_cuec, "Add user control", "The user control is noted.", CuecForm,
            name="add-cuec", path="cuecs/new",
        ),
        VerbPage(
            "change", pasting.paste_cuecs, "Paste user controls", "The user controls are noted.", PasteForm,
            name="paste-cuecs", path="cuecs/paste",
        ),
        VerbPage(
            "change", carrying.carry_over, "Carry over controls", "They are carried over: confirm each.", EmptyForm,
            name="carry-over", path="cuecs/carry-over",
        ),
        VerbPage(
            "change", lines.add_subservice, "Add subservice organisation", "The organisation is noted.", SubserviceForm,
            name="add-subservice", path="subservices/new",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_standing)

    def keep(self, form: RegisterForm, participle: str) -> Worksheet:
        """A new one is begun; only whoever does not approve it changes it."""
        verb = signing.begin if participle == "created" else signing.change
        return verb(form.save(commit=False), actor=self.user)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its lines, what blocks it and what warns, and the verbs that make sense now."""
        found = lines_of(target, moment)
        verbs = {} if moment else verbs_for(self.user, target)
        blocking = blocks(target, found) if target.state == WorksheetState.OPEN and moment is None else []
        return {
            **content(target, found, self.user, moment),
            "verbs": verbs,
            "blocks": [(one.words, address_of(one, target) if verbs.get("change") else "") for one in blocking],
            "state_tone": STATE_TONES[target.state],
        }


def content(
    target: Any, found: Any, user: User, moment: datetime.datetime | None
) -> dict[str, Any]:  # one page and one paper
    """What the page and the paper show of a worksheet beside its facts. Two queries."""
    attach_cuec([*found.cuecs, *found.exceptions, *found.subservices], user, moment)
    stands = standing_of(target, day_of(moment), setting("report_stale_days"))
    seen = visible(user, rows(Evidence, moment), moment).filter(id=target.evidence_id)
    return {
        "lines": found,
        "cuecs": [(one, words := state_words(one), CUEC_TONES[words]) for one in found.cuecs],
        "stands": stands,
        "warnings": warnings(target, found, stands),
        "sees_evidence": target.evidence_id is not None and seen.exists(),
    }


def verbs_for(user: User, target: Worksheet) -> dict[str, bool]:
    """Which verbs this person may do now: what the role allows and the state makes sense of."""
    given = verbs_on(user, VERBS, target)
    is_open, waits = target.state == WorksheetState.OPEN, target.state == WorksheetState.SUBMITTED
    writes = is_open and "change" in given and are_apart(user, [target.approver_id], WORKSHEET_APPROVAL, target)
    judging = waits and target.approver_id == user.pk
    return {
        "change": writes,
        "submit": writes and "submit" in given,
        "approve": judging
        and "approve" in given
        and are_apart(user, signing.readers(target), WORKSHEET_APPROVAL, target),
        "return": judging and "return" in given,
        "cancel": (is_open or waits) and "cancel" in given,
        "carry_over": writes and carrying.before(target) is not None,
    }


def address_of(block: Block, worksheet: Worksheet) -> str:
    """Where a block is mended: the field of the form that says it."""
    field = f"#id_{block.field}" if block.field else ""
    if block.kind:
        return f"{reverse(f'vendors:{block.kind}-edit', args=[block.line])}{field}"
    return f"{reverse('vendors:worksheet-edit', args=[worksheet.pk])}{field}"


def worksheet_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """The worksheet as a workpaper: what was read, what it means, line by line, and who signed."""
    seen = rows(Worksheet, moment).select_related(*WorksheetPages.whole())
    target = thaw(get_allowed(user, "view", seen, pk, moment))
    attach_standing([target], user, moment)
    found = lines_of(target, moment)
    facts = [(fact.label, fact.cell(target)) for fact in FACTS]
    state = target.get_state_display()
    return Paper(
        title=f"SOC report worksheet {target.ref}",
        template="pdf/worksheet.html",
        context={"object": target, "facts": facts, **content(target, found, user, moment)},
        scope=(f"{target.vendor.ref} {target.vendor.name}", f"{target.document.ref} {target.document.title}", state),
        period=f"{target.period_from or ''} to {target.period_to or 'not said'}".removeprefix(" to "),
        as_of=moment,
        rows=len(found.exceptions) + len(found.cuecs) + len(found.subservices),
    )


class CuecPages(Pages):
    """What vendors' reports expect of us, across all worksheets."""

    model = Cuec
    form_class, filter_class = RegisterForm, CuecFilter
    columns, facts = CUEC_COLUMNS, CUEC_FACTS
    related = ("worksheet__vendor", "control")
    ordering = ("worksheet__vendor__name", "worksheet_id")
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = "User controls that vendors' SOC reports expect of us, each met by a control of ours or open as a gap."
    attach = staticmethod(attach_cuec)

    @classmethod
    def title(cls) -> str:
        return "User controls expected of us"

    def noun(self) -> str:
        return "user control"

    @classmethod
    def plural(cls) -> str:
        return "user controls"
