"""How long a package takes, in how much memory, and its verification: many files of evidence, a gigabyte of them.

    python benchmarks/package.py [--files 2000] [--megabytes 1000] [--kill] [--again FOLDER]

In a database and a store of its own. --again: in those of an earlier run, whose evidence is there. --kill: the worker
is killed in the middle, once while parts are made and once while the archive is written, and another goes on.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

WORDS = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
WORDS.add_argument("--files", type=int, default=2000)
WORDS.add_argument("--megabytes", type=int, default=1000)
WORDS.add_argument("--kill", action="store_true")
WORDS.add_argument("--again", type=pathlib.Path)
ASKED = WORDS.parse_args()
ROOT = pathlib.Path(__file__).parent.parent
FOLDER = ASKED.again or pathlib.Path(tempfile.mkdtemp(prefix="package-"))
os.environ |= {
    "COUNTERSIGN_LOCAL": "1", "DATA_DIR": str(FOLDER / "data"), "DJANGO_SETTINGS_MODULE": "grc.settings",
    "PYTHONPATH": str(ROOT),
}  # fmt: skip
sys.path[:0] = [str(ROOT)]

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from audits import fieldwork
from audits.models import Engagement
from audits.models.packages import Package
from audits.package import actions
from evidence.actions import Source, record_evidence
from evidence.models import Kind
from foundation.accounts.models import User
from foundation.jobs.models import Job
from foundation.trail import seal
from foundation.trail.log import Key
from foundation.trail.record import SYSTEM
from tests.factories.controls import link, trust_services
from tests.factories.evidence import For, operating
from tests.factories.people import EngagementFactory, UserFactory, admitted


def company() -> tuple[Engagement, object]:
    """An engagement in fieldwork whose one control has all the evidence."""
    if ASKED.again:
        return Engagement.objects.get(), User.objects.get(role="compliance_manager")
    trust_services()
    control = operating(since="2024-01-01", ref="IAM-01", expected_evidence="The list.")
    link(control, "CC6.1")
    engagement, compliance = EngagementFactory(), UserFactory(role="compliance_manager")
    admitted(engagement, UserFactory(role="auditor"))
    size = ASKED.megabytes * 1_000_000 // ASKED.files
    for number in range(ASKED.files):
        record_evidence(
            os.urandom(size), actor=SYSTEM, source=Source(system="Okta"), title=f"Export {number}", kind=Kind.EXPORT,
            links=[For(control=control, reason="It shows the list.")], name=f"export-{number}.bin",
        )  # fmt: skip
    fieldwork.begin_fieldwork(engagement, actor=compliance)
    seal.seal_all()
    return engagement, compliance


def worker() -> subprocess.Popen:
    """A worker of its own; GNU time says at the end how much memory it took."""
    words = [sys.executable, "manage.py", "worker", "--interval", "0.1", "--beat", "0.5", "--stale", "3"]
    with (FOLDER / "worker.log").open("ab") as log:
        return subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log)


def most_memory(process: subprocess.Popen) -> int:
    """The most memory that a process has held so far, in MB."""
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def wait(package: Package, process: subprocess.Popen, until: int | None = None) -> Job:
    """Until the package is ready, or `until` steps are done; says how far it is."""
    said = ""
    while True:
        job = actions.job_of(package)
        assert job is not None
        stand = f"{job.done} of {job.total}"
        if stand != said and job.done % 200 == 0:
            print(f"   {time.strftime('%X')} attempt {job.attempts}: {stand} {job.message[:60]}", flush=True)
        said = stand
        if job.is_finished or (until is not None and job.done >= until):
            return job
        time.sleep(0.1)
        assert process.poll() is None, (FOLDER / "worker.log").read_text()[-2000:]


def main() -> None:
    """Make the company, build its package, verify it."""
    call_command("prepare", verbosity=0)
    begun = time.monotonic()
    engagement, compliance = company()
    made = time.monotonic() - begun
    print(f"In {FOLDER}:")
    print(f"{ASKED.files} files of evidence, {ASKED.megabytes} MB, on {connection.vendor}: made in {made:.0f} s")
    package = actions.ask(Package(engagement=engagement), actor=compliance)
    process, begun = worker(), time.monotonic()
    for until in (20, ASKED.files // 2) if ASKED.kill else ():
        wait(package, process, until)
        process.send_signal(signal.SIGKILL)
        process.wait()
        print(f"   killed at {until}; {package.parts.count()} parts are kept", flush=True)
        process = worker()
    job = wait(package, process)
    took, memory = time.monotonic() - begun, most_memory(process)
    process.terminate()
    process.wait()
    package = Package.objects.get(pk=package.pk)
    print(f"{package.state} after {job.attempts} attempts, {took:.0f} s, the last worker held {memory} MB at most")
    print(f"{package.file_count} files, {package.size / 1e6:.0f} MB")
    archive = FOLDER / "package.zip"
    with package.file.open("rb") as file, archive.open("wb") as out:
        while chunk := file.read(1 << 20):
            out.write(chunk)
    for name in ("verify.py", "verify_bundle.py", "draw_sample.py"):
        subprocess.run(["unzip", "-qo", str(archive), name, "-d", str(FOLDER)], check=True)
    words = ["/usr/bin/time", "-f", "%U s user, %e s, %M KB", "/usr/bin/python3", "-B", "verify.py", str(archive)]
    key = Key.objects.get().text
    subprocess.run([*words, "--key", key], cwd=FOLDER, env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"}, check=True)


if __name__ == "__main__":
    main()
