"""The duties that are kept apart: a literal catalogue, read by `access.apart`, the page of roles, errors and tests."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Duty:
    """Two steps that one person does not take both. `rule` is what the refused person reads.

    `register`: the label of the records it is about. `may_be_excepted`: whether a DutyException can lift it for one
    person for a while; what protects the exceptions and the accounts themselves can never be lifted.
    """

    id: str
    rule: str
    register: str
    may_be_excepted: bool = False


NOT_APPLICABLE: Final = Duty(
    "control.not_applicable",
    "Who proposed it as not applicable cannot approve it.",
    "controls.control",
    may_be_excepted=True,
)
EVIDENCE_REVIEW: Final = Duty(
    "evidence.review",
    "Who submitted or collected it cannot judge it.",
    "evidence.evidence",
    may_be_excepted=True,
)
EXEMPTION: Final = Duty(
    "exemption.approve",
    "Who asked to except it cannot approve that.",
    "evidence.exemption",
    may_be_excepted=True,
)
FINDING_ACCEPTANCE: Final = Duty(
    "finding.accept",
    "Who owns it or asked to accept it cannot approve that.",
    "findings.finding",
    may_be_excepted=True,
)
FINDING_VERIFICATION: Final = Duty(
    "finding.verify",
    "Who fixed it cannot verify that.",
    "findings.finding",
    may_be_excepted=True,
)
ACTION_VERIFICATION: Final = Duty(
    "correctiveaction.verify",
    "Who did a corrective action cannot verify it.",
    "findings.correctiveaction",
    may_be_excepted=True,
)
ACCESS_DECISION: Final = Duty(
    "accessreview.decide",
    "Nobody decides on their own account, nor on one of a system that they administer.",
    "accessreviews.decision",
)
ACCESS_APPROVAL: Final = Duty(
    "accessreview.approve",
    "Who decided or signed any of it cannot approve it.",
    "accessreviews.review",
)
REMOVAL_CONFIRMATION: Final = Duty(
    "removal.confirm",
    "Who removed it or pulled the listing that shows it cannot be the only one to verify it.",
    "accessreviews.removal",
)
REMOVAL_EXCEPTION: Final = Duty(
    "removal.except",
    "Who asked to except it, sees to it or says that it is done cannot approve that.",
    "accessreviews.removal",
    may_be_excepted=True,
)
RISK_ACCEPTANCE: Final = Duty(
    "acceptance.approve",
    "Who owns the risk or asked to accept it cannot approve that.",
    "risks.acceptance",
)
ASSESSMENT_APPROVAL: Final = Duty(
    "assessment.approve",
    "Who led, submitted or took part in an assessment cannot approve it.",
    "risks.assessment",
)
VENDOR_APPROVAL: Final = Duty(
    "vendor.approve",
    "Who owns a vendor or assessed it cannot approve its use.",
    "vendors.vendor",
)
VENDOR_REVIEW_APPROVAL: Final = Duty(
    "vendorreview.approve",
    "Who did or submitted a review of a vendor cannot approve it.",
    "vendors.vendorreview",
    may_be_excepted=True,
)
WORKSHEET_APPROVAL: Final = Duty(
    "worksheet.approve",
    "Who read a report or submitted its worksheet cannot approve it.",
    "vendors.worksheet",
    may_be_excepted=True,
)
ASSERTION_SIGNATURE: Final = Duty(
    "assertion.sign",
    "Who alone wrote an assertion of management cannot sign it.",
    "audits.assertion",
)
POLICY_APPROVAL: Final = Duty(
    "policy.approve",
    "Who wrote a version of a policy cannot be the only one to approve it.",
    "policies.policyversion",
    may_be_excepted=True,
)
POLICY_EXCEPTION: Final = Duty(
    "policyexception.approve",
    "Who asked to be excepted from a policy cannot approve that.",
    "policies.policyexception",
    may_be_excepted=True,
)
PLAN_APPROVAL: Final = Duty(
    "planversion.approve",
    "Who wrote or submitted any of a response plan cannot approve it.",
    "incidents.planversion",
    may_be_excepted=True,
)
INCIDENT_LOWERED: Final = Duty(
    "incident.close",
    "Who lowered an incident from severity 1 or 2 cannot close it without its review.",
    "incidents.incident",
)
INCIDENT_REVIEW_APPROVAL: Final = Duty(
    "postincidentreview.approve",
    "Who wrote or submitted a post-incident review cannot approve it.",
    "incidents.postincidentreview",
    may_be_excepted=True,
)
EXERCISE_APPROVAL: Final = Duty(
    "exercise.approve",
    "Who facilitated an exercise, or wrote or signed its record, cannot approve it.",
    "incidents.exercise",
    may_be_excepted=True,
)
CONTROL_TEST: Final = Duty(
    "controltest.perform", "Who owns or operates a control cannot test it for an audit.", "audits.controltest"
)
ONESELF: Final = Duty("user.oneself", "Nobody does this to their own account.", "accounts.user")
OWN_ROLE: Final = Duty("user.own_role", "Nobody changes their own role.", "accounts.user")
OWN_ACCOUNT: Final = Duty("user.own_deactivation", "Nobody deactivates their own account.", "accounts.user")
OWN_FACTOR: Final = Duty("user.own_factor", "Nobody resets their own second factor.", "accounts.user")
EXCEPTION_REQUESTED: Final = Duty(
    "dutyexception.requested", "Who asked for an exception cannot approve it.", "accounts.dutyexception"
)
EXCEPTION_OF_ONESELF: Final = Duty(
    "dutyexception.oneself", "Nobody approves an exception for themselves.", "accounts.dutyexception"
)

_ALL: Final = (
    NOT_APPLICABLE,
    EVIDENCE_REVIEW,
    EXEMPTION,
    FINDING_ACCEPTANCE,
    FINDING_VERIFICATION,
    ACTION_VERIFICATION,
    ACCESS_DECISION,
    ACCESS_APPROVAL,
    REMOVAL_CONFIRMATION,
    REMOVAL_EXCEPTION,
    RISK_ACCEPTANCE,
    ASSESSMENT_APPROVAL,
    VENDOR_APPROVAL,
    VENDOR_REVIEW_APPROVAL,
    WORKSHEET_APPROVAL,
    ASSERTION_SIGNATURE,
    POLICY_APPROVAL,
    POLICY_EXCEPTION,
    PLAN_APPROVAL,
    INCIDENT_LOWERED,
    INCIDENT_REVIEW_APPROVAL,
    EXERCISE_APPROVAL,
    CONTROL_TEST,
    ONESELF,
    OWN_ROLE,
    OWN_ACCOUNT,
    OWN_FACTOR,
    EXCEPTION_REQUESTED,
    EXCEPTION_OF_ONESELF,
)
DUTIES: Final[dict[str, Duty]] = {duty.id: duty for duty in _ALL}


def rules() -> list[tuple[str, str]]:
    """Every duty with its rule: the words of a model's field."""
    return [(duty.id, duty.rule) for duty in _ALL]


def kinds_of_record() -> list[tuple[str, str]]:
    """Every kind of record that a duty is about, in a word: the same."""
    labels = dict.fromkeys(duty.register for duty in _ALL)
    return [(label, label.partition(".")[2].capitalize()) for label in labels]


EXCEPTABLE: Final[dict[str, Duty]] = {id_: duty for id_, duty in DUTIES.items() if duty.may_be_excepted}
