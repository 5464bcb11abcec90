"""One search over all registers, and each list by the reference of its records."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import grc.urls  # noqa: F401 - so that every register's pages are known
from controls.models import Control
from evidence.filters import EvidenceFilter
from evidence.models import Evidence, Population, Sample
from evidence.sampling.actions import draw
from evidence.sampling.forms import PopulationFilter, SampleFilter
from findings import follow_up
from findings.filters import CorrectiveActionFilter, FindingFilter
from findings.models import CorrectiveAction, Finding
from foundation.accounts.models import User
from foundation.pages.pages import Pages
from foundation.pages.search import find
from grc.wiring import SEARCH
from tests.factories.controls import ControlFactory
from tests.factories.evidence import evidence
from tests.factories.findings import day, finding
from tests.factories.populations import population

NUMBERED = {
    "EV": (Evidence, EvidenceFilter),
    "F": (Finding, FindingFilter),
    "CA": (CorrectiveAction, CorrectiveActionFilter),
    "POP": (Population, PopulationFilter),
    "SMP": (Sample, SampleFilter),
}


@pytest.fixture
def alike(compliance: User, owner: User) -> Control:
    """Records of every register with the same numbers, and a control whose name has the letters of references."""
    control = ControlFactory(ref="REV-1", name="What became of F-1 and POP-1")
    for number in range(11):
        evidence(control, content=f"{number}".encode())
        flaw = finding(control)
        follow_up.plan_action(flaw, actor=compliance, what="Pin it", owner=owner, due_on=day(5))
        listed = population((f"CHG-{number}", "2026-07-14"), actor=owner, controls=[control])
        draw(listed, actor=owner, method="random", size=1)
    return control


def refs(user: User, words: str) -> list[str]:
    return [hit.ref for hit in find(SEARCH, user, words)]


@pytest.mark.parametrize("prefix", NUMBERED)
def test_a_reference_finds_its_record_alone(alike: Control, compliance: User, prefix: str):
    model, filter_class = NUMBERED[prefix]
    one = model.objects.order_by("id").first()
    for words in (one.ref, one.ref.lower(), f" {one.ref} "):
        assert refs(compliance, words) == [one.ref], words
        listed = filter_class({"q": words}, queryset=model.objects.all(), user=compliance)
        assert list(listed.qs) == [one], words
    past = model.history.all()
    assert set(filter_class({"q": one.ref}, queryset=past, user=compliance).qs.values_list("id", flat=True)) == {one.pk}


def test_a_number_alone_is_no_reference(alike: Control, compliance: User):
    assert refs(compliance, str(Finding.objects.latest("id").pk + 1000)) == []
    assert refs(compliance, f"F-{10**18}") == refs(compliance, "F-0") == refs(compliance, "EV-999999") == []


def test_a_control_that_is_called_like_a_reference_is_found_too(alike: Control, compliance: User):
    named = ControlFactory(ref="EV-1")
    assert refs(compliance, "ev-1")[0] == named.ref
    assert alike.ref not in refs(compliance, "ev-1")
    assert alike.ref in refs(compliance, "became")


def test_a_search_asks_each_register_once(alike: Control, compliance: User):
    for words in ("F-1", "pin", "e"):
        with CaptureQueriesContext(connection) as asked:
            refs(compliance, words)
        assert len(asked) <= len(SEARCH), words


def registers() -> list[type[Pages]]:
    """Every class of pages that has a list."""
    found: list[type[Pages]] = []
    more: list[type[Pages]] = [Pages]
    while more:
        some = more.pop().__subclasses__()
        found, more = found + some, more + some
    ours = [one for one in found if hasattr(one, "filter_class") and one.__module__.split(".")[0] != "tests"]
    return [one for one in ours if "list" not in one.left_out]


@pytest.mark.parametrize("pages", registers(), ids=lambda pages: pages.__name__)
def test_only_what_can_be_archived_offers_the_archived(pages: type[Pages]):
    choices = pages.filter_class.base_filters.get("show")
    offers = choices is not None and "archived" in dict(choices.extra["choices"])
    assert offers == pages.filter_class.archives
    if pages.filter_class.archives:
        assert "archive" not in pages.left_out
