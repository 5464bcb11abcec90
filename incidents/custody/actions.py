"""Chain of custody: what is collected, through whose hands it goes, and whether the bytes are still the same.

Each step is a row that nobody ever changes, with its entry in the incident's timeline. A mistake is told in a new one.
"""

import datetime
import hashlib
import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from evidence.actions import as_file
from foundation.accounts.models import User
from foundation.files.kinds import plain_name
from foundation.files.reading import plain_chunks
from foundation.files.sealed import Altered
from foundation.files.storage import stored_file
from foundation.files.vault import NoKey
from foundation.trail.keep import save
from foundation.trail.steps import say
from incidents import timeline
from incidents.command import require_response
from incidents.custody import hands
from incidents.custody.hands import Hand
from incidents.models import (
    IN_STORE,
    CustodyItem,
    CustodyKind,
    CustodyTransfer,
    EntryKind,
    HashCheck,
    Incident,
    TransferKind,
)
from incidents.timeline import said_at

SHA256 = re.compile(r"[0-9a-f]{64}")
GONE = (TransferKind.RETURNED, TransferKind.DESTROYED)  # after which nothing is in our hands any more
STAYS = (TransferKind.MOVED, TransferKind.DESTROYED)  # what whoever holds it does without another hand


def collect(
    incident: Incident, *, actor: User, file: File | None = None, sha256: str = "", copy_of: CustodyItem | None = None,
    **told: Any,
) -> CustodyItem:  # fmt: skip
    """Record a piece of evidence of an incident. told: kind, description, where, how, who collected it, when, storage.

    Where nobody is said to have collected it, the actor did. file: its bytes, where they are kept here: then `storage`
    is the store, whatever was said, and their hash is counted by us. sha256: of data kept elsewhere, as its
    collector counted it. copy_of: the original, of the same incident, on a copy of which people work. Bytes are stored
    before the transaction; what is then refused belongs to no row, and is swept.

    Raises PermissionDenied for whoever does not respond; ValidationError for what is not said or cannot be.
    """
    require_response(actor, incident)
    item = CustodyItem(incident=incident, copy_of=copy_of, sha256=sha256.strip().lower(), recorded_by=actor, **told)
    if item.collected_by is None and not item.collector_name.strip():
        item.collected_by = actor
    check_item(item, file)
    if file is not None:
        item.storage = IN_STORE
        content, item.sha256 = as_file(file, file.name or "file")
        item.name, item.size = plain_name(file.name or "file"), content.size or 0
        item.file.save(item.name, content, save=False)
        item.content_type = stored_file(str(item.file.name)).content_type
    item.full_clean(exclude=["file", "content_type"])
    with transaction.atomic():
        item = save(item, actor=actor, verb="custodyitem.created", refs={"incident": incident.pk})
        timeline.add(
            incident, EntryKind.CUSTODY, f"{item.ref} was collected: {item.description}", actor=actor,
            facts={"item": item.pk, "sha256": item.sha256}, happened_at=item.collected_at,
        )  # fmt: skip
    return item


def check_item(item: CustodyItem, file: File | None) -> None:
    """Raise ValidationError for what contradicts itself."""
    item.collected_at = said_at(item.collected_at, "collected_at")
    if (item.kind == CustodyKind.FILE) != (file is not None):
        words = "Add the file." if file is None else "Only a file that is kept here has bytes: choose that kind."
        raise ValidationError({"file" if file is None else "kind": words})
    if item.sha256 and not SHA256.fullmatch(item.sha256):
        raise ValidationError({"sha256": "A SHA-256 has 64 characters, 0 to 9 and a to f."})
    if item.collected_by is not None and item.collector_name.strip():
        raise ValidationError({"collector_name": "Choose an account or write a name, not both."})
    if item.copy_of is not None and item.copy_of.incident_id != item.incident_id:
        raise ValidationError({"copy_of": "The original belongs to another incident."})


