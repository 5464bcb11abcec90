"""The chain of custody: what is collected, handed over and checked, and what nobody may rewrite."""

import datetime
import hashlib
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.models import User
from foundation.files.storage import stored_file
from foundation.trail.models import Entry
from incidents.custody.actions import check_hash, collect, transfer
from incidents.models import (
    IN_STORE,
    CustodyItem,
    CustodyKind,
    CustodyTransfer,
    HashCheck,
    Incident,
    TimelineEntry,
    TransferKind,
)
from tests.factories.incidents import HOUR, a_thing, an_incident, named

pytestmark = pytest.mark.django_db
LOG = b"12:01 sign-in from an unknown place\n"


@pytest.fixture
def incident(owner: User) -> Incident:
    return an_incident(commander=owner)


@pytest.fixture
def item(incident: Incident, owner: User) -> CustodyItem:
    return collected(incident, owner)


def collected(incident: Incident, owner: User, **told: Any) -> CustodyItem:
    said: dict[str, Any] = {
        "kind": CustodyKind.FILE, "file": ContentFile(LOG, "gateway.log"), "description": "Access log of the gateway",
        "where": "gw-1", "how": "Copied by rsync, read-only.", "collected_by": owner, "collected_at": None,
    }  # fmt: skip
    return collect(incident, actor=owner, **{**said, **told})


def test_a_file_is_kept_with_the_hash_of_its_bytes_and_stands_in_the_timeline(item: CustodyItem, owner: User):
    assert item.sha256 == hashlib.sha256(LOG).hexdigest()
    assert (item.name, item.size, item.recorded_by) == ("gateway.log", len(LOG), owner)
    entry = TimelineEntry.objects.get(kind="custody")
    assert entry.text == f"{item.ref} was collected: Access log of the gateway"
    assert entry.facts == {"item": item.pk, "sha256": item.sha256}
    assert entry.happened_at == item.collected_at


def test_what_is_collected_has_to_be_told(incident: Incident, owner: User):
    for wrong, words in (
        ({"file": None}, "Add the file"),
        ({"kind": CustodyKind.DEVICE}, "Only a file that is kept here has bytes"),
        ({"kind": CustodyKind.DATA, "file": None, "sha256": "zz"}, "64 characters"),
        ({"collector_name": "Ida"}, "not both"),
        ({"collected_at": timezone.now() + HOUR}, "has not come yet"),
        ({"file": ContentFile(b"", "empty.log")}, "0 bytes"),
        ({"how": ""}, "cannot be blank"),
        ({"copy_of": a_thing(an_incident(commander=owner), owner)}, "another incident"),
    ):
        with pytest.raises(ValidationError, match=words):
            collected(incident, owner, **wrong)
    assert not CustodyItem.objects.filter(incident=incident).exists()


def test_whoever_records_collected_it_unless_somebody_else_is_named(incident: Incident, owner: User):
    assert collected(incident, owner, collected_by=None).collected_by == owner
    told = collected(incident, owner, collected_by=None, collector_name="Ida")
    assert (told.collected_by, told.collector_name) == (None, "Ida")


def test_a_file_lies_in_the_store_whatever_is_said(incident: Incident, owner: User):
    assert collected(incident, owner, storage="Laptop of Owen").storage == IN_STORE


def step(item: CustodyItem, actor: User, **told: Any) -> CustodyTransfer:
    last = CustodyTransfer.objects.filter(item=item).order_by("-id").first()
    said: dict[str, Any] = {
        "kind": TransferKind.HANDED, "purpose": "Analysis", "storage": "Safe", "after": last.pk if last else 0,
    }  # fmt: skip
    return transfer(CustodyItem.objects.get(pk=item.pk), actor=actor, **{**said, **told})


@pytest.fixture
def thing(incident: Incident, owner: User) -> CustodyItem:
    return a_thing(incident, owner)


def test_a_chain_goes_from_hand_to_hand_in_time_and_ends(thing: CustodyItem, owner: User, manager: User):
    with pytest.raises(ValidationError, match="before it was collected"):
        step(thing, owner, receiver=manager, happened_at=thing.collected_at - HOUR)
    with pytest.raises(ValidationError, match="to whom"):
        step(thing, owner, receiver_name=" ")
    with pytest.raises(ValidationError, match="where it lies"):
        step(thing, owner, receiver=manager, storage=" ")
    first = step(thing, owner, receiver_name="Dr Lab, Fern Forensics")
    assert (first.giver, first.giver_name) == (owner, "")
    with pytest.raises(ValidationError, match="before the transfer before it"):
        step(thing, owner, receiver=manager, happened_at=first.happened_at - datetime.timedelta(seconds=1))
    last = step(thing, owner, kind=TransferKind.DESTROYED, storage="Nowhere")
    assert last.giver_name == last.receiver_name == "Dr Lab, Fern Forensics"
    with pytest.raises(ValidationError, match="in nobody's hands"):
        step(thing, owner, receiver=manager)
    assert thing.transfers.count() == 2
    told = list(TimelineEntry.objects.filter(kind="custody").order_by("id").values_list("text", flat=True))
    assert told[0] == f"{thing.ref}: handed over, Oskar Owner to Dr Lab, Fern Forensics."


