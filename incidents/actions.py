"""What is done to events and incidents: one function a verb, one transaction each, with its entry in the timeline."""

import datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from foundation.accounts.access import apart
from foundation.accounts.duties import INCIDENT_LOWERED
from foundation.accounts.models import User
from foundation.organisation.calendar import add_business_days
from foundation.organisation.models import day_at
from foundation.organisation.settings import setting
from foundation.trail.keep import save
from foundation.trail.steps import locked, move, say, tie, untie
from incidents import news, timeline
from incidents.clocks.suggest import undecided
from incidents.command import ONLOOKERS, REFUSED, require_response, responds
from incidents.models import (
    MOVES,
    NEEDS_REVIEW,
    OPEN,
    TIMES,
    EntryKind,
    Incident,
    IncidentPerson,
    Part,
    PostIncidentReview,
    ReviewState,
    Severity,
    State,
    TimelineEntry,
    ticking,
)
from incidents.models.incident import follows
from systems.models import DataClass

NAMED: Final = 5  # of what waits for a decision: more are counted
MOST_PEOPLE: Final = 2_000_000_000  # of people affected
STAGES: Final = (State.CONTAINED, State.ERADICATED, State.RECOVERED)
WORDS: Final = {State.CONTAINED: "Contained.", State.ERADICATED: "Eradicated.", State.RECOVERED: "Recovered."}


def open_one(incident: Incident, actor: User) -> Incident:
    """The incident, locked, for whoever responds. Raises Stale, PermissionDenied, ValidationError where it is over."""
    incident = locked(incident)
    require_response(actor, incident)
    if incident.is_over:
        raise ValidationError(f"{incident.ref} is {incident.get_state_display().lower()}. Reopen it first.")
    return incident


def in_order(incident: Incident, name: str, moment: datetime.datetime) -> None:
    """Raise ValidationError where the moment lies before an earlier time of the record, or after a later one."""
    for other in TIMES:
        known = getattr(incident, other)
        if known is None:
            continue
        label = str(Incident._meta.get_field(other).verbose_name)  # type: ignore[union-attr]
        if follows(other, name) and moment < known:
            raise ValidationError({"happened_at": f"It was {label} later than that."})
        if follows(name, other) and moment > known:
            raise ValidationError({"happened_at": f"It was {label} earlier than that."})


# ---- reporting and declaring -----------------------------------------------------------------------------------------


@transaction.atomic
def report(incident: Incident, *, actor: Any, sensitive: bool = False) -> Incident:
    """Store a new event. sensitive: it is restricted from the beginning, and its reporter is named in it."""
    incident = _begin(incident, actor, sensitive=sensitive)
    _check_known(incident)
    incident = save(incident, actor=actor, verb="incident.created")
    timeline.add(incident, EntryKind.STATUS, "Reported.", actor=actor, facts={"state": incident.state})
    _name_reporter(incident, actor)
    return incident


@transaction.atomic
def declare_at_once(incident: Incident, *, actor: User, severity: int, sensitive: bool = False) -> Incident:
    """Report and declare in one step: a title and a severity suffice. Whoever does commands it until others take over.

    Raises ValidationError for a severity that there is not, or where one that they reported is open with this title: a
    page that was gone back to and sent again.
    """
    _not_again(incident, actor)
    incident = _begin(incident, actor, sensitive=sensitive)
    _declared(incident, actor, severity, "As declared.", incident.reported_at)
    _check_known(incident)
    incident = save(incident, actor=actor, verb="incident.declared")
    _tell_declared(incident, actor, "")
    _name_reporter(incident, actor)
    return incident


def _not_again(incident: Incident, actor: User) -> None:
    same = Incident.objects.filter(reporter=actor, title=incident.title.strip(), state__in=OPEN)
    if there := same.order_by("-id").first():
        words = (
            f"{there.ref} is open with this title, and you reported it. Go on there, or give this one another title."
        )
        raise ValidationError({"title": words})


