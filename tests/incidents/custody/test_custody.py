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
from incidents.models import CustodyItem, CustodyKind, HashCheck, Incident, TimelineEntry, TransferKind
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
        "storage": "Countersign, encrypted",
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
        ({"collected_by": None}, "who collected it"),
        ({"collected_at": timezone.now() + HOUR}, "has not come yet"),
        ({"file": ContentFile(b"", "empty.log")}, "0 bytes"),
        ({"how": ""}, "cannot be blank"),
        ({"copy_of": a_thing(an_incident(commander=owner), owner)}, "another incident"),
    ):
        with pytest.raises(ValidationError, match=words):
            collected(incident, owner, **wrong)
    assert not CustodyItem.objects.filter(incident=incident).exists()


def test_a_chain_goes_from_hand_to_hand_in_time_and_ends(item: CustodyItem, owner: User, manager: User):
    def step(**told: Any) -> Any:
        said: dict[str, Any] = {
            "kind": TransferKind.HANDED, "purpose": "Analysis", "storage": "Safe", "giver": owner, "receiver": manager,
        }  # fmt: skip
        return transfer(CustodyItem.objects.get(pk=item.pk), actor=owner, **{**said, **told})

    with pytest.raises(ValidationError, match="before it was collected"):
        step(happened_at=item.collected_at - HOUR)
    with pytest.raises(ValidationError, match="from whom"):
        step(giver=None)
    with pytest.raises(ValidationError, match="to whom"):
        step(receiver=None, receiver_name=" ")
    first = step(receiver=None, receiver_name="Dr Lab, Fern Forensics")
    with pytest.raises(ValidationError, match="before the transfer before it"):
        step(happened_at=first.happened_at - datetime.timedelta(seconds=1))
    step(kind=TransferKind.DESTROYED, giver=None, giver_name="Dr Lab, Fern Forensics", storage="Nowhere")
    with pytest.raises(ValidationError, match="in nobody's hands"):
        step()
    assert item.transfers.count() == 2
    told = list(TimelineEntry.objects.filter(kind="custody").order_by("id").values_list("text", flat=True))
    assert told[1] == f"{item.ref}: handed over, Oskar Owner to Dr Lab, Fern Forensics."


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
    for verb, told in (
        (
            "transfer",
            {"kind": "handed", "giver": owner.pk, "receiver_name": "Lab", "purpose": "Look", "storage": "Safe 3"},
        ),
        ("check-hash", {"note": ""}),
    ):
        route = reverse(f"incidents:custodyitem-{verb}", args=[item.pk])
        assert client.get(route).status_code == 200
        assert client.post(route, {"version": item.version, **told}).status_code == 302, verb
    shown = client.get(item.get_absolute_url()).content.decode()
    assert "Safe 3" in shown
    assert "Unchanged" in shown
    both = {
        "kind": "handed",
        "giver": owner.pk,
        "giver_name": "Me",
        "receiver_name": "Lab",
        "purpose": "x",
        "storage": "y",
    }
    answer = client.post(reverse("incidents:custodyitem-transfer", args=[item.pk]), {"version": item.version, **both})
    assert answer.status_code == 422
    assert "not both" in answer.content.decode()


def test_a_restricted_incident_keeps_its_evidence_to_its_people(
    client: Client, owner: User, manager: User, auditor: User
):
    item = collected(an_incident(commander=owner, restricted=True), owner)
    for person in (manager, auditor):
        client.force_login(person)
        assert client.get(item.get_absolute_url()).status_code == 404
        assert client.get(reverse("incidents:custodyitem-file", args=[item.pk])).status_code == 404
        assert "Access log" not in client.get(reverse("incidents:custodyitem-list")).content.decode()
