"""What the database itself refuses: a drawn item is never edited, a concluded test and its results are frozen, and
neither tests nor responses change once the engagement's report is issued.
"""

from typing import Final

from foundation.trail.guards import Guard, stays, written_once

DRAWN: Final = "What an auditor drew stands as it was drawn."
CONCLUDED: Final = "The test is concluded: it stays as it is."
ISSUED: Final = "The report is issued: tests and responses stay as they are."


def _issued(row: str) -> str:
    return (
        "EXISTS (SELECT 1 FROM audits_engagement whole"  # noqa: S608 - names of ours
        f" WHERE whole.id = {row}.engagement_id AND whole.status = 'closed')"
    )


def _shut(row: str, concluded: str = "") -> str:
    """The test that a row is of is concluded (where asked), or its engagement closed."""
    return (
        "EXISTS (SELECT 1 FROM audits_controltest test JOIN audits_engagement whole ON whole.id = test.engagement_id"  # noqa: S608
        f" WHERE test.id = {row}.test_id AND (whole.status = 'closed'{concluded}))"
    )


_ENDED: Final = " OR test.state = 'concluded'"

TESTING_GUARDS: Final = (
    *written_once(DRAWN, "audits_auditsample", "audits_sampleitem"),
    Guard("audits_controltest", "INSERT", ISSUED, _issued("NEW")),
    *stays("audits_controltest", CONCLUDED, f"OLD.state = 'concluded' OR {_issued('OLD')} OR {_issued('NEW')}"),
    Guard("audits_itemresult", "INSERT", CONCLUDED, _shut("NEW", _ENDED)),
    *stays("audits_itemresult", CONCLUDED, f"{_shut('OLD', _ENDED)} OR {_shut('NEW', _ENDED)}"),
    Guard("audits_managementresponse", "INSERT", ISSUED, _shut("NEW")),
    *stays("audits_managementresponse", ISSUED, f"{_shut('OLD')} OR {_shut('NEW')}"),
)
