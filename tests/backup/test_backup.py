"""Backing up a company and restoring it into an empty installation: all of it, or nothing."""

import hashlib
import json
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.backup import archive
from foundation.backup.archive import Unusable
from foundation.backup.make import backup
from foundation.backup.restore import restore
from foundation.backup.tables import chunks, migrations, tables
from foundation.files.models import StoredFile
from foundation.files.sealed import BLOCK, PREFIX, Altered
from foundation.jobs.models import Job
from foundation.organisation.models import Holiday
from foundation.trail import anchors, guards, seal
from foundation.trail.erase import erase
from foundation.trail.keep import save
from foundation.trail.log import Block
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from foundation.trail.verify import verify
from tests.backup.whole import company, emptied
from tests.factories.people import UserFactory
from tests.factories.rounds import a_part, approved_review

pytestmark = pytest.mark.django_db(transaction=True)
CREATED = "holiday.created"
KEY = "a key of backups that only tests make and read"
BIG = bytes(range(256)) * 9000  # 2.3 MB, so several frames


@pytest.fixture(autouse=True)
def _apart(settings, tmp_path):
    """A store, keys and an anchor file of this test alone."""
    settings.STORAGES = settings.STORAGES | {
        "sealed": {"BACKEND": "foundation.files.storage.PrivateFolder", "OPTIONS": {"location": tmp_path / "store"}}
    }
    settings.TRAIL_KEYS_DIR, settings.TRAIL_ANCHOR_FILE = tmp_path / "keys", tmp_path / "anchors.txt"


@pytest.fixture
def made(tmp_path) -> Path:
    """A backup of a company with files, personal values erased, and a sealed trail."""
    company()
    user = User.objects.order_by("pk").first()
    job = Job(title="Kept", task="tests.jobs.work.add", requested_by=user, state="done")
    job.result.save("x", ContentFile(BIG, "matrix.pdf"), save=False)
    job.save()
    erase(Entry.objects.filter(pk__in=Entry.objects.order_by("pk").values("pk")[:3]), actor=SYSTEM, reason="Asked for")
    seal.seal_all()
    backup(tmp_path / "backup", KEY)
    return tmp_path / "backup"


def digests() -> dict[str, list[str]]:
    """Every row of every table, hashed."""
    return {
        model._meta.label_lower: [
            hashlib.sha256(json.dumps(row).encode()).hexdigest() for rows in chunks(model, "default") for row in rows
        ]
        for model in tables()
    }


def test_everything_comes_back_and_the_trail_says_what_it_went_back_to(made, tmp_path):
    before, head = digests(), seal.head()
    told = Entry.objects.get(verb="backup.made")
    assert told.facts["refs"]["sha256"] == hashlib.sha256(made.read_bytes()).hexdigest()
    assert told.facts["refs"]["checkpoint"] == head.note
    assert BIG[:300] not in made.read_bytes()
    assert b"example.com" not in made.read_bytes()
    assert made.stat().st_mode & 0o777 == 0o600
    before["trail.entry"].pop()  # which says that the backup was made
    emptied(tmp_path / "store")
    done = restore(made, KEY, reason="The disk broke")
    assert (done.lost, done.damaged, done.faults) == ("", [], [])
    after = digests()
    for label, rows in before.items():
        if label in ("trail.entry", "trail.block"):
            assert after[label][: len(rows)] == rows  # and then what the restore says of itself
        elif not label.startswith("trail."):
            assert after[label] == rows, label
    entry = Entry.objects.get(verb="backup.restored")
    assert entry.facts["reason"] == "The disk broke"
    assert entry.facts["refs"]["checkpoint"] == head.note
    assert seal.sealed_up_to() == entry.pk  # signed with the keys that the installation had
    assert guards.missing(connection) == []
    with default_storage.open(Job.objects.get(title="Kept").result.name) as file:
        assert file.read() == BIG
    assert Entry.objects.filter(private=None).count() >= 3
    save(Holiday(day="2031-01-01", name="New Year"), actor=SYSTEM, verb=CREATED)  # numbers go on


