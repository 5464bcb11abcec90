"""The columns of samples and of tests of controls, and what they say beside fields: the “tests and results” table."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

from django.db.models import Max, Q

from audits.freezing import in_force
from audits.models import FrozenLine, Snapshot, SnapshotKind, Sort
from audits.models.requests import RequestEvidence
from audits.models.testing import (
    CONCLUSION_TONES,
    LETTERS,
    AuditSample,
    Conclusion,
    ControlTest,
    ItemEvidence,
    ItemResult,
    ManagementResponse,
    SampleItem,
    TestState,
)
from audits.testing.counting import Count, count
from controls.models import Wording
from foundation.accounts.access import moment_for, which
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.trail.asof import rows, thaw

TEST_RELATED: Final = ("engagement", "control", "sample", "sample__sample", "sample__sample__population", "tested_by")


def attach_tests(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Put onto tests what the table says beside their fields. Ten queries, whatever their number."""
    wordings, criteria = wordings_for(found, moment_for(user, moment, Wording)), criteria_for(found, moment)
    counts = counts_for(found, moment)
    ids = [one.pk for one in found]
    responses = {one.test_id: one for one in rows(ManagementResponse, moment).filter(test_id__in=ids)}
    following = rows(ControlTest, moment).filter(supersedes_id__in=ids)
    superseded = dict(following.values_list("supersedes_id", "id"))
    samples = which(user, "view", [one.sample for one in found if one.sample_id])
    for one in found:
        one.wordings = wordings[one.pk]
        one.criteria = criteria.get((one.engagement_id, one.control_id), [])
        one.count = counts[one.pk]
        one.opens_sample = one.sample_id in samples
        one.management = responses.get(one.pk)
        one.superseded = ControlTest.ref_of(superseded[one.pk]) if one.pk in superseded else ""


def wordings_for(found: list[Any], moment: datetime.datetime | None) -> dict[int, list[Any]]:
    """Each test's wordings of its control that were in force on a day of its engagement, in order. One query."""
    by_control: dict[int, list[Any]] = defaultdict(list)
    wanted = rows(Wording, moment).filter(control_id__in={one.control_id for one in found})
    for words in wanted.order_by("effective_from", "id"):
        by_control[words.control_id].append(thaw(words))
    return {one.pk: [words for words, _ in in_force(by_control[one.control_id], one.engagement)] for one in found}


def criteria_for(found: list[Any], moment: datetime.datetime | None) -> dict[tuple[int, int], list[str]]:
    """The criteria that each control meets by the frozen scope, by engagement and control. Two queries."""
    scopes = Snapshot.objects.filter(engagement__in={one.engagement_id for one in found}, kind=SnapshotKind.SCOPE)
    if moment is not None:
        scopes = scopes.filter(taken_at__lte=moment)
    latest = scopes.order_by().values("engagement").annotate(last=Max("number"))
    which = Q(pk__in=[])
    for one in latest:
        which |= Q(snapshot__engagement=one["engagement"], snapshot__number=one["last"])
    lines = FrozenLine.objects.filter(which, sort=Sort.CONTROL, facts__id__in=list({one.control_id for one in found}))
    told = lines.values_list("snapshot__engagement_id", "facts__id", "facts__criteria")
    return {(engagement, control): codes for engagement, control, codes in told}


def counts_for(found: list[Any], moment: datetime.datetime | None) -> dict[int, Count]:
    """N of N: as it was when a test was concluded, or as it stands while it runs. Two queries."""
    going_on = [one for one in found if one.state == TestState.RUNNING]
    lines = standing_lines({one.sample_id for one in going_on} - {None}, moment)
    outcomes: dict[int, dict[Any, str]] = defaultdict(dict)
    written = rows(ItemResult, moment).filter(test_id__in=[one.pk for one in going_on])
    for test, item, attribute, outcome in written.values_list("test_id", "item_id", "attribute", "outcome"):
        outcomes[test][(item, attribute)] = outcome
    told = {one.pk: Count(one.tested or 0, one.exceptions or 0, 0, 0) for one in found}
    for one in going_on:
        items: list[Any] = lines[one.sample_id] if one.sample_id else [None]
        told[one.pk] = count(items, LETTERS[: len(one.attributes)], outcomes[one.pk])
    return told


