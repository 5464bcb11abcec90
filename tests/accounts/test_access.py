"""Who may do what: the table of the roles page, scope by scope, and everything that must never be allowed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from audits.actions import admit_auditor
from audits.models import Engagement, EngagementGrant
from controls.models import Category, Control, Criterion, Framework, Mapping, Series, Wording
from foundation.accounts import access
from foundation.accounts.access import (
    allowed,
    apart,
    can,
    get_allowed,
    moment_for,
    open_window,
    require,
    visible,
    which,
)
from foundation.accounts.duties import OWN_ROLE
from foundation.accounts.models import AuditorWindow, User
from foundation.accounts.roles import Role, Scope
from foundation.accounts.table import AUDITOR_MAY, AUDITOR_WRITES, TABLE
from foundation.trail import asof
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM, record
from policies.models import Policy
from tests.everywhere.test_doors import registers
from tests.factories.people import EngagementFactory, UserFactory, WindowFactory
from tests.factories.policies import a_policy, in_force

pytestmark = pytest.mark.django_db


def make(instance: Any, verb: str = "control.created") -> Any:
    return save(instance, actor=SYSTEM, verb=verb)


@pytest.fixture
def criteria(db: None) -> dict[str, Criterion]:
    """One criterion in each of two categories: security and privacy."""
    framework = make(Framework(slug="tsc", name="TSC"))
    found = {}
    for position, slug in enumerate(("security", "privacy")):
        category = make(Category(framework=framework, slug=slug, name=slug.title(), position=position, in_scope=True))
        series = make(Series(category=category, code=slug[:3].upper(), title=slug, position=position))
        found[slug] = make(
            Criterion(
                framework=framework, category=category, series=series, code=f"{slug}.1", title=slug, position=position
            )
        )
    return found


@pytest.fixture
def controls(owner: User, colleague: User, criteria: dict[str, Criterion]) -> dict[str, Control]:
    """The owner's control and one that the owner operates for a colleague (security); the colleague's (privacy)."""
    mine = make(Control(ref="A-1", name="Mine", owner=owner))
    operated = make(Control(ref="A-2", name="Operated", owner=colleague, operator=owner))
    theirs = make(Control(ref="A-3", name="Theirs", owner=colleague))
    for control, slug in ((mine, "security"), (operated, "security"), (theirs, "privacy")):
        make(Mapping(control=control, criterion=criteria[slug], rationale="fits"))
    return {"mine": mine, "operated": operated, "theirs": theirs}


# ---- the table, literally --------------------------------------------------------------------------------------------

A, C, M, W, E, U = (
    Role.ADMINISTRATOR,
    Role.COMPLIANCE_MANAGER,
    Role.MANAGER,
    Role.CONTROL_OWNER,
    Role.EMPLOYEE,
    Role.AUDITOR,
)
PROGRAMME = {A: "all", C: "all", M: "all", W: "all", U: "window"}
EVERYONES_OWN = dict.fromkeys((A, C, M, W, E, U), "own")
MANAGED = {C: "all"}
KEPT = {C: "all", M: "own", W: "own", E: "own"}
JUDGED = {C: "all", M: "all", W: "own", E: "own"}
WORKED_ON: dict[Role, str] = {C: "all", M: "team", W: "own"}
SECONDED: dict[Role, str] = {C: "all", M: "team"}
FINDINGS = {A: "all", C: "all", M: "team", W: "own", U: "window"}
POLICIES: dict[Role, str] = {A: "for", C: "all", M: "for", W: "for", E: "for", U: "window"}
POLICY_LINKS: dict[Role, str] = {C: "all", M: "for", W: "for", U: "window"}
INCIDENTS: dict[Role, str] = {A: "open", C: "all", M: "own", W: "own", E: "own", U: "window"}
RESPONSE: dict[Role, str] = {A: "own", C: "all", M: "own", W: "own", E: "own"}
THE_PLAN: dict[Role, str] = {A: "all", C: "all", M: "all", W: "all", E: "all", U: "window"}
PLANNED: dict[Role, str] = {C: "all", M: "own", W: "own"}
EXERCISES: dict[Role, str] = {A: "own", C: "all", M: "all", W: "own", E: "own", U: "window"}
APPROVED: dict[Role, str] = {C: "own", M: "own"}
ANSWERS = {C: "all", M: "own", W: "own", E: "own"}
REQUESTS = ANSWERS | {U: "window"}
HIS = {U: "window"}
TESTS = {C: "all", M: "own", W: "own", U: "window"}
TEXTS: dict[str, dict[Role, str]] = {
    "view": {C: "all", M: "all", U: "window"},
    **dict.fromkeys(("add", "change", "archive"), MANAGED),
}
EXPECTED: dict[str, dict[str, dict[Role, str]]] = {
    "accounts.user": {
        "view": {A: "all", C: "all", E: "own", U: "window"},
        "view_details": {A: "all", C: "all", E: "own"},
        "view_history": {A: "all", C: "all"},
        "add": {A: "all"},
        "change": {A: "all"},
        "change_profile": dict.fromkeys((A, C, M, W, E), "own"),
        "change_role": {A: "all"},
        "deactivate": {A: "all"},
        "reactivate": {A: "all"},
        "resend_invitation": {A: "all"},
        "end_sessions": {A: "all"},
        "reset_mfa": {A: "all"},
        "change_break_glass": {A: "all"},
        "untie_provider": {A: "all"},
        "review_access": {A: "all", C: "all"},
    },
    "accounts.dutyexception": {
        "view": {A: "all", C: "all", M: "own", W: "own", E: "own", U: "window"},
        "add": MANAGED,
        "approve": {C: "own", M: "own"},
        "decline": {C: "own", M: "own"},
        "end": MANAGED,
    },
    "accounts.token": {
        "view": {A: "all", C: "all", M: "own", W: "own", E: "own"},
        "add": dict.fromkeys((A, C, M, W, E), "own"),
        "revoke": {A: "all", C: "own", M: "own", W: "own", E: "own"},
    },
    "accounts.calendarfeed": {
        "view": dict.fromkeys((A, C, M, W, E, U), "own"),
        "add": dict.fromkeys((A, C, M, W, E), "own"),
    },
    "accounts.identityprovider": {"view": {A: "all"}, "add": {A: "all"}, "change": {A: "all"}, "archive": {A: "all"}},
    "accounts.auditorwindow": {"view": MANAGED},
    "organisation.organisation": {"view": {A: "all"}, "change": {A: "all"}},
    "organisation.setting": {
        "view": {A: "all", C: "all"},
        "change": {A: "all"},
        "change_programme": {A: "all", C: "all"},
    },
    "organisation.holiday": {
        "view": {A: "all", C: "all"},
        "add": {A: "all"},
        "change": {A: "all"},
        "archive": {A: "all"},
    },
    "controls.framework": {"view": PROGRAMME},
    "controls.category": {"view": PROGRAMME, "change_scope": MANAGED},
    "controls.series": {"view": PROGRAMME},
    "controls.criterion": {"view": PROGRAMME, "change_scope": MANAGED},
    "controls.control": {
        "view": PROGRAMME,
        **dict.fromkeys(
            (
                "add",
                "change",
                "archive",
                "import",
                "approve_not_applicable",
                "assign_owner",
                "change_review_date",
                "reword",
                "map_criteria",
            ),
            MANAGED,
        ),
        "update_status": {C: "all", M: "team", W: "own"},
        "review": {C: "all", W: "own"},
        "propose_not_applicable": {C: "all", W: "own"},
        "submit_evidence": {C: "all", M: "all", W: "own", E: "own"},
    },
    "controls.mapping": {"view": PROGRAMME},
    "controls.wording": {"view": PROGRAMME},
    "evidence.population": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "add": {C: "all", W: "own"},
        "draw": {C: "all", W: "own"},
        "download": {C: "all", M: "all", W: "own", U: "window"},
    },
    "evidence.populationlink": {"view": {C: "all", M: "all", W: "own", U: "window"}},
    "evidence.sample": {key: {C: "all", M: "all", W: "own", U: "window"} for key in ("view", "download")},
    "evidence.evidence": {
        "view": JUDGED | {U: "window"},
        "add": {C: "all", M: "all", W: "own", E: "own"},
        "change": KEPT,
        "supersede": KEPT,
        "withdraw": KEPT,
        "review": {C: "all", M: "all", W: "own"},
        "link": {C: "all", M: "own", W: "own"},
        "download": JUDGED | {U: "window"},
    },
    "evidence.evidencelink": {"view": JUDGED | {U: "window"}},
    "evidence.requirement": {
        "view": PROGRAMME | {E: "own"},
        **dict.fromkeys(("add", "change", "archive"), MANAGED),
    },
    "evidence.occurrence": {"view": PROGRAMME | {E: "own"}, "rebuild": MANAGED},
    "evidence.exemption": {
        "view": PROGRAMME,
        "add": {C: "all", M: "all", W: "all"},
        **dict.fromkeys(("approve", "decline"), MANAGED),
    },
    "findings.finding": {
        "view": FINDINGS,
        **dict.fromkeys(("add", "change", "archive", "import", "reopen", "link_control"), MANAGED),
        **dict.fromkeys(("update_status", "request_acceptance", "plan_action", "add_evidence"), WORKED_ON),
        **dict.fromkeys(("verify", "accept"), SECONDED),
    },
    "findings.findingcontrol": {"view": FINDINGS, "unlink": MANAGED},
    "findings.findingevidence": {"view": FINDINGS, "unlink": MANAGED},
    "findings.correctiveaction": {
        "view": FINDINGS | {E: "own"},
        "change": MANAGED,
        "archive": MANAGED,
        "complete": {C: "all", M: "team", W: "own", E: "own"},
        "verify": {C: "all", M: "team"},
    },
    "systems.system": {
        "view": {A: "all", C: "all", M: "all", W: "all", U: "window"},
        "add": {C: "all"},
        "change": {C: "all", M: "own", W: "own"},
        "archive": {C: "all"},
        "import": {C: "all"},
        "name_administrator": {C: "all", M: "own", W: "own"},
    },
    "systems.systemadministrator": {
        "view": {A: "all", C: "all", M: "all", W: "all", U: "window"},
        "unlink": {C: "all"},
    },
    "people.person": {
        "view": {A: "all", C: "all", M: "team", W: "own", E: "own", U: "window"},
        "add": {A: "all", C: "all"},
        "change": {A: "all", C: "all"},
        "archive": {A: "all", C: "all"},
        "import": {A: "all", C: "all"},
        "start_checklist": {A: "all", C: "all"},
    },
    "people.checklist": {
        "view": {A: "all", C: "all", M: "all", U: "window"},
        "add": {A: "all", C: "all"},
        "change": {A: "all", C: "all"},
        "archive": {A: "all", C: "all"},
    },
    "people.checklistitem": {
        "view": {A: "all", C: "all", M: "team", W: "own", E: "own", U: "window"},
    },
    "people.checklistrun": {
        "view": {A: "all", C: "all", M: "team", W: "own", E: "own", U: "window"},
        "complete_item": {A: "all", C: "all", M: "team", W: "own", E: "own"},
        "close": {A: "all", C: "all"},
    },
    "people.course": {
        "view": {A: "all", C: "all", M: "all", W: "all", E: "all", U: "window"},
        "add": {A: "all", C: "all"},
        "change": {A: "all", C: "all"},
        "archive": {A: "all", C: "all"},
        "record_evidence": {C: "all"},
    },
    "people.completion": {
        "view": {A: "all", C: "all", M: "team", W: "own", E: "own", U: "window"},
        "add": {A: "all", C: "all"},
        "archive": {A: "all", C: "all"},
        "import": {A: "all", C: "all"},
    },
    "accessreviews.listing": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
        "add": {C: "all", M: "own", W: "own"},
        "download": {C: "all", M: "own", W: "own", U: "window"},
    },
    "accessreviews.accountmatch": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
        "add": {C: "all", M: "own", W: "own"},
        "change": {C: "all", M: "own", W: "own"},
        "archive": {C: "all", M: "own", W: "own"},
    },
    "accessreviews.columnmapping": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
    },
    "accessreviews.campaign": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
        "add": {C: "all"},
        "change": {C: "all"},
        "launch": {C: "all"},
        "cancel": {C: "all"},
        "link_control": {C: "all"},
    },
    "accessreviews.campaigncontrol": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
        "unlink": {C: "all"},
    },
    "accessreviews.review": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
        "choose_reviewer": {C: "all"},
        "omit": {C: "all"},
        "approve": {C: "own", M: "own"},
        "return": {C: "own", M: "own"},
        "correct": {C: "all", M: "own"},
        "download": {C: "all", M: "own", W: "own", U: "window"},
    },
    "accessreviews.assignment": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
        "decide": {C: "own", M: "own"},
        "sign": {C: "own", M: "own"},
        "delegate": {C: "all", M: "own"},
        "reassign": {C: "all"},
    },
    "accessreviews.decision": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
    },
    "accessreviews.comment": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
    },
    "accessreviews.addendum": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
    },
    "accessreviews.removal": {
        "view": {C: "all", M: "own", W: "own", U: "window"},
        "assign": {C: "all"},
        "complete": {C: "all", M: "own", W: "own"},
        "request_exception": {C: "all", M: "own", W: "own"},
        "confirm": {C: "all", M: "own"},
        "except": {C: "all", M: "own"},
    },
    "audits.request": {
        "view": REQUESTS,
        "add": {C: "all", U: "window"},
        **dict.fromkeys(("change", "import", "assign", "remind", "link"), MANAGED),
        "respond": ANSWERS,
        "comment": REQUESTS,
        "accept": {U: "window"},
        "return": {U: "window"},
        "withdraw": {C: "all", U: "window"},
    },
    **{f"audits.{name}": {"view": REQUESTS, "unlink": {C: "all"}} for name in ("requestcontrol", "requestcriterion")},
    "audits.requestevidence": {"view": REQUESTS, "download": REQUESTS, "unlink": ANSWERS},
    "audits.requestcomment": {"view": REQUESTS},
    "audits.package": {verb: {C: "all", U: "window"} for verb in ("view", "add", "download")},
    "audits.auditsample": {
        **dict.fromkeys(("view", "download"), REQUESTS),
        **dict.fromkeys(("add", "replace_item"), HIS),
        "hand_in": ANSWERS,
    },
    "audits.sampleitem": {"view": REQUESTS},
    "audits.itemevidence": {"view": REQUESTS, "unlink": ANSWERS},
    "audits.controltest": {
        "view": TESTS,
        **dict.fromkeys(("add", "change", "record", "conclude", "reopen"), HIS),
        "respond": {C: "all", M: "own", W: "own"},
    },
    **{f"audits.{name}": {"view": TESTS} for name in ("itemresult", "managementresponse")},
    "audits.engagement": dict.fromkeys(
        (
            "view",
            "add",
            "change",
            "archive",
            "admit_auditor",
            "end_access",
            "begin_fieldwork",
            "begin_reporting",
            "issue_report",
            "take_over",
        ),
        MANAGED,
    ),
    **{f"audits.{name}": TEXTS for name in ("userentitycontrol", "subserviceorganisation", "subservicecontrol")},
    "audits.descriptionsection": {verb: TEXTS[verb] for verb in ("view", "add", "change")},
    "audits.assertion": {
        **{verb: TEXTS[verb] for verb in ("view", "add", "change")},
        "submit": MANAGED,
        "return": {C: "all", M: "own"},
        "sign": {M: "own"},
    },
    "audits.engagementgrant": {"view": MANAGED},
    "trail.block": {
        "view": {Role.ADMINISTRATOR: "all", Role.COMPLIANCE_MANAGER: "all", Role.AUDITOR: "window"},
        "verify": {Role.ADMINISTRATOR: "all", Role.COMPLIANCE_MANAGER: "all"},
    },
    "trail.entry": {
        "view": {A: "all", C: "all", M: "seen", W: "seen", E: "own", U: "seen"},
        "view_private": {A: "all", C: "all", M: "own", W: "own", E: "own"},
    },
    "pages.import": {"view": {A: "own", C: "all"}},
    "files.storedfile": {"view": {A: "all"}},
    "jobs.job": {"view": EVERYONES_OWN, "download": EVERYONES_OWN},
    "policies.policy": {
        "view": POLICIES,
        "add": {C: "all"},
        "change": {C: "all"},
        "archive": {C: "all"},
        "adapt": {C: "all"},
        "amend": {C: "all"},
        "review": {C: "all", M: "own", W: "own"},
        "retire": {C: "all"},
        "change_audience": {C: "all"},
        "name_approver": {C: "all"},
        "link_control": {C: "all"},
        "request_exception": {C: "all", M: "for", W: "for"},
        "remind": {C: "all"},
        "record_acknowledgements": {C: "all"},
    },
    "policies.policyversion": {
        "view": POLICIES,
        "acknowledge": {A: "for", C: "for", M: "for", W: "for", E: "for"},
        "write": {C: "all"},
        "submit": {C: "all"},
        "approve": {C: "own", M: "own"},
        "return": {C: "all", M: "own"},
        "withdraw": {C: "all"},
    },
    "policies.policyauthor": {
        "view": POLICY_LINKS,
    },
    "policies.policyapproval": {
        "view": POLICIES,
    },
    "policies.policyreview": {
        "view": POLICIES,
    },
    "policies.policygroup": {
        "view": POLICIES,
    },
    "policies.policyapprover": {
        "view": POLICIES,
        "unlink": {C: "all"},
    },
    "policies.policycontrol": {
        "view": POLICY_LINKS,
        "unlink": {C: "all"},
    },
    "policies.policyexception": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "approve": {C: "all", M: "all"},
        "decline": {C: "all", M: "all"},
        "withdraw": {C: "all", M: "own", W: "own"},
        "end": {C: "all"},
    },
    "policies.acknowledgement": {
        "view": {A: "own", C: "all", M: "team", W: "own", E: "own", U: "window"},
        "add": {C: "all"},
    },
    "vendors.vendor": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "add": {C: "all"},
        "change": {C: "all", M: "own", W: "own"},
        "archive": {C: "all"},
        "import": {C: "all"},
        "raise_tier": {C: "all"},
        "assess": {C: "all", M: "own", W: "own"},
        "approve": {C: "all", M: "all"},
        "offboard": {C: "all", M: "own", W: "own"},
        "end": {C: "all"},
        "add_condition": {C: "all", M: "own"},
        "link_finding": {C: "all", M: "own", W: "own"},
        "add_document": {C: "all", M: "own", W: "own"},
        "add_contract": {C: "all", M: "own", W: "own"},
        "begin_review": {C: "all", M: "own", W: "own"},
        "name_alias": {C: "all"},
    },
    "vendors.vendorfinding": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "unlink": {C: "all"},
    },
    "vendors.vendoralias": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "archive": {C: "all"},
    },
    "vendors.vendordocument": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "supersede": {C: "all", M: "own", W: "own"},
        "archive": {C: "all"},
        "download": {C: "all", M: "all", W: "own", U: "window"},
    },
    "vendors.contract": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "change": {C: "all", M: "own", W: "own"},
        "archive": {C: "all"},
        "record_evidence": {C: "all"},
    },
    "vendors.condition": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "change": {C: "all"},
        "meet": {C: "all", M: "own", W: "own"},
        "archive": {C: "all"},
    },
    "vendors.exitstep": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "complete": {C: "all", M: "own", W: "own"},
    },
    "vendors.vendorreview": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "change": {C: "all"},
        "answer": {C: "all", M: "own", W: "own"},
        "submit": {C: "all", M: "own", W: "own"},
        "approve": {C: "own", M: "own"},
        "return": {C: "own", M: "own"},
        "cancel": {C: "all"},
    },
    "vendors.vendorreviewitem": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
    },
    "vendors.vendorcontrol": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "add": {C: "all"},
        "unlink": {C: "all"},
    },
    "vendors.worksheet": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "add": {C: "all", M: "own", W: "own"},
        "change": {C: "all", M: "own", W: "own"},
        "submit": {C: "all", M: "own", W: "own"},
        "approve": {C: "own", M: "own"},
        "return": {C: "own", M: "own"},
        "cancel": {C: "all"},
    },
    "vendors.reportexception": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
    },
    "vendors.cuec": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
    },
    "vendors.subservice": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
    },
    "vendors.subprocessorlist": {
        "view": {C: "all", M: "all", W: "all", U: "window"},
        "publish": {C: "all"},
        "record_notice": {C: "all"},
        "download": {C: "all", M: "all", W: "all", U: "window"},
    },
    "vendors.notice": {
        "view": {C: "all", M: "all", W: "all", U: "window"},
    },
    "vendors.reconciliation": {
        "view": {C: "all", M: "all", U: "window"},
        "add": {C: "all"},
        "match": {C: "all"},
        "close": {C: "all"},
        "cancel": {C: "all"},
        "download": {C: "all", M: "all", U: "window"},
    },
    "vendors.reconciledrow": {
        "view": {C: "all", M: "all", U: "window"},
    },
    "risks.method": {
        "view": {C: "all", M: "all", W: "all", U: "window"},
        "publish": {C: "all"},
    },
    "risks.executive": {
        "view": {C: "all", M: "all", W: "all", U: "window"},
        "add": {C: "all"},
        "end": {C: "all"},
    },
    "risks.risk": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "add": {C: "all"},
        "change": {C: "all", M: "team", W: "own"},
        "archive": {C: "all"},
        "import": {C: "all"},
        "adapt": {C: "all", M: "team", W: "own"},
        "rate": {C: "all", M: "team", W: "own"},
        "treat": {C: "all", M: "team", W: "own"},
        "review": {C: "all", M: "team", W: "own"},
        "close": {C: "all"},
        "reopen": {C: "all"},
        "request_acceptance": {C: "all", M: "team", W: "own"},
        "plan_action": {C: "all", M: "team", W: "own"},
        "link": {C: "all", M: "team", W: "own"},
    },
    "risks.riskcontrol": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "unlink": {C: "all", M: "team", W: "own"},
    },
    "risks.riskvendor": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "unlink": {C: "all", M: "team", W: "own"},
    },
    "risks.riskfinding": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "unlink": {C: "all", M: "team", W: "own"},
    },
    "risks.treatmentaction": {
        "view": {C: "all", M: "all", W: "own", U: "window", E: "own"},
        "change": {C: "all"},
        "archive": {C: "all"},
        "complete": {C: "all", M: "team", W: "own", E: "own"},
    },
    "risks.acceptance": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "approve": {C: "all", M: "all"},
        "decline": {C: "all", M: "all"},
        "withdraw": {C: "all", M: "own", W: "own"},
        "end": {C: "all"},
    },
    "risks.assessment": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "add": {C: "all"},
        "change": {C: "all"},
        "consider": {C: "all", M: "own", W: "own"},
        "take_part": {C: "own", M: "own", W: "own"},
        "name_participant": {C: "all"},
        "link_control": {C: "all"},
        "submit": {C: "all"},
        "approve": {C: "own", M: "own"},
        "return": {C: "own", M: "own"},
        "cancel": {C: "all"},
        "download": {C: "all", M: "all", W: "own", U: "window"},
    },
    "risks.participant": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "end": {C: "all"},
    },
    "risks.assessedrisk": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
    },
    "risks.assessmentcontrol": {
        "view": {C: "all", M: "all", W: "own", U: "window"},
        "unlink": {C: "all"},
    },
    "incidents.incident": {
        "view": INCIDENTS,
        "view_facts": {C: "all", U: "window"},
        "add": RESPONSE,
        "dismiss": PLANNED,
        "unrestrict": MANAGED,
        **dict.fromkeys(
            (
                "declare",
                "change",
                "set_severity",
                "contain",
                "eradicate",
                "recover",
                "close",
                "reopen",
                "assign_commander",
                "restrict",
                "name_person",
                "record_impact",
                "add_entry",
                "link",
                "start_clock",
                "decline_clock",
                "record_notification",
                "add_custody",
                "begin_review",
            ),
            RESPONSE,
        ),
    },
    "incidents.timelineentry": {"view": INCIDENTS, "correct": RESPONSE, "download": INCIDENTS},
    "incidents.incidentperson": {"view": INCIDENTS, "end": RESPONSE},
    **{
        f"incidents.{name}": {"view": INCIDENTS, "unlink": RESPONSE}
        for name in (
            "incidentrisk",
            "incidentvendor",
            "incidentcontrol",
            "incidentfinding",
            "incidentsystem",
            "reviewcontrol",
            "reviewfinding",
        )
    },
    "incidents.incidentcontrollink": {"view": PROGRAMME, "add": MANAGED, "unlink": MANAGED},
    "incidents.custodyitem": {
        "view": INCIDENTS,
        "transfer": RESPONSE,
        "check_hash": RESPONSE,
        "download": {A: "open", C: "all", M: "own", W: "own", E: "own"},  # no auditor: it is what was seized
    },
    "incidents.custodytransfer": {"view": INCIDENTS},
    "incidents.hashcheck": {"view": INCIDENTS},
    "incidents.notificationrule": {"view": THE_PLAN, "add": MANAGED, "publish": MANAGED, "retire": MANAGED},
    "incidents.clock": {"view": INCIDENTS, **dict.fromkeys(("pause", "resume", "dismiss", "notify"), RESPONSE)},
    "incidents.clockpause": {"view": INCIDENTS},
    "incidents.notification": {"view": INCIDENTS, "download": INCIDENTS},
    "incidents.responseplan": {
        "view": THE_PLAN,
        **dict.fromkeys(("add", "change", "archive"), MANAGED),
        "draft": PLANNED,
        "review": PLANNED,
    },
    "incidents.planversion": {
        "view": THE_PLAN,
        "change": PLANNED,
        "submit": PLANNED,
        "approve": APPROVED,
        "return": APPROVED,
        "withdraw": PLANNED,
        "download": THE_PLAN,
    },
    **{
        f"incidents.{name}": {"view": THE_PLAN, "change": PLANNED, "archive": PLANNED}
        for name in ("planrole", "plancontact", "playbook")
    },
    "incidents.planseverity": {"view": THE_PLAN, "change": PLANNED},
    "incidents.planreview": {"view": THE_PLAN},
    "incidents.postincidentreview": {
        "view": INCIDENTS,
        "change": RESPONSE,
        "submit": RESPONSE,
        "approve": APPROVED,
        "return": APPROVED,
        "cancel": MANAGED,
        "link_control": RESPONSE,
        "raise_finding": RESPONSE,
    },
    "incidents.exercise": {
        "view": EXERCISES,
        "add": MANAGED,
        "change": PLANNED,
        "hold": PLANNED,
        "sign": {C: "own", M: "own", W: "own"},
        "approve": APPROVED,
        "return": APPROVED,
        "cancel": MANAGED,
        "name_attendee": PLANNED,
        "take_part": RESPONSE | {C: "own"},
        "add_inject": PLANNED,
        "add_decision": PLANNED,
        "raise_gap": PLANNED,
        "download": EXERCISES,
    },
    "incidents.exerciseattendee": {"view": EXERCISES, "end": PLANNED},
    "incidents.inject": {"view": EXERCISES, "change": PLANNED, "archive": PLANNED},
    "incidents.exercisedecision": {"view": EXERCISES, "change": PLANNED, "archive": PLANNED},
    "incidents.exercisefinding": {"view": EXERCISES, "unlink": PLANNED},
}

STANDARD = {"create": "add", "edit": "change", "archive": "archive", "import": "import"}  # a Pages' route → its verb


def test_the_table_is_the_roles_page() -> None:
    said = {
        model: {verb: {role: scope.value for role, scope in roles.items()} for verb, roles in verbs.items()}
        for model, verbs in TABLE.items()
    }
    assert said == EXPECTED


def test_every_row_of_the_table_is_a_model_and_no_verb_reaches_further_than_sight() -> None:
    order = [Scope.OWN, Scope.FOR, Scope.TEAM, Scope.OPEN, Scope.ALL]
    for label, verbs in TABLE.items():
        assert apps.get_model(label)._meta.label_lower == label
        scopes = {scope for roles in verbs.values() for scope in roles.values()}
        if label != "trail.entry" and scopes & {Scope.OWN, Scope.FOR, Scope.TEAM, Scope.WINDOW}:
            assert access.paths_of(apps.get_model(label)) is not None, label
        for verb, roles in verbs.items():
            for role, scope in roles.items():
                if verb in {"change_profile", "submit_evidence"}:
                    continue  # one's own account; or what one operates, also for those to whom the register is closed
                sight = verbs["view"].get(role)
                assert sight in {scope, Scope.SEEN} or order.index(scope) <= order.index(sight), (label, verb, role)


@pytest.mark.parametrize("label", sorted(TABLE))
def test_every_verb_of_the_table_is_asked_somewhere(label: str) -> None:
    """By a page that every register has, or by its name in the code of the register's own app."""
    model = apps.get_model(label)
    routes = {
        str(route.name).rpartition("-")[2] for pages in registers() if pages.model is model for route in pages.urls()
    }
    standard = {"view"} | {STANDARD[route] for route in routes if route in STANDARD}
    asking = {model._meta.app_label} | ({"evidence"} if label == "controls.control" else set())  # "submit_evidence"
    files = [file for app in asking for file in Path(apps.get_app_config(app).path).rglob("*.py")]
    code = "".join(file.read_text() for file in files if file.name != "table.py")
    assert [verb for verb in TABLE[label] if verb not in standard and f'"{verb}"' not in code] == []


