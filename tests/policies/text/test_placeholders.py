"""Which numbers a policy promises, how they are worded, and what a template leaves open."""

import pytest

from foundation.organisation.catalogue import CATALOGUE, Item
from policies.text.placeholders import keys_in, unfilled, unknown, worded

pytestmark = pytest.mark.any_database


def test_keys_are_found_wherever_they_are_shown():
    source = (
        "# {{ sla_high_days }}\n\n- **{{sla_low_days}}** {{ sla_high_days }}\n\n| {{ session_hours }} |\n|-|\n"
        "| [{{ dormant_days }}](http://example.com) ![{{ removal_days }}](x) |\n\n`{{ sla_critical_days }}`"
    )
    assert keys_in(source) == ["sla_high_days", "sla_low_days", "session_hours", "dormant_days", "removal_days"]
    assert unknown(source) == []


@pytest.mark.parametrize("key", ["nothing", "sla-high-days", "Sla_high_days", "sla_high_days | 30", "__class__", "1"])
def test_a_key_that_names_no_setting_is_unknown(key):
    assert unknown(f"Within {{{{ {key} }}}} and {{{{ sla_high_days }}}}") == [key]


def test_what_is_no_placeholder_is_no_key():
    assert keys_in("{{}} {{\n}} { {a} } {{ a }\n\n    {{ code }}\n") == []


def test_every_setting_has_words_for_its_number():
    for item in CATALOGUE.values():
        assert all(worded(item, number) for number in (item.least, item.default, item.most))


@pytest.mark.parametrize(
    ("unit", "number", "words"),
    [
        ("days", 30, "30 days"),
        ("days", 1, "1 day"),
        ("business days", 1, "1 business day"),
        ("business days", 0, "0 business days"),
        ("days", 1095, "1,095 days"),
        ("hours", 1, "1 hour"),
        ("percent", 10, "10%"),
        ("month", 4, "April"),
        ("items", 25, "25 items"),
    ],
)
def test_numbers_are_worded(unit, number, words):
    assert worded(Item("Group", "Words", "Reader", unit, 1, 0, 2000), number) == words


def test_what_is_open_is_found_wherever_it_stands():
    source = "Ask [fill in: whom].\n\n`[Fill in: code]` [fill-in: x] [ fill in\nlater"
    assert unfilled(source) == ["[fill in: whom]", "[Fill in: code]", "[fill-in: x]", "[ fill in\nlater"]
    assert unfilled("Fill in the form. [full inn: x] [filling in]") == []
