"""Policies on their pages and in the API: from the library to in force, the editor, the redline, the past."""

import datetime
import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.models import User
from foundation.organisation.models import Setting, today
from foundation.pages.search import find
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from grc.wiring import SEARCH
from policies import actions, approval, drafting
from policies.acknowledging.giving import acknowledge
from policies.exceptions import lapse_exceptions
from policies.models import (
    ExceptionState,
    Part,
    Policy,
    PolicyApproval,
    PolicyApprover,
    PolicyControl,
    PolicyException,
    PolicyGroup,
    PolicyReview,
    PolicyVersion,
    Status,
    VersionState,
)
from policies.text.starters import starters
from policies.work import policies_work
from tests.factories.controls import ControlFactory
from tests.factories.people import UserFactory, WindowFactory
from tests.factories.policies import a_policy, amended, an_exception, day, draft_of, in_force, named, submitted, written
from tests.factories.roster import a_person, changed
from tests.factories.tokens import caller

pytestmark = pytest.mark.django_db
WHY = {"reason": "Agreed in the meeting."}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(user: User, page: str, target: object, **said: object) -> int:
    target.refresh_from_db()
    address = reverse(f"policies:{page}", args=[target.pk])
    return signed_in(user).post(address, {"version": target.version, **said}).status_code


def read(user: User, address: str, **query: str) -> str:
    answer = signed_in(user).get(address, query)
    assert answer.status_code == 200, address
    return answer.content.decode()


# ---- a policy's life ---------------------------------------------------------------------------------------------


def test_from_the_library_to_in_force(compliance: User, manager: User, owner: User):
    for ref in ("IAM-01", "POL-02"):
        ControlFactory(ref=ref)
    key = "access-control"
    client = signed_in(compliance)
    assert starters()[key].title in read(compliance, "/policies/library/")
    assert client.post("/policies/library/", {"key": [key, "none"]}).status_code == 422
    assert not Policy.objects.exists()
    assert client.post("/policies/library/", {"key": [key]}).status_code == 302
    assert client.post("/policies/library/", {"key": [key]}).status_code == 422
    policy = Policy.objects.get()
    assert (policy.status, policy.versions.count()) == (Status.TEMPLATE, 0)
    parts = {one.control.ref: one.part for one in PolicyControl.objects.select_related("control")}
    assert parts == {"IAM-01": Part.APPROVAL, "POL-02": Part.ACKNOWLEDGEMENT}
    edit = f'href="{reverse("policies:policy-edit", args=[policy.pk])}"'
    adapting = read(compliance, reverse("policies:policy-adapt", args=[policy.pk]))
    assert adapting.count(edit) == 1
    assert "Nobody owns it yet." in adapting
    assert 'name="note"' not in adapting
    assert post(compliance, "policy-adapt", policy, note="Ours.") == 422  # nobody owns it
    assert post(compliance, "policy-edit", policy, title=policy.title, owner=manager.pk) == 302
    assert post(manager, "policy-adapt", policy, note="Ours.") == 403
    assert post(compliance, "policy-adapt", policy, note="It concerns our systems.") == 302
    version = draft_of(policy)
    assert version.text == starters()[key].text
    naming = f'href="{reverse("policies:policy-name-approver", args=[policy.pk])}"'
    for page in (version.get_absolute_url(), reverse("policies:policyversion-submit", args=[version.pk])):
        shown = read(compliance, page)
        assert "Nobody is named to approve it." in shown
        assert naming in shown
        assert "Name an owner" not in shown  # somebody owns it
    assert post(compliance, "policyversion-submit", version) == 422  # to be filled in; nobody approves
    words = {"title": "Access control policy", "text": "# Access\n\nLeavers are gone within {{ sla_critical_days }}."}
    assert post(compliance, "policyversion-write", version, **words | {"text": "{{ unheard_of }}"}) == 422
    assert post(compliance, "policyversion-write", version, **words | {"text": "a\x00b"}) == 422
    assert post(compliance, "policyversion-write", version, **words | {"effective_on": "9999-01-01"}) == 422
    assert post(compliance, "policyversion-write", version, **words | {"effective_on": "2020-01-01"}) == 422
    assert post(compliance, "policyversion-write", version, **words) == 302
    assert post(compliance, "policy-name-approver", policy, approver=owner.pk, **WHY) == 422
    assert post(compliance, "policy-name-approver", policy, approver=manager.pk, **WHY) == 302
    assert post(compliance, "policy-name-approver", policy, approver=manager.pk, **WHY) == 422
    assert post(compliance, "policyversion-submit", version, note="Please read.") == 302
    assert post(compliance, "policyversion-approve", version) == 403
    assert "Leavers are gone within" in read(manager, reverse("policies:policyversion-approve", args=[version.pk]))
    assert post(manager, "policyversion-approve", version, note="Good.") == 302
    policy.refresh_from_db()
    assert (policy.status, policy.last_reviewed_on) == (Status.IN_FORCE, today())
    assert PolicyApproval.objects.get().note == "Good."
    page = read(owner, policy.get_absolute_url())
    assert "7 days" in page
    assert "{{" not in page