@pytest.mark.parametrize("label", sorted(TABLE))
@pytest.mark.parametrize("role", [*Role, ""])
def test_can_anywhere_says_what_the_table_says(label: str, role: str) -> None:
    user = UserFactory(role=role)
    if role == Role.AUDITOR:
        WindowFactory(user=user)
    model = apps.get_model(label)
    for verb, roles in EXPECTED[label].items():
        expected = role in roles and (role != Role.AUDITOR or verb in AUDITOR_MAY or (label, verb) in AUDITOR_WRITES)
        assert can(user, verb, model) is expected, (verb, role)


# ---- scopes over rows ------------------------------------------------------------------------------------------------


def seen(user: Any, verb: str = "view") -> set[str]:
    return {control.ref for control in allowed(user, verb, Control)}


@pytest.mark.parametrize(
    ("who", "verb", "refs"),
    [
        ("compliance", "view", {"A-1", "A-2", "A-3"}),
        ("compliance", "update_status", {"A-1", "A-2", "A-3"}),
        ("compliance", "approve_not_applicable", {"A-1", "A-2", "A-3"}),
        ("manager", "view", {"A-1", "A-2", "A-3"}),
        ("manager", "update_status", {"A-1", "A-2"}),
        ("manager", "review", set()),
        ("manager", "change", set()),
        ("manager", "propose_not_applicable", set()),
        ("owner", "view", {"A-1", "A-2", "A-3"}),
        ("owner", "update_status", {"A-1", "A-2"}),
        ("owner", "propose_not_applicable", {"A-1", "A-2"}),
        ("owner", "approve_not_applicable", set()),
        ("owner", "assign_owner", set()),
        ("colleague", "review", {"A-2", "A-3"}),
        ("admin", "view", {"A-1", "A-2", "A-3"}),
        ("admin", "update_status", set()),
        ("admin", "approve_not_applicable", set()),
        ("auditor", "view", {"A-1", "A-2"}),
        ("auditor", "update_status", set()),
        ("employee", "view", set()),
        ("outsider", "view", set()),
    ],
)
def test_scope(
    who: str, verb: str, refs: set[str], controls: dict[str, Control], request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(who)
    assert seen(user, verb) == refs
    for control in controls.values():
        assert can(user, verb, control) is (control.ref in refs)
    assert which(user, verb, controls.values()) == {c.pk for c in controls.values() if c.ref in refs}


def test_a_manager_reaches_a_control_of_their_own(manager: User) -> None:
    own = make(Control(ref="M-1", name="Own", owner=manager))
    assert can(manager, "update_status", own)


def test_a_team_ends_with_a_new_manager(owner: User, manager: User, controls: dict[str, Control]) -> None:
    owner.manager = None
    save(owner, actor=SYSTEM, verb="user.updated")
    assert seen(manager, "update_status") == set()


def test_unknown_models_and_verbs_are_refused(compliance: User, controls: dict[str, Control]) -> None:
    assert not can(compliance, "fly", Control)
    assert not allowed(compliance, "fly", Control).exists()
    assert not can(compliance, "view", Permission)
    assert not visible(compliance, Permission).exists()


@pytest.mark.parametrize(
    "make_user", [AnonymousUser, lambda: UserFactory(role=Role.COMPLIANCE_MANAGER, is_active=False)]
)
def test_nobody_and_the_deactivated_see_nothing(make_user: Any, controls: dict[str, Control]) -> None:
    user = make_user()
    assert not visible(user, Control).exists()
    assert not can(user, "view", Control)
    assert not can(user, "view", controls["mine"])
    assert which(user, "view", controls.values()) == set()
    with pytest.raises(Http404):
        require(user, "view", Control)


def test_get_allowed_tells_unseen_from_forbidden(
    owner: User, employee: User, compliance: User, controls: dict[str, Control]
) -> None:
    theirs = controls["theirs"]
    assert get_allowed(compliance, "update_status", Control, theirs.pk) == theirs
    with pytest.raises(PermissionDenied):
        get_allowed(owner, "update_status", Control, theirs.pk)
    with pytest.raises(Http404):
        get_allowed(employee, "update_status", Control, theirs.pk)
    with pytest.raises(Http404):
        get_allowed(compliance, "view", Control, 10**9)
    assert get_allowed(owner, "view", Control.objects.filter(ref="A-3"), theirs.pk) == theirs
    with pytest.raises(Http404):
        get_allowed(owner, "view", Control.objects.filter(ref="A-1"), theirs.pk)


def test_require_tells_unseen_from_forbidden(owner: User, employee: User) -> None:
    require(owner, "view", Control)
    with pytest.raises(PermissionDenied):
        require(owner, "add", Control)
    with pytest.raises(Http404):
        require(employee, "add", Control)


def test_sight_of_everything_costs_no_query(
    compliance: User, controls: dict[str, Control], django_assert_num_queries: Any
) -> None:
    rows = list(controls.values())
    with django_assert_num_queries(0):
        assert can(compliance, "update_status", rows[0])
        assert can(compliance, "view", Control)
        assert len(which(compliance, "update_status", rows)) == 3
    with django_assert_num_queries(1):
        assert len(visible(compliance, Control)) == 3


def test_a_page_asks_once_for_all_its_rows(
    owner: User, controls: dict[str, Control], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert which(owner, "update_status", controls.values()) == {controls["mine"].pk, controls["operated"].pk}


def test_people_see_their_own_account_or_none(
    admin: User, compliance: User, employee: User, owner: User, auditor: User
) -> None:
    everybody = set(User.objects.values_list("pk", flat=True))
    assert set(visible(admin, User).values_list("pk", flat=True)) == everybody
    assert set(visible(compliance, User).values_list("pk", flat=True)) == everybody
    assert set(visible(auditor, User).values_list("pk", flat=True)) == everybody
    assert list(visible(employee, User)) == [employee]
    assert not visible(owner, User).exists()
    assert not can(compliance, "change_role", employee)


def test_apart_keeps_two_duties_with_two_people(owner: User, colleague: User) -> None:
    assert apart(owner, [colleague.pk, None], OWN_ROLE) is None
    with pytest.raises(PermissionDenied, match="Nobody changes their own role"):
        apart(owner, [colleague.pk, owner.pk], OWN_ROLE)


# ---- auditors --------------------------------------------------------------------------------------------------------


def test_an_auditor_sees_the_categories_of_the_window_only(
    auditor: User, criteria: dict[str, Criterion], controls: Any
) -> None:
    assert {criterion.code for criterion in visible(auditor, Criterion)} == {"security.1"}
    assert {category.slug for category in visible(auditor, Category)} == {"security"}
    assert {mapping.control.ref for mapping in visible(auditor, Mapping)} == {"A-1", "A-2"}


def test_an_auditor_sees_wordings_of_controls_in_scope_only(auditor: User, compliance: User, controls: Any) -> None:
    for control in controls.values():
        make(
            Wording(
                control=control,
                who="IT",
                what="does",
                how_often="daily",
                on_what="on all",
                effective_from=timezone.now().date(),
                reason="first",
                author=compliance,
            ),
            "wording.written",
        )
    assert {wording.control.ref for wording in visible(auditor, Wording)} == {"A-1", "A-2"}


def test_an_archived_link_leads_an_auditor_nowhere(auditor: User, controls: dict[str, Control]) -> None:
    mapping = Mapping.objects.get(control=controls["mine"])
    mapping.archived_at = timezone.now()
    save(mapping, actor=SYSTEM, verb="mapping.archived")
    assert seen(auditor) == {"A-2"}


def test_nothing_outlives_the_window(auditor: User, controls: dict[str, Control], engagement: Engagement) -> None:
    window = AuditorWindow.objects.get(user=auditor)
    for moment, is_open in (
        (window.opens_at - timedelta(seconds=1), False),
        (window.opens_at, True),
        (window.closes_at - timedelta(seconds=1), True),
        (window.closes_at, False),
    ):
        with time_machine.travel(moment, tick=False):
            assert bool(open_window(auditor)) is is_open
            assert bool(seen(auditor)) is is_open
            assert can(auditor, "view", Control) is is_open
            assert can(auditor, "view", controls["mine"]) is is_open
            assert can(auditor, "view", engagement) is is_open
            assert can(auditor, "view", Engagement) is is_open
            assert visible(auditor, User).exists() is is_open
            assert visible(auditor, Entry).exists() is is_open


def test_an_auditor_without_a_window_sees_nothing(controls: Any) -> None:
    user = UserFactory(role=Role.AUDITOR)
    for label in TABLE:
        assert not visible(user, apps.get_model(label)).exists(), label
        assert not can(user, "view", apps.get_model(label)), label


def test_two_open_windows_are_none(auditor: User, controls: Any) -> None:
    WindowFactory(user=auditor)
    assert open_window(auditor) is None
    assert seen(auditor) == set()


def test_a_window_of_somebody_else_opens_nothing(auditor: User, employee: User, controls: Any) -> None:
    WindowFactory(user=employee)
    assert open_window(employee) is None
    assert seen(employee) == set()


def grant(user: User, engagement: Engagement, verb: str, **times: Any) -> EngagementGrant:
    now = timezone.now()
    permission = Permission.objects.get(content_type__app_label="audits", codename=f"{verb}_engagement")
    times = {"opens_at": now - timedelta(days=1), "expires_at": now + timedelta(days=1), **times}
    given = EngagementGrant(user=user, content_object=engagement, permission=permission, reason="An exception", **times)
    return save(given, actor=SYSTEM, verb="engagementgrant.created")


def test_an_auditor_is_refused_every_write_whatever_is_granted(
    auditor: User, engagement: Engagement, controls: Any
) -> None:
    for verb in ("add", "change"):
        grant(auditor, engagement, verb)
    for label, verbs in TABLE.items():
        model = apps.get_model(label)
        for verb in verbs:
            if verb not in {"view", "view_facts", "download"} and (label, verb) not in AUDITOR_WRITES:
                assert not can(auditor, verb, model), (label, verb)
                assert not allowed(auditor, verb, model).exists(), (label, verb)
    with pytest.raises(PermissionDenied):
        get_allowed(auditor, "change", Engagement, engagement.pk)


def test_what_an_auditor_writes_takes_a_window_a_live_row_and_rows_that_belong_to_windows(
    auditor: User, controls: dict[str, Control], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, draft = in_force().policy, a_policy()
    for label in ("policies.policy", "controls.control"):  # of controls, no `within` says whose they are
        monkeypatch.setitem(TABLE[label], "change", TABLE[label]["change"] | {Role.AUDITOR: Scope.WINDOW})
    assert not can(auditor, "change", policy), "what the table gives is nothing before the door is opened"
    monkeypatch.setattr(access, "AUDITOR_WRITES", {("policies.policy", "change"), ("controls.control", "change")})
    assert can(auditor, "change", Policy)
    assert list(allowed(auditor, "change", Policy)) == [policy]
    assert not can(auditor, "change", draft)
    assert not can(auditor, "archive", policy)
    assert not can(auditor, "change", Control)
    assert not allowed(auditor, "change", Control).exists()
    assert not allowed(auditor, "change", Policy.history.all(), timezone.now()).exists()
    assert not can(auditor, "change", policy, timezone.now())
    monkeypatch.setitem(TABLE["policies.policy"], "change", {Role.AUDITOR: Scope.ALL})
    assert not can(auditor, "change", Policy)
    assert not can(auditor, "change", policy)
    monkeypatch.setitem(TABLE["policies.policy"], "change", {Role.AUDITOR: Scope.WINDOW})
    window = AuditorWindow.objects.get(user=auditor)
    with time_machine.travel(window.closes_at + timedelta(seconds=1)):
        assert not can(auditor, "change", Policy)
        assert not can(auditor, "change", policy)


def test_an_auditor_sees_his_engagement_and_no_other(auditor: User, engagement: Engagement) -> None:
    other = EngagementFactory()
    assert list(visible(auditor, Engagement)) == [engagement]
    with pytest.raises(Http404):
        get_allowed(auditor, "view", Engagement, other.pk)


# ---- grants ----------------------------------------------------------------------------------------------------------


def test_a_grant_opens_one_row_for_a_while(colleague: User, engagement: Engagement) -> None:
    other, now = EngagementFactory(), timezone.now()
    assert not can(colleague, "view", Engagement)
    grant(colleague, engagement, "view", opens_at=now, expires_at=now + timedelta(hours=1))
    assert can(colleague, "view", engagement)
    assert can(colleague, "view", Engagement)
    assert list(visible(colleague, Engagement)) == [engagement]
    assert not can(colleague, "view", other)
    assert not can(colleague, "change", engagement)


def test_an_expired_grant_opens_nothing(colleague: User, engagement: Engagement) -> None:
    """The trap: guardian's own has_perm would still say yes to this row."""
    given, recorded = grant(colleague, engagement, "view"), timezone.now()
    for moment, holds in (
        (given.opens_at - timedelta(seconds=1), False),
        (given.opens_at, True),
        (given.expires_at - timedelta(seconds=1), True),
        (given.expires_at, False),
    ):
        with time_machine.travel(moment, tick=False):
            assert can(colleague, "view", engagement) is holds
            assert can(colleague, "view", Engagement) is holds
            assert visible(colleague, Engagement).exists() is holds
            assert visible(colleague, asof.rows(Engagement, recorded), recorded).exists() is holds


def test_a_grant_of_a_verb_that_the_table_lacks_is_nothing(colleague: User, engagement: Engagement) -> None:
    grant(colleague, engagement, "delete")
    assert not can(colleague, "delete", engagement)


# ---- the past --------------------------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_auditor_is_kept_inside_the_period() -> None:
    user = UserFactory(role=Role.AUDITOR)
    with time_machine.travel(at("2026-06-15T12:00"), tick=False):
        WindowFactory(user=user, period_from=at("2026-03-01").date(), period_to=at("2026-05-31").date())
        last = at("2026-06-01") - timedelta(microseconds=1)
        assert moment_for(user, None) == last
        assert moment_for(user, at("2026-06-10")) == last
        assert moment_for(user, at("2030-01-01")) == last
        assert moment_for(user, at("2026-01-01")) == at("2026-03-01")
        assert moment_for(user, at("2026-04-01T10:00")) == at("2026-04-01T10:00")


def test_in_a_running_period_an_auditor_reads_the_present() -> None:
    user = UserFactory(role=Role.AUDITOR)
    with time_machine.travel(at("2026-06-15T12:00"), tick=False):
        WindowFactory(user=user, period_from=at("2026-03-01").date(), period_to=at("2026-12-31").date())
        assert moment_for(user, None) is None
        assert moment_for(user, at("2026-08-01")) is None
        assert moment_for(user, at("2026-02-01")) == at("2026-03-01")


def test_the_present_is_the_present_while_the_clock_ticks(auditor: User) -> None:
    assert moment_for(auditor, None) is None


def test_a_period_ends_with_the_day_of_the_organisation() -> None:
    from foundation.organisation.models import Organisation

    save(Organisation(name="Test", time_zone="America/New_York"), actor=SYSTEM, verb="organisation.created")
    user = UserFactory(role=Role.AUDITOR)
    with time_machine.travel(at("2026-06-15T12:00"), tick=False):
        WindowFactory(user=user, period_from=at("2026-03-01").date(), period_to=at("2026-05-31").date())
        assert moment_for(user, None) == at("2026-06-01T04:00") - timedelta(microseconds=1)
        assert moment_for(user, at("2026-01-01")) == at("2026-03-01T05:00")


def test_others_read_any_moment(compliance: User) -> None:
    asked = at("2020-01-01")
    assert moment_for(compliance, asked) == asked
    assert moment_for(compliance, None) is None


def test_rows_of_any_other_time_are_not_an_auditors(controls: dict[str, Control]) -> None:
    """Even if a page forgets to ask moment_for: live rows after the period, history rows before or after it."""
    user, now = UserFactory(role=Role.AUDITOR), timezone.now()
    save(
        WindowFactory.build(user=user, period_from=now.date(), period_to=now.date(), closes_at=now + timedelta(days=9)),
        actor=SYSTEM,
        verb="auditorwindow.created",
    )
    assert seen(user) == {"A-1", "A-2"}
    with time_machine.travel(now + timedelta(days=3), tick=False):
        end = moment_for(user, None)
        assert end is not None
        assert end.date() == now.date()
        assert seen(user) == set()
        assert not can(user, "view", controls["mine"])
        assert {row.ref for row in visible(user, asof.rows(Control, end), end)} == {"A-1", "A-2"}
        for moment in (end + timedelta(seconds=1), now - timedelta(days=2), timezone.now()):
            assert not visible(user, asof.rows(Control, end), moment).exists()


def test_history_rows_are_seen_by_the_links_of_their_moment(auditor: User, controls: dict[str, Control]) -> None:
    """A control that was linked to Security then is seen as of then, although the link is gone now; and the reverse."""
    before = timezone.now()
    mapping = Mapping.objects.get(control=controls["mine"])
    mapping.archived_at = timezone.now()
    save(mapping, actor=SYSTEM, verb="mapping.archived")
    late = make(Mapping(control=controls["theirs"], criterion=mapping.criterion, rationale="new"))
    then = {row.ref for row in visible(auditor, asof.rows(Control, before), before)}
    now = {row.ref for row in visible(auditor, asof.rows(Control, None))}
    assert then == {"A-1", "A-2"}
    assert now == {"A-2", late.control.ref}
    row = visible(auditor, asof.rows(Control, before), before).get(ref="A-1")
    assert can(auditor, "view", row, before)
    assert not can(auditor, "view", row)
    assert get_allowed(auditor, "view", asof.rows(Control, before), controls["mine"].pk, before).ref == "A-1"


def test_history_rows_know_their_owner_of_then(owner: User, colleague: User, controls: dict[str, Control]) -> None:
    before = timezone.now()
    mine = controls["mine"]
    mine.owner = colleague
    save(mine, actor=SYSTEM, verb="control.owner_assigned")
    then = {row.ref for row in allowed(owner, "update_status", asof.rows(Control, before), before)}
    assert then == {"A-1", "A-2"}
    assert seen(owner, "update_status") == {"A-2"}


# ---- the trail -------------------------------------------------------------------------------------------------------


def test_entries_are_seen_by_what_they_are_about(
    admin: User, compliance: User, manager: User, owner: User, employee: User, outsider: User, controls: Any
) -> None:
    with transaction.atomic():
        record("user.role_changed", admin, employee)
        record("auth.signed_in", employee, employee)
    everything = Entry.objects.count()
    assert visible(admin, Entry).count() == visible(compliance, Entry).count() == everything
    about = set(visible(owner, Entry).values_list("object_type", flat=True))
    assert "controls.control" in about
    assert "accounts.user" not in about
    assert set(visible(manager, Entry)) == set(visible(owner, Entry))
    assert [(entry.verb, entry.actor_id) for entry in visible(employee, Entry)] == [("auth.signed_in", employee.pk)]
    assert not visible(outsider, Entry).exists()


def test_an_auditor_sees_entries_about_what_he_sees_in_the_period(auditor: User, controls: dict[str, Control]) -> None:
    about = set(visible(auditor, Entry).filter(object_type="controls.control").values_list("object_id", flat=True))
    assert about == {str(controls["mine"].pk), str(controls["operated"].pk)}
    window = AuditorWindow.objects.get(user=auditor)
    with time_machine.travel(timezone.now(), tick=False):
        window.period_to = (timezone.now() - timedelta(days=30)).date()
        save(window, actor=SYSTEM, verb="auditorwindow.updated")
    assert not visible(auditor, Entry).exists()


def test_accounts_and_the_engagement_are_read_live_after_the_period() -> None:
    """They are about no period: an auditor whose period is over still opens the engagement that he examines."""
    user, now = UserFactory(role=Role.AUDITOR), timezone.now()
    past = EngagementFactory(
        period_from=(now - timedelta(days=400)).date(), period_to=(now - timedelta(days=30)).date()
    )
    closes_at = now + timedelta(days=9)
    admit_auditor(past, user, opens_at=now, closes_at=closes_at, actor=SYSTEM, reason="Fieldwork")
    assert moment_for(user, None) is not None
    for model in (Engagement, User):
        assert moment_for(user, None, model) is None
        assert moment_for(user, now - timedelta(days=50), model) is None
    assert list(visible(user, Engagement)) == [past]
    assert user in visible(user, User)
    assert not visible(user, Control).exists()
