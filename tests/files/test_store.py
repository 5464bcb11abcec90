"""The store behind Django's storage: what lies on the disk, what comes back, and what is refused."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage, storages
from django.db import transaction

from foundation.files.models import StoredFile
from foundation.files.reading import plain_chunks
from foundation.files.sealed import CHUNK, Altered
from foundation.files.spool import Oversized, SealedUpload, Spool
from foundation.files.sweep import sweep
from foundation.organisation.actions import found, set_logo
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM

pytestmark = pytest.mark.django_db
SECRET = b"what nobody may read on the disk " * 5000  # three chunks


def store(data: bytes = SECRET, name: str = "secret.txt") -> StoredFile:
    return StoredFile.objects.get(path=default_storage.save("tests/one", ContentFile(data, name)))


def disk(stored: StoredFile) -> Path:
    return Path(storages["sealed"].path(stored.place))


def flip(stored: StoredFile, place: int) -> None:
    data = bytearray(disk(stored).read_bytes())
    data[place] ^= 1
    disk(stored).write_bytes(bytes(data))


def incoming() -> list[Path]:
    return list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())


def test_what_is_stored_is_sealed_on_disk_and_comes_back_as_it_was():
    stored = store()
    assert (stored.size, stored.sha256) == (len(SECRET), hashlib.sha256(SECRET).hexdigest())
    assert (stored.name, stored.content_type, stored.uploaded_by) == ("secret.txt", "text/plain", None)
    assert b"nobody may read" not in disk(stored).read_bytes()
    assert disk(stored).stat().st_mode & 0o777 == 0o600
    with default_storage.open(stored.path) as file:
        assert (file.size, file.read()) == (len(SECRET), SECRET)
    assert not incoming()


def test_an_opened_file_reads_like_any_other():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", SECRET)
        archive.writestr("b.txt", b"b")
    stored = store(packed.getvalue(), "papers.zip")
    assert stored.content_type == "application/zip"
    with default_storage.open(stored.path) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("b.txt") == b"b"
        assert archive.read("a.txt") == SECRET
    file = default_storage.open(store(SECRET).path)
    assert (file.read(10), file.tell()) == (SECRET[:10], 10)
    assert file.seek(-5, io.SEEK_END) == len(SECRET) - 5
    assert file.read() == SECRET[-5:]
    file.seek(3)
    assert b"".join(file.chunks()) == SECRET
    file.close()
    with file.open() as again:
        assert again.read() == SECRET


def test_two_files_of_one_name_are_two_files_and_a_file_is_never_rewritten():
    one, two = store(b"one"), store(b"two")
    assert one.path == "tests/one"
    assert two.path.startswith("tests/one_")
    with pytest.raises(ValueError, match="never rewritten"):
        default_storage.open(one.path, "wb")
    with pytest.raises(ValueError, match="not accessible via a URL"):
        default_storage.url(one.path)
    with pytest.raises(ValueError, match="not accessible via a URL"):
        storages["sealed"].url(one.place)


def test_what_is_deleted_is_gone_from_the_disk_with_its_key(django_capture_on_commit_callbacks):
    stored = store()
    with django_capture_on_commit_callbacks(execute=True):
        default_storage.delete(stored.path)
        assert disk(stored).exists()  # until it is committed
    assert not disk(stored).exists()
    assert not default_storage.exists(stored.path)
    with pytest.raises(FileNotFoundError):
        default_storage.open(stored.path)


@pytest.mark.parametrize("place", [0, 40, CHUNK + 100, -1])
def test_one_flipped_byte_is_refused_and_the_trail_says_so(place):
    stored = store()
    flip(stored, place)
    with pytest.raises(Altered), default_storage.open(stored.path) as file:
        file.read()
    entry = Entry.objects.get(verb="file.refused")
    assert (entry.object_type, entry.object_id, entry.outcome) == ("files.storedfile", str(stored.pk), "failed")
    assert (entry.facts["refs"]["sha256"], entry.actor_kind) == (stored.sha256, "system")


def test_another_files_sealed_bytes_are_refused():
    one, two = store(b"the one"), store(b"the two")
    disk(one).write_bytes(disk(two).read_bytes())
    with pytest.raises(Altered):
        default_storage.open(one.path)


def test_bytes_that_verify_but_are_not_the_file_are_refused_at_the_end():
    """Somebody with the file's key could seal other bytes; the hash in the row still tells."""
    stored = store()
    twin = StoredFile.objects.get(pk=stored.pk)
    twin.sha256 = "0" * 64  # as if the row were another's: the database refuses to store that
    chunks = plain_chunks(twin)
    assert b"".join(next(chunks) for _ in range(3)) == SECRET
    with pytest.raises(Altered, match="another hash"):
        next(chunks)
    assert Entry.objects.get(verb="file.refused").facts["refs"]["seen"].startswith("the whole")