@transaction.atomic
def declare(
    incident: Incident, *, actor: User, severity: int, reason: str, happened_at: datetime.datetime | None = None
) -> Incident:
    """Make an incident of a reported or dismissed event. happened_at: when it was declared, None = now.

    Whoever reported it may, and whoever responds. Raises ValidationError, Stale, PermissionDenied.
    """
    incident = locked(incident)
    if incident.reporter_id != actor.pk:
        require_response(actor, incident)
    say(reason, "Say why it is an incident.")
    move(incident, State.DECLARED, MOVES, "state")
    moment = timeline.said_at(happened_at)
    in_order(incident, "declared_at", moment)
    _declared(incident, actor, severity, reason, moment)
    incident.state_note = reason
    incident = save(incident, actor=actor, verb="incident.declared", reason=reason)
    _tell_declared(incident, actor, reason, happened_at=moment)
    return incident


def _begin(incident: Incident, actor: Any, *, sensitive: bool) -> Incident:
    incident.reported_at = timezone.now()
    incident.reporter = actor if isinstance(actor, User) else incident.reporter
    incident.restricted = sensitive
    return incident


def _check_known(incident: Incident) -> None:
    """Raise ValidationError, beside its field, for a time that has not come or does not follow the one before."""
    for name, words in (("occurred_at", "began"), ("detected_at", "was noticed")):
        moment = getattr(incident, name)
        if moment is None:
            continue
        timeline.said_at(moment, name)
        later = [one for one in (getattr(incident, time) for time in TIMES[TIMES.index(name) + 1 :]) if one]
        if later and moment > min(later):
            raise ValidationError({name: f"It {words} before what followed: {min(later):%Y-%m-%d %H:%M} UTC."})


def _name_reporter(incident: Incident, actor: Any) -> None:
    """Whoever reports a restricted one goes on seeing it."""
    if incident.restricted and isinstance(actor, User):
        named = IncidentPerson(incident=incident, user=actor, part=Part.REPORTER)
        tie(named, actor=actor, reason="Reported it as sensitive.")


def _declared(incident: Incident, actor: User, severity: int, reason: str, moment: datetime.datetime) -> None:
    _check_severity(severity)
    incident.state, incident.severity, incident.severity_reason = State.DECLARED, severity, reason
    incident.declared_at, incident.declared_by = moment, actor
    incident.dismissed_at, incident.dismissed_by, incident.dismissed_reason = None, None, ""
    incident.commander = incident.commander or actor


def _tell_declared(
    incident: Incident, actor: User, reason: str, *, happened_at: datetime.datetime | None = None
) -> None:
    commands = "; whoever declared it commands it" if incident.commander_id == actor.pk else ""
    words = f"Declared as {incident.get_severity_display()}{commands}."
    facts = {"state": incident.state, "severity": incident.severity, "commander": incident.commander_id}
    text = f"{words} {reason}".strip()
    timeline.add(incident, EntryKind.STATUS, text, actor=actor, facts=facts, happened_at=happened_at)
    if incident.needs_review:
        news.severe.tell(incident, actor=actor)


@transaction.atomic
def dismiss(incident: Incident, *, actor: User, reason: str) -> Incident:
    """Say that an event is no incident: who, when and why are kept (domain §7). Its clocks must be met or dismissed.

    Raises ValidationError, Stale, PermissionDenied.
    """
    incident = locked(incident)
    require_response(actor, incident)
    say(reason, "Say why it is no incident.")
    move(incident, State.DISMISSED, MOVES, "state")
    if refused := clocks_left(incident):
        raise ValidationError(refused)
    incident.dismissed_at, incident.dismissed_by, incident.dismissed_reason = timezone.now(), actor, reason
    incident.state_note = reason
    return timeline.keep(
        incident, actor=actor, verb="incident.dismissed", reason=reason, kind=EntryKind.STATUS,
        text=f"Dismissed. {reason}", facts={"state": incident.state},
    )  # fmt: skip


