"""How fast accounts were decided on: what the approver sees beside the decisions, to tell judgement from a stamp."""

from statistics import median
from typing import Any, Final

from accessreviews.models import Assignment, Decision

HASTE: Final = 3  # seconds for one account: faster than anybody reads a row
BREAK: Final = 900  # a longer pause is no time spent on an account


def pace_of(part: Assignment) -> dict[str, int]:
    """What is kept of a part's pace when it is signed.

    single: decided one by one; bulk: kept together; median: seconds of one (rounded); hasty: within HASTE; minutes:
    spent in all, without breaks. By the server's clock, from one decision to the next.
    """
    decided = Decision.objects.filter(assignment=part).exclude(choice="")
    rows = list(decided.values_list("seconds", "in_bulk"))
    timed = [seconds for seconds, in_bulk in rows if seconds is not None and not in_bulk and seconds <= BREAK]
    bulk = sum(in_bulk for _, in_bulk in rows)
    return {
        "single": len(rows) - bulk,
        "bulk": bulk,
        "median": round(median(timed)) if timed else 0,
        "hasty": sum(seconds < HASTE for seconds in timed),
        "minutes": round(sum(timed) / 60),
    }


def pace_words(pace: dict[str, Any]) -> str:
    """The pace in one line; "" for what is not signed."""
    if not pace:
        return ""
    said = [f"{pace['single']} one by one"]
    if pace["single"] > 1:
        said += [f"{pace['median']} s each (median)", f"{pace['hasty']} within {HASTE} s"]
    return ", ".join([*said, f"{pace['bulk']} kept together"])
