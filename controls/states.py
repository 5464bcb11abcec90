"""The words of the matrix: a criterion's states, and what a control can lack."""

from collections.abc import Sequence

from controls.models import Applicability, Status

COVERED, WEAK, GAP = "covered", "weak", "gap"
NOT_RELEVANT, OUT_OF_SCOPE = "not_relevant", "out_of_scope"
STATES = {
    GAP: "Gap",
    WEAK: "Weak",
    COVERED: "Covered",
    NOT_RELEVANT: "Not relevant",
    OUT_OF_SCOPE: "Out of scope",
}
MEANINGS = {
    GAP: "No control in scope is linked to the criterion.",
    WEAK: "Controls are in scope, but none of them is implemented yet.",
    COVERED: "At least one control in scope is implemented. Whether it operates is another question.",
    NOT_RELEVANT: "The company has given a reason why the criterion does not concern it.",
    OUT_OF_SCOPE: "The criterion's category is not part of the scope.",
}
LACK_MEANINGS = {
    "owner": "Nobody answers for the control.",
    "review": "The day of the control's next review has passed.",
    "wording": "Nothing says yet who does what, how often, on what.",
}
LACKS = {"owner": "No owner", "review": "Review overdue", "wording": "No wording in force"}
ATTENTION = "attention"  # as a filter: gaps, weak criteria, and controls that lack something
TONES = {GAP: "bad", WEAK: "warn", COVERED: "ok", NOT_RELEVANT: "mute", OUT_OF_SCOPE: "mute"}


def state_of(category_in_scope: bool, applicability: str, statuses: Sequence[str]) -> str:
    """A criterion's state, from the statuses of its controls in scope (R1.2, R1.3).

    A criterion that is partly carved out needs controls of ours all the same: it is judged like an applicable one.
    """
    if not category_in_scope:
        return OUT_OF_SCOPE
    if applicability == Applicability.NOT_RELEVANT:
        return NOT_RELEVANT
    if not statuses:
        return GAP
    return COVERED if Status.IMPLEMENTED in statuses else WEAK