@transaction.atomic
def change(incident: Incident, *, actor: User, changed: list[str]) -> Incident:
    """Keep what was said anew of an incident. changed: the names of the fields, for the timeline.

    Raises Stale, PermissionDenied, and ValidationError for times out of order.
    """
    stored = Incident.objects.select_for_update().get(pk=incident.pk)
    _require_writer(actor, stored)
    if stored.is_over:
        raise ValidationError(f"{stored.ref} is {stored.get_state_display().lower()}. Reopen it first.")
    _check_known(incident)
    labels = [str(Incident._meta.get_field(name).verbose_name) for name in changed]  # type: ignore[union-attr]
    kept = save(incident, actor=actor, verb="incident.updated")
    if labels:
        text, facts = f"Changed: {', '.join(labels)}.", {"fields": changed}
        timeline.add(kept, EntryKind.CHANGE, text, actor=actor, facts=facts)
    return kept


# ---- severity and the way to the end ---------------------------------------------------------------------------------


def _check_severity(severity: int) -> None:
    if severity not in Severity.values:
        raise ValidationError({"severity": "1, 2, 3 or 4."})


@transaction.atomic
def set_severity(
    incident: Incident, *, actor: User, severity: int, reason: str, happened_at: datetime.datetime | None = None
) -> Incident:
    """Say how bad it is now, and why; the timeline keeps what it was before. Raises ValidationError, Stale."""
    incident = open_one(incident, actor)
    _check_severity(severity)
    say(reason, "Say why.")
    if incident.is_event:
        raise ValidationError("It is not declared yet: declaring says how bad it is.")
    if incident.severity == severity:
        raise ValidationError({"severity": f"It is {Severity(severity).label} already."})
    before = incident.severity
    incident.severity, incident.severity_reason = severity, reason
    incident.review_due_on = review_due(incident)
    was = f" (was {Severity(before).label})" if before else ""
    incident = timeline.keep(
        incident, actor=actor, verb="incident.severity_set", reason=reason, kind=EntryKind.SEVERITY,
        text=f"{Severity(severity).label}{was}. {reason}", facts={"before": before, "severity": severity},
        happened_at=happened_at,
    )  # fmt: skip
    if incident.needs_review and (before is None or severity < before):
        news.severe.tell(incident, actor=actor)
    return incident


def contain(incident: Incident, *, actor: User, note: str, happened_at: datetime.datetime | None = None) -> Incident:
    """It spreads no further. happened_at: since when, None = now. Raises ValidationError, Stale, PermissionDenied."""
    return _reach(incident, State.CONTAINED, actor, note, happened_at)


def eradicate(incident: Incident, *, actor: User, note: str, happened_at: datetime.datetime | None = None) -> Incident:
    """Its cause is gone. Raises as `contain`."""
    return _reach(incident, State.ERADICATED, actor, note, happened_at)


def recover(incident: Incident, *, actor: User, note: str, happened_at: datetime.datetime | None = None) -> Incident:
    """Everything works again; the day of the review counts from here. Raises as `contain`."""
    return _reach(incident, State.RECOVERED, actor, note, happened_at)


@transaction.atomic
def _reach(incident: Incident, state: State, actor: User, note: str, happened_at: datetime.datetime | None) -> Incident:
    """Bring it one stage on, at a moment that follows its earlier times."""
    incident = open_one(incident, actor)
    say(note, "Say what was done.")
    move(incident, state, MOVES, "state")
    moment = timeline.said_at(happened_at)
    for later in STAGES[STAGES.index(state) :]:  # of a reopened one: what was reached before is reached anew
        setattr(incident, f"{later}_at", None)
    if incident.reopened_at and moment < incident.reopened_at:
        raise ValidationError({"happened_at": "It was reopened later than that."})
    in_order(incident, f"{state}_at", moment)
    setattr(incident, f"{state}_at", moment)
    incident.state_note, incident.review_due_on = note, review_due(incident)
    return timeline.keep(
        incident, actor=actor, verb=f"incident.{state}", reason=note, kind=EntryKind.STATUS,
        text=f"{WORDS[state]} {note}", facts={"state": str(state)}, happened_at=moment,
    )  # fmt: skip


def review_due(incident: Incident) -> datetime.date | None:
    """The day by which its review is due: business days from its recovery; None where none is owed, or it is there."""
    if not incident.needs_review or incident.recovered_at is None or approved_review(incident):
        return None
    return add_business_days(day_at(incident.recovered_at), setting("incident_review_days"))


