"""Stretches of time, in words."""

from datetime import timedelta

import pytest

from incidents.clocks.words import period, spell

pytestmark = pytest.mark.any_database

SPELT = [
    (timedelta(seconds=59), "less than a minute"),
    (timedelta(minutes=1), "1 minute"),
    (timedelta(minutes=59, seconds=59), "59 minutes"),
    (timedelta(hours=1), "1 hour"),
    (timedelta(hours=5, minutes=1), "5 hours 1 minute"),
    (timedelta(days=1, minutes=30), "1 day"),  # and not “1 day 30 minutes”
    (timedelta(days=3, hours=4, minutes=59), "3 days 4 hours"),
    (timedelta(days=1200), "1,200 days"),
    (timedelta(hours=-5, minutes=-2), "5 hours 2 minutes"),
]


@pytest.mark.parametrize(("stretch", "words"), SPELT)
def test_a_stretch_is_said_in_its_two_largest_units(stretch: timedelta, words: str) -> None:
    assert spell(stretch) == words


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (72, "hours", "72 hours"),
        (1, "hours", "1 hour"),
        (1, "months", "1 month"),
        (4, "business_days", "4 business days"),
        (1, "days", "1 calendar day"),
        (None, "hours", "without undue delay"),
    ],
)
def test_a_period_is_said_as_its_rule_says_it(amount: int | None, unit: str, words: str) -> None:
    assert period(amount, unit) == words
