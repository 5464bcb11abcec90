"""The register of exercises with the verbs on one, its rows, its paper and its file."""

import datetime
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from findings.models import Finding
from foundation.accounts.access import are_apart, get_allowed, get_shown, verbs_on, visible
from foundation.accounts.duties import EXERCISE_APPROVAL
from foundation.accounts.models import User
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, VerbForm, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.pages.paper import Paper
from foundation.pages.sheets import file_name
from foundation.trail.asof import rows, thaw
from foundation.trail.keep import save
from foundation.trail.leaf import canonical
from foundation.trail.record import record
from incidents.exercises import actions, signing
from incidents.exercises.cadence import next_due
from incidents.exercises.columns import COLUMNS, FACTS, ExerciseFilter, attach_exercise
from incidents.exercises.forms import (
    ApproveForm,
    AttendeeForm,
    ChangeDecisionForm,
    ChangeInjectForm,
    DecisionForm,
    ExerciseForm,
    GapForm,
    InjectForm,
    SignForm,
)
from incidents.models import (
    EXERCISE_TONES,
    Exercise,
    ExerciseAttendee,
    ExerciseDecision,
    ExerciseFinding,
    ExerciseState,
    Inject,
)

VERBS = (
    "change", "hold", "name_attendee", "take_part", "add_inject", "add_decision", "raise_gap", "sign", "approve",
    "return", "cancel", "download",
)  # fmt: skip
WRITING = ("hold", "name_attendee", "add_inject", "add_decision", "raise_gap")