def approved_review(incident: Incident) -> PostIncidentReview | None:
    """Its approved review; of a reopened one, only one that was approved since then. One query."""
    found = PostIncidentReview.objects.filter(incident_id=incident.pk, state=ReviewState.APPROVED, archived_at=None)
    if incident.reopened_at:
        found = found.filter(approved_at__gte=incident.reopened_at)
    review: PostIncidentReview | None = found.order_by("-id").first()
    return review


@transaction.atomic
def close(incident: Incident, *, actor: User, note: str, happened_at: datetime.datetime | None = None) -> Incident:
    """Close it. Severity 1 and 2 take an approved review (R7.2); what was without impact needs no recovery before.

    What was lowered from there is closed without a review by somebody else than whoever lowered it. Its clocks must be
    met or dismissed, and whatever else is suggested decided on. Raises ValidationError, Stale, PermissionDenied.
    """
    incident = open_one(incident, actor)
    say(note, "Say how it ended.")
    refused = what_blocks(incident)  # asked while it is open: nothing is suggested for what is closed
    move(incident, State.CLOSED, MOVES, "state")
    if not incident.has_run_out:
        raise ValidationError("Say first when it was recovered. Only what had no impact (SEV4) is closed without.")
    if refused:
        raise ValidationError(refused)
    apart(actor, lowered_by(incident), INCIDENT_LOWERED, incident)
    moment = timeline.said_at(happened_at)
    if incident.reopened_at and moment < incident.reopened_at:
        raise ValidationError({"happened_at": "It was reopened later than that."})
    in_order(incident, "closed_at", moment)
    incident.closed_at, incident.closed_by, incident.state_note = moment, actor, note
    incident.review_due_on = None
    return timeline.keep(
        incident, actor=actor, verb="incident.closed", reason=note, kind=EntryKind.STATUS, text=f"Closed. {note}",
        facts={"state": incident.state}, happened_at=moment,
    )  # fmt: skip


def lowered_by(incident: Incident) -> set[int | None]:
    """Who took it out of the severities that are reviewed, where it was not reviewed after all."""
    if incident.needs_review or approved_review(incident) is not None:
        return set()
    moves = TimelineEntry.objects.filter(incident=incident, kind=EntryKind.SEVERITY).values_list("by", "facts")
    high = set(NEEDS_REVIEW)
    return {by for by, facts in moves if facts.get("before") in high and facts.get("severity") not in high}


def what_blocks(incident: Incident) -> list[str]:
    """What has to be done before it can be closed, in words."""
    found = []
    if incident.needs_review and approved_review(incident) is None:
        found.append("Its post-incident review is not approved yet: severity 1 and 2 are not closed without (R7.2).")
    return found + clocks_left(incident) + undecided_words(incident)


def clocks_left(incident: Incident) -> list[str]:
    """The clocks that still run or are paused, and what is to be done about them, in words. One query."""
    refs = [clock.ref for clock in incident.clocks.filter(ticking()).order_by("id")]
    return [f"{', '.join(refs)}: notify, or dismiss the clock with a reason."] if refs else []


def undecided_words(incident: Incident) -> list[str]:
    """The notifications that are suggested and that nobody decided on, and what is to be done, in words."""
    waits = undecided(incident)
    if not waits:
        return []
    named = "; ".join(one.rule.title for one in waits[:NAMED])
    more = f"; and {len(waits) - NAMED} more" if len(waits) > NAMED else ""
    return [f"Undecided: {named}{more}. Under Clocks, start the clock, or say with a reason that it is not required."]


@transaction.atomic
def reopen(incident: Incident, *, actor: User, reason: str) -> Incident:
    """Take up again what was closed, recovered or dismissed. Raises ValidationError, Stale, PermissionDenied."""
    incident = locked(incident)
    require_response(actor, incident)
    say(reason, "Say why it is open again.")
    was_event = incident.state == State.DISMISSED
    move(incident, State.REPORTED if was_event else State.REOPENED, MOVES, "state")
    incident.closed_at, incident.closed_by, incident.review_due_on = None, None, None
    incident.dismissed_at, incident.dismissed_by, incident.dismissed_reason = None, None, ""
    incident.reopened_at, incident.state_note = timezone.now(), reason
    return timeline.keep(
        incident, actor=actor, verb="incident.reopened", reason=reason, kind=EntryKind.STATUS,
        text=f"Reopened. {reason}", facts={"state": incident.state},
    )  # fmt: skip


