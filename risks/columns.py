"""The columns of the lists of risks, treatment actions and acceptances, and the facts on their pages."""

import datetime
from operator import attrgetter
from typing import Any, Final

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import day_of
from foundation.pages.people import owner_words
from foundation.trail.asof import rows
from risks.models import AcceptanceState, Band, Risk, Status, in_force
from risks.models.method import TONES as BAND_TONES
from risks.models.risk import TONES
from risks.standing import attach_flags

WORDED_TONES: Final = {str(Status(value).label): tone for value, tone in TONES.items()}
SCORE_TONES: Final = {
    f"{score} {band.label}": BAND_TONES[band] for score in range(1, 26) for band in Band
}  # as `score_words` says them
ACTION_TONES: Final = {"Done": "ok", "Overdue": "bad", "To do": "warn"}
ACCEPTANCE_TONES: Final = {
    AcceptanceState.REQUESTED.label: "warn",
    AcceptanceState.APPROVED.label: "ok",
    AcceptanceState.DECLINED.label: "bad",
    AcceptanceState.WITHDRAWN.label: "mute",
    AcceptanceState.ENDED.label: "mute",
    AcceptanceState.LAPSED.label: "bad",
}
FLAGGED: Final = "Flagged"


def attach_day(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Give each the day on which it is judged, and the method by which its scores are read then. One query."""
    day, method = day_of(moment), in_force(moment)
    for one in found:
        one.seen_on, one.read_by = day, method


def attach_risk(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The day, the method, what is wrong with what holds each risk down, and its controls. Constant queries."""
    attach_day(found, user, moment)
    attach_flags(found, moment, user)


def attach_named_risk(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """The day; and the risk in words to whoever sees it, to others its number. Two queries."""
    attach_day(found, user, moment)
    ids = {one.risk_id for one in found}
    seen = dict(visible(user, rows(Risk, moment), moment).filter(id__in=ids).values_list("id", "title"))
    for one in found:
        title = seen.get(one.risk_id)
        one.risk_words = " ".join(filter(None, (Risk.ref_of(one.risk_id), title)))
        one.risk_url = Risk(pk=one.risk_id).get_absolute_url() if title is not None else ""


def standing_words(risk: Any) -> str:
    """Its status on the day that is looked at."""
    return str(Status(risk.standing(risk.seen_on)).label)


def score_words(kind: str) -> Any:
    """The function that says a risk's score and its band, as “12 High”; "" where it was not rated."""
    score = attrgetter(f"{kind}_score")

    def words(risk: Any) -> str:
        found = score(risk)
        return f"{found} {risk.read_by.band(found).label}" if found else ""

    return words


def level_words(kind: str) -> Any:
    """The function that says a whole rating: “12 High: likelihood 4 Likely, impact 3 Moderate. Why …”."""
    score = score_words(kind)

    def words(risk: Any) -> str:
        if not score(risk):
            return ""
        likelihood, impact = getattr(risk, f"{kind}_likelihood"), getattr(risk, f"{kind}_impact")
        names = risk.read_by.likelihood[likelihood - 1]["name"], risk.read_by.impact[impact - 1]["name"]
        parts = f"likelihood {likelihood} {names[0]}, impact {impact} {names[1]}"
        return f"{score(risk)}: {parts}. {getattr(risk, f'{kind}_rationale')}"

    return words


def review_words(risk: Any) -> str:
    """The day of the next review, with a word when it has passed."""
    if risk.review_on is None:
        return ""
    late = risk.status not in (Status.TEMPLATE, Status.CLOSED) and risk.review_on < risk.seen_on
    return f"{risk.review_on.isoformat()}{' overdue' if late else ''}"


def flag_words(risk: Any) -> str:
    """One word where something is wrong with what holds it down; its page says what."""
    return FLAGGED if risk.flags else ""


def action_words(action: Any) -> str:
    """Where a step stands on the day that is looked at."""
    if action.done_by_id:
        return "Done"
    return "Overdue" if action.due_on < action.seen_on else "To do"


def acceptance_words(acceptance: Any) -> str:
    """What an acceptance is on the day: one that has expired is over."""
    lapsed = acceptance.state == AcceptanceState.APPROVED and acceptance.until < acceptance.seen_on
    return str(AcceptanceState(AcceptanceState.LAPSED if lapsed else acceptance.state).label)


def score_column(kind: str, label: str, **options: Any) -> Column:
    """A score with its band; a number in CSV."""
    name = f"{kind}_score"
    return Column(
        kind, label, sort=name, kind="badge", tones=SCORE_TONES, get=score_words(kind), data=attrgetter(name), **options
    )


def parts_of(kind: str) -> tuple[Column, ...]:
    """The rating as its import takes it: two numbers and a reason."""
    label = kind.capitalize()
    return (
        Column(f"{kind}_likelihood", f"{label} likelihood", kind="number", more=True),
        Column(f"{kind}_impact", f"{label} impact", kind="number", more=True),
        Column(f"{kind}_rationale", f"{label} rationale", more=True),
    )


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("title", "Risk", sort="title", kind="title"),
    Column("category", "Category", sort="category", more=True),
    score_column("inherent", "Inherent"),
    score_column("residual", "Residual"),
    Column("standing", "Status", sort="status", kind="badge", tones=WORDED_TONES, get=standing_words),
    Column("treatment", "Treatment", sort="treatment", more=True),
    Column(
        "owner", "Owner", sort="owner__name", kind="person", empty="No owner", get=owner_words,
        data=lambda risk: risk.owner.email if risk.owner else "",
    ),
    Column("review", "Next review", sort="review_on", kind="date", get=review_words, data=attrgetter("review_on")),
    Column("flag", "Flag", kind="badge", tones={FLAGGED: "bad"}, get=flag_words),
    score_column("target", "Target", more=True),
    Column("flags", "Flags in words", get=lambda risk: "; ".join(risk.flags), more=True),
    Column("fraud", "Fraud", more=True),
    Column("change_trigger", "Change", more=True),
    Column("cause", "Cause", more=True),
    Column("event", "Event", more=True),
    Column("effect", "Effect", more=True),
    Column("objective", "Objective or commitment", more=True),
    Column("assets", "Assets", more=True),
    Column("source", "Identified by", more=True),
    Column("source_note", "Source in words", more=True),
    Column("identified_on", "Identified", sort="identified_on", kind="date", more=True),
    Column("control_refs", "Controls", more=True),
    *parts_of("inherent"),
    *parts_of("residual"),
    *parts_of("target"),
    Column("accepted_until", "Accepted until", kind="date", more=True),
    Column("rated_at", "Rated", sort="rated_at", kind="moment", more=True),
)  # fmt: skip
FACTS = (
    Column("cause", "Cause", empty="Not said"),
    Column("event", "Event", empty="Not said"),
    Column("effect", "Effect", empty="Not said"),
    Column("category", "Category"),
    Column("objective", "Objective or commitment"),
    Column("assets", "Assets"),
    Column("inherent", "Inherent", get=level_words("inherent"), empty="Not rated"),
    Column("residual", "Residual", get=level_words("residual"), empty="Not rated"),
    Column("target", "Target", get=level_words("target"), empty="None set"),
    Column("rated_at", "Rated", kind="moment"),
    Column("rated_by", "Rated by", kind="person"),
    Column("method", "By"),
    Column("treatment", "Treatment"),
    Column("treatment_reason", "Why so"),
    Column("owner", "Owner", kind="person", empty="No owner", get=owner_words),
    Column("review", "Next review", kind="date", get=review_words, empty="Not set"),
    Column("last_reviewed_on", "Last reviewed", kind="date"),
    Column("review_note", "What the last review said"),
    Column("fraud", "Fraud"),
    Column("change_trigger", "Change that brought it up"),
    Column("source", "Identified by"),
    Column("source_note", "Source"),
    Column("identified_on", "Identified", kind="date"),
    Column("status_note", "Last said of its status"),
)
ACTION_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("what", "What", kind="title", sort="what"),
    Column("risk", "Risk", sort="risk_id", get=attrgetter("risk_words"), url=attrgetter("risk_url")),
    Column("owner", "Owner", sort="owner__name", kind="person", get=owner_words, data=attrgetter("owner")),
    Column("due_on", "Due", sort="due_on", kind="date"),
    Column("standing", "Status", kind="badge", tones=ACTION_TONES, get=action_words),
    Column("done_on", "Done", sort="done_on", kind="date"),
)
ACTION_FACTS = (
    *ACTION_COLUMNS[1:],
    Column("done_by", "Done by", kind="person"),
    Column("done_note", "What was done"),
)
ACCEPTANCE_COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("risk", "Risk", sort="risk_id", get=attrgetter("risk_words"), url=attrgetter("risk_url")),
    Column("band", "Band", sort="score", kind="badge", tones=dict(BAND_TONES)),
    Column("score", "Score", sort="score", kind="number"),
    Column("state", "State", sort="state", kind="badge", tones=ACCEPTANCE_TONES, get=acceptance_words),
    Column("requested_by", "Asked by", sort="requested_by__name", kind="person"),
    Column("decided_by", "Decided by", sort="decided_by__name", kind="person"),
    Column("until", "Until", sort="until", kind="date"),
)
ACCEPTANCE_FACTS = (
    *ACCEPTANCE_COLUMNS[1:],
    Column("reason", "Reason"),
    Column("compensating", "Compensating controls"),
    Column("owner", "Owner of the risk then", kind="person"),
    Column("decided_as", "Decided as"),
    Column("decided_at", "Decided", kind="moment"),
    Column("decision_note", "What was said"),
    Column("ended_at", "Ended", kind="moment"),
    Column("ended_reason", "Why it ended"),
)
