"""Drawing: an auditor draws from a frozen population, and replaces an item where it cannot be tested.

Each draw raises a request of kind sample, with a line for each item: the company answers, the auditor judges.
"""

import datetime
from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, Q, QuerySet

from audits.freezing import frozen_scope
from audits.models import Engagement, Sort, Status
from audits.models.requests import RUNNING, Request, RequestControl, RequestEvidence, RequestKind
from audits.models.testing import AuditSample, ControlTest, SampleItem, TestState
from audits.requests.actions import NAMED, ask, running, taken
from evidence.models import BY_SEED, Method, Population, PopulationItem, PopulationLink, Purpose, Sample
from evidence.sampling.actions import drawn, frozen_keys
from evidence.sampling.drawing import picked, random_sample
from foundation.accounts.access import open_window
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.trail.keep import save, save_many
from foundation.trail.steps import say, tie

CLOSED_DOOR: Final = "Only the auditor of this engagement does this."
NOT_YET: Final = "Fieldwork has not begun: nothing is drawn or tested before the scope is frozen."


def auditor_of(engagement_id: int, actor: User) -> Engagement:
    """The engagement, locked, for the auditor whose window is open. Whatever the caller asked before (R2.2).

    Raises PermissionDenied for anybody else, ValidationError where it is closed or its scope is not frozen.
    """
    window = open_window(actor)
    if actor.role != Role.AUDITOR or window is None or window.engagement_id != engagement_id:
        raise PermissionDenied(CLOSED_DOOR)
    engagement = running(engagement_id)
    if engagement.status == Status.PLANNED:
        raise ValidationError(NOT_YET)
    return engagement


def populations_of(engagement: Engagement) -> QuerySet[Population]:
    """The frozen populations that touch its days and list events of its controls, or were handed in for a request."""
    first, last = engagement.days
    scope = frozen_scope(engagement)
    controls = scope.lines.filter(sort=Sort.CONTROL).values_list("facts__id", flat=True) if scope else ()
    linked = PopulationLink.objects.live().filter(control__in=list(controls))
    handed_in = RequestEvidence.objects.live().filter(request__engagement=engagement.pk)
    return Population.objects.filter(
        Q(id__in=linked.values("population")) | Q(evidence__in=handed_in.values("evidence")),
        period_from__lte=last, period_to__gte=first,
    ).select_related("evidence")  # fmt: skip


@transaction.atomic
def draw_for(  # noqa: PLR0913 - a draw says this much about itself
    engagement: Engagement, population: Population, *, actor: User, method: str, size: int | None = None,
    seed: str = "", keys: Sequence[str] = (), reason: str = "", due_on: datetime.date | None = None,
) -> AuditSample:  # fmt: skip
    """Draw from a frozen population for an engagement, and raise the request for its items (R3.1, R3.3).

    size and seed are the auditor's: entered after the freeze, never made here. due_on: by when the company answers;
    None is as the settings say. Raises PermissionDenied, ValidationError (as evidence.sampling's `draw`, without a seed
    or a size, or for a population that is not of this engagement).
    """
    engagement = auditor_of(engagement.pk, actor)
    if not populations_of(engagement).filter(pk=population.pk).exists():
        raise ValidationError("This population is not about this engagement.")
    by_seed = method in BY_SEED
    if by_seed and not seed.strip():
        raise ValidationError({"seed": "Enter a seed of your own: the rows were frozen before you chose it."})
    if by_seed and size is None:
        raise ValidationError({"size": "Say how many items you draw."})
    mine = Sample.objects.filter(audit__engagement=engagement)
    sample = drawn(
        population, actor=actor, purpose=Purpose.AUDIT, among=mine, method=method, size=size, seed=seed, keys=keys,
        reason=reason,
    )  # fmt: skip
    ours = AuditSample(engagement=engagement, sample=sample, request=raised(sample, engagement, actor, due_on))
    refs = {"engagement": engagement.pk, "sample": sample.pk, "request": ours.request_id}
    save(ours, actor=actor, verb="auditsample.drawn", reason=reason, refs=refs)
    rows = {row.position: row for row in sample.population.items().filter(position__in=[at for at, _ in sample.chosen])}
    lines = [
        SampleItem(audit_sample=ours, number=number, item=rows[position], drawn_by=actor)
        for number, (position, _key) in enumerate(sample.chosen, 1)
    ]
    verb = "sampleitem.drawn"
    save_many(lines, actor=actor, verb_created=verb, verb_updated=verb, reason=reason, refs={"auditsample": ours.pk})
    return ours