def test_whoever_does_not_hold_it_cannot_give_it(thing: CustodyItem, owner: User, manager: User, employee: User):
    with pytest.raises(ValidationError, match="It comes from Oskar Owner"):
        step(thing, owner, giver=employee, receiver=manager)
    with pytest.raises(ValidationError, match="Oskar Owner has it already"):
        step(thing, owner, receiver=owner)
    step(thing, owner, receiver=manager)
    with pytest.raises(ValidationError, match=f"{manager} has it already"):
        step(thing, owner, receiver=manager, kind=TransferKind.RETURNED)
    step(thing, owner, receiver_name="Lab")
    with pytest.raises(ValidationError, match="Lab has it already"):
        step(thing, owner, receiver_name=" lab ")
    moved = step(thing, owner, kind=TransferKind.MOVED, storage="Safe 4")
    assert (moved.giver_name, moved.receiver_name, moved.storage) == ("Lab", "Lab", "Safe 4")
    assert [one.giver for one in thing.transfers.order_by("id")] == [owner, manager, None]


def test_of_two_who_record_a_transfer_at_once_the_second_is_told(thing: CustodyItem, owner: User, manager: User):
    first = step(thing, owner, receiver=manager)
    for stale in (0, None, first.pk + 1):
        with pytest.raises(ValidationError, match=f"changed hands meanwhile: {manager} holds it"):
            step(thing, owner, receiver_name="Lab", after=stale)
    assert thing.transfers.count() == 1


def test_a_broken_chain_is_said_to_be_one(
    client: Client, thing: CustodyItem, owner: User, manager: User, employee: User
):
    with pytest.raises(ValidationError, match="with whom it was found"):
        step(thing, owner, receiver=manager, broken="It lay about.")
    with pytest.raises(ValidationError, match="then the chain was not broken"):
        step(thing, owner, receiver=manager, broken="It lay about.", giver=owner)
    found = step(thing, owner, receiver=owner, broken="Emil took it home.", giver=employee)
    assert (found.giver, found.receiver) == (employee, owner)
    assert found.purpose == "The chain was broken: Emil took it home.\nAnalysis"
    entry = TimelineEntry.objects.filter(kind="custody").latest("id")
    assert entry.text.endswith("The chain was broken: Emil took it home.")
    assert entry.facts["broken"] is True
    step(thing, owner, receiver=manager)
    client.force_login(owner)
    assert client.get(thing.get_absolute_url()).content.decode().count("Did not hold it") == 1


def test_a_file_stays_in_the_store_and_only_its_holder_changes(item: CustodyItem, owner: User, manager: User):
    for kind in (TransferKind.MOVED, TransferKind.RETURNED, TransferKind.DESTROYED):
        with pytest.raises(ValidationError, match="stays sealed in the store"):
            step(item, owner, kind=kind, receiver=manager)
    assert step(item, owner, receiver=manager, storage="Laptop of Owen").storage == IN_STORE


def test_the_api_transfers_by_the_same_rule(client: Client, thing: CustodyItem, owner: User, manager: User):
    client.force_login(owner)
    route = reverse("api:custodyitem-transfer", args=[thing.pk])
    record = reverse("api:custodyitem-detail", args=[thing.pk])
    assert client.get(record).json()["last_transfer"] == 0

    def send(**told: Any) -> Any:
        said = {"kind": "handed", "purpose": "Look", "storage": "Safe", "receiver_name": "Lab", "after": 0, **told}
        headers = {"If-Match": f'"{thing.version}"'}
        return client.post(route, said, content_type="application/json", headers=headers)

    refused = send(giver=manager.pk)
    assert refused.status_code == 400
    assert "It comes from Oskar Owner" in refused.content.decode()
    assert send(after=7).status_code == send(after=None).status_code == 400
    given = send()
    assert given.status_code == 200, given.content
    assert given.json()["holder"] == "Lab"
    assert given.json()["last_transfer"] == thing.transfers.get().pk
    assert send(receiver_name="Another").status_code == 400
    assert thing.transfers.count() == 1


def test_a_hash_is_taken_over_the_bytes_as_they_lie(item: CustodyItem, owner: User):
    assert check_hash(item, actor=owner, note="Before analysis").matches
    stored = stored_file(str(item.file.name))
    store = storages["sealed"]
    with store.open(stored.place, "rb") as sealed:
        bytes_ = bytearray(sealed.read())
    bytes_[-1] ^= 1
    store.delete(stored.place)
    store.save(stored.place, ContentFile(bytes(bytes_)))
    altered = check_hash(item, actor=owner)
    assert (altered.matches, altered.found) == (False, "")
    store.delete(stored.place)
    assert not check_hash(item, actor=owner).matches
    assert "IS NOT WHAT WAS COLLECTED" in TimelineEntry.objects.filter(kind="custody").latest("id").text
    assert HashCheck.objects.count() == 3
    assert Entry.objects.filter(verb="file.refused").exists()


