"""One small company with a record behind every address, for the tests that go over all of them."""

import datetime
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from accessreviews.campaigns import link_control
from accessreviews.models import Assignment, Campaign, Removal
from audits.fieldwork import begin_fieldwork
from audits.models import Engagement
from audits.models.testing import AuditSample
from audits.requests import actions as request_actions
from audits.testing.lines import hand_in_for
from audits.testing.responding import respond as respond_to
from controls.models import Control, Criterion
from evidence.actions import request_exemption
from evidence.models import Evidence, Exemption
from evidence.sampling.actions import draw
from findings import follow_up
from findings.models import Finding
from foundation.accounts.actions import create_token
from foundation.accounts.models import IdentityProvider, User
from foundation.jobs.models import Job
from foundation.organisation.actions import found
from foundation.organisation.models import Holiday
from foundation.pages.models import Import
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from incidents.actions import attach_file, take_off
from incidents.custody.actions import collect
from incidents.exercises import actions as exercise_actions
from incidents.models import (
    IncidentControl,
    IncidentControlLink,
    IncidentFinding,
    IncidentPerson,
    IncidentRisk,
    IncidentSystem,
    IncidentVendor,
)
from incidents.plans import writing
from incidents.proofs import link_control as operate
from incidents.reviews.actions import begin as begin_review
from incidents.reviews.actions import link_control as note_failed
from people.runs import start_checklist
from policies import actions as policy_actions
from policies import drafting
from policies.acknowledging.giving import acknowledge
from policies.models import Acknowledgement, Policy, PolicyException, PolicyVersion
from risks import actions
from risks.assessments import rounds
from risks.models import Acceptance, Assessment, Risk, RiskFinding, TreatmentAction
from risks.treatment import plan_action
from systems.models import System
from tests.everywhere.clocks import clocked
from tests.factories import plans
from tests.factories.assessments import a_round, closed, fresh
from tests.factories.controls import ControlFactory, link, trust_services
from tests.factories.descriptions import a_csoc, a_cuec, a_provider, a_section, an_assertion
from tests.factories.evidence import evidence, requirement
from tests.factories.findings import day, finding
from tests.factories.incidents import an_incident
from tests.factories.listings import a_listing, a_match, a_system, administrator, an_account
from tests.factories.packages import a_ready_one
from tests.factories.people import EngagementFactory, ExceptionFactory, UserFactory, admitted
from tests.factories.policies import an_exception, draft_of, in_force, named, submitted, written
from tests.factories.populations import population
from tests.factories.requests import a_request
from tests.factories.reviews import decided, items_of, launched, signed
from tests.factories.risks import about_vendor, an_executive, held_by, rated
from tests.factories.risks import asked as request_of
from tests.factories.roster import a_checklist, a_completion, a_course, a_person
from tests.factories.testing import a_test, drawn, with_results
from tests.factories.vendors import a_contract, a_document, a_review, a_vendor
from tests.factories.worksheets import read_by
from tests.people import hired
from vendors import actions as vendor_actions
from vendors.models import ExitStep, VendorAlias, VendorControl
from vendors.proofs import link_control as link_vendors

# The order of the table's columns.
PEOPLE = ("anonymous", "outsider", "employee", "auditor", "owner", "manager", "compliance", "admin")


@dataclass
class World:
    """The people by name, and the keyword arguments that the addresses of each register take."""

    people: dict[str, User | None]
    arguments: dict[str, dict[str, Any]]
    control: Control
    engagement: Engagement