def test_whom_it_is_for_is_changed_with_a_reason(compliance: User):
    a_person(department="Engineering")
    policy = a_policy()
    groups = {"audience": "groups", "kinds": ["contractor"], "departments": ["Engineering"], "acknowledged": "on"}
    assert post(compliance, "policy-change-audience", policy, audience="groups", **WHY) == 422
    assert post(compliance, "policy-change-audience", policy, **groups | WHY | {"departments": ["Nowhere"]}) == 422
    assert post(compliance, "policy-change-audience", policy, **groups | WHY | {"audience": "everybody"}) == 422
    assert post(compliance, "policy-change-audience", policy, **groups | WHY) == 302
    assert "Engineering, Contractors" in read(compliance, policy.get_absolute_url())
    assert post(compliance, "policy-change-audience", policy, audience="everybody", **WHY) == 302
    policy.refresh_from_db()
    assert (policy.audience, policy.acknowledged) == ("everybody", False)
    assert not PolicyGroup.objects.live().exists()
    assert post(compliance, "policy-change-audience", policy, **groups | WHY) == 302
    assert PolicyGroup.objects.live().count() == PolicyGroup.objects.count() == 2


def test_a_review_without_change_is_signed_and_moves_the_next(compliance: User, manager: User, employee: User):
    with time_machine.travel(timezone.now() - datetime.timedelta(days=400)):
        policy = in_force(owner=manager).policy
    assert [item.kind for item in policies_work(manager)] == ["Review overdue"]
    stranger = UserFactory(role="manager")
    for who in (stranger, employee):
        assert post(who, "policy-review", policy, note="Read.") == 403
    assert post(manager, "policy-review", policy, note="Read with the team.") == 302
    policy.refresh_from_db()
    assert policy.next_review_on == day(365)
    signed = PolicyReview.objects.get()
    assert (signed.reviewer, signed.sha256) == (manager, PolicyVersion.objects.get().sha256)
    assert signed.evidence is not None
    assert policies_work(manager) == []


def test_a_named_approver_who_does_not_own_it_cannot_review_it(manager: User):
    policy = named(a_policy(), manager)
    submitted_one = submitted(policy)
    approval.approve(submitted_one, actor=manager)
    assert post(manager, "policy-review", policy, note="Read.") == 403


def test_an_exception_is_asked_by_one_and_approved_by_another(manager: User, owner: User, compliance: User):
    policy = in_force(owner=manager).policy
    asked = {
        "what": "Sixteen signs", "for_whom": "The till", "reason": "It takes 12.", "compensating": "A gateway.",
    }  # fmt: skip
    for wrong in (day(0), day(181), "0001-01-01", "9999-12-31"):
        assert post(owner, "policy-request-exception", policy, **asked, until=wrong) == 422
    assert post(owner, "policy-request-exception", policy, **asked, until=day(30)) == 302
    exception = PolicyException.objects.get()
    assert [item.action for item in policies_work(compliance)] == ["Decide"]
    assert post(owner, "policyexception-approve", exception) == 403
    assert post(manager, "policyexception-approve", exception, note="A month.") == 302
    exception.refresh_from_db()
    assert (exception.state, exception.decided_by) == (ExceptionState.APPROVED, manager)
    assert post(owner, "policyexception-withdraw", exception, **WHY) == 422
    with time_machine.travel(timezone.now() + datetime.timedelta(days=40)):
        assert "Lapsed on its day" in read(compliance, exception.get_absolute_url())
        assert (lapse_exceptions(), lapse_exceptions()) == (1, 0)
    mine = an_exception(policy, requested_by=manager)
    assert post(manager, "policyexception-approve", mine) == 403


# ---- the editor ----------------------------------------------------------------------------------------------------