def raised(sample: Sample, engagement: Engagement, actor: User, due_on: datetime.date | None) -> Request:
    """The request for a sample's items, about the controls that its population is for; the company assigns it."""
    population = sample.population
    request = Request(
        engagement=engagement, kind=RequestKind.SAMPLE, period_from=population.period_from,
        period_to=population.period_to, title=f"{sample.ref}: {sample.size_words()} from {population.title}"[:200],
        description="What shows each item, line by line.",
    )  # fmt: skip
    if due_on is not None:
        request.due_on = due_on
    request = ask(request, actor=actor)
    links = PopulationLink.objects.live().filter(population=population).order_by("control__ref", "id")
    for link in links.select_related("control"):
        tie(RequestControl(request=request, control=link.control), actor=actor, reason=NAMED)
    return request


@transaction.atomic
def replace_item(
    ours: AuditSample, *, actor: User, item: int, reason: str, key: str = ""
) -> SampleItem:  # fmt: skip
    """Draw another item in the place of one that cannot be tested: the auditor's alone (R3.2). Nothing is edited.

    item: the number of its line. key: which one instead, where a person names it (systematic, haphazard, targeted);
    a random sample takes the next of its own order. Raises PermissionDenied, ValidationError.
    """
    auditor_of(ours.engagement_id, actor)
    say(reason, "Say why this item cannot be tested.")
    request = taken(Request.objects.get(pk=ours.request_id))
    if request.state not in RUNNING:
        words = f"{request.ref} is {request.get_state_display().lower()}: its items stay as they are."
        raise ValidationError(words)
    concluded = ControlTest.objects.filter(sample=ours, state=TestState.CONCLUDED, superseded_by=None)
    if found := concluded.first():
        raise ValidationError(f"{found.ref} is concluded on these items. Open it again first.")
    old = SampleItem.objects.filter(audit_sample=ours, number=item, replaced_by=None).first()
    if old is None:
        raise ValidationError({"item": "There is no such line, or it was replaced already."})
    sample = Sample.objects.select_related("population").get(pk=ours.sample_id)
    last = SampleItem.objects.filter(audit_sample=ours).aggregate(last=Max("number"))["last"]
    new = SampleItem(
        audit_sample=ours, number=last + 1, item=other(sample, ours, key.strip()), replaces=old,
        reason=reason.strip(), drawn_by=actor,
    )  # fmt: skip
    refs = {"auditsample": ours.pk, "replaces": old.pk}
    kept: SampleItem = save(new, actor=actor, verb="sampleitem.replaced", reason=reason, refs=refs)
    return kept


def other(sample: Sample, ours: AuditSample, key: str) -> PopulationItem:
    """The row that comes instead: the next unused one of a random order, or the one named. Raises ValidationError."""
    keys = frozen_keys(sample.population)
    used = set(SampleItem.objects.filter(audit_sample=ours).values_list("item__key", flat=True))
    if sample.method == Method.RANDOM:
        if key:
            raise ValidationError({"key": "A random sample takes the next of its order: name none."})
        place = next((pick.position for pick in random_sample(keys, len(keys), sample.seed) if pick.key not in used), 0)
    else:
        if not key or key in used:
            words = "Name the key of the item that you take instead." if not key else "It is in the sample already."
            raise ValidationError({"key": words})
        try:
            place = picked(keys, [key])[0].position
        except ValueError as error:
            raise ValidationError({"key": str(error)}) from error
    if not place:
        raise ValidationError("Every row of the population was drawn already: there is no other.")
    found: Any = sample.population.items().get(position=place)
    return found