# ---- the timeline, by hand ------------------------------------------------------------------------------------------


def may_write(user: User, incident: Incident) -> bool:
    """Whether this person tells what is known, and adds to the timeline: whoever responds, and whoever reported it."""
    return incident.reporter_id == user.pk or responds(user, incident)


@transaction.atomic
def add_entry(
    incident: Incident, *, actor: User, kind: str, text: str, happened_at: datetime.datetime | None = None
) -> TimelineEntry:
    """Write a note or a decision; also into one that is over. Raises ValidationError, PermissionDenied."""
    _require_writer(actor, incident)
    if kind not in (EntryKind.NOTE, EntryKind.DECISION):
        raise ValidationError({"kind": "A note or a decision."})
    say(text, "Say what happened, or what was decided and why.")
    return timeline.add(incident, EntryKind(kind), text, actor=actor, happened_at=happened_at)


def attach_file(
    incident: Incident, *, actor: User, file: File, text: str, happened_at: datetime.datetime | None = None
) -> TimelineEntry:
    """Add a file with what it shows. The bytes are stored before the transaction. Raises as `add_entry`."""
    _require_writer(actor, incident)
    entry = timeline.prepare_file(incident, file, text, actor=actor, happened_at=happened_at)
    return timeline.append(entry, actor=actor)


@transaction.atomic
def correct_entry(
    entry: TimelineEntry, *, actor: User, text: str, happened_at: datetime.datetime | None = None
) -> TimelineEntry:
    """Say what is right instead of an entry that a person wrote; both stay. Raises as `add_entry`."""
    _require_writer(actor, Incident.objects.get(pk=entry.incident_id))
    if not entry.is_said:
        raise ValidationError("This entry was written by what was done: do that anew, or write a note.")
    return timeline.correct(entry, actor=actor, text=text, happened_at=happened_at)


def _require_writer(actor: User, incident: Incident) -> None:
    if not may_write(actor, incident):
        raise PermissionDenied(REFUSED)


# ---- people ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def assign_commander(incident: Incident, *, actor: User, commander: User, reason: str) -> Incident:
    """Hand over the command; whoever had it goes on as responder. Raises ValidationError for the one who has it.

    Raises Stale, PermissionDenied as well.
    """
    incident = open_one(incident, actor)
    say(reason, "Say why: shift change, skill, rest.")
    if incident.commander_id == commander.pk:
        raise ValidationError({"commander": f"{commander} commands it already."})
    before, incident.commander = incident.commander, commander
    goes_on = before is not None and _keep_responding(incident, before, actor)
    and_who = "; whoever did before goes on as responder" if goes_on else ""
    incident = timeline.keep(
        incident, actor=actor, verb="incident.commander_assigned", reason=reason, kind=EntryKind.PERSON,
        text=f"Commands it{and_who}. {reason}", about=commander,
        facts={"before": before.pk if before else None, "commander": commander.pk},
    )  # fmt: skip
    news.handed_over.tell(incident, actor=actor)
    return incident


def _keep_responding(incident: Incident, person: User, actor: User) -> bool:
    """Name who commanded it as a responder: they know most of it. False for who has a part in it, or left."""
    known = IncidentPerson.objects.live().filter(incident=incident, user=person).first()
    if not person.is_active or (known is not None and known.part not in ONLOOKERS):
        return False
    _take_part(incident, person, Part.RESPONDER, actor=actor, reason="Commanded it before.")
    return True


def _take_part(incident: Incident, person: User, part: str, *, actor: User, reason: str) -> IncidentPerson:
    """Name somebody with a part. Who stands in it as an onlooker has this one instead: a person is named once."""
    named, why = IncidentPerson.objects.live().filter(incident=incident, user=person), reason or Part(part).label
    if (known := named.filter(part__in=ONLOOKERS).exclude(part=part).first()) is not None:
        untie(known, actor=actor, reason=why)
    return tie(IncidentPerson(incident=incident, user=person, part=part, reason=reason), actor=actor, reason=why)