def test_the_preview_renders_and_stores_nothing(compliance: User, employee: User):
    version = draft_of(a_policy(text="Before."))
    address = reverse("policies:policyversion-preview", args=[version.pk])
    said = {
        "version": version.version,
        "title": "Typed",
        "text": "**Bold** <script>alert(1)</script> {{ sla_low_days }}",
    }
    for headers in ({"HX-Request": "true"}, {}):
        answer = signed_in(compliance).post(address, said, headers=headers)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "<strong>Bold</strong>" in page
        assert "<script>alert" not in page
        assert "180 days" in page
    assert "<!DOCTYPE html>" in page
    assert "Typed" in page  # nothing is lost without JavaScript
    version.refresh_from_db()
    assert version.text == "Before."
    assert signed_in(employee).post(address, said).status_code == 404
    assert signed_in(compliance).get(address).status_code == 405


def test_after_a_refused_save_the_preview_shows_what_was_typed(compliance: User):
    version = draft_of(a_policy(text="Before."))
    address = reverse("policies:policyversion-write", args=[version.pk])
    said = {"version": version.version, "title": "Typed", "text": "**Afterwards** {{ unheard_of }}"}
    answer = signed_in(compliance).post(address, said)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "<strong>Afterwards</strong>" in page
    assert "Before." not in page
    assert "The list at the foot of this page" in page


def test_a_draft_saved_over_a_colleagues_is_refused(compliance: User):
    version = draft_of(a_policy())
    address = reverse("policies:policyversion-write", args=[version.pk])
    stale = {"version": version.version, "title": version.title, "text": "Mine."}
    written(version, text="Theirs.")
    answer = signed_in(compliance).post(address, stale)
    assert answer.status_code == 422
    assert "Mine." in answer.content.decode()
    version.refresh_from_db()
    assert version.text == "Theirs."


def test_the_title_of_a_policy_in_force_is_changed_by_its_text_alone(compliance: User, manager: User):
    policy = in_force(owner=manager).policy
    policy.refresh_from_db()
    assert post(compliance, "policy-edit", policy, title="Another", owner=manager.pk) == 422
    assert post(compliance, "policy-edit", policy, title=policy.title, owner="") == 422
    assert post(compliance, "policy-edit", policy, title=policy.title, owner=manager.pk, review_days=367) == 422
    assert post(compliance, "policy-edit", policy, title=policy.title, owner=manager.pk, review_days=90) == 302
    policy.refresh_from_db()
    assert policy.next_review_on == day(90)


# ---- the redline ---------------------------------------------------------------------------------------------------


def test_any_two_versions_are_compared_by_who_sees_them(compliance: User, employee: User):
    first = in_force(text="Doors are shut.\n")
    second = amended(first, text="Doors are locked.\n")
    policy = Policy.objects.get()
    drafting.amend(policy, actor=compliance, change_note="More.", material=True)
    draft = written(draft_of(policy), text="Doors are sealed.\n")
    address = reverse("policies:policy-compare", args=[policy.pk])
    for who in (employee, compliance):
        page = read(who, address, old=str(first.pk), new=str(second.pk))
        assert "shut" in page
        assert "locked" in page
        assert "<del>" in page
        assert "<ins>" in page
    assert "sealed" in read(compliance, address)
    assert "sealed" not in read(employee, address)
    for wrong in (str(draft.pk), "99999999999999999999", "x"):
        assert signed_in(employee).get(address, {"new": wrong}).status_code == 404
    other = draft_of(a_policy())
    assert signed_in(compliance).get(address, {"old": str(other.pk)}).status_code == 404


def test_versions_are_compared_from_the_older_to_the_newer(compliance: User, manager: User):
    first = in_force(text="Doors are shut.\n")
    second = amended(first, text="Doors are shut.\nWindows too.\n")
    policy = named(Policy.objects.get(), manager)
    drafting.amend(policy, actor=compliance, change_note="More.", material=True)
    third = submitted(policy)
    address = reverse("policies:policy-compare", args=[policy.pk])
    for page, old, new in ((first, first, third), (second, first, second), (third, second, third)):
        link = f"{address}?old={old.pk}&amp;new={new.pk}"
        assert link in read(compliance, page.get_absolute_url()), page.number
    assert f"{address}?old={second.pk}&amp;new={third.pk}" in read(
        manager, reverse("policies:policyversion-approve", args=[third.pk])
    )
    for query in ({"old": str(first.pk), "new": str(second.pk)}, {"old": str(second.pk), "new": str(first.pk)}):
        said = read(compliance, address, **query)
        assert f"{first.number} to {second.number}" in said
        assert "<del>" not in said
        assert "As written, in Markdown." in said
    drafting.withdraw(third, actor=compliance, reason="No.")
    drafting.amend(policy, actor=compliance, change_note="Again.", material=True)
    fourth = draft_of(policy)
    assert f"{address}?old={second.pk}&amp;new={fourth.pk}" in read(compliance, fourth.get_absolute_url())


