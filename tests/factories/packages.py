"""Packages made for tests: asked for as anybody asks, built by the job's own function, and tampered with."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from audits.models import Engagement
from audits.models.packages import Package
from audits.package import actions
from audits.package.jobs import build
from foundation.accounts.models import User
from foundation.jobs.job import Progress
from foundation.jobs.models import Job
from foundation.trail.keep import save

Files = dict[str, bytes]


def asked(engagement: Engagement, by: User, earlier: Package | None = None) -> Package:
    """A package that waits to be built."""
    return actions.ask(Package(engagement=engagement), actor=by, earlier=earlier)


def a_ready_one(engagement: Engagement, reader: User, by: User) -> Package:
    """A package that stands in the register, with a file that is no archive: for tests of pages and doors."""
    content = ContentFile(b"as if", "package.zip")
    package = Package(
        engagement=engagement, reader=reader, asked_by=by, checkpoint="log/1\n1\nAAAA\n", log_size=1,
        pinned_at=timezone.now(), state="ready", size=5, file_count=1, sha256=hashlib.sha256(b"as if").hexdigest(),
    )  # fmt: skip
    package.file.save("package.zip", content, save=False)
    return save(package, actor=by, verb="package.created")


def attempt(package: Package) -> Progress:
    """A worker's next attempt at the job of a package."""
    job = actions.job_of(package)
    assert job is not None
    Job.objects.filter(pk=job.pk).update(state="running", attempts=job.attempts + 1)
    job.refresh_from_db()
    return Progress(job)


def built(engagement: Engagement, by: User, earlier: Package | None = None) -> Package:
    """A package, whole."""
    package = asked(engagement, by, earlier)
    build(attempt(package), package_id=package.pk)
    package = Package.objects.select_related("engagement", "reader").get(pk=package.pk)
    assert package.state == "ready", package.failure
    return package


def saved(package: Package, folder: Path) -> Path:
    """The archive as a file."""
    path = folder / f"{package.ref}.zip"
    with package.file.open("rb") as file:
        path.write_bytes(file.read())
    return path


def tampered(path: Path, change: Callable[[Files], Any], *, refit: bool = False) -> Path:
    """A copy of an archive of which `change` altered the files, by name. refit: and the manifest fits them."""
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    was = hashlib.sha256(files["manifest.json"]).hexdigest().encode()
    files = change(files) or files
    if refit:
        names = [one["path"] for one in json.loads(files["manifest.json"])["files"]]
        listed = [
            {"path": name, "sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}
            for name in names
        ]
        manifest = json.loads(files["manifest.json"]) | {"files": listed}
        files["manifest.json"] = json.dumps(manifest).encode()
        now = hashlib.sha256(files["manifest.json"]).hexdigest().encode()
        files["manifest.note"] = files["manifest.note"].replace(was, now)
    copy = path.with_name("tampered.zip")
    with zipfile.ZipFile(copy, "w") as new:
        for name, content in files.items():
            new.writestr(name, content)
    return copy