@transaction.atomic
def restrict(incident: Incident, *, actor: User, reason: str) -> Incident:
    """Close it to all but compliance managers, the commander and the people named in it. Raises ValidationError."""
    incident = locked(incident)
    require_response(actor, incident)
    say(reason, "Say why it is restricted, without saying what must not be known.")
    if incident.restricted:
        raise ValidationError("It is restricted already.")
    incident.restricted = True
    return timeline.keep(
        incident, actor=actor, verb="incident.restricted", reason=reason, kind=EntryKind.PERSON,
        text=f"Restricted. {reason}", facts={"restricted": True},
    )  # fmt: skip


@transaction.atomic
def unrestrict(incident: Incident, *, actor: User, reason: str) -> Incident:
    """Open it to whoever would see it otherwise, with all its past. Raises ValidationError."""
    incident = locked(incident)
    say(reason, "Say why it may be seen.")
    if not incident.restricted:
        raise ValidationError("It is not restricted.")
    incident.restricted = False
    return timeline.keep(
        incident, actor=actor, verb="incident.unrestricted", reason=reason, kind=EntryKind.PERSON,
        text=f"Not restricted any more. {reason}", facts={"restricted": False},
    )  # fmt: skip


@transaction.atomic
def name_person(incident: Incident, *, actor: User, user: User, part: str, reason: str = "") -> IncidentPerson:
    """Name somebody in it: from now on they see it. Raises ValidationError where they are named already."""
    incident = open_one(incident, actor)
    if part not in Part.values:
        raise ValidationError({"part": "There is no such part."})
    return give_part(incident, user, part, actor=actor, reason=reason)


def give_part(incident: Incident, person: User, part: str, *, actor: User, reason: str) -> IncidentPerson:
    """Name somebody with a part, and say so in the timeline; inside the transaction of a verb that checked the rest."""
    named = _take_part(incident, person, part, actor=actor, reason=reason)
    text, facts = f"{Part(part).label}. {reason}".strip(), {"user": person.pk, "part": part}
    timeline.add(incident, EntryKind.PERSON, text, actor=actor, facts=facts, about=person)
    return named


@transaction.atomic
def take_off(named: IncidentPerson, *, actor: User, reason: str) -> IncidentPerson:
    """Take somebody off it; of a restricted one they see nothing from now on. Raises ValidationError, Stale."""
    incident = Incident.objects.select_for_update().get(pk=named.incident_id)
    require_response(actor, incident)
    kept = untie(named, actor=actor, reason=reason)
    text, facts = f"Has no part in it any more. {reason}", {"user": named.user_id, "part": ""}
    timeline.add(incident, EntryKind.PERSON, text, actor=actor, facts=facts, about=named.user)
    return kept


@transaction.atomic
def record_impact(
    incident: Incident, *, actor: User, data_classes: list[str], people_affected: int | None, impact: str
) -> Incident:
    """Say which data and how many people it hit, as far as is known. people_affected None: not known yet."""
    incident = open_one(incident, actor)
    unknown = [one for one in data_classes if one not in DataClass.values]
    if unknown:
        raise ValidationError({"data_classes": "There is no such class of data."})
    if people_affected is not None and not 0 <= people_affected <= MOST_PEOPLE:
        raise ValidationError({"people_affected": f"0 to {MOST_PEOPLE:,}."})
    incident.data_classes = [one for one in DataClass.values if one in data_classes]
    incident.people_affected, incident.impact = people_affected, impact
    data = ", ".join(DataClass(one).label.lower() for one in incident.data_classes) or "none"
    people = "not known" if people_affected is None else f"{people_affected:,}"
    return timeline.keep(
        incident, actor=actor, verb="incident.impact_recorded", kind=EntryKind.CHANGE,
        text=f"Data: {data}. People affected: {people}. {impact}".strip(),
        facts={"data_classes": incident.data_classes, "people_affected": people_affected},
    )  # fmt: skip