def test_what_was_signed_comes_back_signed_and_guarded(tmp_path):
    company()
    people = [UserFactory(role=role) for role in (Role.COMPLIANCE_MANAGER, Role.MANAGER)]
    review = approved_review(a_part(*people))
    before = digests()
    backup(tmp_path / "backup", KEY)
    emptied(tmp_path / "store")
    restore(tmp_path / "backup", KEY, reason="The disk broke")
    after = digests()
    names = [name for name in after if name.startswith("accessreviews.")]
    assert [after[name] for name in names] == [before[name] for name in names]
    assert before["accessreviews.decision"]
    assert guards.missing(connection) == []
    with pytest.raises(DatabaseError, match="Corrections are addenda"), transaction.atomic():
        connection.cursor().execute("UPDATE accessreviews_review SET statement = '' WHERE id = %s", [review.pk])


def test_what_was_lost_since_the_backup_is_named_and_the_log_goes_on(made, tmp_path):
    old = seal.head()
    save(Holiday(day="2031-01-01", name="Lost"), actor=SYSTEM, verb=CREATED)
    seal.seal_all()
    ahead = next(reversed(list(anchors.read())))
    emptied(tmp_path / "store")
    done = restore(made, KEY, reason="The disk broke")
    assert (done.lost, done.faults) == (ahead, [])
    refs = Entry.objects.get(verb="backup.restored").facts["refs"]
    assert (refs["checkpoint"], refs["lost"]) == (old.note, ahead)
    assert Entry.objects.get(verb="trail.restore_acknowledged").facts["refs"]["checkpoint"] == ahead
    newest = Block.objects.order_by("-id").first()
    assert newest.checkpoint.origin == f"{old.checkpoint.log[0]}/2"
    assert not seal.pending()


def test_an_anchor_file_that_was_lost_too_is_told_once_and_the_next_one_is_held(made, tmp_path, settings):
    old = seal.head()
    save(Holiday(day="2031-01-01", name="Sealed, so the one before reached the file"), actor=SYSTEM, verb=CREATED)
    seal.seal_all()
    backup(tmp_path / "newer", KEY)
    emptied(tmp_path / "store")
    settings.TRAIL_ANCHOR_FILE = tmp_path / "another-disk.txt"
    done = restore(tmp_path / "newer", KEY, reason="The disk broke, and it held the anchors")
    assert done.faults == []
    said = Entry.objects.get(verb="backup.restored").facts["refs"]["unanchored"]
    assert said == done.unanchored > old.size
    save(Holiday(day="2031-01-02", name="After"), actor=SYSTEM, verb=CREATED)
    seal.seal_all()
    told = verify()
    assert told.faults == []
    assert f"Up to size {said:,} " in told.notes[0]
    kept = list(anchors.read())
    anchors.path().write_text(kept[-1])
    assert any("lacks 1 checkpoints that stood in it" in fault for fault in verify().faults)


def test_without_the_signing_key_it_is_restored_and_says_what_is_missing(made, tmp_path, settings):
    emptied(tmp_path / "store")
    settings.TRAIL_KEYS_DIR = tmp_path / "nothing"
    done = restore(made, KEY, reason="The disk broke")
    assert "does not hold the private key" in done.faults[0]
    assert Entry.objects.filter(verb="backup.restored").exists()


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place:][1:]


