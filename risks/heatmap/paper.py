"""The risk register on paper: how risks are rated, both maps, the trend, what is worst, and every risk."""

import datetime
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Final

from django.http import QueryDict

from controls.models import Control
from foundation.accounts.access import require, visible
from foundation.accounts.models import User
from foundation.pages.moment import day_of
from foundation.pages.paper import Paper
from foundation.pages.people import owner_words
from foundation.trail.asof import rows, thaw
from risks.assessments.report import scores_of
from risks.heatmap.counts import heatmaps, score_words, seen
from risks.heatmap.overview import sees_all, standing_words, stats
from risks.heatmap.trend import trend
from risks.models import Band, Method, Risk, RiskControl, in_force

CHUNK: Final = 1000


def register_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /) -> Paper:
    """The register as this person sees it, live or as it stood: every counted risk, the worst first."""
    require(user, "view", Risk)
    method, day = in_force(moment), day_of(moment)
    maps = heatmaps(user, moment, method)
    residual = maps[1]
    whole = sees_all(residual.rated + residual.unrated, moment)
    return Paper(
        title="Risk register",
        template="pdf/risk_register.html",
        context={
            "method": method, "maps": maps, "stats": stats(user, moment), "bands": Band.choices, "day": day,
            "meanings": list(zip(method.likelihood, method.impact, strict=True)), "scores": scores_of(method),
            "trend": trend(user, residual.squares, moment) if whole else None,
            "table": lambda: table(user, moment, method, day),
        },
        scope=("The company's own risks, not closed; templates count nowhere.", f"{method}"),
        as_of=moment,
        landscape=True,
        rows=residual.rated + residual.unrated,
    )  # fmt: skip


def table(
    user: User, moment: datetime.datetime | None, method: Method, day: datetime.date
) -> Iterator[tuple[str, ...]]:
    """Every risk in words, in the two cells of its row: title and the rest on the left, ratings and treatment on the
    right, with its residual band. A PDF costs by its cells and lines.
    """
    order = ("-residual_score", "-inherent_score", "id")
    found = seen(user, moment).select_related("owner").order_by(*order).iterator(chunk_size=CHUNK)
    while some := [thaw(row) for row in islice(found, CHUNK)]:
        controls = controls_of([risk.pk for risk in some], user, moment)
        for place, risk in enumerate(some):
            yield (
                "even" if place % 2 else "",
                str(risk), "; ".join((
                    risk.get_category_display(), owner_words(risk) or "no owner",
                    ", ".join(controls.get(risk.pk, ())) or "no control",
                )),
                ratings_words(risk, method), str(method.band(risk.residual_score) or ""), treatment_words(risk, day),
            )  # fmt: skip


def ratings_words(risk: Risk, method: Method) -> str:
    """What there was before controls and what remains, as “16 High → 6 Medium, target 4”."""
    if risk.residual_score is None:
        return "Not rated"
    target = f", target {risk.target_score}" if risk.target_score else ""
    return f"{score_words(risk.inherent_score, method)} → {score_words(risk.residual_score, method)}{target}"


def treatment_words(risk: Risk, day: datetime.date) -> str:
    """What is done about it, where it stands, and when it is looked at again."""
    standing = standing_words(risk, day)
    said = f"{risk.get_treatment_display()}: {standing.lower()}" if risk.treatment else standing
    if risk.accepted_until and risk.accepted_until >= day:
        said += f" until {risk.accepted_until}"
    late = " (overdue)" if risk.review_on and risk.review_on < day else ""
    return f"{said}; review {risk.review_on}{late}" if risk.review_on else said


def controls_of(risks: list[int], user: User, moment: datetime.datetime | None) -> dict[int, list[str]]:
    """By risk, the references as of then of the controls that it rests on and this person sees. Two queries."""
    links = visible(user, rows(RiskControl, moment), moment).filter(risk_id__in=risks, archived_at=None)
    pairs = list(links.order_by().values_list("risk_id", "control_id"))
    seen = visible(user, rows(Control, moment), moment).filter(id__in={control for _, control in pairs})
    refs, found = dict(seen.values_list("id", "ref")), defaultdict(list)
    for risk, control in sorted(pairs, key=lambda pair: refs.get(pair[1], "")):
        if control in refs:
            found[risk].append(refs[control])
    return found