@transaction.atomic
def transfer(  # noqa: PLR0913 - a transfer says this much about itself
    item: CustodyItem, *, actor: User, kind: str, purpose: str, after: int | None, storage: str = "",
    receiver: User | None = None, receiver_name: str = "", happened_at: datetime.datetime | None = None,
    broken: str = "", giver: User | None = None, giver_name: str = "",
) -> CustodyTransfer:  # fmt: skip
    """Record that it went from the hand that holds it to another: when, what for, and where it lies from now on.

    Whoever does not hold it cannot give it: its giver is found here and not said. after: the number of the last
    transfer that the actor saw, 0 for none: of two who record one at once, the second is told. receiver, receiver_name:
    an account, or whoever has none; where it is kept elsewhere or was destroyed, nobody named is its holder. storage:
    of a thing; a file lies in the store. happened_at: None is now; never before the transfer before it.

    broken: how the chain was broken, where it was found with somebody else: giver or giver_name then says with whom,
    and the transfer begins there. It stands in the transfer's purpose and in the timeline.

    Raises PermissionDenied, ValidationError.
    """
    require_response(actor, item.incident)
    item = CustodyItem.objects.select_for_update(of=("self",)).select_related("collected_by").get(pk=item.pk)
    say(purpose, "Say what for.")
    last = hands.last_of(item)
    if after != (last.pk if last else 0):
        raise ValidationError(f"It changed hands meanwhile: {hands.holder(item, last)} holds it. Open the page again.")
    if last is not None and last.kind in GONE:
        raise ValidationError(f"{item.ref} was {last.get_kind_display().lower()}: it is in nobody's hands here.")
    moment = said_at(happened_at)
    if moment < (last.happened_at if last else item.collected_at):
        before = "the transfer before it" if last else "it was collected"
        raise ValidationError({"happened_at": f"This lies before {before}."})
    came = from_whom(hands.holder(item, last), hands.hand(giver, giver_name), broken)
    went = to_whom(kind, came, hands.hand(receiver, receiver_name))
    if broken.strip():
        purpose = f"The chain was broken: {broken.strip()}\n{purpose}"
    step = CustodyTransfer(
        item=item, kind=kind, giver=came.user, giver_name=came.name, receiver=went.user, receiver_name=went.name,
        happened_at=moment, purpose=purpose, storage=place(item, kind, storage), at=timezone.now(), by=actor,
    )  # fmt: skip
    refs = {"incident": item.incident_id, "custodyitem": item.pk}
    step = save(step, actor=actor, verb="custodytransfer.created", reason=purpose, refs=refs)
    words = f"{item.ref}: {step.get_kind_display().lower()}, {came} to {went}."
    if broken.strip():
        words = f"{words} The chain was broken: {broken.strip()}"
    facts = {"item": item.pk, "transfer": step.pk, "broken": bool(broken.strip())}
    timeline.add(item.incident, EntryKind.CUSTODY, words, actor=actor, facts=facts, happened_at=moment)
    return step


def from_whom(held: Hand, found: Hand, broken: str) -> Hand:
    """From whom it comes: whoever holds it, or with whom it was found, if the chain was broken. ValidationError."""
    if not broken.strip():
        if found:
            raise ValidationError({"broken": f"It comes from {held}, who holds it. Found with {found}: say how."})
        return held
    if not found:
        raise ValidationError({"giver_name": "Say with whom it was found."})
    if held.is_same(found):
        raise ValidationError({"broken": f"{held} holds it: then the chain was not broken."})
    return found


def to_whom(kind: str, came: Hand, went: Hand) -> Hand:
    """To whom it goes; it may stay in one hand only where that keeps it elsewhere, or destroys it. ValidationError."""
    if kind in STAYS:
        return went or came
    if not went:
        raise ValidationError({"receiver_name": "Say to whom it went."})
    if went.is_same(came):
        raise ValidationError({"receiver": f"{came} has it already."})
    return went


def place(item: CustodyItem, kind: str, storage: str) -> str:
    """Where it lies from now on. A file stays in the store, and only its holder changes. Raises ValidationError."""
    if item.kind != CustodyKind.FILE:
        say(storage, "Say where it lies from now on.")
        return storage
    if kind != TransferKind.HANDED:
        raise ValidationError({"kind": "A file stays sealed in the store: it is handed over, and nothing else."})
    return IN_STORE


def check_hash(item: CustodyItem, *, actor: User, note: str = "") -> HashCheck:
    """Take the hash again over the bytes as they lie in the store, and write down whether it is the same.

    Bytes that were altered or are gone are a result, and no error: the check then says that it found nothing. Raises
    PermissionDenied; ValidationError for an item whose bytes are not kept here.
    """
    require_response(actor, item.incident)
    if item.kind != CustodyKind.FILE:
        raise ValidationError("Its bytes are not kept here: take its hash where it lies, and note it in the timeline.")
    found = hash_now(item)  # outside the transaction: a file may be large
    with transaction.atomic():
        check = HashCheck(
            item=item, at=timezone.now(), by=actor, expected=item.sha256, found=found, note=note,
            matches=found == item.sha256,
        )  # fmt: skip
        refs = {"incident": item.incident_id, "custodyitem": item.pk, "matches": check.matches}
        check = save(check, actor=actor, verb="hashcheck.created", reason=note, refs=refs)
        words = "is unchanged." if check.matches else "IS NOT WHAT WAS COLLECTED."
        facts = {"item": item.pk, "expected": check.expected, "found": found}
        timeline.add(item.incident, EntryKind.CUSTODY, f"Hash check: {item.ref} {words}", actor=actor, facts=facts)
    return check


def hash_now(item: CustodyItem) -> str:
    """SHA-256 over the stored bytes, hex; "" where they cannot be read whole any more."""
    digest = hashlib.sha256()
    try:
        for chunk in plain_chunks(stored_file(str(item.file.name))):
            digest.update(chunk)
    except (Altered, NoKey, OSError):  # the trail has it already
        return ""
    return digest.hexdigest()
