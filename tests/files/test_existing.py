"""What earlier versions kept in the clear is taken into the store, under the names that records know."""

from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage

from foundation.files.models import StoredFile

SEAL = import_module("foundation.files.migrations.0002_seal_existing").seal


@pytest.mark.django_db
def test_clear_files_are_sealed_and_only_then_removed(django_capture_on_commit_callbacks):
    root = Path(settings.FILES_DIR)
    old = {"jobs/0a1b": b"%PDF-1.7 report", "imports/77": b"ref,name\n", "organisation/logo.png": b"\x89PNG\r\n\x1a\n"}
    for name, data in old.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    with django_capture_on_commit_callbacks(execute=True):
        SEAL(apps, None)
        assert all((root / name).exists() for name in old)
    assert not any((root / name).exists() for name in old)
    assert not (root / "jobs").exists()
    for name, data in old.items():
        with default_storage.open(name) as file:
            assert file.read() == data
    assert StoredFile.objects.get(path="jobs/0a1b").content_type == "application/pdf"
    assert StoredFile.objects.count() == 3
