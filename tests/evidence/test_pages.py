"""The pages of evidence: who sees and does what, links, withdrawn bytes, requirements and exemptions."""

import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from controls.models import Control
from evidence import actions
from evidence.models import Evidence, EvidenceLink, Exemption, Occurrence, Requirement
from evidence.work import evidence_work
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.evidence import evidence, operating, requirement


@pytest.fixture
def control(owner: User) -> Control:
    return operating(owner=owner)


@pytest.fixture
def item(owner: User, control: Control) -> Evidence:
    return evidence(control, actor=owner, content=b"user,role\n<b>ada</b>,admin\n")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(user: User, path: str, **sent: Any) -> Any:
    return signed_in(user).post(path, sent)


def kinds(user: User) -> list[tuple[str, str]]:
    return [(one.ref, one.kind) for one in evidence_work(user)]


def test_my_work_says_whose_turn_it_is(owner: User, manager: User, compliance: User, item: Evidence):
    assert kinds(manager) == kinds(compliance) == [(item.ref, f"Submitted by {owner}")]
    assert kinds(owner) == []
    actions.give_back(item, actor=manager, reason="Too short.")
    assert kinds(manager) == []
    assert kinds(owner) == [(item.ref, f"Returned by {manager}")]


def test_what_stops_being_good_is_renewed_by_its_submitter(owner: User, manager: User, control: Control):
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    item = evidence(control, actor=owner, expires_on=yesterday)
    actions.accept(item, actor=manager)
    assert kinds(owner) == [(item.ref, "Expired")]


def test_only_whoever_was_asked_judges(owner: User, manager: User, colleague: User, control: Control):
    item = evidence(control, actor=owner, reviewer=colleague)
    assert signed_in(manager).get(f"/evidence/{item.pk}/accept/").status_code == 403
    assert kinds(manager) == []
    assert kinds(colleague) == [(item.ref, f"Submitted by {owner}")]
    assert post(colleague, f"/evidence/{item.pk}/accept/", version=item.version).status_code == 302


def test_the_list_shows_newest_versions_and_finds_by_reference(owner: User, item: Evidence, control: Control):
    later = evidence(control, actor=owner, supersedes=item)
    client = signed_in(owner)

    def listed(query: str = "") -> list[str]:
        return [row.pk for row in client.get(f"/evidence/?{query}").context["table"]]

    assert listed() == [str(later.pk)]
    assert set(listed("show=versions")) == {str(item.pk), str(later.pk)}
    assert listed(f"q={later.ref.lower()}") == listed(f"control={control.ref.lower()}") == [str(later.pk)]
    assert listed("control=NO-1") == listed("state=accepted") == listed("due=judge") == []


def test_text_is_shown_escaped_and_the_trail_says_so(owner: User, item: Evidence):
    shown = signed_in(owner).get(f"/evidence/{item.pk}/content/").content.decode()
    assert "&lt;b&gt;ada&lt;/b&gt;" in shown
    assert "<b>ada" not in shown
    assert Entry.objects.filter(verb="file.previewed", object_id=str(item.pk)).count() == 1


def test_the_bytes_of_a_withdrawn_item_are_had_by_the_compliance_manager_alone(
    owner: User, manager: User, compliance: User, item: Evidence
):
    actions.withdraw(item, actor=owner, reason="It held passwords.")
    for page in ("download", "content"):
        assert signed_in(owner).get(f"/evidence/{item.pk}/{page}/").status_code == 403
        assert signed_in(manager).get(f"/evidence/{item.pk}/{page}/").status_code == 403
        assert signed_in(compliance).get(f"/evidence/{item.pk}/{page}/").status_code == 200
    assert signed_in(owner).get(f"/evidence/{item.pk}/").status_code == 200


def test_an_item_is_linked_to_ones_own_controls_and_unlinked(owner: User, item: Evidence):
    mine, other = operating(owner=owner), operating()
    path = f"/evidence/{item.pk}/link/"
    told = {"reason": "It lists these accounts, too.", "version": item.version}
    assert post(owner, path, control=other.pk, **told).status_code == 422
    assert post(owner, path, control=mine.pk, **told).status_code == 302
    link = EvidenceLink.objects.get(control=mine)
    again = post(owner, f"/evidence/links/{link.pk}/unlink/", version=link.version, reason="Mistaken.")
    assert again.status_code == 302
    link.refresh_from_db()
    assert link.archived_at is not None


def test_what_was_accepted_is_not_made_good_for_longer_by_its_submitter(owner: User, manager: User, control: Control):
    item = evidence(control, actor=owner, expires_on=datetime.date(2026, 12, 31))
    item = actions.accept(item, actor=manager)
    told = {"title": item.title, "version": item.version}
    assert post(owner, f"/evidence/{item.pk}/edit/", expires_on="2027-12-31", **told).status_code == 422
    assert post(owner, f"/evidence/{item.pk}/edit/", expires_on="2026-11-30", **told).status_code == 302


def test_a_requirement_that_changes_ends_and_another_begins(compliance: User, control: Control):
    need = requirement(control, since="2026-01-01")
    told = {"control": control.pk, "title": "The signed list", "version": need.version}
    path = f"/evidence/requirements/{need.pk}/edit/"
    assert post(compliance, path, effective_from="2025-12-31", **told).status_code == 422
    assert post(compliance, path, effective_from="2026-07-01", **told).status_code == 302
    need.refresh_from_db()
    later = Requirement.objects.exclude(pk=need.pk).get()
    assert (need.title, str(need.effective_to)) == ("The list", "2026-06-30")
    assert (later.title, str(later.effective_from), later.control) == ("The signed list", "2026-07-01", control)


def test_an_exemption_is_approved_by_another_and_excepts(owner: User, compliance: User, control: Control):
    asked = {"control": control.pk, "starts_on": "2026-03-01", "ends_on": "2026-03-31", "reason": "Moved offices."}
    assert post(owner, "/evidence/exemptions/new/", **asked).status_code == 302
    exemption = Exemption.objects.get()
    assert kinds(compliance) == [(str(exemption), f"{owner} asks to except it")]
    path = f"/evidence/exemptions/{exemption.pk}/approve/"
    assert post(owner, path, version=exemption.version).status_code == 403
    assert post(compliance, path, version=exemption.version).status_code == 302
    assert Occurrence.objects.get(control=control, starts_on="2026-03-01").outcome == "excepted"


def test_a_control_shows_its_evidence_live_and_as_it_was(
    owner: User, compliance: User, control: Control, item: Evidence
):
    before = timezone.now()
    item = actions.accept(item, actor=compliance)
    page = signed_in(owner).get(f"/controls/{control.pk}/evidence/")
    assert f'href="/evidence/new/?control={control.pk}"' in page.content.decode()
    assert "Accepted" in page.content.decode()
    then = signed_in(owner).get(f"/controls/{control.pk}/evidence/", {"as_of": before.isoformat()}).content.decode()
    assert item.ref in then
    assert "/evidence/new/" not in then


def test_an_employee_submits_to_what_they_operate_and_sees_nothing_else(employee: User, item: Evidence):
    mine = operating(operator=employee)
    client = signed_in(employee)
    assert [str(one) for one in client.get("/evidence/new/").context["controls"]] == [str(mine)]
    assert client.get(f"/evidence/{item.pk}/").status_code == 404
    save(mine, actor=SYSTEM, verb="control.updated")
    assert client.get(f"/evidence/new/?control={mine.pk}").status_code == 200
