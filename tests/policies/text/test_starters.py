"""The starter texts: whole, our own, and promising no number that nobody set."""

import csv
import re
from pathlib import Path

import pytest
from django.conf import settings

from policies.text.markdown import too_much
from policies.text.placeholders import keys_in, unfilled, unknown
from policies.text.render import to_html
from policies.text.starters import FOLDER, starters

pytestmark = pytest.mark.any_database

SECTIONS = ["Purpose", "Scope", "Rules", "Responsibilities", "Exceptions", "Review"]
OPEN = re.compile(r"\[fill in: [^\]]+\]|\{\{ \w+ \}\}")
TIMES = re.compile(
    r"\d|\b(daily|weekly|monthly|quarterly|yearly|annual\w*|twice|percent|"
    r"(one|two|three|four|five|six|seven|ten|twelve|every|each|per|a|an) (business |working )?"
    r"(minute|hour|day|week|month|quarter|year)s?)\b",
    re.IGNORECASE,
)


@pytest.fixture(params=starters().values(), ids=list(starters()))
def starter(request):
    return request.param


def test_the_index_and_the_folder_agree():
    assert {path.stem for path in Path(FOLDER).glob("*.md")} == set(starters())
    assert len(starters()) == 24
    titles = [starter.title for starter in starters().values()]
    assert len(set(titles)) == len(titles)


def test_it_names_controls_of_the_starter_set(starter):
    with (settings.BASE_DIR / "controls" / "starter" / "controls.csv").open(encoding="utf-8", newline="") as file:
        known = {row["id"] for row in csv.DictReader(file)}
    assert starter.controls
    assert "POL-02" in starter.acknowledgement  # everybody acknowledges every policy, unless somebody says otherwise
    assert set(starter.suggested) <= known


def test_it_has_every_section(starter):
    assert re.findall(r"^## (.+)$", starter.text, re.MULTILINE) == SECTIONS
    assert 350 <= len(starter.text.split()) <= 700


def test_it_promises_numbers_of_the_catalogue_alone(starter):
    words = re.sub(r"^\d+\. ", "", OPEN.sub("", starter.text), flags=re.MULTILINE)
    assert [found[0] for found in TIMES.finditer(words)] == []
    assert keys_in(starter.text)
    assert unknown(starter.text) == []


def test_it_has_to_be_adapted_before_it_is_a_policy(starter):
    assert unfilled(starter.text)
    assert len(unfilled(starter.text)) == starter.text.lower().count("fill in")


def test_it_is_drawn_whole(starter):
    assert too_much(starter.text) == ""
    html = to_html(starter.text, dict.fromkeys(keys_in(starter.text), "30 days"))
    assert "unset" not in html
    assert "{{" not in html
    assert "|" not in re.sub(r"<[^>]*>", "", html), "a table that is none"
    assert html.count("<table") >= 1