SPOILT = {
    "first byte of the contents": lambda data: flipped(data, archive.FRONT + 20),
    "middle": lambda data: flipped(data, len(data) // 2),
    "last byte": lambda data: flipped(data, len(data) - 1),
    "cut by a byte": lambda data: data[:-1],
    "cut in half": lambda data: data[: len(data) // 2],
    "cut between two chunks": lambda data: data[: archive.FRONT + PREFIX + 2 * BLOCK],
    "something behind": lambda data: data + b"x",
    "another format": lambda data: data[: len(archive.MAGIC)] + b"\x09" + data[len(archive.MAGIC) + 1 :],
    "no backup": lambda _: b"PK\x03\x04" + bytes(100),
    "empty": lambda _: b"",
}


def refused(path: Path, match: str, key: str = KEY) -> None:
    """Refused in words, and nothing was changed."""
    before, lying = digests(), sorted(Path(storages["sealed"].location).rglob("*"))
    with pytest.raises(Unusable, match=match):
        restore(path, key, reason="Trying")
    assert digests() == before
    assert [one for one in sorted(Path(storages["sealed"].location).rglob("*")) if one.is_file()] == [
        one for one in lying if one.is_file()
    ]


def test_whatever_does_not_fit_is_refused_with_nothing_changed(made, tmp_path, settings):
    refused(made, "not empty: there are rows of")  # the company is still there
    emptied(tmp_path / "store")
    for how, spoil in SPOILT.items():
        wrong = tmp_path / "wrong"
        wrong.write_bytes(spoil(made.read_bytes()))
        refused(wrong, "has format 9" if how == "another format" else "no backup|altered or cut off")
    refused(made, "BACKUP_KEY is not the one", key=KEY + "x")
    for name in ("MASTER_KEY", "TRAIL_MAC_KEY"):
        right = getattr(settings, name)
        setattr(settings, name, "another key of this installation, long enough")
        refused(made, name)
        setattr(settings, name, right)
    storages["sealed"].save("ab/cd", ContentFile(b"x"))
    refused(made, "its store holds files")
    storages["sealed"].delete("ab/cd")
    with pytest.raises(Unusable, match="needs its reason"):
        restore(made, KEY, reason=" ")
    assert restore(made, KEY, reason="Now the right one").rows


def test_second_factors_under_another_master_key_are_refused_without_any_file(tmp_path, settings):
    company()
    assert Authenticator.objects.exists()
    assert not StoredFile.objects.exists()
    backup(tmp_path / "backup", KEY)
    emptied(tmp_path / "store")
    right, settings.MASTER_KEY = settings.MASTER_KEY, "another key of this installation, long enough"
    refused(tmp_path / "backup", "Second factors and providers are sealed under another MASTER_KEY")
    settings.MASTER_KEY_FALLBACKS = [right]
    assert restore(tmp_path / "backup", KEY, reason="With the older key too").rows


def test_another_version_is_refused(made, tmp_path):
    emptied(tmp_path / "store")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('controls', '0099_later', '2026-01-01')"
        )
    try:
        refused(made, "another version of Countersign.*controls.0099_later")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '0099_later'")
    assert ["controls", "0099_later"] not in migrations()


def test_a_file_that_was_altered_before_is_restored_as_it_was_and_named(made, tmp_path, capsys):
    stored = StoredFile.objects.get(name="matrix.pdf")
    place = Path(storages["sealed"].path(stored.place))
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.write_bytes(bytes(data))
    backup(tmp_path / "second", KEY)
    (tmp_path / "key").write_text(KEY)
    emptied(tmp_path / "store")
    with pytest.raises(CommandError, match=f"does not verify:\nFile {stored.pk} had been altered"):
        call_command("restore", tmp_path / "second", key_file=tmp_path / "key", reason="The disk broke")
    assert Entry.objects.get(verb="backup.restored").facts["refs"]["damaged"] == [str(stored.pk)]
    with pytest.raises(Altered):
        default_storage.open(stored.path).read()


def test_a_lost_file_is_named_and_the_rest_is_backed_up_and_restored(made, tmp_path, capsys):
    stored = StoredFile.objects.get(name="matrix.pdf")
    Path(storages["sealed"].path(stored.place)).unlink()
    (tmp_path / "key").write_text(KEY)
    with pytest.raises(CommandError, match=str(stored.pk)):
        call_command("backup", tmp_path / "second", key_file=tmp_path / "key")
    emptied(tmp_path / "store")
    call_command("restore", tmp_path / "second", key_file=tmp_path / "key", reason="The disk broke")
    assert "Restored: " in capsys.readouterr().out
    assert StoredFile.objects.filter(pk=stored.pk).exists()
    with pytest.raises(FileNotFoundError):
        default_storage.open(stored.path)


def test_a_backup_never_replaces_a_file_and_keys_are_asked_for(made, tmp_path, settings, capsys):
    with pytest.raises(FileExistsError):
        backup(made, KEY)
    settings.BACKUP_KEY = ""
    for command in ("backup", "restore"):
        with pytest.raises(CommandError, match="at least 32"):
            call_command(command, tmp_path / "x", **({"reason": "x"} if command == "restore" else {}))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("restore", made, key_file=tmp_path / "none", reason="x")
    assert not (tmp_path / "none").exists()
    call_command("backup", tmp_path / "y", key_file=tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").read_text().strip() not in capsys.readouterr().out
    assert not [one.name for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_no_key_is_in_a_backup(made, settings, tmp_path):
    contents = b"".join(
        json.dumps(archive.facts(payload)).encode() if kind != archive.DATA else payload
        for kind, payload in archive.frames(made, KEY)
    )
    for secret in (settings.MASTER_KEY, settings.TRAIL_MAC_KEY, settings.SECRET_KEY, KEY):
        assert secret.encode() not in contents
    for private in Path(settings.TRAIL_KEYS_DIR).glob("*.pem"):
        assert private.read_bytes()[40:80] not in contents
