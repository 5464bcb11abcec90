"""Every number that an organisation may set: what it means, its bounds, and what holds until somebody sets it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """`words` name it on the page, `reader` says what it changes; the value is a whole number of `unit`."""

    group: str
    words: str
    reader: str
    unit: str
    default: int
    least: int
    most: int


CADENCES, DEADLINES, SAMPLES = "Cadences", "Deadlines", "Sample sizes"
ACCESS = "Access"
SIGN_IN, HOUSEKEEPING = "Sign-in", "Housekeeping"
INSTALLATION = (SIGN_IN, HOUSEKEEPING)  # the administrator's business; all else is the programme's

# Usual practice, not requirements (SOC 2 prescribes no numbers): each company sets what its policies promise.
CATALOGUE: dict[str, Item] = {
    "control_review_days": Item(
        CADENCES,
        "Control review",
        "A control's next review is due this long after its last one.",
        "days",
        365,
        30,
        730,
    ),
    "review_due_soon_days": Item(
        CADENCES,
        "Due soon",
        "My work shows a review this long before it is due.",
        "days",
        30,
        1,
        180,
    ),
    "vendor_review_critical_days": Item(
        CADENCES,
        "Vendor review, critical",
        "A critical vendor is reviewed again this long after its last review.",
        "days",
        365,
        30,
        730,
    ),
    "vendor_review_high_days": Item(
        CADENCES,
        "Vendor review, high",
        "A vendor of the high tier is reviewed again after this time.",
        "days",
        365,
        30,
        1095,
    ),
    "vendor_review_medium_days": Item(
        CADENCES,
        "Vendor review, medium",
        "A vendor of the medium tier is reviewed again after this time.",
        "days",
        730,
        90,
        1825,
    ),
    "vendor_review_low_days": Item(
        CADENCES,
        "Vendor review, low",
        "A vendor of the low tier is reviewed again after this time.",
        "days",
        1095,
        90,
        1825,
    ),
    "vendor_review_ahead_days": Item(
        CADENCES,
        "Vendor review begins",
        "The recurring review of a vendor is opened this long before it is due.",
        "days",
        30,
        1,
        120,
    ),
    "risk_review_unrated_days": Item(
        CADENCES,
        "Review of a new risk",
        "A risk that nobody rated yet is looked at within this time.",
        "days",
        30,
        1,
        365,
    ),
    "risk_review_low_days": Item(
        CADENCES,
        "Review of a low risk",
        "After a rating or review, the next is due this long after it.",
        "days",
        365,
        30,
        730,
    ),
    "risk_review_medium_days": Item(
        CADENCES,
        "Review of a medium risk",
        "After a rating or review, the next is due this long after it.",
        "days",
        365,
        30,
        730,
    ),
    "risk_review_high_days": Item(
        CADENCES,
        "Review of a high risk",
        "After a rating or review, the next is due this long after it.",
        "days",
        180,
        14,
        365,
    ),
    "risk_review_critical_days": Item(
        CADENCES,
        "Review of a critical risk",
        "After a rating or review, the next is due this long after it.",
        "days",
        90,
        7,
        365,
    ),
    "policy_review_days": Item(
        CADENCES,
        "Policy review",
        "A policy is reviewed again this long after its approval or last review, unless it says another time.",
        "days",
        365,
        30,
        366,
    ),
    "acknowledgement_again_days": Item(
        CADENCES,
        "Acknowledgement anew",
        "Everybody acknowledges the policies that are for them again this long after the last time.",
        "days",
        365,
        90,
        730,
    ),
    "acknowledgement_reminder_days": Item(
        CADENCES,
        "Reminder to acknowledge",
        "Whoever has policies to read is reminded this long before they are due, and as often once they are overdue.",
        "days",
        7,
        1,
        60,
    ),
    "programme_year_month": Item(
        CADENCES,
        "First month of the year",
        "Quarters, halves and years of the programme are counted from this month.",
        "month",
        1,
        1,
        12,
    ),
    "grace_daily_days": Item(
        DEADLINES,
        "Grace, daily",
        "Evidence of a day may be captured this long after it.",
        "days",
        3,
        0,
        30,
    ),
    "grace_weekly_days": Item(
        DEADLINES, "Grace, weekly", "Evidence of a week may be captured this long after it.", "days", 7, 0, 30
    ),
    "grace_monthly_days": Item(
        DEADLINES, "Grace, monthly", "Evidence of a month may be captured this long after it.", "days", 10, 0, 60
    ),
    "grace_longer_days": Item(
        DEADLINES,
        "Grace, longer",
        "Evidence of a quarter, a half or a year, and of single events, may be captured this long afterwards.",
        "days",
        15,
        0,
        90,
    ),
    "sla_critical_days": Item(
        DEADLINES, "Critical finding", "To be fixed within this time from its first detection.", "days", 7, 1, 90
    ),
    "sla_high_days": Item(
        DEADLINES, "High finding", "To be fixed within this time from its first detection.", "days", 30, 1, 180
    ),
    "sla_medium_days": Item(
        DEADLINES, "Medium finding", "To be fixed within this time from its first detection.", "days", 90, 1, 365
    ),
    "sla_low_days": Item(
        DEADLINES, "Low finding", "To be fixed within this time from its first detection.", "days", 180, 1, 730
    ),
    "sla_exploited_exposed_days": Item(
        DEADLINES,
        "Exploited and exposed",
        "Whatever is known to be exploited and reached from the internet is to be fixed within this time at most.",
        "days",
        3,
        1,
        30,
    ),
    "sla_exploited_days": Item(
        DEADLINES,
        "Exploited",
        "Whatever is known to be exploited is to be fixed within this time at most, whatever its severity.",
        "days",
        7,
        1,
        60,
    ),
    "sla_exposed_high_days": Item(
        DEADLINES, "High, exposed", "A high finding that the internet reaches: at most this time.", "days", 15, 1, 90
    ),
    "sla_exposed_medium_days": Item(
        DEADLINES, "Medium, exposed", "A medium finding that the internet reaches: at most this.", "days", 60, 1, 180
    ),
    "risk_acceptance_low_days": Item(
        DEADLINES,
        "Acceptance of a low risk",
        "It ends after this time at the latest; then the risk is open again.",
        "days",
        365,
        7,
        365,
    ),
    "risk_acceptance_medium_days": Item(
        DEADLINES,
        "Acceptance of a medium risk",
        "It ends after this time at the latest; then the risk is open again.",
        "days",
        365,
        7,
        365,
    ),
    "risk_acceptance_high_days": Item(
        DEADLINES,
        "Acceptance of a high risk",
        "It ends after this time at the latest; then the risk is open again.",
        "days",
        180,
        7,
        365,
    ),
    "risk_acceptance_critical_days": Item(
        DEADLINES,
        "Acceptance of a critical risk",
        "It ends after this time at the latest; then the risk is open again.",
        "days",
        90,
        7,
        365,
    ),
    "acknowledgement_joining_days": Item(
        DEADLINES,
        "Acknowledgement on joining",
        "Whoever joins acknowledges the policies that are for them within this time from the first day.",
        "days",
        30,
        1,
        180,
    ),
    "acknowledgement_change_days": Item(
        DEADLINES,
        "Acknowledgement of a change",
        "A material change of a policy is acknowledged within this time from the day on which it is in force.",
        "days",
        30,
        1,
        180,
    ),
    "policy_exception_days": Item(
        DEADLINES,
        "Exception from a policy",
        "It ends after this time at the latest.",
        "days",
        180,
        7,
        366,
    ),
    "incident_review_days": Item(
        DEADLINES,
        "Post-incident review",
        "The review of an incident of severity 1 or 2 is due this long after its recovery.",
        "business days",
        5,
        1,
        60,
    ),
    "request_due_days": Item(
        DEADLINES,
        "Auditor's request",
        "What an auditor asks for is answered within this time, unless the request names a day.",
        "business days",
        2,
        0,
        60,
    ),
    "request_reminder_days": Item(
        DEADLINES,
        "Reminder of a request",
        "Whoever is to answer an auditor's request is reminded this long before it is due, and once more when it is "
        "late.",
        "days",
        1,
        0,
        30,
    ),
    "digest_weekday": Item(
        CADENCES,
        "Weekly digest",
        "On this day of the week people are mailed what is late, due and waiting: 1 is Monday, 7 is Sunday.",
        "weekday",
        1,
        1,
        7,
    ),
    "exercise_days": Item(
        CADENCES,
        "Exercise of the response plan",
        "The response plan is exercised again this long after its last exercise.",
        "days",
        365,
        30,
        730,
    ),
    "plan_review_days": Item(
        CADENCES,
        "Review of the response plan",
        "The response plan is looked at again this long after its approval or last review.",
        "days",
        365,
        30,
        730,
    ),
    "removal_privileged_days": Item(
        DEADLINES,
        "Removal, privileged",
        "Privileged access that a review decided to remove or change is gone within this time from the signature.",
        "business days",
        1,
        0,
        30,
    ),
    "removal_days": Item(
        DEADLINES,
        "Removal, other",
        "Other access that a review decided to remove or change is gone within this time from the signature.",
        "business days",
        5,
        0,
        60,
    ),
    "sample_annual": Item(SAMPLES, "Annual", "Of a control that operates once a year.", "items", 1, 1, 5),
    "sample_quarterly": Item(SAMPLES, "Quarterly", "Of a control that operates 2 or 4 times a year.", "items", 2, 1, 4),
    "sample_monthly": Item(SAMPLES, "Monthly", "Of a control that operates every month.", "items", 3, 1, 12),
    "sample_weekly": Item(SAMPLES, "Weekly", "Of a control that operates every week.", "items", 8, 1, 52),
    "sample_daily": Item(SAMPLES, "Daily", "Of a control that operates every day.", "items", 25, 1, 250),
    "sample_continuous": Item(
        SAMPLES, "Automated", "Of each state of a control that a system runs all the time.", "items", 1, 1, 25
    ),
    "sample_events_percent": Item(
        SAMPLES, "Events, share", "Of up to 250 events this share is taken, rounded up.", "percent", 10, 1, 100
    ),
    "sample_events_least": Item(
        SAMPLES, "Events, at least", "Of up to 250 events never fewer, unless there are fewer.", "items", 5, 1, 250
    ),
    "sample_events_high": Item(
        SAMPLES, "Events, high risk", "Of up to 250 events where the risk is high.", "items", 25, 1, 250
    ),
    "sample_many": Item(SAMPLES, "Many events", "Of more than 250 events.", "items", 25, 1, 500),
    "sample_many_high": Item(
        SAMPLES, "Many events, high risk", "Of more than 250 events where the risk is high.", "items", 60, 1, 500
    ),
    "report_stale_days": Item(
        DEADLINES,
        "Vendor report, stale",
        "A SOC report counts as stale when its period ended longer ago than this.",
        "days",
        365,
        90,
        730,
    ),
    "subprocessor_notice_days": Item(
        DEADLINES,
        "Sub-processors, notice",
        "Customers are told this long before a new or changed sub-processor is in force.",
        "days",
        30,
        0,
        180,
    ),
    "dormant_days": Item(
        ACCESS,
        "Dormant account",
        "An account is dormant when its last sign-in lies more than this before its listing.",
        "days",
        90,
        7,
        730,
    ),
    "session_idle_minutes": Item(
        SIGN_IN, "Without activity", "Whoever does nothing for this long has to sign in again.", "minutes", 30, 5, 240
    ),
    "session_hours": Item(
        SIGN_IN, "Longest session", "Everybody has to sign in again after this long.", "hours", 12, 1, 24
    ),
    "job_file_days": Item(
        HOUSEKEEPING,
        "Files made by jobs",
        "Reports and exports can be downloaded for this long; then the file is removed, its trail entries stay.",
        "days",
        30,
        1,
        365,
    ),
}
