"""Rating a risk: before controls, after them, and where it should come to (R5.1). By the method in force."""

import datetime
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.trail.keep import save
from foundation.trail.steps import locked, move
from risks.acceptance import after_rating, present
from risks.methods import established
from risks.models import LEVELS, MOVES, Method, Risk, Status, in_force
from risks.standing import operating_controls

KINDS: Final = ("inherent", "residual", "target")
ABOVE_INHERENT: Final = "What remains is never above what was there before controls (R5.1)."
NEEDS_CONTROL: Final = (
    "Below inherent it rests on controls: link at least one that operates today, or rate it as inherent (R5.1)."
)
ABOVE_RESIDUAL: Final = "The target is never above what remains now."
NEVER_RATED: Final = (Status.TEMPLATE, Status.CLOSED)


@dataclass(frozen=True)
class Level:
    """One rating: 1 to 5 each, and why."""

    likelihood: int
    impact: int
    rationale: str

    @property
    def score(self) -> int:
        """Likelihood × impact."""
        return self.likelihood * self.impact

    def above(self, other: "Level") -> str:
        """The part in which this one is higher; "" for none."""
        if self.likelihood > other.likelihood:
            return "likelihood"
        return "impact" if self.impact > other.impact else ""


@transaction.atomic
def rate(
    risk: Risk, *, actor: Any, inherent: Level, residual: Level, target: Level | None = None,
    review_on: datetime.date | None = None,
) -> Risk:  # fmt: skip
    """Rate a risk. review_on: None = as its band's cadence says.

    Raises ValidationError, by the form's field, for a residual above inherent, one below it without a linked control
    that operates today, a target above residual, a missing reason, a next review that is not ahead, or a risk that is a
    template or closed. Above what was accepted it ends the acceptance and opens the risk again (R5.2).
    """
    risk = present(locked(risk))
    if risk.status in NEVER_RATED:
        raise ValidationError(f"{risk.ref} is {risk.get_status_display().lower()}: it is not rated.")
    if review_on and review_on <= today():
        raise ValidationError({"review_on": "The next review must lie ahead."})
    check(inherent, residual, target)
    if residual.score < inherent.score and not operating_controls(risk):
        raise ValidationError({"residual_likelihood": NEEDS_CONTROL})
    put(risk, established(), inherent, residual, target)
    risk.rated_at, risk.rated_by = timezone.now(), actor if isinstance(actor, User) else None
    risk.last_reviewed_on = today()
    risk.review_on = review_on or next_review(risk)
    if risk.status == Status.IDENTIFIED:
        move(risk, Status.ASSESSED, MOVES)
    risk = save(risk, actor=actor, verb="risk.rated", reason=residual.rationale)
    return after_rating(risk, actor=actor)


def check(inherent: Level, residual: Level, target: Level | None) -> None:
    """What R5.1 asks of the three beside each other. Raises ValidationError by the form's fields."""
    for kind, level in zip(KINDS, (inherent, residual, target), strict=True):
        if level is None:
            continue
        for part in ("likelihood", "impact"):
            if getattr(level, part) not in LEVELS:
                raise ValidationError({f"{kind}_{part}": "From 1 to 5."})
        if not level.rationale.strip():
            raise ValidationError({f"{kind}_rationale": "Say why."})
    if part := residual.above(inherent):
        raise ValidationError({f"residual_{part}": ABOVE_INHERENT})
    if target and (part := target.above(residual)):
        raise ValidationError({f"target_{part}": ABOVE_RESIDUAL})


def put(risk: Risk, method: Method, inherent: Level, residual: Level, target: Level | None) -> None:
    """Write the ratings onto the risk, not yet saved."""
    for kind, level in zip(KINDS, (inherent, residual, target), strict=True):
        setattr(risk, f"{kind}_likelihood", level and level.likelihood)
        setattr(risk, f"{kind}_impact", level and level.impact)
        setattr(risk, f"{kind}_score", level and level.score)
        setattr(risk, f"{kind}_rationale", level.rationale.strip() if level else "")
    risk.method = method


def rating_of(risk: Any, kind: str) -> Level | None:
    """One of a risk's ratings; None where there is none."""
    likelihood, impact = getattr(risk, f"{kind}_likelihood"), getattr(risk, f"{kind}_impact")
    return Level(likelihood, impact, getattr(risk, f"{kind}_rationale")) if likelihood and impact else None


def next_review(risk: Risk) -> datetime.date:
    """The day by which it is looked at again, from today: by the band of what remains, else as a new risk.

    Bands are those of the method in force, whichever version the risk was rated by, as on every page.
    """
    band = in_force().band(risk.residual_score) if risk.residual_score else "unrated"
    return today() + datetime.timedelta(days=setting(f"risk_review_{band}_days"))
