"""The registers of management's texts: sections, CUECs, subservice organisations, CSOCs, assertions."""

import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from audits.models import Engagement
from audits.models.texts import (
    Assertion,
    DescriptionSection,
    SectionCode,
    SubserviceControl,
    SubserviceOrganisation,
    UserEntityControl,
)
from audits.texts import actions
from audits.texts import columns as listed
from audits.texts.actions import OVER
from audits.texts.facts import facts_for
from audits.texts.forms import (
    AssertionForm,
    SectionForm,
    SignForm,
    SubmitForm,
    SubserviceControlForm,
    SubserviceOrganisationForm,
    TakeOverForm,
    UserEntityControlForm,
)
from audits.texts.showing import TOP, shown_of, verbs_for
from evidence.models import Evidence
from foundation.accounts.access import can, verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.act import VerbPage, act
from foundation.pages.pages import Pages
from policies.text.render import to_html

TAKE_OVER = VerbPage(
    "take_over", actions.take_over, "Take over from an earlier engagement", "They are taken over: read and adapt each.",
    TakeOverForm, tab="description", scope=None,
)  # fmt: skip


class TextPages:
    """Mixed into the pages of these registers: their records change until the report is issued."""

    request: HttpRequest
    user: User

    def edit_refused(self, target: Any) -> str:
        """Why nothing of it changes any more."""
        return OVER if target.engagement.is_over else ""

    def keep(self, form: Any, participle: str) -> Any:
        """Refused once the report is issued."""
        return actions.keep_text(form.save(commit=False), actor=self.user, participle=participle)

    def put_away(self, target: Any, participle: str, reason: str) -> Any:
        """Refused once the report is issued."""
        return actions.keep_text(target, actor=self.user, participle=participle, reason=reason)

    def saved(self, target: Any, word: str) -> HttpResponse:
        """Back to where all of them stand together."""
        messages.success(self.request, f"{target} {word}.")
        home = reverse("audits:engagement-description", args=[target.engagement_id])
        return redirect(f"{home}#{target._meta.model_name}-{target.pk}")


class SectionPages(TextPages, Pages):
    """The sections of system descriptions, each with what the product knows of its subject beside it."""

    model = DescriptionSection
    form_class, filter_class = SectionForm, listed.SectionFilter
    columns, facts = listed.SECTION_COLUMNS, listed.SECTION_FACTS
    related = ("engagement",)
    ordering = ("-engagement_id", "code")
    prefilled = ("engagement", "code")
    left_out = ("archive", "restore")
    intro = "What management says about its system, section by section. Nothing is prewritten."

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The text, drawn, and what is on record about its subject."""
        html = to_html(target.text, {}, TOP) if target.text.strip() else ""
        return {"html": html, "known": facts_for(self.user, target.engagement, target.code, moment)}

    def render(self, page: str, /, *, status: int = 200, **context: Any) -> HttpResponse:
        """The form shows them too, for the section that is written."""
        if page == "form":
            context |= self.known(context.get("object"), context["form"])
        return super().render(page, status=status, **context)

    def known(self, target: Any, form: SectionForm) -> dict[str, Any]:
        """What is on record for the form's section, where the address or the record says which one."""
        engagement = target.engagement if target else form.asked_engagement()
        code = target.code if target else str(form.initial.get("code", ""))
        if engagement is None or code not in SectionCode.values:
            return {"known": [], "section": ""}
        return {"known": facts_for(self.user, engagement, code), "section": f"{code} {SectionCode(code).label}"}


class CuecPages(TextPages, Pages):
    """What is assumed of our customers."""

    model = UserEntityControl
    form_class, filter_class = UserEntityControlForm, listed.CuecFilter
    columns, facts = listed.CUEC_COLUMNS, listed.CUEC_FACTS
    related = ("engagement",)
    prefilled = ("engagement",)
    ordering = ("-engagement_id", "id")
    intro = "Controls that our customers are assumed to run (CUECs), each with the reason."

    @classmethod
    def title(cls) -> str:
        return "CUECs"

    def new_words(self) -> str:
        return "New CUEC"


class OrganisationPages(TextPages, Pages):
    """The providers whose own controls are needed."""

    model = SubserviceOrganisation
    form_class, filter_class = SubserviceOrganisationForm, listed.OrganisationFilter
    columns, facts = listed.ORGANISATION_COLUMNS, listed.ORGANISATION_FACTS
    related = ("engagement", "vendor")
    prefilled = ("engagement",)
    ordering = ("-engagement_id", "id")
    intro = "Providers whose own controls are needed to meet criteria of ours, and how each is monitored."


class CsocPages(TextPages, Pages):
    """What is assumed at providers that are carved out."""

    model = SubserviceControl
    form_class, filter_class = SubserviceControlForm, listed.CsocFilter
    columns, facts = listed.CSOC_COLUMNS, listed.CSOC_FACTS
    related = ("engagement", "organisation")
    prefilled = ("organisation",)
    ordering = ("-engagement_id", "id")
    intro = "Controls that are assumed at providers that are carved out (CSOCs)."

    @classmethod
    def title(cls) -> str:
        return "CSOCs"

    def new_words(self) -> str:
        return "New CSOC"


class AssertionPages(TextPages, Pages):
    """Management's assertions: written by one, signed by an executive. What was signed is superseded, never changed."""

    model = Assertion
    form_class, filter_class = AssertionForm, listed.AssertionFilter
    columns, facts = listed.ASSERTION_COLUMNS, listed.ASSERTION_FACTS
    related = ("engagement", "signatory")
    prefilled = ("engagement",)
    facts_related = ("signed_by", "supersedes", "evidence")
    ordering = ("-id",)
    left_out = ("detail", "archive", "restore")  # urls.py has the page, printable
    intro = "What management states about its description and its controls, signed by an executive."
    attach = staticmethod(listed.attach_standing)
    verbs = (
        VerbPage("submit", actions.submit, "Ask for signature", "{0.ref} waits for {0.signatory}.", SubmitForm),
        VerbPage("return", actions.give_back, "Return assertion", "{0.ref} is a draft again."),
        VerbPage("sign", actions.sign, "Sign assertion", "{0.ref} is signed and frozen.", SignForm, scope=None),
    )

    def keep(self, form: Any, participle: str) -> Assertion:
        """A draft, new or changed."""
        return actions.keep_assertion(form.save(commit=False), actor=self.user)

    def edit_refused(self, target: Any) -> str:
        """A draft alone is changed."""
        if target.state != "draft":
            return f"{target.ref} is no draft any more: {target.get_state_display().lower()}."
        return super().edit_refused(target)

    def saved(self, target: Any, word: str) -> HttpResponse:
        """Its own page: what comes next is asked there."""
        return Pages.saved(self, target, word)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """All that it binds, and what this person may do now."""
        given = verbs_on(self.user, ("submit", "return", "sign"), target) if moment is None else set()
        return {
            "shown": shown_of(self.user, target.engagement, moment, target),
            "verbs": verbs_for(self.user, target, given),
            "sees_engagement": can(self.user, "view", Engagement),
            "sees_evidence": self.sees_evidence(target),
        }

    def sees_evidence(self, target: Any) -> bool:
        """Whether this person sees the item that it is kept as."""
        seen = visible(self.user, Evidence).filter(pk=target.evidence_id)
        return target.evidence_id is not None and seen.exists()

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """The signatory reads all that is bound above the form."""
        shown = shown_of(self.user, target.engagement, None, target) if verb.verb == "sign" else None
        return act(self.request, type(self), target, verb, shown=shown)
