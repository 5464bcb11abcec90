"""The overview of the risks: what is worst, what is late, what ends soon. Constant queries, counted by the database."""

import datetime
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, Q

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.settings import setting
from foundation.pages.moment import at, day_of
from foundation.trail.asof import rows, thaw
from risks.heatmap.counts import Where, seen
from risks.models import Method, Risk, Status, TreatmentAction, counted

TOP: Final = 10


@dataclass(frozen=True)
class Stat:
    """One number above the maps, with the list behind it. `tone`: a card's, where the number is bad news."""

    label: str
    value: int
    url: str = ""
    note: str = ""
    tone: str = ""


def stats(user: User, moment: datetime.datetime | None) -> list[Stat]:
    """What is late, what ends soon, what lacks something. Two queries, and the setting of what is soon."""
    day, where = day_of(moment), Where(moment)
    soon = day + datetime.timedelta(days=setting("review_due_soon_days"))
    lapsed = Q(status=Status.ACCEPTED, accepted_until__lt=day)
    found = seen(user, moment).aggregate(
        all=Count("id"),
        unrated=Count("id", filter=Q(residual_score=None)),
        unowned=Count("id", filter=Q(owner=None)),
        review=Count("id", filter=Q(review_on__lt=day)),
        ending=Count("id", filter=Q(status=Status.ACCEPTED, accepted_until__gte=day, accepted_until__lte=soon)),
        accepted=Count("id", filter=Q(status=Status.ACCEPTED) & ~lapsed),
        reopened=Count("id", filter=Q(status=Status.REOPENED) | lapsed),
    )
    steps = visible(user, rows(TreatmentAction, moment), moment).filter(archived_at=None, done_on=None)
    late, raw, ends = steps.filter(due_on__lt=day).count(), found["unrated"], f"{found['ending']} end by {soon}"
    return [
        Stat("Risks", found["all"], where.listed({}), "counted: the company's own, not closed"),
        Stat("Not rated", raw, where.listed({"status": Status.IDENTIFIED}), "identified", warn(raw)),
        Stat("Without owner", found["unowned"], where.listed({"owner": "nobody"}), "", warn(found["unowned"])),
        Stat("Reviews overdue", found["review"], where.listed({"review": "overdue"}), "", bad(found["review"])),
        Stat("Steps overdue", late, where.steps("overdue"), "of treatment plans", bad(late)),
        Stat("Accepted", found["accepted"], where.listed({"status": Status.ACCEPTED}), ends),
        Stat("Reopened", found["reopened"], where.listed({"status": Status.REOPENED}), "", bad(found["reopened"])),
    ]  # fmt: skip


def bad(count: int) -> str:
    """The tone of what should be none."""
    return "bad" if count else ""


def warn(count: int) -> str:
    """The tone of what is to be filled in."""
    return "warn" if count else ""


def top(user: User, moment: datetime.datetime | None, method: Method) -> list[tuple[Any, str, str, str]]:
    """The worst risks by what remains of them: the risk, its residual band, its address, its status. One query."""
    order = F("residual_score").desc(nulls_last=True), F("inherent_score").desc(nulls_last=True), "id"
    found = seen(user, moment).filter(residual_score__isnull=False).select_related("owner").order_by(*order)[:TOP]
    day, kept = day_of(moment), at(moment)
    return [
        (risk, str(method.band(risk.residual_score)), f"{risk.get_absolute_url()}{kept}", standing_words(risk, day))
        for risk in map(thaw, found)
    ]


def standing_words(risk: Risk, day: datetime.date) -> str:
    """A risk's status on a day, in words."""
    return str(Status(risk.standing(day)).label)


def sees_all(found: int, moment: datetime.datetime | None) -> bool:
    """Whether somebody who sees `found` counted risks sees all of them. One query."""
    return int(rows(Risk, moment).filter(counted()).count()) == found
