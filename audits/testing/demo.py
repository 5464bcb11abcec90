"""The demo company's fieldwork: two samples that the auditor drew, a test with an exception and its response, one that
runs. Made by the verbs; the items are those of the frozen changes, the evidence is invented.
"""

import datetime
from typing import Final

from django.core.files.base import ContentFile

from audits.models import Engagement
from audits.models.testing import AuditSample, ControlTest
from audits.requests import actions as requests
from audits.testing.drawing import draw_for, populations_of, replace_item
from audits.testing.lines import hand_in_for
from audits.testing.responding import respond
from audits.testing.testing import Said, conclude, items_of, keep_test, record_results, standing
from controls.models import Control
from evidence.actions import Source
from evidence.models import Population
from foundation.accounts.models import User
from foundation.organisation.models import today

CHANGES: Final = "CHG-01"
FIRST, SECOND = 10, 5  # items
SOURCE: Final = "GitHub"


def fieldwork(engagement: Engagement, *, compliance: User, auditor: User, owner: User) -> None:
    """Draw twice from the changes, answer for the items, conclude one test and leave the other running.

    `owner` answers where the control has none.
    """
    control = Control.objects.select_related("owner").get(ref=CHANGES)
    population = populations_of(engagement).filter(row_count__gt=FIRST + SECOND).order_by("id").first()
    if population is None:
        return
    answers = control.owner or owner
    first = answered(drawn(engagement, population, auditor, FIRST, "harrow-2611", ""), answers, compliance)
    concluded(engagement, control, first, auditor, answers)
    why = "Five more, about the branch's settings."
    second = drawn(engagement, population, auditor, SECOND, "harrow-2612", why)
    requests.assign(second.request, actor=compliance, owner=answers)
    replace_item(second, actor=auditor, item=2, reason="The pull request was only about this year's licence texts.")
    hand_in_for(
        second, actor=answers, items=[1, 3], files=[export(second)], title="Checks of two merges", kind="export",
        source=Source(system=SOURCE, collected_by=answers), note="The other items follow tomorrow.",
    )  # fmt: skip
    test = ControlTest(
        engagement=engagement, control=control, sample=second, procedures=["inspection", "reperformance"],
        procedure="Inspected the checks that ran before each merge, and ran one of them again.",
        attributes=["All required checks passed before the merge.", "The checks could not be skipped."],
    )  # fmt: skip
    test = keep_test(test, actor=auditor)
    lines = standing(items_of(second))
    record_results(test, actor=auditor, results=[Said(line.pk, "A", "met") for line in lines if line.number in (1, 3)])


def drawn(
    engagement: Engagement, population: Population, auditor: User, size: int, seed: str, reason: str
) -> AuditSample:
    """A random sample by the auditor's seed."""
    return draw_for(engagement, population, actor=auditor, method="random", size=size, seed=seed, reason=reason)


def answered(sample: AuditSample, owner: User, compliance: User) -> AuditSample:
    """Evidence for every item in one move, submitted."""
    requests.assign(sample.request, actor=compliance, owner=owner)
    numbers = list(range(1, sample.sample.size + 1))
    return hand_in_for(
        sample, actor=owner, items=numbers, files=[export(sample)], title="Reviews of the drawn changes", kind="export",
        source=Source(system=SOURCE, collected_by=owner), note="One export for all of them.", submit=True,
    )  # fmt: skip


def export(sample: AuditSample) -> ContentFile[bytes]:
    """An invented export about the items."""
    rows = "".join(f"{line.item.key},{line.item.day},approved\n" for line in items_of(sample))
    return ContentFile(f"# invented, for the demo\nnumber,merged,review\n{rows}".encode(), f"{sample.ref.lower()}.csv")


def concluded(engagement: Engagement, control: Control, sample: AuditSample, auditor: User, owner: User) -> None:
    """A test with one exception, and what management says of it."""
    test = ControlTest(
        engagement=engagement, control=control, sample=sample, procedures=["inquiry", "inspection"],
        procedure="Asked the engineering lead how changes are reviewed. Inspected the review of each drawn change.",
        attributes=[
            "A person reviewed the change before it was merged.", "The reviewer was not the author.",
            "The change names its ticket.",
        ],
    )  # fmt: skip
    test = keep_test(test, actor=auditor)
    said = [Said(line.pk, letter, "met") for line in items_of(sample) for letter in "ABC"]
    key = items_of(sample)[3].pk
    said = [one for one in said if (one.item, one.attribute) != (key, "B")]
    said.append(Said(key, "B", "not_met", "The author approved the change with a second account."))
    test = record_results(test, actor=auditor, results=said)
    test = conclude(test, actor=auditor, conclusion="exceptions", note="For one change the reviewer was its author.")
    respond(
        test, actor=owner, cause="Isolated: the account of a build robot could still approve.",
        impact="The change was about a log message; it was read again, and nothing was found.",
        fix="The robot's right to approve is gone, and the rule of the branch leaves authors out.",
        fix_by=today() + datetime.timedelta(days=14),
    )  # fmt: skip