class ExercisePages(Pages):
    """Exercises of the response plan: planned, held, signed by the facilitator, approved by another person."""

    model = Exercise
    form_class, filter_class = ExerciseForm, ExerciseFilter
    columns, facts, ordering = COLUMNS, FACTS, ("-held_on", "-id")
    related = ("edition__plan", "facilitator", "approver", "signed_by", "approved_by", "evidence", "incident")
    links = (
        Link("Attendee", ExerciseAttendee, "exercise"),
        Link("Inject", Inject, "exercise"),
        Link("Decision", ExerciseDecision, "exercise"),
        Link("Gap", ExerciseFinding, "exercise"),
    )
    left_out: ClassVar = ("detail", "archive", "restore")  # its page is printed too: see urls
    intro = "What was tried of the response plan, by whom, and which gaps showed. A list of names alone is no exercise."
    verbs: ClassVar = (
        VerbPage("hold", actions.hold, "It was held", "{0.ref} was held: those named confirm that they took part.",
                 VerbForm),
        VerbPage("name_attendee", actions.name_attendee, "Name attendee", actions.named_words,
                 AttendeeForm, path="attendees/new"),
        VerbPage("take_part", actions.take_part, "I took part", "It is recorded that you took part in {0.ref}.",
                 VerbForm, scope=None),
        VerbPage("add_inject", actions.add_inject, "Add inject", "The inject is written.", InjectForm,
                 path="injects/new"),
        VerbPage("add_decision", actions.add_decision, "Add decision", "The decision is written.", DecisionForm,
                 path="decisions/new"),
        VerbPage("raise_gap", actions.raise_gap, "Raise gap as finding", "The gap is raised as a finding.", GapForm,
                 path="gaps/new"),
        VerbPage("sign", signing.sign, "Sign record", "{0.approver} decides on {0.ref}.", SignForm),
        VerbPage("approve", signing.approve, "Approve exercise", "{0.ref} is approved, and locked.", ApproveForm),
        VerbPage("return", signing.give_back, "Return to the facilitator", "{0.ref} is returned.", tone="danger"),
        VerbPage("cancel", actions.cancel, "Cancel exercise", "{0.ref} is cancelled.", tone="danger"),
    )  # fmt: skip
    attach = staticmethod(attach_exercise)

    def keep(self, form: RegisterForm, participle: str) -> Exercise:
        """Only what is not signed is changed, and only by who writes it."""
        exercise: Exercise = form.save(commit=False)
        if participle == "created":
            return save(exercise, actor=self.user, verb="exercise.created")
        return actions.rewrite(exercise, actor=self.user)

    def act_on(self, target: Exercise, verb: VerbPage) -> HttpResponse:
        """Nobody is shown a form that is another person's: the facilitator's, the approver's, an attendee's."""
        if verb.verb in ("approve", "return") and target.approver_id != self.user.pk:
            raise PermissionDenied("The approver whom it names does this.")
        if verb.verb == "sign" and target.facilitator_id != self.user.pk:
            raise PermissionDenied("Its facilitator signs the record.")
        if verb.verb in WRITING and not actions.runs(self.user, target):
            raise PermissionDenied(actions.RUNS)
        if verb.verb == "take_part" and not part_of(self.user, target).exists():
            raise PermissionDenied("Only whoever was named as an attendee confirms having taken part.")
        shown: dict[str, Any] = {"blocks": signing.blocks(target)} if verb.verb in ("sign", "approve") else {}
        return act(self.request, type(self), target, verb, **shown)

    def edit_refused(self, target: Exercise) -> str:
        """Only for who writes it: an attendee's own exercise is theirs to read."""
        return "" if actions.runs(self.user, target) else actions.RUNS

    def next_due(self) -> datetime.date | None:
        """When the plan is exercised next, for the head of the list."""
        return next_due()

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The whole record; what blocks signing it; and the verbs that make sense now."""
        told = content(target, self.user, moment)
        waiting = {one.user_id for one in told["attendees"] if one.user_id and one.confirmed_at is None}
        verbs = self.verbs_now(target, waiting) if moment is None else {}
        blocked = signing.blocks(target) if verbs.get("write") and target.state == ExerciseState.HELD else []
        return {
            **told,
            "verbs": verbs | ({"sign": not blocked} if verbs.get("sign") else {}),
            "blocks": blocked,
            "tone": EXERCISE_TONES[target.state],
        }

    def verbs_now(self, target: Exercise, waiting: set[int]) -> dict[str, bool]:
        """Which verbs this person may do now. waiting: the numbers of those who have not confirmed yet."""
        given = verbs_on(self.user, VERBS, target)
        writes = target.state in actions.WRITTEN and actions.runs(self.user, target)
        held = target.state == ExerciseState.HELD
        named = target.state == ExerciseState.SIGNED and target.approver_id == self.user.pk
        if named and "approve" in given:
            named = are_apart(self.user, signing.involved(target), EXERCISE_APPROVAL, target)
        return {
            "write": writes and "change" in given,
            "hold": writes and "hold" in given and target.state == ExerciseState.PLANNED,
            **{verb: writes and verb in given for verb in ("name_attendee", "add_inject", "add_decision", "raise_gap")},
            "take_part": held and "take_part" in given and self.user.pk in waiting,
            "sign": held and "sign" in given and target.facilitator_id == self.user.pk,
            "approve": named and "approve" in given,
            "return": named and "return" in given,
            "cancel": target.state in actions.WRITTEN and "cancel" in given,
            "download": "download" in given and bool(target.sha256),
        }


def part_of(user: User, exercise: Exercise) -> Any:
    """The person's own part in an exercise."""
    return ExerciseAttendee.objects.live().filter(exercise=exercise, user=user.pk)


def content(target: Any, user: User, moment: datetime.datetime | None) -> dict[str, Any]:
    """What page and paper show of an exercise beside its facts. Five queries."""

    def inside(model: Any, *order: str, related: tuple[str, ...] = ()) -> list[Any]:
        found = visible(user, rows(model, moment), moment).filter(exercise_id=target.pk, archived_at=None)
        return [thaw(row) for row in found.select_related(*related).order_by(*order)]

    gaps = inside(ExerciseFinding, "id", related=("finding",))
    seen = visible(user, rows(Finding, moment), moment).filter(id__in=[one.finding_id for one in gaps])
    known = set(seen.values_list("id", flat=True))
    return {
        "attendees": inside(ExerciseAttendee, "id", related=("user",)),
        "injects": inside(Inject, "position", "id"),
        "decisions": inside(ExerciseDecision, "position", "id"),
        "gaps": [(one, one.finding if one.finding_id in known else None) for one in gaps],
    }


