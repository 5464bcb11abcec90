"""Keys of files under the master key, and a new master key."""

from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.db import IntegrityError, transaction

from foundation.files.models import StoredFile
from foundation.files.rotation import rewrap
from foundation.files.sealed import Altered
from foundation.files.vault import NoKey, new_key, newest_id, unwrap, wrap

OLD, NEW = "an older master key of a test, long enough", "a newer master key of a test, long enough"


def on_disk(row: StoredFile) -> bytes:
    with storages["sealed"].open(row.place) as file:
        return file.read()


def test_a_key_unwraps_for_its_own_file_alone(settings):
    key, one, other = new_key(), uuid4(), uuid4()
    wrapped, key_id = wrap(key, one)
    assert unwrap(wrapped, key_id, one) == key
    with pytest.raises(Altered):
        unwrap(wrapped, key_id, other)
    with pytest.raises(Altered):
        unwrap(wrapped[:-8] + "AAAAAAA=", key_id, one)
    with pytest.raises(Altered):
        unwrap("not base64!", key_id, one)
    settings.MASTER_KEY = NEW
    with pytest.raises(NoKey):
        unwrap(wrapped, key_id, one)


def test_a_new_master_key_wraps_every_key_anew_and_touches_no_file(db, settings):
    settings.MASTER_KEY = OLD
    names = [default_storage.save(f"tests/{number}", ContentFile(b"%d" % number)) for number in range(7)]
    before = {row.pk: (row.wrapped_key, row.key_id) for row in StoredFile.objects.all()}
    sealed = {row.pk: on_disk(row) for row in StoredFile.objects.all()}
    settings.MASTER_KEY, settings.MASTER_KEY_FALLBACKS = NEW, [OLD]
    with default_storage.open(names[3]) as file:
        assert file.read() == b"3"
    assert rewrap() == 7
    assert rewrap() == 0
    settings.MASTER_KEY_FALLBACKS = []
    for row in StoredFile.objects.all():
        assert row.key_id == newest_id()
        assert (row.wrapped_key, row.key_id) != before[row.pk]
        assert on_disk(row) == sealed[row.pk]
    for number, name in enumerate(names):
        with default_storage.open(name) as file:
            assert file.read() == b"%d" % number


@pytest.mark.parametrize("column", ["path", "name", "size", "sha256", "content_type", "stored_at"])
def test_the_database_refuses_every_other_edit(db, column):
    default_storage.save("tests/one", ContentFile(b"one"))
    row = StoredFile.objects.get()
    value = {"size": 5, "stored_at": row.stored_at.replace(year=2000)}.get(column, "x" * 64)
    with pytest.raises(IntegrityError, match="never edited"), transaction.atomic():
        StoredFile.objects.filter(pk=row.pk).update(**{column: value})
    row.refresh_from_db()
    assert row.size == 3