def standing_lines(samples: Iterable[int], moment: datetime.datetime | None) -> dict[int, list[int]]:
    """The lines of these samples that were not replaced, by sample. One query."""
    drawn = rows(SampleItem, moment).filter(audit_sample_id__in=samples)
    known = list(drawn.values_list("audit_sample_id", "id", "replaces_id"))
    replaced = {old for _, _, old in known}
    lines: dict[int, list[int]] = defaultdict(list)
    for sample, number, _ in known:
        if number not in replaced:
            lines[sample].append(number)
    return lines


# ---- words ---------------------------------------------------------------------------------------------------------


def count_words(test: Any) -> str:
    """Exceptions of those tested, where something was tested."""
    return test.count.words() if test.count.tested else ""


def result_words(test: Any) -> str:
    """The result with its counts, as the table says it."""
    counted = f" ({count_words(test)})" if test.count.tested else ""
    return f"{test.result}{counted}"


def wording_words(test: Any) -> str:
    """The wordings in force, each with its first day where there are several."""
    if len(test.wordings) == 1:
        return str(test.wordings[0].text)
    return "\n".join(f"From {one.effective_from}: {one.text}" for one in test.wordings)


def attribute_words(test: Any) -> str:
    """The attributes with their letters."""
    return "\n".join(f"{letter}: {words}" for letter, words in test.lettered())


def sample_words(test: Any) -> str:
    """The sample: how many of how many, by which method."""
    if test.sample is None:
        return ""
    drawn = test.sample.sample
    return f"{drawn.ref}: {drawn.size_words()}, {drawn.method_words().lower()}"


def population_words(test: Any) -> str:
    """The population that the sample is from."""
    return str(test.sample.sample.population) if test.sample is not None else ""


def response_words(test: Any) -> str:
    """Management's response, whole."""
    said = test.management
    if said is None:
        return ""
    until = f" Done by {said.fix_by}." if said.fix_by else ""
    return f"Cause: {said.cause}\nImpact: {said.impact}\nWhat is done: {said.fix}{until}"


def response_gap(test: Any) -> str:
    """The word for a response that is missing."""
    return "Missing" if test.count.exceptions and not test.superseded else ""


RESULT_TONES: Final = {label: CONCLUSION_TONES[value] for value, label in Conclusion.choices} | {"Running": "info"}


def sample_url(test: Any) -> str:
    """The page of a test's sample, for who sees it: who owns the control need not answer for the items."""
    return str(test.sample.get_absolute_url()) if test.opens_sample else ""