def test_only_who_responds_touches_it(item: CustodyItem, employee: User, manager: User):
    incident = item.incident
    incident.reporter = employee
    with pytest.raises(PermissionDenied):
        collected(incident, employee)
    with pytest.raises(PermissionDenied):
        check_hash(item, actor=employee)
    named(incident, manager)
    assert check_hash(item, actor=manager).matches


def test_sql_rewrites_nothing_of_a_chain(item: CustodyItem, owner: User):
    check_hash(item, actor=owner)
    for table in ("incidents_custodyitem", "incidents_hashcheck"):
        for sql in (f"UPDATE {table} SET version = version + 1", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
                connection.cursor().execute(sql)


def test_the_pages_collect_hand_over_check_and_give_out(client: Client, incident: Incident, owner: User):
    client.force_login(owner)
    page = reverse("incidents:incident-add-custody", args=[incident.pk])
    assert client.get(page).status_code == 200
    sent = {
        "version": incident.version, "kind": "file", "file": SimpleUploadedFile("a.log", LOG), "description": "A log",
        "where": "gw-1", "how": "Copied", "collected_by": owner.pk,
    }  # fmt: skip
    answer = client.post(page, sent)
    assert answer.headers["Location"] == f"{incident.get_absolute_url()}custody/"
    item = CustodyItem.objects.get()
    assert "A log" in client.get(answer.headers["Location"]).content.decode()
    assert b"".join(client.get(reverse("incidents:custodyitem-file", args=[item.pk]))) == LOG
    assert Entry.objects.filter(verb="file.downloaded").count() == 1
    form = client.get(reverse("incidents:custodyitem-transfer", args=[item.pk])).content.decode()
    assert "Oskar Owner holds it now" in form
    told: dict[str, Any] = {"kind": "handed", "receiver_name": "Lab", "purpose": "Look", "after": 0}
    for verb, said in (("transfer", told), ("check-hash", {"note": ""})):
        route = reverse(f"incidents:custodyitem-{verb}", args=[item.pk])
        assert client.get(route).status_code == 200
        assert client.post(route, {"version": item.version, **said}).status_code == 302, verb
    shown = client.get(item.get_absolute_url()).content.decode()
    assert "Unchanged" in shown
    assert "It is an original" in shown
    assert "missing" not in shown
    for wrong, words in (({"receiver": owner.pk}, "not both"), ({}, "Lab holds it now")):
        route = reverse("incidents:custodyitem-transfer", args=[item.pk])
        answer = client.post(route, {"version": item.version, **told, **wrong})
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert f'name="after" value="{item.transfers.get().pk}"' in answer.content.decode()  # sent again, it is meant


def test_the_form_says_what_it_needs(client: Client, incident: Incident, owner: User):
    client.force_login(owner)
    page = reverse("incidents:incident-add-custody", args=[incident.pk])
    told = {"version": incident.version, "description": "A log", "where": "gw-1", "how": "Copied"}
    for kind, more, words in (
        ("file", {}, "Add the file."),
        ("file", {"file": SimpleUploadedFile("a.log", LOG), "storage": "Laptop of Owen"}, "A file lies here, sealed"),
        ("device", {}, "Say where it is kept."),
        ("device", {"storage": "Safe", "collected_by": owner.pk, "collector_name": "Ida"}, "not both"),
    ):
        answer = client.post(page, {**told, "kind": kind, **more})
        assert answer.status_code == 422, words
        assert words in answer.content.decode()
    assert client.post(page, {**told, "kind": "device", "storage": "Safe"}).status_code == 302
    assert CustodyItem.objects.get().collected_by == owner


def test_an_auditor_reads_the_record_and_never_has_the_file(client: Client, item: CustodyItem, auditor: User):
    client.force_login(auditor)
    page = client.get(item.get_absolute_url())
    assert page.status_code == 200
    assert item.sha256 in page.content.decode()
    route = reverse("incidents:custodyitem-file", args=[item.pk])
    assert route not in page.content.decode()
    assert client.get(route).status_code == 403


def test_a_restricted_incident_keeps_its_evidence_to_its_people(
    client: Client, owner: User, manager: User, auditor: User
):
    item = collected(an_incident(commander=owner, restricted=True), owner)
    for person in (manager, auditor):
        client.force_login(person)
        assert client.get(item.get_absolute_url()).status_code == 404
        assert client.get(reverse("incidents:custodyitem-file", args=[item.pk])).status_code == 404
        assert "Access log" not in client.get(reverse("incidents:custodyitem-list")).content.decode()
