"""The catalogue of verbs and the code that uses it."""

import ast
from pathlib import Path

import pytest

import grc.urls  # noqa: F401 - loads every subclass of Pages
from foundation.accounts.table import TABLE
from foundation.pages.pages import Pages
from foundation.trail.verbs import VERBS

ROOT = Path(__file__).parents[2]
APPS = (
    "accessreviews", "audits", "controls", "evidence", "findings", "foundation", "grc", "home", "incidents", "people",
    "policies",
    "risks", "systems", "vendors",
)  # fmt: skip
WRITERS = {"record", "write_entry", "draft"}
PARTICIPLES = {"add": ["created"], "change": ["updated"], "archive": ["archived", "restored"], "import": ["updated"]}
CALLED = {  # what is made there has a name of its own in the field
    "auditsample.created": "auditsample.drawn",
    "evidence.created": "evidence.submitted",
    "exemption.created": "exemption.requested",
    "acceptance.created": "acceptance.requested",
    "notice.created": "notice.recorded",
    "finding.created": "finding.raised",
    "listing.created": "listing.frozen",
    "population.created": "population.frozen",
}
NAMED = {"verb", "verb_created", "verb_updated"}


def told(path):
    """The verbs that a module hands to the save path or to record() as plain text."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")  # not self.record(), which is a page's
            if name == "Column":
                continue  # whose verb is a permission's
            values = [keyword.value for keyword in node.keywords if keyword.arg in NAMED]
            for value in [*values, *(node.args[:1] if name in WRITERS else [])]:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value


def test_every_verb_that_the_code_tells_is_in_the_catalogue():
    used = {verb for app in APPS for path in (ROOT / app).rglob("*.py") for verb in told(path)}
    assert len(used) > 30
    assert used - set(VERBS) == set()


@pytest.mark.parametrize("pages", Pages.__subclasses__(), ids=lambda pages: pages.__name__)
def test_every_register_has_the_verbs_of_its_pages(pages):
    given = TABLE[pages.model._meta.label_lower]
    told = {f"{pages.name()}.{word}" for may, words in PARTICIPLES.items() if may in given for word in words}
    assert {CALLED.get(verb, verb) for verb in told} <= set(VERBS)


def test_verbs_are_named_alike_and_say_something():
    for verb, words in VERBS.items():
        noun, _, participle = verb.partition(".")
        assert noun.isalpha(), verb
        assert participle.replace("_", "").isalpha(), verb
        assert words, verb
        assert len(verb) <= 60, verb
    assert len(set(VERBS.values())) == len(VERBS)
