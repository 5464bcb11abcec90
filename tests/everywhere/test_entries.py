"""Every POST that is carried out leaves exactly the trail entries that its row declares.

A row: who sends it, the route, what they fill in (the rest stays as the form offers it), and the verbs in order.
Routes whose POST has no row stand in WITHOUT with the reason.
"""

import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits.actions import windows_of
from controls.models import Criterion
from foundation.jobs.models import Job
from foundation.trail.models import Entry
from tests.everywhere.routes import address, all_routes
from tests.everywhere.table import WRITES
from tests.everywhere.world import World
from tests.factories.people import UserFactory

WHY = {"reason": "Agreed in the steering meeting."}
BULK = WHY | {"confirmed": "1"}  # the page that says what will change has been read
WORDS = {"who": "The IT lead", "what": "reviews access", "how_often": "every quarter", "on_what": "in production"}

POSTS: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("compliance", "controls:control-create", {"ref": "NEW-01", "name": "New"}, ["control.created"]),
    ("compliance", "controls:control-edit", {"name": "Renamed"}, ["control.updated"]),
    ("compliance", "controls:control-edit", {}, []),
    ("compliance", "controls:control-archive", WHY, ["control.archived"]),
    (
        "owner",
        "controls:control-update-status",
        {"status": "in_progress", "note": "Begun."},
        ["control.status_updated"],
    ),
    ("owner", "controls:control-propose-not-applicable", WHY, ["control.not_applicable_proposed"]),
    ("owner", "controls:control-review", {"note": "Looked at."}, ["control.reviewed"]),
    ("compliance", "controls:control-reword", WORDS | WHY | {"effective_from": "2026-01-01"}, ["wording.written"]),
    ("compliance", "controls:control-assign-owner", BULK | {"pk": "{pk}", "owner": "{owner}"}, []),
    ("compliance", "controls:control-assign-owner", BULK | {"pk": "{pk}", "owner": ""}, ["control.owner_assigned"]),
    (
        "compliance",
        "controls:control-change-review-date",
        BULK | {"pk": "{pk}", "review_date": "2027-01-31"},
        ["control.review_date_changed"],
    ),
    ("compliance", "controls:scope", WHY | {"category_{availability}": "on"}, ["category.scope_changed"]),
    (
        "compliance",
        "controls:criterion-change-applicability",
        WHY | {"applicability": "not_relevant"},
        ["criterion.applicability_changed"],
    ),
    ("owner", "evidence:population-draw", WHY | {"size": "1"}, ["sample.drawn"]),
    (
        "owner",
        "population-freeze",
        {
            "title": "Leavers",
            "kind": "leavers",
            "origin": "empty",
            "source_system": "HR",
            "query": "left in the period",
            "source_total": "0",
        },
        ["evidence.submitted", "population.frozen"],
    ),
    ("compliance", "evidence:evidence-edit", {"title": "Users with roles"}, ["evidence.updated"]),
    ("manager", "evidence:evidence-accept", {"note": "Looked at."}, ["evidence.accepted"]),
    ("manager", "evidence:evidence-give-back", WHY, ["evidence.returned"]),
    ("owner", "evidence:evidence-withdraw", WHY, ["evidence.withdrawn"]),
    ("owner", "evidence:evidencelink-unlink", WHY, ["evidencelink.archived"]),
    ("compliance", "evidence:requirement-create", {"control": "{pk}", "title": "The list"}, ["requirement.created"]),
    ("compliance", "evidence:requirement-edit", {"title": "The signed list"}, ["requirement.updated"]),
    ("compliance", "evidence:requirement-archive", WHY, ["requirement.archived"]),
    (
        "owner",
        "evidence:exemption-create",
        WHY | {"control": "{pk}", "starts_on": "2026-02-01", "ends_on": "2026-02-28"},
        ["exemption.requested"],
    ),
    ("compliance", "evidence:exemption-approve", {}, ["exemption.approved"]),
    ("compliance", "evidence:exemption-decline", WHY, ["exemption.declined"]),
    (
        "compliance",
        "findings:finding-create",
        {"title": "New", "kind": "deviation", "severity": "low", "source": "person", "first_detected_on": "2026-01-01"},
        ["finding.raised"],
    ),
    ("compliance", "findings:finding-edit", {"title": "Renamed"}, ["finding.updated"]),
    ("compliance", "findings:finding-edit", {}, []),
    ("compliance", "findings:finding-archive", WHY, ["finding.archived"]),
    ("owner", "findings:finding-start", {"note": "On it."}, ["finding.started"]),
    ("owner", "findings:finding-fix", {"root_cause": "Old image.", "note": "Upgraded."}, ["finding.fixed"]),
    (
        "owner",
        "findings:finding-request-acceptance",
        WHY | {"until": (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=90)).date().isoformat()},
        ["finding.acceptance_requested"],
    ),
    (
        "owner",
        "findings:finding-plan-action",
        {"what": "Watch it", "owner": "{owner}", "due_on": "2070-01-01"},
        ["correctiveaction.created"],
    ),
    (
        "owner",
        "accessreviews:removal-complete",
        {"ticket": "OPS-1", "note": "Taken out of the group."},
        ["removal.completed"],
    ),
    ("compliance", "accessreviews:removal-assign", WHY | {"owner": "{employee}"}, ["removal.assigned"]),
    (
        "owner",
        "accessreviews:removal-request-exception",
        WHY | {"until": (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=30)).date().isoformat()},
        ["removal.exception_requested"],
    ),
    (
        "compliance",
        "risks:risk-create",
        {"title": "New", "category": "people", "source": "person", "identified_on": "2026-01-01"},
        ["risk.created"],
    ),
    ("owner", "risks:risk-edit", {"title": "Renamed"}, ["risk.updated", "acceptance.withdrawn"]),
    ("owner", "risks:risk-review", {"note": "As it was."}, ["risk.reviewed"]),
    ("owner", "risks:acceptance-withdraw", WHY, ["acceptance.withdrawn"]),
    ("owner", "risks:riskvendor-unlink", WHY, ["riskvendor.archived"]),
    ("employee", "risks:treatmentaction-complete", {"note": "Asked for."}, ["treatmentaction.completed"]),
    (
        "compliance",
        "risks:assessment-create",
        {"title": "Next year", "due_on": "2030-01-31", "approver": "{manager}"},
        ["assessment.created", "assessedrisk.created"],
    ),
    ("compliance", "risks:assessment-edit", {"title": "Renamed"}, ["assessment.updated"]),
    ("compliance", "risks:assessment-cancel", WHY, ["assessment.cancelled"]),
    ("compliance", "risks:assessment-put-new", {}, []),
    ("owner", "risks:assessment-take-part", {}, ["participant.confirmed"]),
    ("owner", "risks:assessedrisk-consider", {"note": "As it was."}, ["assessedrisk.considered"]),
    ("compliance", "risks:participant-end", WHY, ["participant.archived"]),
    ("compliance", "risks:assessmentcontrol-unlink", WHY, ["assessmentcontrol.archived"]),
    ("owner", "vendors:worksheet-edit", {"auditor": "Birch LLP"}, ["worksheet.updated"]),
    ("owner", "vendors:worksheet-add-exception", {"what": "Late."}, ["reportexception.created"]),
    ("owner", "vendors:worksheet-add-cuec", {"what": "Tell them."}, ["cuec.created"]),
    ("owner", "vendors:worksheet-paste-cuecs", {"pasted": "A | Tell them."}, ["cuec.created"]),
    ("owner", "vendors:worksheet-add-subservice", {"name": "Frost"}, ["subservice.created"]),
    ("compliance", "vendors:worksheet-cancel", WHY, ["worksheet.cancelled"]),
    ("owner", "vendors:reportexception-edit", {"effect": "None."}, ["reportexception.updated"]),
    ("owner", "vendors:reportexception-remove", WHY, ["reportexception.archived"]),
    (
        "owner",
        "vendors:reportexception-gap",
        {},
        ["finding.raised", "vendorfinding.created", "reportexception.gap_opened"],
    ),
    ("owner", "vendors:cuec-edit", {"applies": "no", "note": "Not used."}, ["cuec.updated"]),
    ("owner", "vendors:cuec-remove", WHY, ["cuec.archived"]),
    ("owner", "vendors:cuec-gap", {}, ["finding.raised", "vendorfinding.created", "cuec.gap_opened"]),
    ("owner", "vendors:subservice-edit", {"does": "Keeps backups."}, ["subservice.updated"]),
    ("owner", "vendors:subservice-remove", WHY, ["subservice.archived"]),
    ("owner", "vendors:subservice-gap", {}, ["finding.raised", "vendorfinding.created", "subservice.gap_opened"]),
    (
        "compliance",
        "vendors:subprocessorlist-record-notice",
        {"audience": "All", "channel": "E-mail", "text": "It changes."},
        ["notice.recorded", "evidence.submitted"],
    ),
    (
        "compliance",
        "vendors:reconciledrow-match",
        {"vendor": "Cumulus Hosting"},
        ["reconciledrow.matched", "vendoralias.created"],
    ),
    (
        "compliance",
        "vendors:reconciledrow-propose",
        {},
        ["vendor.created", "reconciledrow.matched"],
    ),
    ("compliance", "vendors:reconciledrow-dismiss", WHY, ["reconciledrow.dismissed"]),
    ("compliance", "vendors:reconciliation-cancel", WHY, ["reconciliation.cancelled"]),
    ("compliance", "findings:findingcontrol-unlink", WHY, ["findingcontrol.archived"]),
    ("compliance", "findings:findingevidence-unlink", WHY, ["findingevidence.archived"]),
    ("compliance", "findings:correctiveaction-edit", {"what": "Pin all versions"}, ["correctiveaction.updated"]),
    ("compliance", "findings:correctiveaction-archive", WHY, ["correctiveaction.archived"]),
    ("employee", "findings:correctiveaction-complete", {"note": "Pinned."}, ["correctiveaction.completed"]),
    (
        "admin",
        "people:person-create",
        {"name": "Nia New", "email": "Nia@example.com", "starts_on": "2026-12-01"},
        ["person.created"],
    ),
    ("compliance", "people:person-edit", {"title": "Analyst"}, ["person.updated"]),
    ("compliance", "people:person-edit", {}, []),
    ("compliance", "people:person-archive", WHY, ["person.archived"]),
    ("compliance", "systems:system-create", {"name": "Forgehub", "criticality": "high"}, ["system.created"]),
    ("owner", "systems:system-edit", {"privileged_roles": "Owner"}, ["system.updated"]),
    ("owner", "systems:system-edit", {}, []),
    ("compliance", "systems:system-archive", WHY, ["system.archived"]),
    (
        "owner",
        "systems:system-name-administrator",
        WHY | {"user": "{owner}"},
        ["systemadministrator.created"],
    ),
    ("compliance", "systems:systemadministrator-unlink", WHY, ["systemadministrator.archived"]),
    ("compliance", "accessreviews:listing-own", {}, ["system.created", "evidence.submitted", "listing.frozen"]),
    (
        "owner",
        "accessreviews:accountmatch-create",
        WHY | {"system": "{system}", "key": "new", "kind": "shared", "owner": "{owner}"},
        ["accountmatch.created"],
    ),
    ("owner", "accessreviews:accountmatch-edit", {"kind": "shared"}, ["accountmatch.updated"]),
    ("owner", "accessreviews:accountmatch-archive", WHY, ["accountmatch.archived"]),
    ("manager", "accessreviews:account", {"words": "Whose is it?"}, ["comment.written"]),
    ("manager", "accessreviews:assignment-delegate", WHY | {"delegate": ""}, []),
    ("compliance", "accessreviews:campaign-edit", {"name": "Third quarter"}, ["campaign.updated"]),
    ("compliance", "accessreviews:campaign-edit", {}, []),
    ("compliance", "accessreviews:campaigncontrol-unlink", WHY, ["campaigncontrol.archived"]),
    (
        "compliance",
        "accessreviews:campaign-cancel",
        WHY,
        ["review.cancelled", "review.cancelled", "campaign.cancelled"],
    ),
    (
        "compliance",
        "people:checklist-create",
        {"title": "Leaving", "occasion": "offboarding", "items": "Bring the laptop back | same day | themselves"},
        ["checklist.created"],
    ),
    ("compliance", "people:checklist-edit", {"title": "Welcome"}, ["checklist.updated"]),
    ("compliance", "people:checklist-archive", WHY, ["checklist.archived"]),
    ("compliance", "people:course-create", {"title": "Secure coding"}, ["course.created"]),
    ("compliance", "people:course-edit", {"text": "On the platform."}, ["course.updated"]),
    ("compliance", "people:course-archive", WHY, ["course.archived"]),
    (
        "compliance",
        "people:course-record-evidence",
        {"note": "The year."},
        ["evidence.submitted", "evidencelink.created", "course.evidence_recorded"],
    ),
    ("compliance", "people:completion-archive", WHY, ["completion.archived"]),
    (
        "compliance",
        "audits:engagement-create",
        {"name": "Next year", "type": "I", "as_of": "2027-06-30", "categories": ["security"], "status": "planned"},
        ["engagement.created"],
    ),
    ("compliance", "audits:engagement-edit", {"firm": "Other LLP"}, ["engagement.updated"]),
    (
        "compliance",
        "audits:engagement-end-access",
        WHY,
        ["auditorwindow.closed", "engagementgrant.ended", "engagement.access_ended"],
    ),
    (
        "admin",
        "accounts:user-create",
        {"name": "Nia New", "email": "nia@example.com", "role": "employee"},
        ["user.invited"],
    ),
    ("admin", "accounts:user-edit", {"title": "Analyst"}, ["user.updated"]),
    ("admin", "accounts:user-change-role", WHY | {"role": "manager"}, ["user.role_changed"]),
    ("admin", "accounts:user-deactivate", WHY, ["user.deactivated"]),
    ("admin", "accounts:identityprovider-edit", {"name": "Fernwood"}, ["identityprovider.updated"]),
    ("admin", "accounts:identityprovider-archive", WHY, ["identityprovider.archived"]),
    ("admin", "accounts:user-end-sessions", WHY, ["user.sessions_ended"]),
    ("admin", "accounts:user-reset-mfa", WHY, ["user.mfa_reset"]),
    ("manager", "accounts:dutyexception-approve", WHY, ["dutyexception.approved"]),
    ("manager", "accounts:dutyexception-decline", WHY, ["dutyexception.declined"]),
    ("compliance", "accounts:dutyexception-end", WHY, ["dutyexception.ended"]),
    ("owner", "accounts:profile", {"title": "IT lead"}, ["user.updated"]),
    ("admin", "organisation:organisation-edit", {"name": "Fernwood Ltd"}, ["organisation.updated"]),
    ("compliance", "organisation:setting-edit", WHY | {"value": "180"}, ["setting.created"]),
    ("admin", "organisation:holiday-create", {"day": "2027-01-01", "name": "New Year"}, ["holiday.created"]),
    ("admin", "organisation:holiday-edit", {"name": "Christmas"}, ["holiday.updated"]),
    ("admin", "organisation:holiday-archive", WHY, ["holiday.archived"]),
    ("compliance", "trail:verify", {}, []),
    ("compliance", "coverage-rebuild", {}, []),
    ("compliance", "pages:print", {"page": "/controls/"}, []),
    ("owner", "account_logout", {}, ["auth.signed_out"]),
    (
        "compliance",
        "vendors:vendor-create",
        {"name": "Kestrel", "owner": "{owner}", "data_classes": ["internal"]},
        ["vendor.created"],
    ),
    ("owner", "vendors:vendor-edit", {"service": "Sends mail"}, ["vendor.updated"]),
    ("owner", "vendors:vendor-edit", {}, []),
    ("owner", "vendors:vendor-assess", {"note": "We want it."}, ["vendor.assessing"]),
    ("compliance", "vendors:vendor-raise-tier", WHY | {"tier": "high"}, ["vendor.tier_raised"]),
    (
        "compliance",
        "vendors:vendor-add-condition",
        {"what": "Sign it", "owner": "{owner}", "due_on": "2070-01-01"},
        ["condition.created"],
    ),
    (
        "owner",
        "vendors:vendor-add-contract",
        {"title": "Terms", "starts_on": "2026-01-01", "clause_audit": "yes"},
        ["contract.created"],
    ),
    ("owner", "vendors:contract-edit", {"clause_security": "no"}, ["contract.updated"]),
    ("owner", "vendors:contract-edit", {}, []),
    ("compliance", "vendors:contract-archive", WHY, ["contract.archived"]),
    ("compliance", "vendors:vendordocument-archive", WHY, ["vendordocument.archived"]),
    ("compliance", "vendors:condition-edit", {"what": "Turn them on"}, ["condition.updated"]),
    ("compliance", "vendors:condition-archive", WHY, ["condition.archived"]),
    ("owner", "vendors:condition-meet", {"note": "Seen."}, ["condition.met"]),
    ("owner", "vendors:exitstep-complete", {"outcome": "done", "note": "Revoked."}, ["exitstep.completed"]),
    ("compliance", "vendors:vendorreview-edit", {"due_on": "2070-01-01"}, ["vendorreview.updated"]),
    ("compliance", "vendors:vendorreview-cancel", WHY, ["vendorreview.cancelled"]),
    (
        "owner",
        "vendors:vendorreview-answer",
        {"key": "register", "answer": "yes"},
        ["vendorreviewitem.answered"],
    ),
    ("owner", "vendors:vendorreview-questions", {"answer_register": "yes"}, ["vendorreviewitem.answered"]),
    (
        "compliance",
        "vendors:vendorcontrol-create",
        {"part": "review", "control": "{pk}", "reason": "It is."},
        ["vendorcontrol.created"],
    ),
    ("compliance", "vendors:vendorcontrol-unlink", WHY, ["vendorcontrol.archived"]),
    ("compliance", "vendors:vendorfinding-unlink", WHY, ["vendorfinding.archived"]),
    ("compliance", "vendors:vendoralias-archive", WHY, ["vendoralias.archived"]),
]
# What writes, but has no row: another test of the same app follows its steps.
WITHOUT = {
    "controls:control-restore": "tests/controls/test_views.py, archived first",
    "controls:control-import": "tests/pages/test_imports.py",
    "controls:control-approve-not-applicable": "below: needs a proposal",
    "controls:control-decline-not-applicable": "below: needs a proposal",
    "controls:control-map-criteria": "below: its fields are named by criterion",
    "evidence:evidence-create": "tests/evidence/test_submitting.py",
    "evidence:evidence-supersede": "tests/evidence/test_submitting.py",
    "evidence:evidence-link": "tests/evidence/test_pages.py: another control",
    "api:evidence-list": "tests/evidence/test_submitting.py: the push",
    **dict.fromkeys(
        (
            "api:evidence-withdraw",
            "api:evidence-link",
            "api:evidence-accept",
            "api:evidence-give-back",
            "api:requirement-list",
            "api:requirement-archive",
            "api:requirement-restore",
            "api:exemption-approve",
            "api:exemption-decline",
        ),
        "tests/pages/test_api.py: the entries are those of the pages",
    ),
    "evidence:requirement-restore": "as control-restore: the same page",
    "vendors:vendor-archive": "tests/vendors/test_pages.py: not while a review of it is under way",
    "vendors:vendor-restore": "as control-restore: the same page",
    "vendors:vendor-import": "tests/vendors/test_imports.py",
    **dict.fromkeys(
        (
            "vendors:vendor-approve",
            "vendors:vendor-approve-conditionally",
            "vendors:vendor-return",
            "vendors:vendor-propose",
            "vendors:vendor-offboard",
            "vendors:vendor-keep",
            "vendors:vendor-end",
            "vendors:vendor-begin-review",
            "vendors:vendor-link-finding",
            "vendors:vendor-add-document",
            "vendors:vendordocument-supersede",
            "vendors:vendordocument-restore",
            "vendors:contract-restore",
            "vendors:contract-record-evidence",
            "vendors:condition-restore",
            "vendors:vendorreview-submit",
            "vendors:vendorreview-approve",
            "vendors:vendorreview-return",
            "vendors:vendorreview-raise-finding",
        ),
        "tests/vendors/test_pages.py: each needs a step before it, or a file",
    ),
    **dict.fromkeys(
        (
            "api:vendor-list",
            "api:vendor-archive",
            "api:vendor-restore",
            "api:vendor-assess",
            "api:vendor-approve",
            "api:vendor-approve-conditionally",
            "api:vendor-return",
            "api:vendor-propose",
            "api:vendor-raise-tier",
            "api:vendor-offboard",
            "api:vendor-keep",
            "api:vendor-end",
            "api:vendor-add-condition",
            "api:vendor-begin-review",
            "api:vendor-link-finding",
            "api:vendor-add-contract",
            "api:vendordocument-archive",
            "api:vendordocument-restore",
            "api:contract-archive",
            "api:contract-restore",
            "api:contract-record-evidence",
            "api:condition-archive",
            "api:condition-restore",
            "api:condition-meet",
            "api:exitstep-complete",
            "api:vendorreview-answer",
            "api:vendorreview-raise-finding",
            "api:vendorreview-submit",
            "api:vendorreview-approve",
            "api:vendorreview-return",
            "api:vendorreview-cancel",
            "api:vendorcontrol-list",
            "api:vendorcontrol-unlink",
        ),
        "tests/vendors/test_pages.py: the entries are those of the pages",
    ),
    "findings:finding-restore": "tests/findings/test_pages.py, archived first",
    "findings:finding-import": "tests/findings/test_imports.py",
    **dict.fromkeys(
        (
            "findings:finding-verify",
            "findings:finding-return",
            "findings:finding-reopen",
            "findings:finding-accept",
            "findings:finding-decline",
            "findings:finding-add-evidence",
            "findings:correctiveaction-verify",
            "findings:correctiveaction-return",
            "findings:correctiveaction-restore",
        ),
        "tests/findings/test_pages.py: each needs a step before it",
    ),
    **dict.fromkeys(
        (
            "api:finding-list",
            "api:finding-archive",
            "api:finding-restore",
            "api:finding-start",
            "api:finding-fix",
            "api:finding-reopen",
            "api:finding-request-acceptance",
            "api:finding-plan-action",
            "api:finding-link-control",
            "api:finding-add-evidence",
            "api:finding-verify",
            "api:finding-return",
            "api:finding-accept",
            "api:finding-decline",
            "api:correctiveaction-complete",
            "api:correctiveaction-verify",
            "api:correctiveaction-return",
        ),
        "tests/findings/test_pages.py: the entries are those of the pages",
    ),
    **dict.fromkeys(
        (
            "accessreviews:campaign-create",
            "accessreviews:campaign-launch",
            "accessreviews:campaign-include",
            "accessreviews:campaign-link-control",
            "accessreviews:review-choose-reviewer",
            "accessreviews:review-omit",
            "accessreviews:review-take-in",
            "api:campaign-list",
            "api:campaign-launch",
            "api:campaign-cancel",
            "api:campaign-link-control",
            "api:review-omit",
            "api:review-take-in",
        ),
        "tests/accessreviews/test_campaigns.py: each needs a draft",
    ),
    **dict.fromkeys(
        (
            "accessreviews:review-approve",
            "accessreviews:review-return",
            "accessreviews:review-correct",
            "accessreviews:assignment-sign",
            "api:review-approve",
            "api:review-return",
            "api:review-correct",
        ),
        "tests/accessreviews/test_signing.py: each needs what comes before it",
    ),
    **dict.fromkeys(
        ("accessreviews:decide", "accessreviews:keep-together", "accessreviews:assignment-reassign"),
        "tests/accessreviews/test_parts.py",
    ),
    "systems:system-restore": "as control-restore: the same page",
    "systems:system-import": "tests/systems/test_systems.py",
    "accessreviews:accountmatch-restore": "as control-restore: the same page",
    "accessreviews:listing-new": "tests/accessreviews/test_listing_pages.py: it takes a file",
    **dict.fromkeys(
        ("api:listing-list", "api:accountmatch-list", "api:accountmatch-archive", "api:accountmatch-restore"),
        "tests/accessreviews/test_listing_api.py",
    ),
    **dict.fromkeys(
        ("api:system-list", "api:system-archive", "api:system-restore", "api:system-name-administrator"),
        "tests/systems/test_systems.py: the entries are those of the pages",
    ),
    **dict.fromkeys(
        ("accessreviews:removal-confirm", "accessreviews:removal-except", "accessreviews:removal-decline"),
        "tests/accessreviews/test_removals.py: each needs a step before it",
    ),
    **dict.fromkeys(
        (
            "api:removal-complete",
            "api:removal-confirm",
            "api:removal-assign",
            "api:removal-request-exception",
            "api:removal-except",
            "api:removal-decline",
        ),
        "tests/accessreviews/test_removal_pages.py: the entries are those of the pages",
    ),
    "people:person-restore": "tests/people/test_roster_pages.py, archived first",
    "people:person-import": "tests/people/test_roster_import.py",
    **dict.fromkeys(
        ("api:person-list", "api:person-archive", "api:person-restore"),
        "tests/people/test_roster_pages.py: the entries are those of the pages",
    ),
    "people:course-restore": "as control-restore: the same page",
    "people:completion-create": "tests/people/test_training.py: it names a person",
    "people:completion-restore": "tests/people/test_training.py, archived first",
    "people:completion-import": "tests/people/test_training.py",
    **dict.fromkeys(
        (
            "api:course-list",
            "api:course-archive",
            "api:course-restore",
            "api:course-record-evidence",
            "api:completion-list",
            "api:completion-archive",
            "api:completion-restore",
        ),
        "tests/people/test_training.py: the entries are those of the pages",
    ),
    "people:checklist-restore": "as control-restore: the same page",
    **dict.fromkeys(
        (
            "people:person-start-checklist",
            "people:checklistrun-complete-item",
            "people:checklistrun-reopen-item",
            "people:checklistrun-close",
            "api:person-start-checklist",
            "api:checklist-list",
            "api:checklist-archive",
            "api:checklist-restore",
            "api:checklistrun-complete-item",
            "api:checklistrun-reopen-item",
            "api:checklistrun-close",
        ),
        "tests/people/test_checklists.py: each names an item, or needs a step before it",
    ),
    **dict.fromkeys(
        (
            "risks:assessment-put-risk",
            "risks:assessment-name-participant",
            "risks:assessment-link-control",
            "risks:assessment-submit",
            "risks:assessment-approve",
            "risks:assessment-return",
            "api:assessment-list",
            "api:assessment-put-risk",
            "api:assessment-put-new",
            "api:assessment-name-participant",
            "api:assessment-link-control",
            "api:assessment-approve",
            "api:assessment-return",
            "api:assessment-cancel",
        ),
        "tests/risks/test_assessments.py, test_closing.py: each needs a step before it, or is as the page",
    ),
    **dict.fromkeys(
        (
            "risks:risk-archive",
            "risks:risk-import",
            "risks:method-publish",
            "risks:executive-create",
            "risks:executive-end",
            "risks:library",
            "risks:risk-restore",
            "risks:risk-adapt",
            "risks:risk-rate",
            "risks:risk-treat",
            "risks:risk-request-acceptance",
            "risks:risk-close",
            "risks:risk-reopen",
            "risks:risk-plan-action",
            "risks:risk-link-control",
            "risks:risk-link-vendor",
            "risks:risk-link-finding",
            "risks:treatmentaction-edit",
            "risks:treatmentaction-archive",
            "risks:treatmentaction-restore",
            "risks:acceptance-approve",
            "risks:acceptance-decline",
            "risks:acceptance-end",
            "risks:riskcontrol-unlink",
            "risks:riskfinding-unlink",
            "api:risk-list",
            "api:risk-archive",
            "api:risk-restore",
            "api:risk-adapt",
            "api:risk-rate",
            "api:risk-treat",
            "api:risk-review",
            "api:risk-request-acceptance",
            "api:risk-close",
            "api:risk-reopen",
            "api:risk-plan-action",
            "api:risk-link-control",
            "api:risk-link-vendor",
            "api:risk-link-finding",
            "api:treatmentaction-complete",
            "api:acceptance-approve",
            "api:acceptance-decline",
            "api:acceptance-withdraw",
            "api:acceptance-end",
        ),
        "tests/risks/: each needs a step before it, or is as the page",
    ),
    **dict.fromkeys(
        (
            "vendors:worksheet-create",
            "vendors:worksheet-submit",
            "vendors:worksheet-approve",
            "vendors:worksheet-return",
            "vendors:worksheet-carry-over",
            "vendors:cuec-confirm",
            "api:worksheet-list",
            "api:worksheet-submit",
            "api:worksheet-approve",
            "api:worksheet-return",
            "api:worksheet-cancel",
            "api:worksheet-add-exception",
            "api:worksheet-add-cuec",
            "api:worksheet-paste-cuecs",
            "api:worksheet-carry-over",
            "api:worksheet-add-subservice",
        ),
        "tests/vendors/test_worksheets.py, test_cuecs.py: each needs a step before it, or is as the page",
    ),
    **dict.fromkeys(
        ("vendors:subprocessorlist-publish", "api:subprocessorlist-record-notice"),
        "tests/vendors/test_subprocessors.py: needs a change of the register, or is as the page",
    ),
    **dict.fromkeys(
        (
            "vendors:reconciliation-create",
            "vendors:reconciliation-close",
            "vendors:reconciliation-dismiss",
            "api:reconciliation-list",
            "api:reconciliation-close",
            "api:reconciliation-cancel",
        ),
        "tests/vendors/test_reconciliation.py: each takes a file, names that are settled, or is as the page",
    ),
    "findings:finding-link-control": "tests/findings/test_pages.py: needs another control",
    "evidence:evidencelink-confirm": "tests/evidence/test_ways_round.py: an accepted item that was linked later",
    "audits:engagement-admit-auditor": "below: needs a second auditor",
    "audits:engagement-archive": "tests/audits/test_pages.py, access ended first",
    "audits:engagement-restore": "tests/audits/test_pages.py",
    "accounts:dutyexception-create": "tests/accounts/test_exceptions.py",
    "accounts:user-reactivate": "tests/accounts/test_pages.py, deactivated first",
    "accounts:user-resend-invitation": "tests/accounts/test_pages.py, invited first",
    "accounts:token-create": "tests/accounts/test_tokens.py: it answers with the token, once",
    "accounts:token-revoke": "tests/accounts/test_tokens.py",
    "api:control-list": "tests/pages/test_api.py, as what follows: the entries are those of the pages",
    "api:control-archive": "tests/pages/test_api.py",
    "api:control-restore": "tests/pages/test_api.py",
    "api:control-update-status": "tests/pages/test_api.py",
    "api:control-review": "tests/pages/test_api.py",
    "api:control-reword": "as controls:control-reword: the entries are those of the pages",
    "api:control-propose-not-applicable": "tests/pages/test_api.py",
    "api:control-approve-not-applicable": "tests/pages/test_api.py",
    "api:control-decline-not-applicable": "tests/pages/test_api.py",
    "api:population-draw": "tests/evidence/test_sampling_pages.py",
    "api:engagement-list": "tests/pages/test_api.py",
    "api:engagement-archive": "tests/pages/test_api.py",
    "api:engagement-restore": "tests/pages/test_api.py",
    "accounts:invitation": "tests/accounts/test_sign_in.py",
    "organisation:logo-edit": "tests/organisation/test_views.py",
    "organisation:logo-remove": "tests/organisation/test_views.py",
    "organisation:holiday-restore": "as control-restore: the same page",
    "jobs:job-cancel": "tests/jobs/test_views.py",
    "pages:import-columns": "tests/pages/test_imports.py",
    "pages:import-apply": "tests/pages/test_imports.py",
    "account_login": "tests/accounts/test_sign_in.py",
    "account_reauthenticate": "tests/accounts/test_sign_in.py",
    "account_change_password": "tests/accounts/test_sign_in.py",
    "account_reset_password": "tests/accounts/test_sign_in.py",
    "account_reset_password_from_key": "tests/accounts/test_sign_in.py",
    "accounts:user-change-break-glass": "tests/accounts/test_oidc.py",
    "accounts:user-untie-provider": "tests/accounts/test_oidc.py: needs somebody who came by a provider",
    "accounts:identityprovider-create": "tests/accounts/test_oidc.py",
    "accounts:identityprovider-restore": "as control-restore: the same page",
    **dict.fromkeys(("openid_connect_login", "openid_connect_callback"), "tests/accounts/test_oidc.py"),
    **dict.fromkeys(
        ("saml_login", "saml_acs", "saml_finish_acs", "saml_metadata", "saml_sls"), "tests/accounts/test_saml.py"
    ),
    "mfa_reauthenticate": "tests/accounts/test_second_factor.py",
    "mfa_add_webauthn": "tests/e2e/test_sign_in.py",
}


