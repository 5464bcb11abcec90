"""The pages of acknowledgements: what one has to read, the register, how people and policies stand."""

from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from foundation.accounts.access import get_allowed, require, visible
from foundation.pages.act import VerbPage, act
from foundation.pages.exports import Form, Table, send
from foundation.pages.filters import matching
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.pages import Pages
from foundation.trail.record import record
from people.models import Person, active_on
from policies.acknowledging import giving
from policies.acknowledging.columns import COLUMNS, FACTS, attach_acknowledgement
from policies.acknowledging.filters import AcknowledgementFilter
from policies.acknowledging.forms import AcknowledgeForm, NoteForm, PaperForm
from policies.acknowledging.owed import DONE, DUE, LATE, ORDER, TONES, Owed, counted, of_person, owed
from policies.acknowledging.panel import standings, untied
from policies.acknowledging.reach import whose
from policies.acknowledging.results import record_acknowledgements
from policies.content import values_of
from policies.models import Acknowledgement, Policy, PolicyVersion, VersionState
from policies.text.render import to_html

PER_PAGE = 50
CHUNK = 200  # people at once in the CSV of everybody


class AcknowledgementPages(Pages):
    """The register: who acknowledged which version when. What is new in it is what was signed on paper."""

    model = Acknowledgement
    form_class, filter_class = PaperForm, AcknowledgementFilter
    columns, facts, ordering = COLUMNS, FACTS, ("-acknowledged_on", "-id")
    related = ("person", "user", "proof")
    left_out: ClassVar = ("edit", "archive", "restore")
    prefilled: ClassVar = ("policy_version", "person")
    intro = "Who acknowledged which version of which policy, and when. None is ever changed."
    attach = staticmethod(attach_acknowledgement)
    versions: ClassVar = PolicyVersion  # whether one acknowledges at all is a verb of these

    def keep(self, form: RegisterForm, participle: str) -> Acknowledgement:
        """What was signed on paper."""
        said = form.cleaned_data
        return giving.record_paper(
            said["policy_version"], actor=self.user, person=said["person"], acknowledged_on=said["acknowledged_on"],
            note=said["note"], proof=said["proof"],
        )  # fmt: skip


# ---- one's own -----------------------------------------------------------------------------------------------------

ACKNOWLEDGE = VerbPage(
    "acknowledge", giving.acknowledge, "Acknowledge", "You acknowledged {0.ref}.", AcknowledgeForm,
    template="policies/acknowledging_read.html",
)  # fmt: skip


