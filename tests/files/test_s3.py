"""The store over a real S3 server: streamed both ways in parts, refused when altered there, swept."""

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.utils import timezone

from foundation.files import s3 as bucket_of
from foundation.files.models import StoredFile
from foundation.files.sealed import CHUNK, Altered
from foundation.files.sweep import sweep_places
from foundation.trail.models import Entry
from tests.s3 import BUCKET, client, s3_server

pytestmark = pytest.mark.django_db
LARGE = random.Random(8).randbytes(2 * bucket_of.PART + 3 * CHUNK + 11)  # three parts


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with s3_server() as environment:
        yield environment


@pytest.fixture
def bucket(server, settings) -> Any:
    """The product's storage underneath is the bucket; what is handed out looks into it past the product."""
    options = {
        "bucket_name": server["S3_BUCKET"], "endpoint_url": server["S3_ENDPOINT_URL"], "location": "ours",
        "access_key": server["S3_ACCESS_KEY_ID"], "secret_key": server["S3_SECRET_ACCESS_KEY"],
        "region_name": server["S3_REGION"], "addressing_style": "path",
    }  # fmt: skip
    sealed = {"BACKEND": "foundation.files.s3.SealedBucket", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"sealed": sealed}
    return client(server)


def stored(data: bytes) -> StoredFile:
    return StoredFile.objects.get(path=default_storage.save("tests/s3", ContentFile(data, "a.bin")))


def test_a_large_file_goes_up_in_parts_sealed_and_comes_back(bucket):
    one = stored(LARGE)
    lying = bucket.get_object(Bucket=BUCKET, Key=f"ours/{one.place}")
    assert lying["ETag"].strip('"').endswith("-3")  # three parts
    sealed = lying["Body"].read()
    assert LARGE[:64] not in sealed
    assert len(sealed) > len(LARGE)
    with default_storage.open(one.path) as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == one.sha256
        file.seek(5)
        assert file.read(10) == LARGE[5:15]


@pytest.mark.parametrize("size", [0, 1, CHUNK])
def test_small_ones_too(bucket, size):
    with default_storage.open(stored(LARGE[:size]).path) as file:
        assert file.read() == LARGE[:size]


def test_one_byte_altered_in_the_bucket_is_refused(bucket):
    one = stored(LARGE)
    key = f"ours/{one.place}"
    data = bytearray(bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    data[30 * CHUNK] ^= 1
    bucket.put_object(Bucket=BUCKET, Key=key, Body=bytes(data))
    with pytest.raises(Altered), default_storage.open(one.path) as file:
        file.read()
    assert Entry.objects.filter(verb="file.refused", object_id=str(one.pk)).exists()


def test_what_is_gone_is_not_found_and_nothing_has_an_address(bucket, django_capture_on_commit_callbacks):
    one = stored(b"x")
    with pytest.raises(ValueError, match="not accessible via a URL"):
        storages["sealed"].url(one.place)
    with django_capture_on_commit_callbacks(execute=True):
        default_storage.delete(one.path)
    assert not storages["sealed"].exists(one.place)
    with pytest.raises(FileNotFoundError):
        storages["sealed"].open(one.place)


def test_the_sweep_works_in_a_bucket(bucket):
    kept, lost = stored(b"kept"), stored(b"lost")
    StoredFile.objects.filter(pk=lost.pk).delete()
    everything_else = sweep_places(storages["sealed"], timezone.now() - timedelta(hours=1))
    assert everything_else == 0
    assert sweep_places(storages["sealed"], timezone.now() + timedelta(hours=1)) >= 1
    assert storages["sealed"].exists(kept.place)
    assert not storages["sealed"].exists(lost.place)


def test_settings_name_the_bucket(server, tmp_path):
    import subprocess
    import sys

    code = (
        "import django; django.setup();"
        "from django.core.files.storage import storages; import json;"
        "one = storages['sealed']; print(json.dumps([type(one).__name__, one.bucket_name, one.exists('none')]))"
    )
    environment = server | {"DATA_DIR": str(tmp_path), "COUNTERSIGN_LOCAL": "1", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"DJANGO_SETTINGS_MODULE": "grc.settings"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(ran.stdout) == ["SealedBucket", BUCKET, False]