@pytest.fixture(scope="module")
def built_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The world, built once for all tests of a module that ask for it: a transaction around theirs, undone at its end.

    conftest.py has those tests run last, so that no other test of the module meets its rows.
    """
    with django_db_blocker.unblock():
        around = ExitStack()
        around.enter_context(transaction.atomic())
        around.callback(transaction.set_rollback, True)
        try:
            made = build()
        except BaseException:
            around.close()
            raise
    yield made
    with django_db_blocker.unblock():
        around.close()


@pytest.fixture
def world(built_world: World, db: None) -> World:
    """One small company for this test: what it changes, in the database or on these objects, no other test sees."""
    return deepcopy(built_world)


def build() -> World:  # noqa: PLR0915 - each register adds a line
    """`owner` owns a control that meets CC6.1, in the auditor's window; compliance has a job and an import."""
    engagement: Engagement = EngagementFactory()
    outsider, employee = hired("outsider"), hired("employee")
    auditor = admitted(engagement, hired("auditor"))
    manager = hired("manager")
    owner = hired("owner", manager=manager)
    compliance, admin = hired("compliance"), hired("admin")
    found(name="Fernwood Cloud", actor=SYSTEM)
    trust_services()
    control = ControlFactory(
        ref="IAM-01",
        name="Access request and approval",
        owner=owner,
        frequency="monthly",
        operates_from=datetime.date(2026, 1, 1),
    )
    link(control, "CC6.1")
    engagement = begin_fieldwork(engagement, actor=compliance)
    holiday = save(Holiday(day="2026-12-25", name="Christmas Day"), actor=SYSTEM, verb="holiday.created")
    job = Job.objects.create(
        title="Print controls", task="tests.jobs.work.add", args={}, requested_by=compliance, state="done",
        result_name="controls.pdf", result_type="application/pdf", finished_at=timezone.now(),
    )  # fmt: skip
    job.result.save("controls.pdf", ContentFile(b"%PDF-"))
    sheet = b"ref,name\nIAM-02,Leavers\n"
    upload = Import.objects.create(
        register="controls.control", list_path="/controls/", name="controls.csv", size=len(sheet),
        sha256=hashlib.sha256(sheet).hexdigest(), mapping={"ref": "ref", "name": "name"}, state="mapped",
        uploaded_by=compliance, file=ContentFile(sheet, "controls.csv"),
    )  # fmt: skip
    token, _ = create_token(owner, actor=SYSTEM, name="CI", scopes=["read"])
    criterion = Criterion.objects.get(code="CC6.1")
    provider = IdentityProvider(
        slug="corp", name="Fernwood ID", kind="openid_connect", server_url="https://id.example.com", client_id="ours"
    )
    save(provider, actor=SYSTEM, verb="identityprovider.created")
    exception = ExceptionFactory(beneficiary=owner, approver=manager, requested_by=compliance)
    listed = population(
        ("CHG-1", "2026-07-14"), ("CHG-2", "2026-07-15"), actor=owner, controls=[control], title="Grants of access"
    )
    sample = draw(listed, actor=owner, method="random", size=1)
    need = requirement(control)
    item = evidence(control, actor=owner, collected_by=owner, requirement=need, content=b"user,role\nada,admin\n")
    except_ = Exemption(control=control, starts_on="2026-01-01", ends_on="2026-01-31", reason="The tool was down.")
    exemption = request_exemption(except_, actor=owner)
    flaw = finding(control, owner=owner)
    follow_up.add_evidence(flaw, actor=compliance, evidence=item.ref, reason="The scan is clean.")
    action = follow_up.plan_action(flaw, actor=compliance, what="Pin the version", owner=employee, due_on=day(20))
    system = a_system(name="Okta", owner=owner)
    link_of = administrator(system, manager)
    a_listing(system, [an_account("ci", line=2)], pulled_at=timezone.now() - datetime.timedelta(hours=1))
    newest = a_listing(system, [an_account("ci", line=2), an_account("new", line=3)])
    match = a_match(system, "ci", kind="machine", owner=owner)
    lead = a_person(name="Mona Manager", email="manager@example.com")
    member = a_person(name="Emil Employee", email="employee@example.com", manager=lead)
    checklist = a_checklist(control=control)
    course = a_course(control=control)
    completion = a_completion(course, member)
    run = start_checklist(member, actor=SYSTEM, checklist=checklist)
    campaign, part, removal = reviewed(owner, manager, compliance, control)
    risk, step, asked = risky(owner, employee, control, flaw)
    assessment, over = assessed(owner, manager, compliance, control)
    policy, version, excepted = bound(owner, manager, compliance, control)
    given = read_and_acknowledged(policy, employee)
    reports = read_by(owner, manager, compliance)
    response = responded(owner, manager, compliance)
    supplied = vended(owner, manager, control, flaw)
    requests = asked_for(owner, compliance, engagement, item)
    packed = a_ready_one(engagement, auditor, compliance)
    tried = tested(owner, compliance, auditor, engagement, control, item)
    told = described(engagement, compliance)
    happened = hit(owner, employee, control, risk, flaw)
    entry = Entry.objects.filter(object_type="controls.control", object_id=str(control.pk)).first()
    return World(
        people=dict(zip(PEOPLE, (None, outsider, employee, auditor, owner, manager, compliance, admin), strict=True)),
        arguments={
            "controls": {"pk": control.pk},
            "evidence:occurrence": {"control": control.pk, "day": "2026-01-01"},
            "controls:criterion": {"pk": criterion.pk},
            "api:control": {"pk": control.pk},
            "api:criterion": {"pk": criterion.pk},
            "api:mapping": {"pk": control.mappings.get().pk},
            "findings": {"pk": flaw.pk},
            "findings:action": {"pk": action.pk},
            "findings:control": {"pk": flaw.control_links.get().pk},
            "findings:evidence": {"pk": flaw.evidence_links.get().pk},
            "people": {"pk": member.pk},
            **{key: {"pk": system.pk} for key in ("systems", "api:system")},
            "systems:administrator": {"pk": link_of.pk},
            **{key: {"pk": newest.pk} for key in ("accessreviews:listing", "api:listing")},
            **{key: {"pk": match.pk} for key in ("accessreviews:match", "api:accountmatch")},
            "api:person": {"pk": member.pk},
            **{key: {"pk": checklist.pk} for key in ("people:checklist", "api:checklist")},
            **{key: {"pk": course.pk} for key in ("people:course", "api:course")},
            **{key: {"pk": completion.pk} for key in ("people:completion", "api:completion")},
            **{key: {"pk": run.pk} for key in ("people:run", "api:checklistrun")},
            "api:finding": {"pk": flaw.pk},
            **supplied,
            **happened,
            **requests,
            **{key: {"pk": packed.pk} for key in ("audits:package", "api:package")},
            **tried,
            **told,
            **{key: {"pk": risk.pk} for key in ("risks", "api:risk")},
            **{key: {"pk": step.pk} for key in ("risks:action", "api:treatmentaction")},
            **{key: {"pk": asked.pk} for key in ("risks:acceptance", "api:acceptance")},
            **{key: {"pk": assessment.pk} for key in ("risks:assessment", "api:assessment")},
            **{key: {"pk": over.pk} for key in ("risks:closed", "api:assessment-snapshot")},
            **{key: {"pk": policy.pk, "key": "access-control"} for key in ("policies", "api:policy")},
            **{key: {"pk": version.pk} for key in ("policies:version", "api:policyversion")},
            **{key: {"pk": excepted.pk} for key in ("policies:exception", "api:policyexception")},
            "policies:bound": {"pk": given.policy_version_id},
            **{key: {"pk": given.pk} for key in ("policies:acknowledgement", "api:acknowledgement")},
            "policies:approver": {"pk": policy.approvers.order_by("id")[0].pk},
            "policies:control": {"pk": policy.control_links.get().pk},
            "risks:assessed": {"pk": assessment.assessed.get().pk},
            "risks:participant": {"pk": assessment.participants.get().pk},
            "risks:assessmentcontrol": {"pk": assessment.controls.get().pk},
            "risks:method": {"pk": risk.method_id},
            "risks:executive": {"pk": an_executive(UserFactory(role="manager")).pk},
            "risks:control": {"pk": risk.control_links.get().pk},
            "risks:vendor": {"pk": risk.vendor_links.get().pk},
            "risks:finding": {"pk": risk.finding_links.get().pk},
            "api:correctiveaction": {"pk": action.pk},
            **reports,
            **clocked(owner, manager, employee, compliance),
            **response,
            "api:engagement": {"pk": engagement.pk},
            "api:entry": {"pk": entry.pk},
            **{key: {"pk": listed.pk} for key in ("evidence:population", "api:population")},
            **{key: {"pk": sample.pk} for key in ("evidence:sample", "api:sample")},
            **{key: {"pk": campaign.pk} for key in ("accessreviews:campaign", "api:campaign")},
            **{key: {"pk": part.review_id} for key in ("accessreviews:review", "api:review")},
            "accessreviews": {"pk": part.pk, "item": items_of(part)[0].pk},
            "accessreviews:signed": {"pk": removal.review_id},
            "accessreviews:campaigncontrol": {"pk": campaign.controls.get().pk},
            **{key: {"pk": removal.pk} for key in ("accessreviews:removal", "api:removal")},
            "audits": {
                "pk": engagement.pk,
                "window_pk": auditor.windows.get().pk,
                "number": 1,
                "population": AuditSample.objects.get().sample.population_id,
            },
            "evidence": {"pk": item.pk},
            "evidence:link": {"pk": item.links.get().pk},
            "evidence:requirement": {"pk": need.pk},
            "evidence:exemption": {"pk": exemption.pk},
            "api:evidence": {"pk": item.pk},
            "api:requirement": {"pk": need.pk},
            "api:exemption": {"pk": exemption.pk},
            "trail": {"pk": entry.pk},
            "accounts:token": {"pk": token.pk},
            "accounts:exception": {"pk": exception.pk},
            "accounts": {"pk": employee.pk, "token": "forged"},
            "organisation": {"pk": holiday.pk, "key": "control_review_days"},
            "jobs": {"pk": job.pk},
            "pages": {"pk": upload.pk},
            "": {
                "uidb36": "1",
                "key": "forged",
                "pk": 0,
                "provider_id": "none",
                "organization_slug": "none",
                "secret": "forged",
            },
            "accounts:identityprovider": {"pk": provider.pk},
        },
        control=control,
        engagement=engagement,
    )


