"""Every route of the product; routes that are handed the wiring's lists stand here."""

from django.urls import URLPattern, URLResolver, include, path

from accessreviews.api import CampaignApi, ReviewAccountsApi, ReviewApi
from accessreviews.listings.api import AccountMatchApi, ListingApi
from accessreviews.removal_pages import RemovalApi
from audits.api import EngagementApi
from audits.package.api import PackageApi
from audits.requests.api import RequestApi
from audits.testing.api import AuditSampleApi, ControlTestApi
from audits.texts.api import (
    AssertionApi,
    SectionApi,
    SubserviceControlApi,
    SubserviceOrganisationApi,
    UserEntityControlApi,
)
from controls import urls as controls
from controls.api import ControlApi, CriterionApi, MappingApi, MatrixApi
from controls.views import matrix, matrix_export
from evidence.api import EvidenceApi, ExemptionApi, RequirementApi
from evidence.coverage import views as coverage
from evidence.coverage.api import CoverageApi, ReadinessApi
from evidence.sampling.api import PopulationApi, SampleApi
from evidence.sampling.views import freeze
from findings import urls as findings
from findings.api import CorrectiveActionApi, FindingApi
from foundation.accounts.api import MeApi
from foundation.pages.api.views import docs, schema
from foundation.trail.api import TrailApi
from grc import wiring
from grc.about import about, licence
from grc.health import healthz, readyz
from home.feed.views import calendar_feed, calendar_make, calendar_revoke, digest_choose, reminders
from home.overview import due_export, overview
from home.reports import reports
from home.views import my_work, search
from incidents.api import IncidentApi, TimelineApi
from incidents.clocks.api import ClockApi, NotificationApi, NotificationRuleApi
from incidents.custody.api import CustodyItemApi
from incidents.exercises.api import ExerciseApi
from incidents.plans.api import PlanVersionApi, ResponsePlanApi
from incidents.reviews.api import IncidentControlLinkApi, PostIncidentReviewApi
from people.api import ChecklistApi, ChecklistRunApi, CompletionApi, CourseApi, PersonApi
from policies.acknowledging.api import AcknowledgementApi
from policies.api import PolicyApi, PolicyExceptionApi, PolicyVersionApi
from risks import urls as risks
from risks.api import AcceptanceApi, RiskApi, TreatmentActionApi
from risks.assessments.api import AssessmentApi, SnapshotApi
from risks.heatmap.api import HeatmapApi
from systems import urls as systems
from systems.api import SystemApi
from vendors import urls as vendors
from vendors.api import (
    ConditionApi,
    ContractApi,
    ExitStepApi,
    VendorApi,
    VendorControlApi,
    VendorDocumentApi,
    VendorReviewApi,
)
from vendors.reconciliation.api import ReconciliationApi
from vendors.subprocessors.api import SubprocessorListApi
from vendors.worksheets.api import CuecApi, WorksheetApi