def test_lost_bytes_are_told_and_not_found():
    stored = store()
    disk(stored).unlink()
    with pytest.raises(FileNotFoundError):
        default_storage.open(stored.path)
    assert Entry.objects.get(verb="file.refused").facts["refs"]["seen"] == "FileNotFoundError"


def test_a_sealed_upload_is_taken_as_it_is_and_can_be_read_before(owner):
    spool = Spool()
    for start in range(0, len(SECRET), 1000):
        spool.write(SECRET[start : start + 1000])
    spool.finish()
    upload = SealedUpload(spool, "report.csv", sender=owner.pk)
    assert (upload.read(6), upload.size, upload.kind) == (SECRET[:6], len(SECRET), "text/csv")
    sealed = spool.path.read_bytes()
    stored = StoredFile.objects.get(path=default_storage.save("tests/upload", upload))
    assert disk(stored).read_bytes() == sealed
    assert (stored.name, stored.uploaded_by, stored.pk) == ("report.csv", owner, spool.id)
    upload.close()
    assert not incoming()
    assert disk(stored).exists()


def test_an_upload_that_nobody_keeps_leaves_nothing():
    for end in (SealedUpload.close, str):
        spool = Spool()
        spool.write(b"x")
        spool.finish()
        upload = SealedUpload(spool, "x", sender=None)
        assert incoming()
        end(upload)
        del upload, spool
        assert not incoming()


def test_a_file_that_was_too_large_is_never_stored_empty():
    with pytest.raises(SuspiciousFileOperation):
        default_storage.save("tests/large", Oversized("large.bin", 10**12))
    assert not StoredFile.objects.exists()


def test_a_failing_source_leaves_nothing():
    class Broken(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        default_storage.save("tests/broken", File(io.BufferedReader(Broken()), "broken"))
    assert not incoming()
    assert not StoredFile.objects.exists()


def test_the_sweep_removes_what_no_record_holds_and_nothing_else(timeless):
    ours = found(name="Fernwood Cloud", actor=SYSTEM)
    set_logo(ours, picture(), actor=SYSTEM)
    first = StoredFile.objects.get(path=ours.logo.name)
    set_logo(ours, picture(), actor=SYSTEM)  # the earlier one is held by the history alone
    second = StoredFile.objects.get(path=ours.logo.name)
    orphan, lost = store(b"orphan"), store(b"lost")
    StoredFile.objects.filter(pk=lost.pk).delete()
    storages["sealed"].save("ab/not-ours.txt", ContentFile(b"x"))
    abandoned = Spool()
    abandoned.write(b"x")
    assert not sweep(timeless["before"])
    assert sweep(timeless["after"]) == sweep.__globals__["Swept"](1, 2, 1)
    assert set(StoredFile.objects.all()) == {first, second}
    assert [disk(one).exists() for one in (first, second, orphan, lost)] == [True, True, False, False]
    assert storages["sealed"].exists("ab/not-ours.txt")
    assert json.loads(Entry.objects.get(verb="files.swept").detail)["refs"] == {"files": 1, "places": 2, "spools": 1}
    storages["sealed"].delete("ab/not-ours.txt")


def picture() -> io.BytesIO:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (4, 4), "navy").save(out, "PNG")
    out.seek(0)
    return out


@pytest.fixture
def timeless():
    """A moment before everything that a test stores, and one after it."""
    from datetime import timedelta

    from django.utils import timezone

    for folder in Path(storages["sealed"].location).glob("??"):  # left by tests whose rows were rolled back
        for path in folder.iterdir():
            path.unlink()
    now = timezone.now()
    return {"before": now - timedelta(hours=1), "after": now + timedelta(hours=1)}


def test_a_refusal_inside_a_rolled_back_transaction_is_why_files_are_read_outside():
    stored = store()
    flip(stored, -1)
    with pytest.raises(Altered), transaction.atomic():
        default_storage.open(stored.path).read()
    assert not Entry.objects.filter(verb="file.refused").exists()