def described(engagement: Engagement, compliance: User) -> dict[str, dict[str, Any]]:
    """One of each of management's texts, and the assertion as a draft, which an executive is to sign."""
    provider = a_provider(engagement, by=compliance)
    parts = {
        "descriptionsection": a_section(engagement, by=compliance),
        "userentitycontrol": a_cuec(engagement, by=compliance),
        "subserviceorganisation": provider,
        "subservicecontrol": a_csoc(provider, by=compliance),
        "assertion": an_assertion(engagement, by=compliance),
    }
    return {f"{door}:{name}": {"pk": row.pk} for name, row in parts.items() for door in ("audits", "api")}


def asked_for(owner: User, compliance: User, engagement: Engagement, item: Evidence) -> dict[str, dict[str, Any]]:
    """A request that the owner answers with an item, about the control, with a criterion and a comment."""
    request = a_request(engagement, by=compliance, owner=owner, controls="IAM-01")
    criterion = request_actions.link_criterion(request, actor=compliance, criterion="CC6.1", reason="Access.")
    request_actions.respond(request, actor=owner, evidence=item.ref, note="More will come.")
    return {
        **{key: {"pk": request.pk} for key in ("audits:request", "api:request")},
        "audits:requestcontrol": {"pk": request.control_links.get().pk},
        "audits:requestcriterion": {"pk": criterion.pk},
        "audits:requestevidence": {"pk": request.evidence_links.get().pk},
    }


