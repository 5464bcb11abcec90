"""An engagement's tab “Tests”, and the same on paper: populations, samples, and the table of tests and results."""

import datetime
from typing import Any

from django.http import QueryDict

from audits.models import Engagement
from audits.models.testing import AuditSample, ControlTest, TestState
from audits.testing import columns
from audits.testing.drawing import populations_of
from audits.testing.views import is_shut
from foundation.accounts.access import can, get_allowed, visible, which
from foundation.accounts.models import User
from foundation.pages.panels import Panel
from foundation.pages.paper import Paper
from foundation.trail.asof import rows, thaw

MOST = 50  # populations on the tab; the registers have them all


def tests_panel(user: User, engagement: Any, moment: datetime.datetime | None) -> Panel | None:
    """What there is to draw from, what was drawn, and every test that stands. Constant queries."""
    if not can(user, "view", ControlTest):
        return None
    may_draw = moment is None and not is_shut(engagement) and can(user, "add", AuditSample)
    populations: list[Any] = []
    if moment is None and engagement.status != "planned":
        found = list(populations_of(engagement)[: MOST + 1])
        opens = which(user, "view", found)
        populations = [(one, one.pk in opens) for one in found]
    samples = samples_of(user, engagement, moment)
    return Panel(
        "audits/testing/tests_panel.html",
        {
            "populations": populations[:MOST], "more": len(populations) > MOST, "samples": samples,
            "tests": tests_of(user, engagement, moment), "may_draw": may_draw,
            "may_test": moment is None and not is_shut(engagement) and can(user, "add", ControlTest),
        },
    )  # fmt: skip


def samples_of(user: User, engagement: Any, moment: datetime.datetime | None) -> list[Any]:
    """The samples drawn for an engagement, as far as this person sees them."""
    found = visible(user, rows(AuditSample, moment), moment).filter(engagement_id=engagement.pk)
    samples = [thaw(row) for row in found.select_related(*columns.SAMPLE_RELATED).order_by("id")]
    columns.attach_samples(samples, user, moment)
    return samples


def tests_of(user: User, engagement: Any, moment: datetime.datetime | None) -> list[dict[str, Any]]:
    """The tests that stand (superseded ones are on their own pages), with every word of the table."""
    found = visible(user, rows(ControlTest, moment), moment).filter(engagement_id=engagement.pk)
    tests = [thaw(row) for row in found.select_related(*columns.TEST_RELATED).order_by("control__ref", "id")]
    columns.attach_tests(tests, user, moment)
    return [
        {
            "test": one, "wording": columns.wording_words(one), "attributes": one.lettered(),
            "population": columns.population_words(one), "sample": columns.sample_words(one),
            "counts": columns.count_words(one), "response": one.management,
            "missing": "" if one.management else columns.response_gap(one),
        }
        for one in tests
        if not one.superseded
    ]  # fmt: skip


def running(engagement: Engagement) -> list[ControlTest]:
    """The tests of an engagement that nobody has concluded."""
    found = ControlTest.objects.filter(engagement=engagement, state=TestState.RUNNING).select_related("control")
    return list(found.order_by("control__ref", "id"))


def tests_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int, **_: Any) -> Paper:
    """The tests and results of an engagement on paper. Raises Http404, 403."""
    target = thaw(get_allowed(user, "view", rows(Engagement, moment), pk, moment))
    tests, samples = tests_of(user, target, moment), samples_of(user, target, moment)
    return Paper(
        title="Tests of controls and results",
        template="pdf/tests.html",
        context={"object": target, "tests": tests, "samples": samples},
        scope=(target.name,),
        period=target.time(),
        as_of=moment,
        landscape=True,
        rows=len(tests) + len(samples),
    )
