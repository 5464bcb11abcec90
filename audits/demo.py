"""The demo company's engagements: last year's Type I, closed, and this year's Type II, still running."""

from datetime import date, timedelta

from django.utils import timezone

from audits.actions import admit_auditor, keep_engagement
from audits.fieldwork import begin_fieldwork, begin_reporting, issue_report
from audits.models import Engagement
from foundation.accounts.models import User
from foundation.organisation.models import today

FIRM = "Harrow & Pike LLP"  # invented, like everybody in the demo
CATEGORIES = ("security", "availability", "confidentiality")


def engagements(*, compliance: User, auditor: User) -> Engagement:
    """Make both engagements as the compliance manager, admit the auditor to the running one, and return that one.

    Criteria and controls must be loaded before: an engagement covers categories that exist, and its scope is frozen.
    """
    year = today().year
    first = Engagement(
        name=f"SOC 2 Type I {year - 1}",
        type="I",
        as_of=date(year - 1, 11, 30),
        categories=["security"],
        firm=FIRM,
        notes="First examination: design only, Security alone.",
    )
    keep_engagement(first, actor=compliance)
    first = begin_reporting(begin_fieldwork(first, actor=compliance), actor=compliance)
    issue_report(first, actor=compliance, opinion="unqualified", report_date=min(date(year, 1, 20), today()))
    running = Engagement(
        name=f"SOC 2 Type II {year}",
        type="II",
        period_from=date(year, 1, 1),
        period_to=date(year, 12, 31),
        categories=list(CATEGORIES),
        firm=FIRM,
        notes="First Type II. Interim fieldwork in the last quarter, final fieldwork in January.",
    )
    keep_engagement(running, actor=compliance)
    running = begin_fieldwork(running, actor=compliance)
    now = timezone.now()
    admit_auditor(
        running,
        auditor,
        opens_at=now,
        closes_at=now + timedelta(days=120),
        actor=compliance,
        reason="Interim and final fieldwork",
    )
    return running