# ---- promises ------------------------------------------------------------------------------------------------------


def test_a_promise_that_differs_is_flagged(compliance: User, manager: User):
    policy = in_force(owner=manager, text="Within {{ sla_critical_days }}.").policy
    kept = in_force(owner=manager, text="Within {{ sla_high_days }}.").policy
    before = timezone.now()
    save(Setting(key="sla_critical_days", value=14), actor=SYSTEM, verb="setting.updated")
    assert "the policy says 7 days, the setting 14 days" in read(compliance, policy.get_absolute_url())
    listed = read(compliance, "/policies/", promises="differs")
    assert policy.ref in listed
    assert kept.get_absolute_url() not in listed
    assert [(item.ref, item.kind) for item in policies_work(manager)] == [
        (policy.ref, "Promises 7 days, the setting says 14 days")
    ]
    then = read(compliance, "/policies/", promises="differs", as_of=before.isoformat())
    assert policy.get_absolute_url() not in then
    amended(PolicyVersion.objects.get(policy=policy), text="Soon.")
    assert policies_work(manager) == []


# ---- lists, search, work, the past -----------------------------------------------------------------------------------


def test_lists_narrow_sort_and_export(compliance: User, manager: User):
    one = in_force(title="Alpha policy", owner=manager).policy
    two = named(a_policy(title="Beta policy"), manager)
    submitted(two)
    control = ControlFactory(ref="POL-91")
    actions.tie_control(one, control, Part.REVIEW, "It is reviewed.", actor=SYSTEM)
    for query, shown, hidden in (
        ({"status": "in_force"}, one, two),
        ({"worked_on": "in_review"}, two, one),
        ({"control": "POL-91"}, one, two),
        ({"q": two.ref}, two, one),
        ({"owner": str(manager.pk)}, one, two),
    ):
        page = read(compliance, "/policies/", **query)
        assert shown.get_absolute_url() in page, query
        assert hidden.get_absolute_url() not in page, query
    for order in ("title", "-status", "next_review_on", "owner__name"):
        assert signed_in(compliance).get("/policies/", {"sort": order}).status_code == 200
    csv = b"".join(signed_in(compliance).get("/policies/export.csv").streaming_content).decode()
    assert "Alpha policy" in csv
    assert "1.0 in review" in csv
    for page in ("/policies/versions/", "/policies/exceptions/", "/policies/versions/?state=in_force"):
        assert signed_in(compliance).get(page).status_code == 200
    hits = find(SEARCH, compliance, "Alpha")
    assert one.ref in {hit.ref for hit in hits}
    tab = read(compliance, f"/controls/{control.pk}/links/")
    assert one.get_absolute_url() in tab


def test_a_policy_as_it_stood(compliance: User):
    with time_machine.travel(timezone.now() - datetime.timedelta(days=20)):
        version = in_force(text="The old words.")
    then = (timezone.now() - datetime.timedelta(days=10)).isoformat()
    amended(version, text="The new words.")
    address = Policy.objects.get().get_absolute_url()
    assert "The new words." in read(compliance, address)
    old = read(compliance, address, as_of=then)
    assert "The old words." in old
    assert "The new words." not in old
    before = signed_in(compliance).get(address, {"as_of": "2020-01-01"})
    assert before.status_code == 404
    assert "Nothing of it that you may see was recorded" in before.content.decode()
    assert f'href="{address}"' in before.content.decode()
    for page in (f"{address}history/", f"{address}trail/", version.get_absolute_url(), f"{address}compare/"):
        assert signed_in(compliance).get(page, {"as_of": then}).status_code == 200


def test_whoever_approves_reads_who_else_must(manager: User, owner: User):
    other = UserFactory(role="manager", name="Ingrid Sol")
    policy = named(a_policy(owner=owner), manager, other)
    version = submitted(policy)
    for who in (manager, other, owner):
        assert f"Waits for {', '.join(sorted((manager.name, other.name)))}." in named_in(who, version)
    approval.approve(version, actor=manager)
    for who in (manager, other, owner):
        assert f"Waits for {other.name}." in named_in(who, version)
        assert "2 named" in read(who, policy.get_absolute_url())
    gone = PolicyApprover.objects.get(user=manager)
    drafting.give_back(PolicyVersion.objects.get(), actor=other, reason="Shorter.")
    actions.remove_approver(gone, actor=SYSTEM, reason="Moved.")
    assert signed_in(manager).get(policy.get_absolute_url()).status_code == 404