def test_every_route_that_takes_a_post_is_accounted_for():
    rows = {route for _, route, _, _ in POSTS} | set(WITHOUT)
    taking = {route for route in all_routes() if set(WRITES[route].split()) - {"405", "302", "401", "403", "410"}}
    assert {route for route in taking if set(WRITES[route].split()[1:]) != {"404"}} <= rows
    assert not {route for _, route, _, _ in POSTS} & set(WITHOUT)


@pytest.mark.parametrize(("person", "route", "filled", "verbs"), POSTS)
def test_a_post_leaves_exactly_its_entries(world: World, person: str, route: str, filled: dict, verbs: list[str]):
    assert entries_of(world, person, address(route, world), filled) == verbs


def test_a_proposal_is_answered_by_somebody_else(world: World):
    base = f"/controls/{world.control.pk}/not-applicable/"
    assert entries_of(world, "compliance", base, WHY) == ["control.not_applicable_proposed"]
    assert entries_of(world, "compliance", f"{base}approve/", {"note": "Mine."}, status=403) == ["access.refused"]
    assert entries_of(world, "compliance", f"{base}decline/", WHY) == ["control.not_applicable_declined"]
    assert entries_of(world, "owner", base, WHY) == ["control.not_applicable_proposed"]
    assert entries_of(world, "compliance", f"{base}approve/", {"note": "Agreed."}) == [
        "control.not_applicable_approved"
    ]


