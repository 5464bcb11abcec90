"""What auditors draw and test, made for tests through the actions that everything uses."""

import datetime
from typing import Any

from audits.fieldwork import begin_fieldwork
from audits.models import Engagement
from audits.models.testing import AuditSample, ControlTest
from audits.testing.drawing import draw_for
from audits.testing.testing import Said, counted, items_of, keep_test, record_results, standing
from controls.models import Control
from evidence.models import Population
from foundation.accounts.models import User
from foundation.organisation.models import today
from tests.factories.controls import link, trust_services
from tests.factories.evidence import operating
from tests.factories.people import UserFactory
from tests.factories.populations import population

ATTRIBUTES = ["Approved before it was merged.", "Approved by somebody else than its author."]


def in_fieldwork(engagement: Engagement, **control: Any) -> Control:
    """Begin the fieldwork of an engagement over one control, and return that."""
    trust_services()
    made = operating(since="2024-01-01", **({"ref": "CHG-01", "name": "Changes are reviewed"} | control))
    link(made, "CC8.1")
    begin_fieldwork(engagement, actor=UserFactory(role="compliance_manager"))
    engagement.refresh_from_db()
    return made


def a_population(control: Control, size: int = 12, **values: Any) -> Population:
    """A frozen population of changes of this control, all of them on days of every engagement of the tests."""
    day = today() - datetime.timedelta(days=30)
    rows = [(f"PR-{number:04}", str(day)) for number in range(1, size + 1)]
    period = (str(day - datetime.timedelta(days=5)), str(day + datetime.timedelta(days=5)))
    return population(*rows, controls=[control], period=period, **values)


def drawn(engagement: Engagement, control: Control, auditor: User, *, size: int = 5, **values: Any) -> AuditSample:
    """A random sample of this auditor from a new population."""
    said = {"method": "random", "size": size, "seed": "the auditor's own"} | values
    return draw_for(engagement, a_population(control), actor=auditor, **said)


def a_test(
    engagement: Engagement, control: Control, auditor: User, sample: AuditSample | None = None, **values: Any
) -> ControlTest:
    """A running test of this control."""
    said = {
        "procedures": ["inquiry", "inspection"], "procedure": "Looked at the merge of each.", "attributes": ATTRIBUTES,
    } | values  # fmt: skip
    return keep_test(ControlTest(engagement=engagement, control=control, sample=sample, **said), actor=auditor)


def with_results(test: ControlTest, auditor: User, *, not_met: int = 0) -> ControlTest:
    """The test with a result in every cell; `not_met` of the items fail attribute B."""
    rows: list[Any] = [line.pk for line in standing(items_of(test.sample))] if test.sample else [None]
    said = []
    for place, row in enumerate(rows):
        said.append(Said(row, "A", "met"))
        said.append(Said(row, "B", "not_met", "Merged by its author.") if place < not_met else Said(row, "B", "met"))
    test = record_results(test, actor=auditor, results=said)
    assert counted(test).open == 0
    return test
