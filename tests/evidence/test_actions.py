"""Evidence is handed in once, judged by somebody else, superseded and never edited (R3.4)."""

import datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from evidence import actions
from evidence.actions import For, Replayed, SameBytes
from evidence.models import Evidence, EvidenceLink, Exemption
from foundation.accounts.models import User
from foundation.files.models import StoredFile
from foundation.organisation.actions import found
from foundation.organisation.models import today
from foundation.trail.keep import Stale
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.evidence import evidence, operating, requirement
from tests.factories.people import UserFactory

NOW = timezone.now


@pytest.fixture
def item(owner: User) -> Evidence:
    """Submitted by the control's owner."""
    return evidence(operating(owner=owner), actor=owner)


def verbs() -> list[str]:
    about = Entry.objects.filter(object_type__startswith="evidence.").order_by("id")
    return list(about.values_list("verb", flat=True))


def test_submitting_keeps_bytes_hash_and_links(owner: User):
    control = operating(owner=owner)
    item = evidence(control, actor=owner, content=b"a,b\n1,2\n", query="SELECT 1", rows=1)
    with item.file.open() as kept:
        assert kept.read() == b"a,b\n1,2\n"
    assert (item.size, item.content_type, item.name) == (8, "text/csv", "list.csv")
    assert item.sha256 == StoredFile.objects.get(path=item.file.name).sha256
    assert (item.state, item.submitted_by, item.stamped) == ("submitted", owner, False)
    assert EvidenceLink.objects.get().control == control
    assert verbs() == ["evidence.submitted", "evidencelink.created"]


def test_plain_data_is_kept_as_json(owner: User):
    item = evidence(operating(), actor=owner, content={"b": 1, "a": ["ü"]}, name="data.json")
    with item.file.open() as kept:
        assert kept.read().decode() == '{\n "a": [\n  "ü"\n ],\n "b": 1\n}'
    assert item.content_type == "application/json"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"content": b""}, "0 bytes"),
        ({"captured": NOW() + datetime.timedelta(days=1)}, "future"),
        ({"period": (datetime.date(2026, 2, 1), datetime.date(2026, 1, 1))}, "first and a last day"),
        ({"reason": " "}, "Say what it proves"),
        ({"kind": "rumour"}, "not a valid choice"),
        ({"title": " "}, "cannot be blank"),
        ({"nothing_occurred": True, "rows": 0}, "its query"),
    ],
)
def test_what_is_not_legal_leaves_nothing(owner: User, wrong: dict[str, Any], words: str):
    with pytest.raises(ValidationError, match=words):
        evidence(operating(owner=owner), actor=owner, **wrong)
    assert not Evidence.objects.exists()
    assert verbs() == []


def test_a_source_vouches_for_the_day_on_the_organisation_s_wall_and_for_none_after(db: None):
    """Half past eleven in Greenwich is half past midnight in Berlin: that day has begun there, the next has not."""
    with time_machine.travel(datetime.datetime(2026, 11, 22, 23, 30, tzinfo=datetime.UTC), tick=False):
        found(name="One Ltd", actor=SYSTEM, time_zone="Europe/Berlin")
        evidence(operating(), period=(today(), today()), stamped=True)
        tomorrow = today() + datetime.timedelta(days=1)
        with pytest.raises(ValidationError, match="after the capture"):
            evidence(operating(), period=(tomorrow, tomorrow), stamped=True)


def test_the_same_bytes_are_offered_as_a_link(item: Evidence, owner: User):
    with item.file.open() as kept:
        content = kept.read()
    with pytest.raises(SameBytes) as refused:
        evidence(operating(), actor=owner, content=content)
    assert refused.value.evidence == item
    other = evidence(operating(), actor=owner, content=content, another=True)
    assert other.file.name == item.file.name
    assert StoredFile.objects.count() == 1


def test_a_push_with_the_same_key_is_the_same_item(owner: User, colleague: User):
    control = operating(owner=owner)
    first = evidence(control, actor=owner, content=b"1", idempotency_key="run 7")
    again = evidence(control, actor=owner, content=b"1", idempotency_key="run 7")
    assert again == first
    with pytest.raises(Replayed):
        evidence(control, actor=owner, content=b"2", idempotency_key="run 7")
    assert evidence(control, actor=colleague, content=b"2", idempotency_key="run 7") != first


def test_another_person_accepts_it(item: Evidence, manager: User):
    accepted = actions.accept(item, actor=manager, note="Complete.")
    assert (accepted.state, accepted.reviewed_by, accepted.review_note) == ("accepted", manager, "Complete.")
    assert verbs()[-1] == "evidence.accepted"


def test_nobody_judges_what_is_their_own(manager: User, compliance: User):
    control = operating()
    submitted = evidence(control, actor=manager)
    collected = evidence(control, actor=compliance, collected_by=manager)
    for mine in (submitted, collected):
        for verb in (actions.accept, actions.give_back):
            with pytest.raises(PermissionDenied, match="cannot judge"):
                verb(mine, actor=manager, **({} if verb is actions.accept else {"reason": "No."}))
    with pytest.raises(PermissionDenied):
        evidence(control, actor=manager, accepted_by=manager)
    assert not Evidence.objects.exclude(state="submitted").exists()