API: list[URLPattern | URLResolver] = [
    path("me/", MeApi.as_view({"get": "read"}), name="me"),
    path("criteria/", include(CriterionApi.urls())),
    path("controls/", include(ControlApi.urls())),
    path("mappings/", include(MappingApi.urls())),
    path("matrix/", MatrixApi.as_view({"get": "read_all"}), {"columns": wiring.MATRIX_COLUMNS}, name="matrix"),
    path("populations/", include(PopulationApi.urls())),
    path("samples/", include(SampleApi.urls())),
    path("evidence/", include(EvidenceApi.urls())),
    path("requirements/", include(RequirementApi.urls())),
    path("exemptions/", include(ExemptionApi.urls())),
    path("findings/", include(FindingApi.urls())),
    path("corrective-actions/", include(CorrectiveActionApi.urls())),
    path("acknowledgements/", include(AcknowledgementApi.urls())),
    path("policies/", include(PolicyApi.urls())),
    path("policy-versions/", include(PolicyVersionApi.urls())),
    path("policy-exceptions/", include(PolicyExceptionApi.urls())),
    path("risks/", include(RiskApi.urls())),
    path("incidents/", include(IncidentApi.urls())),
    path("incidents/<int:pk>/entries/", TimelineApi.as_view({"get": "read_all"}), name="incident-entries"),
    path("treatment-actions/", include(TreatmentActionApi.urls())),
    path("acceptances/", include(AcceptanceApi.urls())),
    path("risk-assessments/", include(AssessmentApi.urls())),
    path("response-plans/", include(ResponsePlanApi.urls())),
    path("response-plan-versions/", include(PlanVersionApi.urls())),
    path("exercises/", include(ExerciseApi.urls())),
    path("risk-assessments/<int:pk>/snapshot/", SnapshotApi.as_view({"get": "read_all"}), name="assessment-snapshot"),
    path("risk-heatmap/", HeatmapApi.as_view({"get": "read_all"}), name="heatmap"),
    path("clocks/", include(ClockApi.urls())),
    path("notifications/", include(NotificationApi.urls())),
    path("notification-rules/", include(NotificationRuleApi.urls())),
    path("custody-items/", include(CustodyItemApi.urls())),
    path("post-incident-reviews/", include(PostIncidentReviewApi.urls())),
    path("incident-controls/", include(IncidentControlLinkApi.urls())),
    path("people/", include(PersonApi.urls())),
    path("systems/", include(SystemApi.urls())),
    path("vendors/", include(VendorApi.urls())),
    path("vendor-documents/", include(VendorDocumentApi.urls())),
    path("vendor-contracts/", include(ContractApi.urls())),
    path("vendor-conditions/", include(ConditionApi.urls())),
    path("vendor-reviews/", include(VendorReviewApi.urls())),
    path("vendor-controls/", include(VendorControlApi.urls())),
    path("vendor-exit-steps/", include(ExitStepApi.urls())),
    path("vendor-worksheets/", include(WorksheetApi.urls())),
    path("vendor-user-controls/", include(CuecApi.urls())),
    path("vendor-reconciliations/", include(ReconciliationApi.urls())),
    path("subprocessor-lists/", include(SubprocessorListApi.urls())),
    path("listings/", include(ListingApi.urls())),
    path("account-matches/", include(AccountMatchApi.urls())),
    path("checklists/", include(ChecklistApi.urls())),
    path("courses/", include(CourseApi.urls())),
    path("completions/", include(CompletionApi.urls())),
    path("checklist-runs/", include(ChecklistRunApi.urls())),
    path("removals/", include(RemovalApi.urls())),
    path("coverage/", CoverageApi.as_view({"get": "read_all"}), name="coverage"),
    path("readiness/", ReadinessApi.as_view({"get": "read_all"}), name="readiness"),
    path("access-reviews/reviews/", include(ReviewApi.urls())),
    path(
        "access-reviews/reviews/<int:pk>/accounts/",
        ReviewAccountsApi.as_view({"get": "read_all"}),
        name="review-accounts",
    ),
    path("access-reviews/", include(CampaignApi.urls())),
    path("engagements/", include(EngagementApi.urls())),
    path("requests/", include(RequestApi.urls())),
    path("packages/", include(PackageApi.urls())),
    path("audit-samples/", include(AuditSampleApi.urls())),
    path("tests-of-controls/", include(ControlTestApi.urls())),
    path("description-sections/", include(SectionApi.urls())),
    path("user-entity-controls/", include(UserEntityControlApi.urls())),
    path("subservice-organisations/", include(SubserviceOrganisationApi.urls())),
    path("subservice-controls/", include(SubserviceControlApi.urls())),
    path("assertions/", include(AssertionApi.urls())),
    path("trail/", TrailApi.as_view({"get": "read_all"}), name="entry-list"),
    path("trail/<int:pk>/", TrailApi.as_view({"get": "read"}), name="entry-detail"),
]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("about/", about, name="about"),
    path("about/licence/", licence, name="licence"),
    path("", my_work, {"work": wiring.WORK}, name="my-work"),
    path("overview/", overview, {"due": wiring.DUE}, name="overview"),
    path("overview/due.csv", due_export, {"due": wiring.DUE, "form": "csv"}, name="due-csv"),
    path("overview/due.json", due_export, {"due": wiring.DUE, "form": "json"}, name="due-json"),
    path("accounts/me/reminders/", reminders, name="reminders"),
    path("accounts/me/reminders/digest/", digest_choose, name="digest-choose"),
    path("accounts/me/reminders/calendar/", calendar_make, name="calendar-make"),
    path("accounts/me/reminders/calendar/revoke/", calendar_revoke, name="calendar-revoke"),
    path(
        "calendar/<str:secret>.ics",
        calendar_feed,
        {"due": wiring.DUE, "due_to_auditors": wiring.DUE_TO_AUDITORS},
        name="calendar-feed",
    ),
    path("search/", search, {"search": wiring.SEARCH}, name="search"),
    path("reports/", reports, {"reports": wiring.REPORTS}, name="reports"),
    path("matrix/", matrix, {"columns": wiring.MATRIX_COLUMNS}, name="matrix"),
    path("matrix/export.csv", matrix_export, {"columns": wiring.MATRIX_COLUMNS, "form": "csv"}, name="matrix-csv"),
    path("matrix/export.json", matrix_export, {"columns": wiring.MATRIX_COLUMNS, "form": "json"}, name="matrix-json"),
    path("controls/", include(controls.routes(wiring.CONTROL_PANELS, wiring.CONTROL_TABS))),
    path("evidence/populations/new/", freeze, {"sources": wiring.POPULATIONS}, name="population-freeze"),
    path("coverage/", coverage.coverage, name="coverage"),
    path("coverage/export.csv", coverage.coverage_export, {"form": "csv"}, name="coverage-csv"),
    path("coverage/export.json", coverage.coverage_export, {"form": "json"}, name="coverage-json"),
    path("coverage/rebuild/", coverage.rebuild, name="coverage-rebuild"),
    path("readiness/", coverage.readiness, name="readiness"),
    path("readiness/export.csv", coverage.readiness_export, {"form": "csv"}, name="readiness-csv"),
    path("readiness/export.json", coverage.readiness_export, {"form": "json"}, name="readiness-json"),
    path("readiness/<int:pk>/", coverage.readiness_criterion, name="readiness-criterion"),
    path("evidence/", include("evidence.urls")),
    path("findings/", include(findings.routes(wiring.FINDING_LINKS))),
    path("policies/", include("policies.urls")),
    path("risks/", include(risks.routes(wiring.RISK_LINKS))),
    path("incidents/", include("incidents.urls")),
    path("people/", include("people.urls")),
    path("systems/", include(systems.routes(wiring.SYSTEM_PANELS))),
    path("vendors/", include(vendors.routes(wiring.VENDOR_LINKS))),
    path("access-reviews/", include("accessreviews.urls")),
    path("audits/", include("audits.urls")),
    path("trail/", include("foundation.trail.urls")),
    path("accounts/", include("foundation.accounts.urls")),
    path("organisation/", include("foundation.organisation.urls")),
    path("jobs/", include("foundation.jobs.urls")),
    path("pages/", include("foundation.pages.urls")),
    path("api/v1/", include((API, "api"))),
    path("api/schema/", schema, name="api-schema"),
    path("api/docs/", docs, name="api-docs"),
    path("account/", include("foundation.accounts.sign_in_urls")),
]

handler400 = "grc.errors.bad_request"
handler500 = "grc.errors.server_error"