def named_in(user: User, version: PolicyVersion) -> str:
    """A version's page with the names for which it waits in order."""
    page = read(user, version.get_absolute_url())
    names = re.search(r"Waits for ([^.<]*)\.", page)
    assert names is not None
    return page.replace(names[0], f"Waits for {', '.join(sorted(names[1].split(', ')))}.")


def test_approvals_wait_in_my_work_until_they_are_given(manager: User):
    other = UserFactory(role="manager")
    version = submitted(named(a_policy(), manager, other))
    assert [item.kind for item in policies_work(manager)] == ["Waits for your approval"]
    approval.approve(version, actor=manager)
    assert policies_work(manager) == []
    assert [item.kind for item in policies_work(other)] == ["Waits for your approval"]


# ---- the API -------------------------------------------------------------------------------------------------------


def test_the_api_writes_and_refuses_to_sign(compliance: User, manager: User):
    api, signing = caller(compliance), caller(manager)
    made = api.post("/api/v1/policies/", {"title": "By the API", "owner": manager.pk})
    assert made.status_code == 201, made.content
    policy = Policy.objects.get()
    version = draft_of(policy)
    address = f"/api/v1/policy-versions/{version.pk}/"
    said = {"title": "By the API", "text": "Words.", "material": True}
    assert api.post(f"{address}write/", said | {"text": "{{ unheard_of }}"}, 1).status_code == 400
    written_one = api.post(f"{address}write/", said, 1)
    assert written_one.status_code == 200, written_one.content
    named(policy, manager)
    assert api.post(f"{address}submit/", {}, 2).status_code == 200
    assert signing.post(f"{address}approve/", {}, 3).status_code == 403
    version.refresh_from_db()
    assert version.state == VersionState.IN_REVIEW
    assert not PolicyApproval.objects.exists()
    approval.approve(version, actor=manager)
    policy.refresh_from_db()
    assert signing.post(f"/api/v1/policies/{policy.pk}/review/", {"note": "Read."}, policy.version).status_code == 403
    assert not PolicyReview.objects.exists()
    version.refresh_from_db()
    assert api.post(f"{address}write/", said | {"text": "Other."}, version.version).status_code in (400, 409, 422)
    shown = api.get(address).json()
    assert (shown["number"], shown["text"], shown["sha256"]) == ("1.0", "Words.", version.sha256)
    assert api.get("/api/v1/policy-exceptions/").status_code == 200


def test_the_page_of_a_policy_leads_whoever_owes_it_to_reading_it(employee: User, colleague: User) -> None:
    version = in_force()
    person = a_person(user=employee, email=employee.email)
    page = version.policy.get_absolute_url()
    reading = reverse("policies:policyversion-acknowledge", args=[version.pk])
    shown = read(employee, page)
    assert reading in shown
    assert "Read and acknowledge" in shown
    assert reading not in read(colleague, page)  # who is not on the roster
    acknowledge(version, actor=employee, sha256=version.sha256)
    assert reading not in read(employee, page)
    with time_machine.travel(timezone.now() + datetime.timedelta(days=366), tick=False):
        assert "Your acknowledgement is late since" in read(employee, page)
        assert reading not in read(employee, page, as_of=day(-1).isoformat())  # the past asks nobody for anything
    changed(person, ends_on=today())
    with time_machine.travel(timezone.now() + datetime.timedelta(days=366), tick=False):
        assert reading not in read(employee, page)


def test_policies_to_read_stands_in_the_rail_of_all_but_auditors(employee: User, manager: User) -> None:
    link = f'href="{reverse("policies:to-read")}"'
    assert link in read(employee, "/")
    assert link in read(manager, "/")
    assert 'aria-current="page"' in read(employee, reverse("policies:to-read"))
    auditor = UserFactory(role="auditor")
    WindowFactory(user=auditor)
    assert link not in signed_in(auditor).get("/", follow=True).content.decode()


def test_a_refused_draft_says_at_its_top_which_field_is_wrong(compliance: User) -> None:
    version = draft_of(a_policy(actor=compliance))
    page = reverse("policies:policyversion-write", args=[version.pk])
    said = {"title": "", "text": "Within {{ nothing }} days.", "version": version.version}
    shown = signed_in(compliance).post(page, said).content.decode()
    summary = shown[shown.index("form-errors") : shown.index("editor-halves")]
    assert '<a href="#id_text">Text</a>: No setting is called {{ nothing }}.' in summary
    assert '<a href="#id_title">Title</a>: This field is required.' in summary
    for field in ("text", "title"):
        assert f'id="id_{field}"' in shown