def refused_by_the_database(sql: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_database_wants_another_person_too(item: Evidence):
    refused_by_the_database(
        "UPDATE evidence_evidence SET state='accepted', reviewed_by_id=submitted_by_id, reviewed_at=created_at"
    )


def test_who_was_asked_judges_and_a_compliance_manager_may(owner: User, manager: User, compliance: User):
    asked: User = UserFactory(role="control_owner")
    control = operating(owner=owner)
    one, two = (evidence(control, actor=owner, reviewer=asked) for _ in range(2))
    with pytest.raises(PermissionDenied, match="Somebody else was asked"):
        actions.accept(one, actor=manager)
    assert actions.accept(one, actor=asked).state == "accepted"
    assert actions.accept(two, actor=compliance).state == "accepted"


def test_it_is_given_back_with_a_reason_and_comes_again(item: Evidence, owner: User, manager: User):
    with pytest.raises(ValidationError, match="Say what is wrong"):
        actions.give_back(item, actor=manager, reason=" ")
    actions.give_back(item, actor=manager, reason="No clock on it.")
    item.refresh_from_db()
    with pytest.raises(ValidationError, match="cannot be accepted"):
        actions.accept(item, actor=manager)
    again = evidence(actor=owner, supersedes=item)
    assert (again.number, again.first, again.supersedes) == (2, item, item)
    assert [link.control for link in again.links.all()] == [link.control for link in item.links.all()]
    assert actions.accept(again, actor=manager).state == "accepted"
    assert verbs()[-3:] == ["evidence.superseded", "evidencelink.created", "evidence.accepted"]


def test_a_version_has_one_successor(item: Evidence, owner: User, manager: User):
    evidence(actor=owner, supersedes=item)
    with pytest.raises(Stale):
        evidence(actor=owner, supersedes=item)
    with pytest.raises(ValidationError, match="newer version"):
        actions.accept(item, actor=manager)


def test_withdrawing_leaves_a_tombstone(item: Evidence, owner: User, manager: User):
    with pytest.raises(ValidationError, match="Say why"):
        actions.withdraw(item, actor=owner, reason="")
    gone = actions.withdraw(item, actor=owner, reason="A customer's names are in it.")
    assert (gone.state, gone.sha256, gone.withdrawn_by) == ("withdrawn", item.sha256, owner)
    with pytest.raises(ValidationError):
        actions.accept(gone, actor=manager)
    with pytest.raises(ValidationError):
        actions.withdraw(gone, actor=owner, reason="Again.")
    with pytest.raises(Stale):
        evidence(actor=owner, supersedes=gone)


def test_two_who_judge_at_once_are_told(item: Evidence, manager: User, compliance: User):
    seen = Evidence.objects.get(pk=item.pk)
    actions.accept(item, actor=manager)
    with pytest.raises(Stale):
        actions.give_back(seen, actor=compliance, reason="No.")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE evidence_evidence SET period_from = '2026-01-01', period_to = '2026-01-31'",
        "UPDATE evidence_evidence SET sha256 = 'x'",
        "UPDATE evidence_evidence SET stamped = NOT stamped",
        "DELETE FROM evidence_evidence",
    ],
)
def test_the_database_refuses_to_edit_or_delete_it(item: Evidence, sql: str):
    refused_by_the_database(sql)


def test_a_requirement_takes_the_kinds_that_it_names(owner: User):
    control, other = operating(owner=owner), operating()
    need = requirement(control, kinds=["export", "log"])
    with pytest.raises(ValidationError, match="takes export from a system, log"):
        evidence(control, actor=owner, requirement=need, kind="screenshot")
    with pytest.raises(ValidationError, match="another control"):
        evidence(other, actor=owner, requirement=need)
    assert evidence(control, actor=owner, requirement=need).links.get().requirement == need


def test_links_come_and_go_with_reasons(item: Evidence, compliance: User):
    other = operating()
    link = actions.link_evidence(item, For(control=other, reason="It shows this, too."), actor=compliance)
    gone = actions.unlink_evidence(link, actor=compliance, reason="It does not.")
    assert gone.archived_at
    item.refresh_from_db()
    back = actions.link_evidence(item, For(control=other, reason="It does."), actor=compliance)
    assert (back.pk, back.archived_at, back.reason) == (link.pk, None, "It does.")
    assert verbs()[-3:] == ["evidencelink.created", "evidencelink.archived", "evidencelink.restored"]


def test_an_exemption_takes_two(owner: User, compliance: User):
    control = operating(owner=owner)
    days = {"starts_on": datetime.date(2026, 2, 1), "ends_on": datetime.date(2026, 2, 28)}
    mine = Exemption(control=control, reason="The tool was down.", **days)
    exemption = actions.request_exemption(mine, actor=compliance)
    with pytest.raises(PermissionDenied):
        actions.approve_exemption(exemption, actor=compliance, reason="")
    other: User = UserFactory(role="compliance_manager")
    assert actions.approve_exemption(exemption, actor=other, reason="Agreed.").state == "approved"
    with pytest.raises(Stale):
        actions.decline_exemption(exemption, actor=other, reason="No.")
