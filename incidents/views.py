"""The register of events and incidents, with the verbs on one; declaring at once; what hangs on a timeline."""

import datetime
from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from foundation.accounts.access import get_allowed, get_shown, moment_for, require
from foundation.accounts.models import User
from foundation.files.download import open_file
from foundation.pages.act import VerbPage, act, put_onto
from foundation.pages.forms import RegisterForm, sent, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.pages.paper import Paper
from foundation.pages.sending import for_the_first_time
from incidents import actions, facts, linking
from incidents.clocks.verbs import INCIDENT_VERBS as CLOCK_VERBS
from incidents.columns import COLUMNS, FACTS, attach_incident
from incidents.command import REFUSED, require_response
from incidents.custody.views import COLLECT
from incidents.detail import blocks_of, detail_of
from incidents.filters import IncidentFilter
from incidents.forms import (
    CommanderForm,
    CorrectForm,
    DeclareForm,
    DeclareNowForm,
    EntryForm,
    FileForm,
    ImpactForm,
    IncidentForm,
    LinkControlForm,
    LinkFindingForm,
    LinkRiskForm,
    LinkSystemForm,
    LinkVendorForm,
    MoveForm,
    PersonForm,
    SeverityForm,
)
from incidents.models import (
    Incident,
    IncidentControl,
    IncidentFinding,
    IncidentPerson,
    IncidentRisk,
    IncidentSystem,
    IncidentVendor,
    TimelineEntry,
)
from incidents.reviews.panel import BEGIN

OF_REPORTERS: Final = ("declare", "add_entry")


