"""What a package holds, as plain lists: reports by their addresses, and the registers whose records it proves.

Everything is made as the auditor sees it, as of the package's checkpoint; nothing is written for a package alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from django.db import models
from django.urls import reverse

from accessreviews.models import Campaign, Review
from audits.models import Engagement
from audits.models.requests import Request, RequestComment, RequestEvidence
from audits.models.testing import (
    AuditSample,
    ControlTest,
    ItemEvidence,
    ItemResult,
    ManagementResponse,
    SampleItem,
)
from audits.models.texts import (
    Assertion,
    DescriptionSection,
    SubserviceControl,
    SubserviceOrganisation,
    UserEntityControl,
)
from controls.models import Control, Criterion, Wording
from controls.models import Mapping as ControlMapping
from evidence.models import Evidence, EvidenceLink, Population, PopulationLink, Sample
from findings.models import Finding
from incidents.models import Incident
from policies.models import Policy, PolicyApproval, PolicyVersion
from risks.models import Risk
from vendors.models import Vendor


@dataclass(frozen=True)
class Report:
    """One report of a package: its folder and title, the routes of its page and of its file ("": none).

    period: what the page calls the first and the last day, or None. asked: what else is asked of it. of_engagement: the
    page is the engagement's own; a file never is.
    """

    folder: str
    title: str
    page: str = ""
    file: str = ""
    period: tuple[str, str] | None = None
    asked: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    of_engagement: bool = False

    def address(self, route: str, engagement: Engagement) -> str:
        """The address of the page or the file over the engagement's days."""
        query: dict[str, Any] = dict(self.asked)
        if self.period:
            query |= dict(zip(self.period, engagement.days, strict=True))
        own = self.of_engagement and route == self.page
        place = reverse(route, args=[engagement.pk] if own else None)
        return f"{place}?{urlencode(query, doseq=True)}"


REPORTS: Final = (
    Report("matrix", "Control matrix", "matrix", "matrix-csv"),
    Report("coverage", "Coverage", "coverage", "coverage-csv", ("from", "to")),
    Report("readiness", "Readiness and gaps", "readiness", "readiness-csv", ("from", "to")),
    Report("evidence", "Evidence index", "evidence:evidence-list", "evidence:evidence-csv", ("first", "last")),
    Report("populations", "Populations", "evidence:population-list", "evidence:population-csv"),
    Report("samples", "Samples", "evidence:sample-list", "evidence:sample-csv"),
    Report("requests", "Auditors' requests", "audits:request-list", "audits:request-csv"),
    Report(
        "tests",
        "Tests of controls and results",
        "audits:engagement-tests",
        "audits:controltest-csv",
        asked={
            "column": ["ref", "control", "criteria", "procedure", "population", "sample", "result", "count", "response"]
        },
        of_engagement=True,
    ),
    Report("access-reviews", "Access reviews", "accessreviews:report", "accessreviews:report-csv", ("first", "last")),
    Report("risks", "Risk register", "risks:overview", "risks:risk-csv", asked={"counted": "yes"}),
    Report("vendors", "Vendor register", "vendors:vendor-list", "vendors:vendor-csv"),
    Report("incidents", "Incidents and events", "incidents:incident-list", "incidents:incident-csv", ("first", "last")),
    Report("exercises", "Exercises", "incidents:exercise-list", "incidents:exercise-csv", ("since", "until")),
    Report("policies", "Policy status", "policies:policy-list", "policies:policy-csv"),
    Report("findings", "Findings", "findings:finding-list", "findings:finding-csv", ("first", "last")),
    Report("controls", "Controls", "controls:control-list", "controls:control-csv"),
    Report(
        "description",
        "System description and management's assertion",
        "audits:engagement-description",
        of_engagement=True,
    ),
)

# Each record of these that the auditor sees stands in the package as it stood, with the proof that it did. A register
# with details for few would need those left out: none of these has any. Of a personal value stands its commitment.
PROVEN: Final[Sequence[type[models.Model]]] = (
    Engagement, Criterion, Control, ControlMapping, Wording, Evidence, EvidenceLink, Population, PopulationLink,
    Sample, Request, RequestEvidence, RequestComment, AuditSample, SampleItem, ItemEvidence, ControlTest, ItemResult,
    ManagementResponse, Campaign, Review, Risk, Vendor, Policy, PolicyVersion, PolicyApproval, Incident, Finding,
    DescriptionSection, UserEntityControl, SubserviceOrganisation, SubserviceControl, Assertion,
)  # fmt: skip


def reports_of(engagement: Engagement) -> Iterator[tuple[Report, str, str]]:
    """Each report with the addresses of its page and of its file over the engagement's days."""
    for one in REPORTS:
        page, file = (one.address(route, engagement) if route else "" for route in (one.page, one.file))
        yield one, page, file