# ---- rows of the record ----------------------------------------------------------------------------------------------

EDITED: dict[str, tuple[Any, VerbPage]] = {
    "inject": (Inject, VerbPage("change", actions.change_row, "Change inject", "It is changed.", ChangeInjectForm)),
    "exercisedecision": (
        ExerciseDecision,
        VerbPage("change", actions.change_row, "Change decision", "It is changed.", ChangeDecisionForm),
    ),
}  # fmt: skip
REMOVED = VerbPage("archive", actions.remove_row, "Take away", "It is taken away.", tone="danger")
END = VerbPage("end", actions.end_attendee, "Take attendee off", "They are off it.", tone="danger")
UNLINK = VerbPage("unlink", actions.unlink_gap, "Unlink finding", "It is unlinked.", tone="danger")


def change_row(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Change an inject or a decision; `pk` is the row's."""
    model, page = EDITED[kind]
    return act(request, ExercisePages, row_of(request, page.verb, model, pk), page)


def remove_row(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Take an inject or a decision away; `pk` is the row's."""
    return act(request, ExercisePages, row_of(request, REMOVED.verb, EDITED[kind][0], pk), REMOVED)


def end_attendee(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody off who did not confirm; `pk` is the attendee's row."""
    return act(request, ExercisePages, row_of(request, END.verb, ExerciseAttendee, pk), END)


def unlink_gap(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the link to a finding away; `pk` is the link's."""
    return act(request, ExercisePages, row_of(request, UNLINK.verb, ExerciseFinding, pk), UNLINK)


def row_of(request: HttpRequest, verb: str, model: Any, pk: int) -> Any:
    """A row of an exercise for whoever writes it. Raises Http404, PermissionDenied."""
    user = user_of(request)
    row: Any = get_allowed(user, verb, model.objects.select_related("exercise"), pk)
    if not actions.runs(user, row.exercise):
        raise PermissionDenied(actions.RUNS)
    return row


# ---- paper and file --------------------------------------------------------------------------------------------------


def exercise_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """One exercise on paper: what was tried, who took part, what was decided, which gaps showed, who signed."""
    target = thaw(get_allowed(user, "view", rows(Exercise, moment).select_related(*ExercisePages.related), pk, moment))
    attach_exercise([target], user, moment)
    facts = [(fact.label, fact.cell(target)) for fact in FACTS]
    return Paper(
        title=f"Exercise: {target.title}", template="pdf/exercise.html",
        context={"object": target, "facts": facts, **content(target, user, moment)},
        scope=(f"{target.ref}, {target.get_kind_display().lower()}", f"State: {target.get_state_display().lower()}"),
        as_of=moment,
    )  # fmt: skip


@require_safe
def exercise_json(request: HttpRequest, pk: int) -> HttpResponse:
    """An approved exercise as the JSON that was hashed: whoever hashes the file finds the number on the page."""
    user = user_of(request)
    exercise = get_shown(user, "download", Exercise, pk)
    if not exercise.sha256:
        raise PermissionDenied("Only an approved exercise is handed out as a file.")
    with transaction.atomic():
        record("exercise.downloaded", user, exercise, refs={"format": "json", "sha256": exercise.sha256})
    return HttpResponse(
        canonical(signing.result_of(Exercise.objects.select_related("edition__plan", "incident").get(pk=pk))),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{file_name(exercise.ref, "json")}"',
            "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store",
        },
    )  # fmt: skip


exercise_json.pages = ExercisePages  # type: ignore[attr-defined]
change_row.pages = ExercisePages  # type: ignore[attr-defined]
remove_row.pages = ExercisePages  # type: ignore[attr-defined]
end_attendee.pages = ExercisePages  # type: ignore[attr-defined]
unlink_gap.pages = ExercisePages  # type: ignore[attr-defined]
