"""Who hands what to the pages that read every app: explicit lists of functions, nothing registers itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.db import models

from accessreviews.due import access_reviews_due
from accessreviews.jobs import end_exceptions, plan_access_review, remind_of_access_reviews
from accessreviews.listings.jobs import list_own_accounts_once_a_quarter
from accessreviews.listings.panel import listings_panel
from accessreviews.models import Campaign, Listing, Removal, Review
from accessreviews.panel import reviews_panel
from accessreviews.work import reviews_work
from audits.due import audits_due, requests_due
from audits.models import Engagement
from audits.models.packages import Package
from audits.models.requests import Request
from audits.models.testing import ControlTest
from audits.models.texts import Assertion, DescriptionSection, SubserviceOrganisation, UserEntityControl
from audits.requests.jobs import remind_of_requests
from audits.requests.work import requests_work
from audits.testing.work import responses_work
from audits.texts.work import assertions_work
from controls.detail import criteria_panel
from controls.due import controls_due
from controls.models import Control, Criterion
from controls.work import controls_work
from evidence.coverage.cells import coverage_panel, evidence_cells
from evidence.coverage.jobs import tally_readiness
from evidence.coverage.keep import Keeper
from evidence.coverage.work import coverage_work
from evidence.due import evidence_due, occurrences_due
from evidence.models import Evidence, Occurrence, Population, Sample
from evidence.panels import evidence_panel
from evidence.sampling.panels import populations_panel
from evidence.sampling.sources import SOURCES, Source
from evidence.work import evidence_work
from findings.due import findings_due
from findings.jobs import reopen_lapsed_findings
from findings.models import CorrectiveAction, Finding
from findings.panel import findings_panel
from findings.work import findings_work
from foundation.accounts import providers, second_factor
from foundation.accounts.exception_due import exceptions_due
from foundation.accounts.exception_work import exceptions_work
from foundation.accounts.jobs import clear_sessions
from foundation.accounts.models import IdentityProvider, User
from foundation.files import rotation
from foundation.files.jobs import sweep_files
from foundation.jobs.beside import Beside
from foundation.jobs.schedule import Every
from foundation.jobs.trail import mail_checkpoint, sweep_trail, verify_trail
from foundation.organisation.jobs import expire_job_files
from foundation.organisation.models import Setting
from foundation.pages.due import DueOf
from foundation.pages.panels import PanelOf, Tab
from foundation.pages.search import Finder
from foundation.trail.models import Entry
from foundation.trail.seal import SealRefused, seal_in_passing
from foundation.trail.signing import KeyLost
from home.digest.jobs import leave_digests
from home.reports import Report
from incidents.clocks.jobs import warn_of_clocks
from incidents.clocks.work import clocks_work
from incidents.due import clocks_due, incidents_due, plans_due
from incidents.exercises.work import exercises_work
from incidents.models import (
    Clock,
    CustodyItem,
    Exercise,
    Incident,
    Notification,
    NotificationRule,
    PostIncidentReview,
    ResponsePlan,
)
from incidents.panels import of_control as incidents_of_control
from incidents.panels import of_finding as incidents_of_finding
from incidents.panels import of_risk as incidents_of_risk
from incidents.panels import of_system as incidents_of_system
from incidents.panels import of_vendor as incidents_of_vendor
from incidents.plans.work import plans_work
from incidents.populations import SOURCES as INCIDENTS
from incidents.programme import control_panel as incidents_panel
from incidents.reviews.panel import incident_reviews_work
from incidents.work import incidents_work
from people.due import checklists_due, training_due
from people.jobs import start_checklists, tie_people_to_accounts
from people.models import Checklist, ChecklistRun, Course, Person
from people.populations import SOURCES as PEOPLE
from people.work import people_work
from policies.acknowledging.jobs import remind_of_policies
from policies.acknowledging.populations import SOURCES as POLICIES
from policies.acknowledging.work import acknowledging_work
from policies.due import acknowledgements_due, policies_due
from policies.jobs import lapse_policy_exceptions, put_policies_into_force
from policies.models import Acknowledgement, Policy, PolicyException, PolicyVersion
from policies.panel import policies_panel
from policies.work import policies_work
from risks.assessments.work import assessments_work
from risks.due import risks_due
from risks.heatmap.jobs import count_risks
from risks.jobs import lapse_risk_acceptances
from risks.models import Acceptance, Assessment, Risk, TreatmentAction
from risks.panel import risk_cells, risks_panel
from risks.panel import vendor_panel as vendor_risks_panel
from risks.work import risks_work
from systems.models import System
from vendors.due import vendors_due
from vendors.jobs import begin_vendor_reviews
from vendors.models import (
    Condition,
    Contract,
    Reconciliation,
    SubprocessorList,
    Vendor,
    VendorDocument,
    VendorReview,
    Worksheet,
)
from vendors.panel import control_panel as vendors_panel
from vendors.populations import SOURCES as VENDORS
from vendors.reconciliation.work import reconciliation_work
from vendors.subprocessors.work import subprocessors_work
from vendors.work import vendors_work
from vendors.worksheets.panel import cuecs_panel
from vendors.worksheets.work import worksheets_work


@dataclass(frozen=True)
class RailItem:
    """One item of the rail. It is shown to whoever may view `model`; None = to everybody who is signed in.

    routes: how the names of routes begin whose pages belong to it although their addresses do not say so. may: what
    one must be allowed to do in the register, where seeing it is not enough. tone: "danger" where it
    must be found at once.
    """

    label: str
    url_name: str
    icon: str
    model: type[models.Model] | None
    routes: tuple[str, ...] = ()
    may: str = "view"
    tone: str = ""


VENDOR_ROUTES = ("vendors:vendor", "vendors:contract", "vendors:condition", "vendors:exitstep")
TEXT_ROUTES = tuple(
    f"audits:{name}-"
    for name in (
        "assertion", "descriptionsection", "userentitycontrol", "subserviceorganisation", "subservicecontrol",
    )
)  # fmt: skip
WORKSHEET_ROUTES = ("vendors:worksheet", "vendors:cuec", "vendors:reportexception", "vendors:subservice")
RAIL: list[tuple[str, list[RailItem]]] = [
    (
        "",
        [
            RailItem("My work", "my-work", "inbox", None),
            # Looked for at three in the morning, on a phone: before everything that can wait.
            RailItem("Declare incident", "incidents:declare", "siren", Incident, may="declare", tone="danger"),
        ],
    ),
    (
        "Programme",
        [
            RailItem("Overview", "overview", "trending-up", Criterion, ("due-csv",)),
            RailItem("Controls", "controls:control-list", "shield-check", Control),
            RailItem("Matrix", "matrix", "table-properties", Control),
            RailItem("Evidence", "evidence:evidence-list", "file-check", Evidence),
            RailItem("Findings", "findings:finding-list", "bug", Finding),
            RailItem("Coverage", "coverage", "layout-grid", Occurrence, ("evidence:occurrence",)),
            RailItem("Readiness", "readiness", "gauge", Criterion),
        ],
    ),
    (
        "Governance",
        [
            RailItem("Policies", "policies:policy-list", "book-open-check", Policy),
            RailItem(  # for everybody who can owe one: whether one does now would be queries on every page
                "Policies to read",
                "policies:to-read",
                "book-open",
                PolicyVersion,
                ("policies:policyversion-acknowledge",),
                may="acknowledge",
            ),
            RailItem(
                "Acknowledgements",
                "policies:acknowledgement-list",
                "user-check",
                Acknowledgement,
                ("policies:policy-record-acknowledgements", "policies:policy-remind"),
            ),
            RailItem("Risks", "risks:risk-list", "triangle-alert", Risk),
            RailItem("Risk overview", "risks:overview", "grid-3x3", Risk, ("risks:heatmap",)),
            RailItem(
                "Assessments",
                "risks:assessment-list",
                "clipboard-check",
                Assessment,
                ("risks:assess", "risks:participant"),
            ),
            RailItem("Vendors", "vendors:vendor-list", "handshake", Vendor, VENDOR_ROUTES),
            RailItem("SOC reports", "vendors:worksheet-list", "file-search", Worksheet, WORKSHEET_ROUTES),
            RailItem("Sub-processors", "vendors:subprocessorlist-list", "network", SubprocessorList),
            RailItem(
                "Reconciliations", "vendors:reconciliation-list", "list-x", Reconciliation, ("vendors:reconciled",)
            ),
        ],
    ),
    (
        "Response",
        [
            RailItem("Incidents", "incidents:incident-list", "flame", Incident),
            RailItem("Clocks", "incidents:clock-list", "timer", Clock, ("incidents:notification-",)),
            RailItem("Notification rules", "incidents:notificationrule-list", "scroll-text", NotificationRule),
            RailItem("Response plan", "incidents:responseplan-list", "life-buoy", ResponsePlan, ("incidents:plan",)),
            RailItem("Exercises", "incidents:exercise-list", "drama", Exercise, ("incidents:exercise",)),
        ],
    ),
    (
        "Access",
        [
            RailItem("Reviews", "accessreviews:campaign-list", "user-check", Campaign, ("accessreviews:",)),
            RailItem("Systems", "systems:system-list", "server", System),
            RailItem("Listings", "accessreviews:listing-list", "list", Listing, ("accessreviews:accountmatch-",)),
            RailItem("People", "people:person-list", "contact", Person, ("people:checklist",)),
            RailItem("Training", "people:course-list", "graduation-cap", Course, ("people:completion-",)),
        ],
    ),
    (
        "Assurance",
        [
            RailItem("Populations", "evidence:population-list", "list-checks", Population, ("evidence:sample-",)),
            RailItem("Audits", "audits:engagement-list", "scale", Engagement),
            RailItem("Assertions", "audits:assertion-list", "file-check", Assertion, TEXT_ROUTES),
            RailItem("Requests", "audits:request-list", "message-square", Request, ("audits:request",)),
            RailItem("Packages", "audits:package-list", "package", Package, ("audits:package",)),
            RailItem("Tests", "audits:controltest-list", "list-checks", ControlTest, ("audits:auditsample",)),
            RailItem("Reports", "reports", "file-chart-column", Control),
            RailItem("Trail", "trail:entry-list", "history", Entry),
        ],
    ),
    (
        "Settings",
        [
            RailItem("Accounts", "accounts:user-list", "users", User),
            RailItem("Single sign-on", "accounts:identityprovider-list", "log-in", IdentityProvider),
            RailItem("Scope", "controls:scope", "target", Control),
            RailItem("Organisation", "organisation:settings", "building-2", Setting),
        ],
    ),
]

WORK = [
    clocks_work,
    requests_work,
    responses_work,
    assertions_work,
    controls_work,
    coverage_work,
    evidence_work,
    incidents_work,
    findings_work,
    policies_work,
    acknowledging_work,
    risks_work,
    reviews_work,
    assessments_work,
    plans_work,
    exercises_work,
    exceptions_work,
    people_work,
    worksheets_work,
    subprocessors_work,
    reconciliation_work,
    vendors_work,
    incident_reviews_work,
]
# What falls due, when and whose: for the overview (foundation.pages.due).
DUE: list[DueOf] = [
    clocks_due,
    occurrences_due,
    evidence_due,
    controls_due,
    findings_due,
    policies_due,
    acknowledgements_due,
    risks_due,
    vendors_due,
    access_reviews_due,
    incidents_due,
    plans_due,
    checklists_due,
    training_due,
    exceptions_due,
    audits_due,
    requests_due,
]
# The same for auditors, who see nothing of it but what their engagement asks for and when.
DUE_TO_AUDITORS: list[DueOf] = [audits_due, requests_due]
SEARCH = [
    Finder(Control, "Controls", ("ref", "name"), attrgetter("name")),
    Finder(Evidence, "Evidence", ("title", "name")),
    Finder(Finding, "Findings", ("title", "source_name", "external_key")),
    Finder(CorrectiveAction, "Corrective actions", ("what",), attrgetter("what")),
    Finder(Policy, "Policies", ("title", "summary")),
    Finder(PolicyVersion, "Versions of policies", ("title", "change_note")),
    Finder(Acknowledgement, "Acknowledgements", ("person__name",), str, ("person", "policy_version")),
    Finder(PolicyException, "Exceptions from policies", ("what", "for_whom", "reason")),
    Finder(Incident, "Incidents", ("title", "summary")),
    Finder(Vendor, "Vendors", ("name", "legal_name", "service")),
    Finder(VendorDocument, "Documents of vendors", ("title", "name", "vendor__name")),
    Finder(Contract, "Contracts", ("title", "reference", "vendor__name")),
    Finder(Condition, "Conditions", ("what",)),
    Finder(Worksheet, "SOC report worksheets", ("vendor__name", "service", "auditor"), related=("vendor",)),
    Finder(SubprocessorList, "Sub-processor lists", ("reason",)),
    Finder(Reconciliation, "Reconciliations", ("source", "name")),
    Finder(Assessment, "Risk assessments", ("title", "scope")),
    Finder(ResponsePlan, "Response plans", ("title", "summary")),
    Finder(Exercise, "Exercises", ("title", "scenario")),
    Finder(Risk, "Risks", ("title", "cause", "event", "effect")),
    Finder(TreatmentAction, "Treatment actions", ("what",)),
    Finder(Acceptance, "Acceptances of risks", ("reason", "risk__title"), related=("risk",)),
    Finder(CustodyItem, "Evidence of incidents", ("description", "where", "name")),
    Finder(
        PostIncidentReview, "Post-incident reviews", ("incident__title", "facts", "root_cause"), related=("incident",)
    ),
    Finder(VendorReview, "Reviews of vendors", ("vendor__name", "summary"), attrgetter("title"), ("vendor",)),
    Finder(NotificationRule, "Notification rules", ("regime", "whom", "applies", "source")),
    Finder(Clock, "Notification clocks", ("regime", "whom", "incident__title"), related=("incident",)),
    Finder(Notification, "Notifications", ("told", "what", "reference"), related=("incident",)),
    Finder(Assertion, "Assertions", ("text", "engagement__name"), attrgetter("engagement.name"), ("engagement",)),
    Finder(DescriptionSection, "System descriptions", ("text",), str),
    Finder(UserEntityControl, "CUECs", ("what", "why"), attrgetter("what")),
    Finder(SubserviceOrganisation, "Subservice organisations", ("name", "services"), attrgetter("name")),
    Finder(Request, "Auditors' requests", ("title", "description", "external_ref")),
    Finder(
        ControlTest,
        "Tests of controls",
        ("procedure", "control__ref", "control__name"),
        attrgetter("control.name"),
        ("control",),
    ),
    Finder(System, "Systems", ("name", "purpose")),
    Finder(Listing, "Listings", ("source", "system__name"), attrgetter("system.name"), ("system",)),
    Finder(Campaign, "Access reviews", ("name",)),
    Finder(
        Removal,
        "Removals",
        ("account__key", "account__name", "account__email", "ticket"),
        attrgetter("title"),
        ("account",),
    ),
    Finder(Population, "Populations", ("title", "source_system")),
    Finder(Sample, "Samples", ("population__title",), attrgetter("population.title"), ("population",)),
    Finder(Person, "People", ("name", "email", "external_id", "title"), attrgetter("name")),
    Finder(Course, "Courses", ("title", "text")),
    Finder(Checklist, "Checklists", ("title",)),
    Finder(ChecklistRun, "Checklists of people", ("person__name", "checklist__title"), str, ("checklist", "person")),
]
# What `/reports/` offers, each to whoever may view the registers that it is of.
REPORTS = [
    Report(
        "matrix", "Control matrix", "Each criterion with its controls: owner, risk, evidence, status; gaps in sight.",
        (Control,), "matrix", "matrix-csv", "matrix-json", category="category",
    ),
    Report(
        "readiness", "Readiness and gaps", "Each criterion: gap, weak or covered, with occurrences that are missing.",
        (Criterion, Occurrence), "readiness", "readiness-csv", "readiness-json",
        period=("from", "to"), over="occurrences of its days; left open, the programme's year", category="category",
    ),
    Report(
        "evidence", "Evidence index", "Each item with source, capture, days covered, controls, state and hash.",
        (Evidence,), "evidence:evidence-list", "evidence:evidence-csv", "evidence:evidence-list-json",
        period=("first", "last"), over="evidence of which the days covered touch it", category="category",
        asked={
            "column": [
                "ref", "title", "control_refs", "source_system", "captured_at", "period", "collected_by", "state",
                "sha256",
            ]
        },
    ),
    Report(
        "risks", "Risk register", "The company's own risks: ratings, treatment, controls; on paper with the heatmaps.",
        (Risk,), "risks:overview", "risks:risk-csv", "risks:risk-list-json", asked={"counted": "yes"},
    ),
    Report(
        "vendors", "Vendor register", "Each vendor: tier, last review, next due, open issues, what part it has.",
        (Vendor,), "vendors:vendor-list", "vendors:vendor-csv", "vendors:vendor-list-json",
        asked={
            "column": [
                "ref", "name", "tier", "status", "owner", "residual", "last_reviewed_on", "next_review", "parts",
                "open_count",
            ]
        },
    ),
    Report(
        "access-reviews", "Access reviews", "Each system in each quarter: dates, counts, removals, what was late.",
        (Review,), "accessreviews:report", "accessreviews:report-csv", "accessreviews:report-json",
        period=("first", "last"), over="quarters that touch it; left open, this one and the three before",
    ),
    Report(
        "incidents", "Incidents and events", "Everything that was reported, dismissed events included.",
        (Incident,), "incidents:incident-list", "incidents:incident-csv", "incidents:incident-list-json",
        period=("first", "last"), over="what was reported in it",
    ),
    Report(
        "exercises", "Exercises", "Exercises of the response plan: who took part, which gaps showed.",
        (Exercise,), "incidents:exercise-list", "incidents:exercise-csv", "incidents:exercise-list-json",
        period=("since", "until"), over="exercises of its days",
    ),
    Report(
        "policies", "Policy status", "Each policy: version in force, approved by whom and when, review, who read it.",
        (Policy,), "policies:policy-list", "policies:policy-csv", "policies:policy-list-json",
        asked={
            "column": [
                "ref", "title", "status", "version_in_force", "in_force_from", "approved_at", "approved_by",
                "next_review_on", "given", "wanting", "late",
            ]
        },
    ),
    Report(
        "findings", "Findings", "Findings with severity, deadline, owner and state.",
        (Finding,), "findings:finding-list", "findings:finding-csv", "findings:finding-list-json",
        period=("first", "last"), over="findings detected by its end and not verified before it", category="category",
    ),
    Report(
        "ageing", "Findings ageing", "How old the unresolved findings are, by severity.",
        (Finding,), "findings:ageing", "findings:ageing-csv", "findings:ageing-json",
    ),
    Report(
        "trail", "Trail extract", "Who did what, when, to what and with which outcome; the checkpoint at the end.",
        (Entry,), "trail:entry-list", "trail:entry-csv", "trail:entry-json",
        period=("since", "until"), over="entries of its days",
    ),
]  # fmt: skip
# What registers hand in for the matrix's columns "risk" and "evidence" (controls.matrix.Cells).
MATRIX_COLUMNS: dict[str, Any] = {"risk": risk_cells, "evidence": evidence_cells}
# What is shown of a vendor on its tab of links, beside its findings.
VENDOR_LINKS: list[PanelOf] = [vendor_risks_panel, incidents_of_vendor]
# What is shown of a risk on its tab of vendors and findings, and of a finding on a tab of its own.
RISK_LINKS: list[PanelOf] = [incidents_of_risk]
FINDING_LINKS: list[PanelOf] = [incidents_of_finding]
# What is shown of a system on its page.
SYSTEM_PANELS: list[PanelOf] = [listings_panel, incidents_of_system]
# What is shown of a control on its overview, and on tabs beside it (foundation.pages.panels).
CONTROL_PANELS: list[PanelOf] = [coverage_panel]
CONTROL_TABS = [
    Tab("evidence", "Evidence", [evidence_panel, reviews_panel, vendors_panel, incidents_panel, populations_panel]),
    Tab(
        "links",
        "Links",
        [criteria_panel, policies_panel, risks_panel, incidents_of_control, findings_panel, cuecs_panel],
    ),
]
# What `manage.py keys rotate` seals anew: a name, and a function that does it and returns how many.
SEALED: list[tuple[str, Callable[[], int]]] = [
    ("second factors", second_factor.reseal_all),
    ("identity providers", providers.reseal_all),
    ("files", rotation.rewrap),
]
# Registers of ours of which populations are frozen: what each lists, and the function that finds its rows.
POPULATIONS: dict[str, Source] = {**SOURCES, **PEOPLE, **POLICIES, **VENDORS, **INCIDENTS}
SCHEDULE = [
    Every("Remove ended sessions", clear_sessions, timedelta(hours=1)),
    Every("Remove old files of jobs", expire_job_files, timedelta(days=1), after=timedelta(hours=2)),
    Every("Remove stored files that no record holds", sweep_files, timedelta(days=1), after=timedelta(hours=3)),
    Every("Reopen findings whose acceptance has ended", reopen_lapsed_findings, timedelta(hours=1)),
    Every("Count the risks of each day", count_risks, timedelta(days=1), after=timedelta(hours=2)),
    Every(
        "Count the readiness of each month", tally_readiness, timedelta(days=1), after=timedelta(hours=3, minutes=30)
    ),
    Every("Remind of policies to read", remind_of_policies, timedelta(days=1), after=timedelta(hours=5)),
    Every("Put policies into force", put_policies_into_force, timedelta(minutes=15)),
    Every("End exceptions from policies", lapse_policy_exceptions, timedelta(hours=1)),
    Every("Reopen risks whose acceptance has ended", lapse_risk_acceptances, timedelta(hours=1)),
    Every("Tie people to their accounts", tie_people_to_accounts, timedelta(minutes=15)),
    Every("Start checklists of joiners and leavers", start_checklists, timedelta(days=1), after=timedelta(hours=4)),
    Every(
        "List Countersign's own accounts once a quarter",
        list_own_accounts_once_a_quarter,
        timedelta(days=1),
        after=timedelta(hours=4),
    ),
    Every("Plan the access review of the quarter", plan_access_review, timedelta(days=1), after=timedelta(hours=4)),
    Every("Begin reviews of vendors", begin_vendor_reviews, timedelta(days=1), after=timedelta(hours=4)),
    Every("End exceptions from removals", end_exceptions, timedelta(hours=1)),
    Every("Remind of access reviews", remind_of_access_reviews, timedelta(days=1), after=timedelta(hours=5)),
    Every("Remind of auditors' requests", remind_of_requests, timedelta(days=1), after=timedelta(hours=5)),
    Every("Mail the weekly digests", leave_digests, timedelta(hours=1), after=timedelta(minutes=20)),
    Every("Warn of notification clocks", warn_of_clocks, timedelta(minutes=5)),
    Every("Verify the audit trail", verify_trail, timedelta(days=1), after=timedelta(hours=1, minutes=30)),
    Every("Look for late entries of the trail", sweep_trail, timedelta(hours=1), after=timedelta(minutes=40)),
]
if settings.TRAIL_ANCHOR_MAIL:
    SCHEDULE.append(Every("Mail the trail's checkpoint", mail_checkpoint, timedelta(hours=1)))
BESIDE = [
    Beside("sealing the trail", seal_in_passing, 1.0, passing=(SealRefused, KeyLost, OSError)),
    Beside("keeping the coverage", Keeper().keep, 5.0),
]