@require_safe
def to_read(request: HttpRequest) -> HttpResponse:
    """What one has to read and by when, and what one has acknowledged."""
    user = user_of(request)
    require(user, "acknowledge", PolicyVersion)
    person = giving.person_of(user)
    found = sorted(of_person(person), key=lambda one: (one.due_on, one.asked.title)) if person else []
    context = {
        "person": person, "waiting": [one for one in found if one.is_open],
        "done": [one for one in found if not one.is_open], "LATE": LATE,
    }  # fmt: skip
    return render(request, "policies/acknowledging_to_read.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one version in force, and acknowledge it with one button; `pk` is the version's."""
    user = user_of(request)
    version = get_allowed(user, "acknowledge", PolicyVersion.objects.select_related("policy"), pk)
    if request.method != "POST" and version.state == VersionState.SUPERSEDED:
        newer = visible(user, PolicyVersion).filter(policy=version.policy_id, state=VersionState.IN_FORCE).first()
        if newer is not None:
            return redirect("policies:policyversion-acknowledge", newer.pk)
    person = giving.person_of(user)
    mine = next(iter(of_person(person, policies=[version.policy_id])), None) if person else None
    shown = {
        "html": to_html(version.text, values_of(version)), "mine": mine, "person": person,
        "statement": giving.STATEMENT.format(version=giving.named(version)),
        "given": mine.last if mine and not mine.is_open and mine.last else None, "LATE": LATE,
        "in_force": in_force_beside(version),
    }  # fmt: skip
    home = reverse("policies:to-read")
    return act(request, AcknowledgementPages, version, ACKNOWLEDGE, home=home, **shown)


def in_force_beside(version: PolicyVersion) -> PolicyVersion | None:
    """The version in force of the same policy: itself, or the one that has taken its place."""
    if version.state == VersionState.IN_FORCE:
        return version
    found: PolicyVersion | None = PolicyVersion.objects.in_force().filter(policy=version.policy_id).first()
    return found


# ---- how a policy stands -------------------------------------------------------------------------------------------

STANDING_HEADER = (
    "Policy", "Version in force", "Person", "Name", "Department", "Standing", "Asked since", "Due", "Acknowledged",
    "Acknowledged on",
)  # fmt: skip
RECORD = VerbPage(
    "record_acknowledgements", record_acknowledgements, "Sign acknowledgements",
    "Who acknowledged it is kept as evidence; somebody else judges it.", NoteForm, tab="acknowledgements",
    template="policies/acknowledging_sign.html",
)  # fmt: skip


def line_of(one: Owed) -> list[Any]:
    """How one person stands with one policy, for CSV."""
    return [
        Policy.ref_of(one.asked.pk), one.asked.number, one.person.ref, one.person.name, one.person.department,
        one.standing, one.entered_on, one.due_on, one.acknowledged, one.last.day if one.last else None,
    ]  # fmt: skip


def exported(request: HttpRequest, form: Form, **refs: Any) -> None:
    """Say in the trail that a list left the house."""
    with transaction.atomic():
        record("list.exported", user_of(request), refs={"register": "policies.acknowledgement", "format": form, **refs})


@require_safe
def standing_export(request: HttpRequest, pk: int, form: Form) -> HttpResponseBase:
    """How everybody in a policy's audience stands, as far as the person sees people; `pk` is the policy's."""
    user = user_of(request)
    policy = get_allowed(user, "view", Policy, pk)
    exported(request, form, policy=policy.pk)
    found = [line_of(one) for one in standings(user, policy, None)]
    name = f"acknowledgements-{policy.ref}-{timezone.localdate()}"
    return send(Table(f"Acknowledgements of {policy.ref}", name, STANDING_HEADER, [found]), form, user)


@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign who acknowledged a policy, as evidence; `pk` is the policy's."""
    user = user_of(request)
    policy = get_allowed(user, "record_acknowledgements", Policy, pk)
    counts = counted(standings(user, policy, None))
    return act(request, AcknowledgementPages, policy, RECORD, counts=counts, missing=untied(user, policy))


# ---- how people stand ----------------------------------------------------------------------------------------------


TEAM = "My team"
NARROWED = (("q", "Search"), ("department", "Department"), ("team", TEAM))


def everybody(request: HttpRequest) -> Any:
    """The people who work here today and whom the person sees, as the address narrows them: words, a department."""
    people = whose(user_of(request)).filter(active_on(timezone.localdate()), archived_at=None)
    if words := request.GET.get("q", "").replace("\x00", "")[:200]:
        people = people.filter(matching(words, ("name", "email")))
    if department := request.GET.get("department", "").replace("\x00", ""):
        people = people.filter(department=department)
    if request.GET.get("team"):
        people = people.filter(manager__user=user_of(request))
    return people.order_by("name", "id")


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody whom the person sees, with how many policies are late, to be read and acknowledged."""
    user = user_of(request)
    require(user, "view", Acknowledgement)
    seen = whose(user).filter(archived_at=None).exclude(department="")
    page = Paginator(everybody(request), PER_PAGE).get_page(request.GET.get("page"))
    found: Any = page.object_list
    shown = list(found.values_list("id", "name", "department"))
    told: dict[int, list[Owed]] = {pk: [] for pk, _, _ in shown}
    for one in owed(Person.objects.filter(pk__in=list(told))):
        told[one.person.pk].append(one)
    context = {
        "pages": AcknowledgementPages(request), "page": page, "ORDER": ORDER, "TONES": TONES,
        "departments": seen.order_by("department").values_list("department", flat=True).distinct(),
        "lines": [line_for(pk, name, department, told[pk]) for pk, name, department in shown],
    }  # fmt: skip
    return render(request, "policies/acknowledging_people.html", context)


def line_for(pk: int, name: str, department: str, found: list[Owed]) -> dict[str, Any]:
    """One person on that page: counts, the earliest day, and the policies that are late."""
    counts, waiting = counted(found), [one for one in found if one.is_open]
    return {
        "url": Person(pk=pk).get_absolute_url(), "name": name, "department": department, "late": counts[LATE],
        "to_read": counts[DUE], "done": counts[DONE], "due": min((one.due_on for one in waiting), default=None),
        "which": [one for one in found if one.standing == LATE],
    }  # fmt: skip


@require_safe
def people_export(request: HttpRequest, form: Form) -> HttpResponseBase:
    """Each person with each policy, as the page is narrowed."""
    user = user_of(request)
    require(user, "view", Acknowledgement)
    exported(request, form)
    ids = list(everybody(request).values_list("id", flat=True))
    chunks = (
        [line_of(one) for one in owed(Person.objects.filter(pk__in=ids[at : at + CHUNK]))]
        for at in range(0, len(ids), CHUNK)
    )
    name = f"acknowledgements-by-person-{timezone.localdate()}"
    narrowed = narrowing(request)
    return send(Table("Acknowledgements by person", name, STANDING_HEADER, chunks, filters=narrowed), form, user)


def narrowing(request: HttpRequest) -> list[tuple[str, str]]:
    """How the address narrows `everybody`, in words."""
    asked = [(label, request.GET.get(key, "").replace("\x00", "")) for key, label in NARROWED]
    return [(label, "Yes" if label == TEAM else words) for label, words in asked if words]