def test_criteria_are_linked_and_unlinked_one_entry_each(world: World):
    old, new = (Criterion.objects.get(code=code).pk for code in ("CC6.1", "CC6.2"))
    filled = WHY | {f"link_{old}": "", f"link_{new}": "on", f"why_{new}": "It grants by role."}
    path = f"/controls/{world.control.pk}/criteria/"
    assert sorted(entries_of(world, "compliance", path, filled)) == ["mapping.archived", "mapping.created"]


def test_an_auditor_is_admitted(world: World):
    second = UserFactory(role="auditor")
    now = datetime.datetime.now(datetime.UTC)
    filled = WHY | {
        "user": second.pk,
        "opens_at": now.strftime("%Y-%m-%dT%H:%M"),
        "closes_at": (now + datetime.timedelta(days=5)).strftime("%Y-%m-%dT%H:%M"),
    }
    path = reverse("audits:engagement-admit-auditor", args=[world.engagement.pk])
    verbs = entries_of(world, "compliance", path, filled, ask=False)
    assert verbs == ["auditorwindow.created", "engagementgrant.created", "engagement.auditor_admitted"]
    assert windows_of(world.engagement).count() == 2


def entries_of(
    world: World, person: str, path: str, filled: dict[str, Any], *, status: int | None = None, ask: bool = True
) -> list[str]:
    """Send the form at `path` as it is offered, with `filled` on top; the verbs of the entries that this left."""
    client = Client()
    client.force_login(world.people[person])
    data = offered(client.get(path)) if ask else {}
    names = {
        "pk": world.control.pk, "owner": world.control.owner_id, "availability": availability(),
        "manager": world.control.owner.manager_id if world.control.owner else 0,
        "system": world.arguments["systems"]["pk"], "employee": world.arguments["accounts"]["pk"],
    }  # fmt: skip
    for name, value in filled.items():
        data[name.format(**names)] = value.format(**names) if isinstance(value, str) else value
    before = Entry.objects.count()
    jobs = Job.objects.count()
    response = client.post(path, {name: value for name, value in data.items() if value not in (None, "", False)})
    complaints = dict(response.context["form"].errors) if response.status_code == 422 else {}
    assert response.status_code == (status or 302), complaints
    assert Job.objects.count() - jobs in (0, 1)
    return list(Entry.objects.order_by("id")[before:].values_list("verb", flat=True))


def offered(response: Any) -> dict[str, Any]:
    """What a page's form would send if nobody touched it."""
    if response.status_code == 405 or response.context is None or "form" not in response.context:
        return {}
    form = response.context["form"]
    return {form.add_prefix(name): form[name].value() for name in form.fields}


def availability() -> int:
    """The number of the category that the scope test ticks."""
    return Criterion.objects.get(code="A1.1").category_id