class IncidentPages(Pages):
    """The pages that every register has, for events and incidents. Nothing is archived: what is none is dismissed."""

    model = Incident
    form_class, filter_class = IncidentForm, IncidentFilter
    columns, facts = COLUMNS, FACTS
    related, ordering = ("commander", "reporter", "dismissed_by"), ("-id",)
    left_out = ("archive", "restore", "detail")  # its page is printed too: see urls
    links = (
        Link("Person", IncidentPerson, "incident"),
        Link("System", IncidentSystem, "incident"),
        Link("Control", IncidentControl, "incident"),
        Link("Risk", IncidentRisk, "incident"),
        Link("Vendor", IncidentVendor, "incident"),
        Link("Finding", IncidentFinding, "incident"),
        Link("Timeline entry", TimelineEntry, "incident"),
    )
    intro = "What happened or nearly did: reported by anybody, declared or dismissed, led to its end, and learnt from."
    verbs = (
        VerbPage("declare", actions.declare, "Declare incident", "{0.ref} is declared.", DeclareForm),
        VerbPage("dismiss", actions.dismiss, "Dismiss event", "{0.ref} is dismissed.", tone="danger"),
        VerbPage(
            "set_severity", actions.set_severity, "Set severity",
            lambda one: f"{one.ref} is {one.get_severity_display()} now.", SeverityForm, path="severity",
        ),
        VerbPage("contain", actions.contain, "Mark as contained", "{0.ref} is contained.", MoveForm),
        VerbPage("eradicate", actions.eradicate, "Mark as eradicated", "The cause of {0.ref} is gone.", MoveForm),
        VerbPage("recover", actions.recover, "Mark as recovered", "{0.ref} is recovered.", MoveForm),
        VerbPage(
            "close", actions.close, "Close incident", "{0.ref} is closed.", MoveForm,
            template="incidents/incident_close.html",
        ),
        VerbPage("reopen", actions.reopen, "Reopen", "{0.ref} is open again."),
        VerbPage(
            "assign_commander", actions.assign_commander, "Hand over command", "{0.commander} commands {0.ref}.",
            CommanderForm, path="commander",
        ),
        VerbPage("restrict", actions.restrict, "Restrict", "{0.ref} is restricted.", tone="danger"),
        VerbPage("unrestrict", actions.unrestrict, "Lift restriction", "{0.ref} is not restricted any more."),
        VerbPage(
            "name_person", actions.name_person, "Name person", "They see {0.ref} from now on.", PersonForm,
            path="people/new", tab="people",
        ),
        VerbPage(
            "record_impact", actions.record_impact, "Record impact", "What {0.ref} hit is recorded.", ImpactForm,
            path="impact", tab="people",
        ),
        VerbPage(
            "add_entry", actions.add_entry, "Write into timeline", "It stands in the timeline.", EntryForm,
            path="timeline/new",
        ),
        VerbPage(
            "add_entry", actions.attach_file, "Attach file", "The file stands in the timeline.", FileForm,
            name="attach-file", path="files/new", scope=None,
        ),
        VerbPage(
            "link", linking.link_system, "Link system", "The system is linked.", LinkSystemForm, name="link-system",
            path="systems/new", tab="links",
        ),
        VerbPage(
            "link", linking.link_control, "Link control", "The control is linked.", LinkControlForm,
            name="link-control", path="controls/new", tab="links",
        ),
        VerbPage(
            "link", linking.link_risk, "Link risk", "The risk is linked.", LinkRiskForm, name="link-risk",
            path="risks/new", tab="links",
        ),
        VerbPage(
            "link", linking.link_vendor, "Link vendor", "The vendor is linked.", LinkVendorForm, name="link-vendor",
            path="vendors/new", tab="links",
        ),
        VerbPage(
            "link", linking.link_finding, "Link finding", "The finding is linked.", LinkFindingForm,
            name="link-finding", path="findings/new", tab="links",
        ),
        *CLOCK_VERBS,
        COLLECT,
        BEGIN,
    )  # fmt: skip
    attach = staticmethod(attach_incident)

    def render(self, page: str, /, *, status: int = 200, **context: Any) -> HttpResponse:
        """The list says how many restricted ones it lacks."""
        if page == "list":
            context["unshown"] = facts.unshown(self.user, context["moment"])
        return super().render(page, status=status, **context)

    @classmethod
    def list_paper(cls, user: User, params: QueryDict, moment: datetime.datetime | None) -> Paper:
        """So does its paper."""
        paper, words = super().list_paper(user, params, moment), facts.unshown(user, moment)
        return replace(paper, scope=(*paper.scope, words)) if words else paper

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The verbs that this person may do now, and what still blocks the closing."""
        return detail_of(target, self.user, moment)

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """No form for whoever may only read it: a reporter declares it, and writes into its timeline.

        Before closing it people read what that still takes.
        """
        if verb.verb not in OF_REPORTERS or target.reporter_id != self.user.pk:
            require_response(self.user, target)
        if verb.verb == "close":
            return act(self.request, type(self), target, verb, blocks=blocks_of(self.user, target))
        return super().act_on(target, verb)

    def edit_refused(self, target: Incident) -> str:
        """Whoever is only kept informed tells nothing of it anew."""
        return "" if actions.may_write(self.user, target) else REFUSED

    def new_words(self) -> str:
        """What is reported is an event; declaring an incident has a button of its own."""
        return "Report event"

    def saved(self, target: Any, word: str) -> HttpResponse:
        """What is reported is an event, until somebody declares it."""
        if word != "created":
            return super().saved(target, word)
        messages.success(
            self.request, f"Event {target.ref} is reported. Somebody declares it an incident, or dismisses it."
        )
        return redirect(target)

    def keep(self, form: RegisterForm, participle: str) -> Incident:
        """A report begins the timeline; a change of what is known stands in it."""
        if participle == "created":
            sensitive = form.cleaned_data.get("sensitive", False)
            return actions.report(form.save(commit=False), actor=self.user, sensitive=sensitive)
        return actions.change(form.save(commit=False), actor=self.user, changed=form.changed_data)


# ---- declaring at once, and what an auditor reads of restricted ones --------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def declare_now(request: HttpRequest) -> HttpResponse:
    """Declare an incident in one step: a title and a severity suffice, at three in the morning on a telephone."""
    user = user_of(request)
    require(user, "declare", Incident)
    form = DeclareNowForm(*sent(request), user=user)
    if form.is_valid() and for_the_first_time(request, form):
        try:
            incident = actions.declare_at_once(
                form.save(commit=False), actor=user, severity=form.cleaned_data["severity"],
                sensitive=form.cleaned_data["sensitive"],
            )  # fmt: skip
        except ValidationError as refused:
            put_onto(form, refused)
        else:
            messages.success(request, f"{incident.ref} is declared. You command it until you hand it over.")
            return redirect(incident)
    context = {"pages": IncidentPages(request), "form": form}
    return render(request, "incidents/declare.html", context, status=422 if form.errors else 200)


declare_now.pages = IncidentPages  # type: ignore[attr-defined]


@require_safe
def restricted(request: HttpRequest) -> HttpResponse:
    """The facts of record of restricted incidents: numbers, times, severity and state, and no text."""
    user = user_of(request)
    require(user, "view_facts", Incident)
    pages = IncidentPages(request)
    moment = moment_for(user, pages.moment(), Incident)
    context = {"pages": pages, "found": facts.restricted_facts(user, moment), "moment": moment}
    return render(request, "incidents/restricted.html", context)


restricted.pages = IncidentPages  # type: ignore[attr-defined]


# ---- verbs on a row that belongs to an incident -------------------------------------------------------------------


UNLINK = VerbPage("unlink", linking.unlink, "Unlink", "It is unlinked.", tone="danger")
TAKE_OFF = VerbPage("end", actions.take_off, "Take off", "They have no part in it any more.", tone="danger")
CORRECT = VerbPage("correct", actions.correct_entry, "Correct entry", "The correction stands.", CorrectForm)


def unlink(request: HttpRequest, pk: int, model: Any) -> HttpResponse:
    """Take a link away; `pk` is the link's."""
    user = user_of(request)
    link = get_allowed(user, "unlink", model.objects.select_related("incident"), pk)
    require_response(user, link.incident)
    return act(request, IncidentPages, link, UNLINK)


def take_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody off an incident; `pk` is that of the row that names them."""
    user = user_of(request)
    named = get_allowed(user, "end", IncidentPerson.objects.select_related("incident", "user"), pk)
    require_response(user, named.incident)
    return act(request, IncidentPages, named, TAKE_OFF)


def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct an entry of a timeline by a new one."""
    entry = get_allowed(user_of(request), "correct", TimelineEntry.objects.select_related("incident"), pk)
    page = replace(CORRECT, template="incidents/entry_verb.html")
    return act(request, IncidentPages, entry, page, home=entry.get_absolute_url())


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A file of a timeline as it came; the trail says who had it."""
    user = user_of(request)
    entry = get_shown(user, "download", TimelineEntry, pk)
    return open_file(user, entry, name=entry.name)


unlink.pages = take_off.pages = correct.pages = download.pages = IncidentPages  # type: ignore[attr-defined]