def tested(
    owner: User, compliance: User, auditor: User, engagement: Engagement, control: Control, item: Evidence
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """A sample that the auditor drew and the owner answers for, a test with an exception, and a response."""
    ours = drawn(engagement, control, auditor, size=3)
    request_actions.assign(ours.request, actor=compliance, owner=owner)
    hand_in_for(ours, actor=owner, items=[1], evidence=item.ref)
    test = with_results(a_test(engagement, control, auditor, ours), auditor, not_met=1)
    respond_to(test, actor=owner, cause="Isolated.", impact="None.", fix="They were told.")
    return {
        **{key: {"pk": ours.pk} for key in ("audits:auditsample", "api:auditsample")},
        "audits:itemevidence": {"pk": ours.items.get(number=1).evidence_links.get().pk},
        **{key: {"pk": test.pk} for key in ("audits:controltest", "api:controltest")},
    }


def hit(owner: User, employee: User, control: Control, risk: Risk, flaw: Finding) -> dict[str, dict[str, Any]]:
    """An incident that the employee reported and the owner commands, with a link of each kind and a file."""
    incident = an_incident(reporter=employee, commander=owner)
    ties: dict[str, Any] = {
        "system": IncidentSystem(system=System.objects.get(name="Okta")), "control": IncidentControl(control=control),
        "risk": IncidentRisk(risk=risk), "vendor": IncidentVendor(vendor=a_vendor(name="Cirrus Relay")),
        "finding": IncidentFinding(finding=flaw), "person": IncidentPerson(user=UserFactory()),
    }  # fmt: skip
    for tied in ties.values():
        tied.incident, tied.reason = incident, "It has to do with it."
        actions.tie(tied, actor=owner, reason="It has to do with it.")
    log = SimpleUploadedFile("gateway.log", b"line one\n", content_type="text/plain")
    entry = attach_file(incident, actor=owner, file=log, text="The gateway's log.")
    item = collect(
        incident, actor=owner, kind="file", file=ContentFile(b"line two\n", "gw.log"), description="Log of the gateway",
        where="gw-1", how="Copied.", collected_by=owner, collected_at=None,
    )  # fmt: skip
    review = begin_review(fresh(incident), actor=owner, approver=owner.manager)
    informed = IncidentPerson.objects.get(incident=incident, user=owner.manager)
    take_off(informed, actor=owner, reason="Another approves.")  # so that a manager stands for who sees none
    failed = note_failed(review, actor=owner, control=control.ref, reason="It did not run.")
    operates = operate(IncidentControlLink(part="review", control=control, reason="It is."), actor=SYSTEM)
    parts = {
        "custodyitem": item, "postincidentreview": review, "reviewcontrol": failed, "incidentcontrollink": operates,
    }  # fmt: skip
    return {
        **{f"{door}:{name}": {"pk": row.pk} for name, row in parts.items() for door in ("incidents", "api")},
        **{key: {"pk": incident.pk} for key in ("incidents", "api:incident")},
        **{f"incidents:incident{name}": {"pk": tied.pk} for name, tied in ties.items()},
        "incidents:timelineentry": {"pk": entry.pk},
    }


def assessed(owner: User, manager: User, compliance: User, control: Control) -> tuple[Assessment, Assessment]:
    """A round that runs, with the owner named to take part, which the manager approves; and one that is closed."""
    over = closed(lead=compliance, approver=manager, participant=owner, kind="other", title="Last year")
    running = a_round(lead=compliance, approver=manager)
    rounds.name_participant(fresh(running), actor=compliance, user=owner, part="Operations")
    rounds.link_control(fresh(running), actor=compliance, control=control.ref, reason="It is the yearly round.")
    return running, over


def bound(
    owner: User, manager: User, compliance: User, control: Control
) -> tuple[Policy, PolicyVersion, PolicyException]:
    """A policy of the owner's in force, for everybody; its next version in review, which the manager approves and the
    compliance manager wrote; and the owner's request to be excepted.
    """
    first = in_force(title="Access control policy", owner=owner, text="Within {{ sla_critical_days }}.")
    policy = named(Policy.objects.get(pk=first.policy_id), manager)
    policy_actions.link_control(
        policy, actor=compliance, control=control.ref, part="approval", reason="It is approved."
    )
    drafting.amend(policy, actor=compliance, change_note="It grew.", material=True)
    written(draft_of(policy), actor=compliance, text="Within {{ sla_critical_days }}, and sooner where it is easy.")
    return policy, submitted(policy, author=compliance), an_exception(policy, requested_by=owner)


def read_and_acknowledged(policy: Policy, user: User) -> Acknowledgement:
    """The version in force, acknowledged by somebody of the roster."""
    version = PolicyVersion.objects.in_force().get(policy=policy)
    return acknowledge(version, actor=user, sha256=version.sha256)


def risky(owner: User, employee: User, control: Control, flaw: Finding) -> tuple[Risk, TreatmentAction, Acceptance]:
    """A medium risk of the owner's with a link of each kind, a step for the employee, and a request that waits."""
    risk = rated(owner=owner, inherent=(3, 3), actor=owner)
    held_by(risk, control)
    about_vendor(risk)
    actions.tie(RiskFinding(risk=risk, finding=flaw, reason="It shows it."), actor=owner, reason="It shows it.")
    step = plan_action(risk, actor=owner, what="Ask for a second factor", owner=employee, due_on=day(30))
    return risk, step, request_of(risk, actor=owner)


def vended(owner: User, manager: User, control: Control, flaw: Finding) -> dict[str, dict[str, Any]]:
    """A proposed vendor of the owner's, whose review is open and is the manager's to approve, with papers and links."""
    vendor = a_vendor(name="Nordmail", owner=owner, approver=manager)
    rows = {
        "vendor": vendor,
        "vendordocument": a_document(vendor, actor=owner),
        "contract": a_contract(vendor, actor=owner, clauses={"audit": "yes"}),
        "condition": vendor_actions.add_condition(
            fresh(vendor), actor=owner, what="Turn on two factors", owner=owner, due_on=day(9)
        ),
        "vendorfinding": vendor_actions.link_finding(fresh(vendor), actor=owner, finding=flaw.ref, reason="It did."),
        "vendorcontrol": link_vendors(VendorControl(part="exit", control=control, reason="It is."), actor=owner),
        "vendorreview": a_review(vendor, reviewer=owner, approver=manager, kind="event"),
    }  # fmt: skip
    step = ExitStep(vendor=vendor, kind="access", owner=owner, due_on=day(30))
    rows["vendoralias"] = save(VendorAlias(vendor=vendor, name="NM Mailing"), actor=SYSTEM, verb="vendoralias.created")
    rows["exitstep"] = save(step, actor=SYSTEM, verb="exitstep.created")
    found = {f"{door}:{name}": {"pk": row.pk} for name, row in rows.items() for door in ("vendors", "api")}
    return {"vendors": {"pk": vendor.pk}, **found}


def reviewed(owner: User, manager: User, compliance: User, control: Control) -> tuple[Campaign, Assignment, Removal]:
    """A campaign over two systems of the owner's: the manager decides on one, and signed a removal on the other."""
    one, other = a_system(name="GitHub", owner=owner), a_system(name="Payroll", owner=owner)
    for system in (one, other):
        a_listing(system, [an_account("ghost")])
    approver = UserFactory(name="Abel Approver", role="manager")
    campaign = launched([one, other], actor=compliance, approver=approver, reviewer=manager)
    link_control(campaign, actor=compliance, control=control.ref, reason="It is the quarterly review.")
    decided(Assignment.objects.get(review__system=other), "remove")
    signed(Assignment.objects.get(review__system=other))
    return Campaign.objects.get(), Assignment.objects.get(review__system=one), Removal.objects.get()


def responded(owner: User, manager: User, compliance: User) -> dict[str, dict[str, Any]]:
    """A plan in force with a draft of the next version, and an exercise that was held, which the manager approves.

    The owner took part in it, and was named in another that is over.
    """
    version = plans.in_force(author=compliance, approver=manager)
    draft = writing.draft(plans.fresh(version.plan), actor=compliance, change_note="Next year.")
    exercise = plans.an_exercise(facilitator=compliance, approver=manager, edition=version)
    plans.written_up(exercise, attendee=UserFactory(name="Aino Attendee", role="control_owner"))
    exercise_actions.name_attendee(plans.fresh(exercise), actor=compliance, user=owner, role="Scribe")
    rows = {
        "responseplan": version.plan,
        "planversion": draft,
        "planrole": draft.roles.first(),
        "plancontact": draft.contacts.first(),
        "planseverity": draft.severities.first(),
        "playbook": draft.playbooks.first(),
        "exercise": exercise,
        "exerciseattendee": exercise.attendees.get(user=None),
        "inject": exercise.injects.get(),
        "exercisedecision": exercise.decisions.get(),
        "exercisefinding": exercise.gaps.get(),
    }
    found = {f"{door}:{name}": {"pk": row.pk} for name, row in rows.items() for door in ("incidents", "api")}
    return {**found, "incidents:approved": {"pk": version.pk}}