LONG: Final = (
    Column("wording", "Wording in force", get=wording_words, more=True),
    Column("procedure", "Procedure", more=True),
    Column("attributes", "Attributes", get=attribute_words, more=True),
    Column("population", "Population", get=population_words, more=True),
    Column("note", "Note of the conclusion", more=True),
    Column("response", "Management's response", get=response_words, more=True),
)
TEST_COLUMNS: Final = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column(
        "control", "Control", sort="control__ref", kind="title",
        get=lambda one: f"{one.control.ref} {one.control.name}",
    ),
    Column("criteria", "Criteria"),
    Column("procedure_words", "Procedures"),
    Column("sample", "Sample", get=sample_words, url=sample_url),
    Column("result", "Result", sort="conclusion", kind="badge", tones=RESULT_TONES),
    Column("count", "Exceptions", kind="text", get=count_words),
    Column("answered", "Response", get=lambda one: "Given" if one.management else "", empty=response_gap),
    Column("engagement", "Engagement", sort="engagement__name", more=True),
    Column("superseded", "Superseded by", more=True),
    Column("tested_by", "Tested by", sort="tested_by__name", kind="person", more=True),
    Column("concluded_at", "Concluded", sort="concluded_at", kind="moment", more=True),
    *LONG,
)  # fmt: skip
TEST_FACTS: Final = (
    Column("engagement", "Engagement"),
    Column("criteria", "Criteria"),
    Column("wording", "Wording in force", get=wording_words, empty="Not worded"),
    Column("procedure_words", "Procedures"),
    Column("procedure", "What is done"),
    Column("attributes", "Attributes", get=attribute_words),
    Column("population", "Population", get=population_words),
    Column("sample", "Sample", get=sample_words, url=sample_url),
    Column("tested_by", "Tested by", kind="person"),
    Column("recorded_at", "Results written", kind="moment"),
    Column("concluded_by", "Concluded by", kind="person"),
    Column("concluded_at", "Concluded", kind="moment"),
    Column("note", "Note of the conclusion"),
    Column(
        "supersedes", "Supersedes", get=lambda one: ControlTest.ref_of(one.supersedes_id) if one.supersedes_id else "",
        url=lambda one: ControlTest(pk=one.supersedes_id).get_absolute_url() if one.supersedes_id else "",
    ),
    Column("reason", "Why it was opened again"),
)  # fmt: skip


def attach_samples(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """How many items of each stand, and how many have evidence. Two queries."""
    lines = standing_lines([one.pk for one in found], moment)
    shown = items_with_evidence(list(chain.from_iterable(lines.values())), moment)
    for one in found:
        one.lines, one.with_evidence = len(lines[one.pk]), sum(number in shown for number in lines[one.pk])


def items_with_evidence(items: list[int], moment: datetime.datetime | None) -> set[int]:
    """Those of the lines for which something is handed in. One query."""
    live = rows(RequestEvidence, moment).filter(archived_at=None)
    links = rows(ItemEvidence, moment).filter(item_id__in=items, archived_at=None, handed_in_id__in=live.values("id"))
    return set(links.values_list("item_id", flat=True))


def population_of(one: AuditSample) -> str:
    """The population that it was drawn from."""
    return str(one.sample.population)


SAMPLE_RELATED: Final = ("sample", "sample__population", "sample__drawn_by", "request", "engagement")
SAMPLE_COLUMNS: Final = (
    Column("ref", "Sample", sort="sample_id", kind="ref"),
    Column("population", "Population", sort="sample__population__title", kind="title", get=population_of),
    Column("method", "Method", get=lambda one: one.sample.method_words()),
    Column("size", "Items", get=lambda one: one.sample.size_words()),
    Column("evidence", "With evidence", get=lambda one: f"{one.with_evidence} of {one.lines}"),
    Column(
        "request", "Request", get=lambda one: one.request.ref, url=lambda one: one.request.get_absolute_url(),
    ),
    Column("drawn_by", "Drawn by", kind="person", get=lambda one: one.sample.drawn_by),
    Column("drawn_at", "Drawn", sort="sample__drawn_at", kind="moment", get=lambda one: one.sample.drawn_at),
    Column("purpose", "For", get=lambda one: one.sample.get_purpose_display(), more=True),
    Column("engagement", "Engagement", sort="engagement__name", more=True),
)  # fmt: skip
SAMPLE_FACTS: Final = (
    Column("engagement", "Engagement"),
    *SAMPLE_COLUMNS[1:9],
    Column("seed", "Seed", empty="None: a person picked", get=lambda one: one.sample.seed),
    Column("algorithm", "Algorithm", empty="None: a person picked", get=lambda one: one.sample.algorithm),
    Column("population_sha256", "Population's SHA-256", get=lambda one: one.sample.population_sha256),
    Column("reason", "Reason", get=lambda one: one.sample.reason),
)
