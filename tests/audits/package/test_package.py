"""The package of an engagement: what is in it, that it proves itself offline, and that each tampering is named."""

import datetime
import io
import json
import re
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from pypdf import PdfReader

from audits import fieldwork
from audits.actions import end_access, windows_of
from audits.models import Engagement
from audits.models.packages import Package, PackagePart
from audits.package import actions, jobs
from audits.package.contents import PROVEN, REPORTS
from audits.package.parts import evidence_of
from audits.package.records import entries_of
from audits.requests import actions as requests
from controls.actions import reword
from controls.models import Control
from evidence.actions import withdraw
from evidence.sampling.actions import draw
from foundation.accounts.models import User
from foundation.files.models import StoredFile
from foundation.jobs.job import JobError
from foundation.trail import bundle, seal
from foundation.trail.keep import hashed, save
from foundation.trail.leaf import canonical, sha256_of_lines
from foundation.trail.log import Block, Key
from foundation.trail.models import Entry
from foundation.trail.notes import Signer
from tests.factories.controls import link, trust_services
from tests.factories.evidence import evidence, operating
from tests.factories.packages import Files, asked, attempt, built, saved, tampered
from tests.factories.people import EngagementFactory, UserFactory, admitted
from tests.factories.policies import in_force
from tests.factories.populations import population
from tests.factories.requests import a_request
from tests.factories.risks import a_risk
from tests.factories.testing import a_test

pytestmark = pytest.mark.django_db
SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture
def control(db: None) -> Control:
    trust_services()
    made = operating(since="2024-01-01", ref="IAM-01", name="Access review", expected_evidence="The list.")
    link(made, "CC6.1", "CC6.2")
    return made


@pytest.fixture
def company(log: Any, engagement: Engagement, auditor: User, control: Control, compliance: User) -> SimpleNamespace:
    """An engagement in fieldwork with evidence, a population with a sample, a request that was answered, a policy."""
    item = evidence(control, title="Who has access", name="who has access.csv", content=b"a,b\r\n1,2\r\n")
    days = [f"{engagement.period_from + datetime.timedelta(days=one)}" for one in (3, 9, 20, 41)]
    rows = [(f"#{number}", day) for number, day in enumerate(days, 1)]
    changes = population(*rows, controls=[control], period=(days[0], days[-1]), actor=compliance)
    sample = draw(changes, actor=compliance, method="random", size=2, seed="the auditor's own")
    fieldwork.begin_fieldwork(Engagement.objects.get(pk=engagement.pk), actor=compliance)
    request = a_request(engagement, by=compliance, controls="IAM-01", owner=compliance)
    unlinked = evidence(title="Asked for", name="asked.txt", content=b"Only the request knows of it.")
    requests.submit(request, actor=compliance, evidence=unlinked.ref, note="Here.")
    version, risk = in_force(), a_risk()
    seal.seal_all()
    return SimpleNamespace(**locals())


def verified(path: Path, *, key: str = "", earlier: str = "", script: Path | None = None) -> tuple[int, str]:
    """What the package's own script says of an archive, by the machine's Python in an empty environment."""
    folder = path.parent / "taken"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(script or path) as opened:
        for name in ("verify.py", "verify_bundle.py", "draw_sample.py"):
            (folder / name).write_bytes(opened.read(name))
    words = ["--key", key] if key else []
    if earlier:
        (path.parent / "earlier.txt").write_text(earlier)
        words += ["--checkpoint", str(path.parent / "earlier.txt")]
    done = subprocess.run(
        [SYSTEM_PYTHON, "-B", "verify.py", str(path), *words],
        cwd=folder, env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def key() -> str:
    return Key.objects.order_by("id").first().text


def lines_of(files: Files, name: str) -> list[Any]:
    return [json.loads(line) for line in files[name].splitlines()]


@pytest.mark.any_database
@pytest.mark.usefixtures("short")
def test_a_package_proves_itself_offline_and_every_tampering_is_named(company: Any, tmp_path: Path):
    path = saved(built(company.engagement, company.compliance), tmp_path)
    code, said = verified(path, key=key())
    assert code == 0, said
    assert said.count("Holds:") == 10, said
    assert "items of evidence are the bytes that were recorded" in said
    assert "1 populations are the rows that were frozen" in said
    assert "1 samples are what their seed gives" in said
    assert "Not proven: that nothing was rewritten before" in said
    assert verified(path)[1].count("Not proven: who made this") == 1
    # The checkpoint of the package itself is one that the auditor may hold; that of another log is not.
    note = Package.objects.get().block.note
    assert "unchanged" in verified(path, key=key(), earlier=note)[1]
    code, said = verified(path, earlier=note.replace(note.split("/")[0], "elsewhere.example.com", 1))
    assert (code, "another log" in said) == (1, True), said
    for name, (change, refit, words) in TAMPERINGS.items():
        code, said = verified(tampered(path, change, refit=refit), script=path)
        assert (code, words in said) == (1, True), (name, said)
        if refit:  # and who has no key cannot make even that
            said = verified(tampered(path, change, refit=refit), key=key(), script=path)[1]
            assert "manifest.note is not signed" in said or "under another checkpoint" in said, (name, said)
    other = Signer(Key.objects.get().public.name, Ed25519PrivateKey.generate())
    assert verified(path, key=str(other.public))[0] == 1


# ---- tamperings: what is altered, whether the manifest is made to fit it, and the words that name it ---------------


def in_lines(name: str, change: Any) -> Any:
    """A change of the first line of a file of records."""

    def changed(files: Files) -> None:
        said = lines_of(files, name)
        change(said[0])
        canonical = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
        files[name] = b"".join(json.dumps(one, **canonical).encode() + b"\n" for one in said)

    return changed


def in_json(name: str, change: Any) -> Any:
    """A change of what a JSON file says."""

    def changed(files: Files) -> None:
        said = json.loads(files[name])
        change(said)
        files[name] = json.dumps(said, ensure_ascii=False).encode()

    return changed


def evidence_file(files: Files) -> None:
    (name,) = (one for one in files if one.endswith("who has access.csv"))
    files[name] = files[name].replace(b"2", b"3")


def population_row(files: Files) -> None:
    (name,) = (one for one in files if one.endswith("population.csv"))
    files[name] = files[name].replace(b"About #2", b"About #9")


def policy_text(files: Files) -> None:
    name = next(one for one in files if one.startswith("policies/POL-"))
    files[name] += b"And nobody has to keep it.\n"


def without(name: str) -> Any:
    return lambda files: {one: content for one, content in files.items() if one != name}


def unlisted(files: Files, name: str) -> Files:
    """The files with a manifest that does not list one of them."""
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = [one for one in manifest["files"] if one["path"] != name]
    return files | {"manifest.json": json.dumps(manifest).encode()}


def swapped(files: Files) -> Files:
    names = list(files)
    names[0], names[1] = names[1], names[0]
    return {name: files[name] for name in names}


def in_bundle(part: str, name: str, change: Any) -> Any:
    """A change of one file of a bundle of the trail."""

    def changed(files: Files) -> None:
        with zipfile.ZipFile(io.BytesIO(files[part])) as old:
            inner = {one: old.read(one) for one in old.namelist()}
        inner[name] = change(inner[name])
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as new:
            for one, content in inner.items():
                new.writestr(one, content)
        files[part] = buffer.getvalue()

    return changed


def moved(content: bytes) -> bytes:
    return re.sub(rb'"index": \d+', b'"index": 0', content, count=1)


def reversed_lines(content: bytes) -> bytes:
    return b"".join(reversed(content.splitlines(keepends=True)))


TAMPERINGS: dict[str, tuple[Any, bool, str]] = {
    "a file of evidence": (evidence_file, False, "is not the file that the manifest lists"),
    "a file of evidence, and the manifest": (evidence_file, True, "is not the file that it lists"),
    "a report": (lambda files: files.update({"risks/risks.csv": b"x"}), False, "risks/risks.csv is not the file"),
    "a file less": (without("risks/risks.csv"), False, "risks/risks.csv is missing"),
    "a file more": (lambda files: files.update({"more.txt": b"x"}), False, "more.txt is in the package and not in"),
    "the order": (swapped, False, "not in the order of the manifest"),
    "the manifest": (
        in_json("manifest.json", lambda one: one["files"][0].update(size=1)), False, "manifest.json is not",
    ),
    "a record": (
        in_lines("records/controls.control.jsonl", lambda one: one["values"].update(objective="Another")), True,
        "records/controls.control.jsonl: controls.control",
    ),
    "the entry of a record": (
        in_lines("records/controls.control.jsonl", lambda one: one.update(entry=one["entry"] + 1)), True,
        "tells of controls.control",
    ),
    "a sample's seed": (
        in_lines("records/evidence.sample.jsonl", lambda one: one["values"].update(seed="mine")), True,
        "records/evidence.sample.jsonl: evidence.sample",
    ),
    "a sample's keys": (
        in_lines("records/evidence.sample.jsonl", lambda one: one["values"].update(chosen=[[1, "#1"]])), True,
        "records/evidence.sample.jsonl: evidence.sample",
    ),
    "a population's row": (population_row, True, "is not the file that it lists"),
    "what evidence is which file": (
        in_json("evidence/files.json", lambda said: said[0].update(sha256=said[1]["sha256"])), True,
        "is not the file that it lists",
    ),
    "the dates": (
        in_json("package.json", lambda said: said["engagement"].update(first="2020-01-01")), True,
        "package.json says other dates",
    ),
    "the firm": (
        in_json("package.json", lambda said: said["engagement"].update(firm="Another LLP")), True,
        "package.json says other dates, categories, firm or name",
    ),
    "an edition of the scope less": (
        lambda files: without("scope/scope-1.json")(unlisted(files, "scope/scope-1.json")), True,
        "edition 1 of the scope, of which the log tells, is not in the package",
    ),
    "a policy's text": (policy_text, True, "is not the text of a version whose record is in the package"),
    "the block": (
        in_json("package.json", lambda one: one.update(checkpoint=one["checkpoint"].replace("sealed 2", "sealed 1"))),
        True, "is under another checkpoint",
    ),
    "what was frozen": (
        in_json("scope/scope-1.json", lambda said: said["lines"][0].update(name="Another")), True,
        "scope/scope-1.json: its lines do not give its hash",
    ),
    "an entry of the trail": (
        in_bundle("trail/period.zip", "events.jsonl", lambda text: text.replace(b'\\"ok\\"', b'\\"failed\\"', 1)), True,
        "it was altered, or never sealed",
    ),
    "the order of the trail": (in_bundle("trail/period.zip", "leaves.txt", reversed_lines), True, "rewritten"),
    "the proof of an entry": (
        in_bundle("trail/records.zip", "events.jsonl", moved), True, "is not leaf 0 of the log",
    ),
}  # fmt: skip


def older(files: Files) -> None:
    """The records as they stood, but one as it stood before: the company had it in its own trail."""
    name = "records/controls.control.jsonl"
    said = lines_of(files, name)
    control = Control.objects.get(pk=said[0]["id"])
    version = control.history.order_by("history_id").first()
    entry = entries_of(Control, [control.pk], Block.objects.latest("id"))[version.history_id]
    values, personal = hashed(version, entry.hidden.get("salt", ""))
    assert entry.pk < said[0]["entry"]
    said[0] |= {"entry": entry.pk, "values": values, "personal": personal}
    files[name] = b"".join(json.dumps(one).encode() + b"\n" for one in said)
    ids = {one["entry"] for name in files if name.startswith("records/") for one in lines_of(files, name)}
    target = io.BytesIO()
    bundle.export_entries(target, ids, under=Block.objects.latest("id"))
    files["trail/records.zip"] = target.getvalue()


def stopped(files: Files) -> None:
    """A trail that ends with an earlier block, every hash of it true."""
    blocks = list(Block.objects.order_by("id"))
    target = io.BytesIO()
    bundle.export_period(target, since=0, until=blocks[-2].sealed_at + 1, under=blocks[-1])
    files["trail/period.zip"] = target.getvalue()


def refrozen(files: Files) -> None:
    """Another scope, whose hash fits it."""
    said = json.loads(files["scope/scope-1.json"])
    said["lines"].pop()
    said |= {
        "count": len(said["lines"]),
        "sha256": sha256_of_lines(canonical(one).encode() + b"\n" for one in said["lines"]),
    }
    files["scope/scope-1.json"] = json.dumps(said).encode()


def unknown(files: Files) -> None:
    files["evidence/EV-999/more.txt"] = b"x"
    said = json.loads(files["manifest.json"])
    said["files"].append({"path": "evidence/EV-999/more.txt", "sha256": "", "size": 0})
    files["manifest.json"] = json.dumps(said).encode()


@pytest.mark.usefixtures("short")
def test_what_the_company_itself_could_leave_out_or_turn_back_is_named(company: Any, tmp_path: Path):
    company.control.refresh_from_db()
    company.control.objective = "Said since."
    save(company.control, actor=company.compliance, verb="control.updated")
    withdraw(company.changes.evidence, actor=company.compliance, reason="Wrong rows.")
    seal.seal_all()
    path = saved(built(company.engagement, company.compliance), tmp_path)
    code, said = verified(path, key=key())
    assert (code, "0 populations are the rows that were frozen. 1 more were withdrawn" in said) == (0, True), said
    for change, words in (
        (older, "is older than entry"), (stopped, "before the checkpoint"), (unknown, "EV-999/more.txt is no item"),
        (refrozen, "the log does not tell this hash of edition 1"),
    ):  # fmt: skip
        code, said = verified(tampered(path, change, refit=True), script=path)
        assert (code, words in said) == (1, True), said


# ---- what is in it -------------------------------------------------------------------------------------------------


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer reports, where a test is not about them: each PDF takes seconds."""
    monkeypatch.setattr("audits.package.contents.REPORTS", [one for one in REPORTS if one.folder == "risks"])


def names(package: Package) -> list[str]:
    with package.file.open("rb") as file:
        return zipfile.ZipFile(io.BytesIO(file.read())).namelist()


@pytest.mark.usefixtures("short")
def test_the_same_checkpoint_gives_the_same_bytes(company: Any, tmp_path: Path):
    first = built(company.engagement, company.compliance)
    save_risk = company.risk
    save_risk.title = "Renamed since"
    save(save_risk, actor=company.compliance, verb="risk.updated")
    requests.comment(company.request, actor=company.compliance, text="Said since.")
    evidence(company.control, title="Collected since")
    seal.seal_all()
    again = built(company.engagement, company.auditor, earlier=first)
    newer = built(company.engagement, company.compliance)
    assert (again.sha256, again.file_count) == (first.sha256, first.file_count)
    assert newer.sha256 != first.sha256
    with zipfile.ZipFile(saved(newer, tmp_path)) as opened:
        assert b"Renamed since" in opened.read("records/risks.risk.jsonl")
        assert b"Said since" in opened.read("records/audits.requestcomment.jsonl")
    code, said = verified(saved(newer, tmp_path), key=key(), earlier=first.checkpoint)
    assert (code, f"begins with the {first.log_size} entries" in said) == (0, True), said


@pytest.mark.usefixtures("short")
def test_what_was_handed_in_and_what_is_of_the_time_is_in_it(company: Any, tmp_path: Path):
    first, _ = company.engagement.days
    before = evidence(company.control, title="Long before", period=(first - datetime.timedelta(days=90),) * 2)
    gone = evidence(company.control, title="Taken back")
    withdraw(gone, actor=company.compliance, reason="Wrong list.")
    seal.seal_all()
    package = built(company.engagement, company.compliance)
    found = names(package)
    assert f"evidence/{company.item.ref}/who has access.csv" in found
    assert f"evidence/{company.unlinked.ref}/asked.txt" in found
    assert not [one for one in found if one.startswith((f"evidence/{before.ref}/", f"evidence/{gone.ref}/"))]
    assert {f"records/{model._meta.label_lower}.jsonl" for model in PROVEN} <= set(found)
    assert any(one.startswith("policies/POL-") for one in found)
    assert found[-4:] == ["index.html", "index.pdf", "manifest.json", "manifest.note"]
    with zipfile.ZipFile(saved(package, tmp_path)) as opened:
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"Asked for" in opened.read("records/evidence.evidence.jsonl")
        assert company.compliance.email.encode() not in b"".join(opened.read(one) for one in opened.namelist())


@pytest.mark.usefixtures("short")
def test_what_the_auditor_does_not_see_is_not_in_it(company: Any, tmp_path: Path):
    elsewhere = operating(ref="PRV-01", name="Private matters")
    link(elsewhere, "P1.1")
    hidden = evidence(elsewhere, title="Hidden words", content=b"hidden bytes")
    seal.seal_all()
    package = built(company.engagement, company.compliance)
    with zipfile.ZipFile(saved(package, tmp_path)) as opened:
        for name in opened.namelist():
            content = opened.read(name)
            assert b"Hidden words" not in content, name
            assert b"PRV-01" not in content, name
            if name.startswith("trail/"):
                inner = zipfile.ZipFile(io.BytesIO(content))
                assert b"Hidden words" not in b"".join(inner.read(one) for one in inner.namelist())
    assert hidden.pk not in evidence_of(package).values_list("id", flat=True)


# ---- building ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("short")
def test_a_worker_that_was_killed_leaves_what_is_done_and_the_next_goes_on(
    company: Any, monkeypatch: pytest.MonkeyPatch
):
    package = asked(company.engagement, company.compliance)
    done: list[str] = []
    make = jobs.keep_part

    def killed(of: Package, part: Any) -> PackagePart:
        if len(done) == 3:
            raise SystemExit  # as a signal ends it: no job error, nothing booked
        done.append(part.path)
        return make(of, part)

    with monkeypatch.context() as once:
        once.setattr(jobs, "keep_part", killed)
        with pytest.raises(SystemExit):
            jobs.build(attempt(package), package_id=package.pk)
    package.refresh_from_db()
    assert (package.state, sorted(package.parts.values_list("path", flat=True))) == ("building", sorted(done))
    made: list[str] = []
    with monkeypatch.context() as once:
        once.setattr(jobs, "keep_part", lambda of, part: (made.append(part.path), make(of, part))[1])
        jobs.build(attempt(package), package_id=package.pk)
    package.refresh_from_db()
    assert package.state == "ready"
    assert not set(made) & set(done)
    assert not package.parts.exists()
    assert not StoredFile.objects.filter(path__startswith="packages/parts/").exists()
    PackagePart.objects.create(package=package, path="left.csv", title="Left", size=1, sha256="0" * 64)
    jobs.build(attempt(package), package_id=package.pk)  # a third time finds it done, and what was not cleared away
    assert Package.objects.get(pk=package.pk).version == package.version
    assert not package.parts.exists()


@pytest.mark.usefixtures("short")
def test_a_file_that_was_altered_fails_the_whole(company: Any):
    package = asked(company.engagement, company.compliance)
    StoredFile.objects.filter(path=company.item.file.name).delete()
    with pytest.raises(JobError, match=f"{company.item.ref}: its file is gone"):
        jobs.build(attempt(package), package_id=package.pk)
    package.refresh_from_db()
    assert (package.state, package.file.name, package.size) == ("failed", "", 0)
    assert "is gone or was altered" in package.failure
    assert not package.parts.exists()
    assert Entry.objects.filter(verb="package.failed", object_id=str(package.pk)).count() == 1


def test_a_package_is_asked_for_while_an_auditor_has_access(company: Any, compliance: User):
    for window in windows_of(company.engagement):
        end_access(window, actor=compliance, reason="Done.")
    with pytest.raises(ValidationError, match="No auditor has access"):
        asked(company.engagement, compliance)


def test_access_that_ends_meanwhile_fails_the_whole(company: Any, compliance: User):
    package = asked(company.engagement, compliance)
    for window in windows_of(company.engagement):
        end_access(window, actor=compliance, reason="Done.")
    with pytest.raises(JobError, match="no access any more"):
        jobs.build(attempt(package), package_id=package.pk)
    assert Package.objects.get(pk=package.pk).state == "failed"


def test_the_same_is_not_built_twice_at_once(company: Any, compliance: User):
    package = asked(company.engagement, compliance)
    with pytest.raises(ValidationError, match=f"{package.ref} is being built"):
        asked(company.engagement, compliance)


def test_of_a_checkpoint_of_another_engagement_nothing_is_built(company: Any, compliance: User):
    package = asked(company.engagement, compliance)
    other = EngagementFactory()
    with pytest.raises(ValidationError, match="another engagement"):
        asked(other, compliance, earlier=package)


def test_of_a_checkpoint_that_a_restore_lost_nothing_is_built(company: Any, compliance: User):
    package = asked(company.engagement, compliance)
    package.log_size += 10_000
    with pytest.raises(ValidationError, match="does not have the checkpoint"):
        asked(company.engagement, compliance, earlier=package)


def test_entries_that_are_as_old_as_a_checkpoint_and_not_in_it_make_it_unfit(company: Any):
    last = Block.objects.latest("id")
    assert actions.settled() == last
    with transaction.atomic():
        entry = Entry.objects.latest("id")
        late = Entry(
            **{name.attname: getattr(entry, name.attname) for name in Entry._meta.fields} | {"id": entry.pk + 7}
        )
        late.at = last.sealed_at - 1
        Entry.objects.bulk_create([late])
    with pytest.raises(ValidationError, match="no checkpoint"):
        actions.settled()


# ---- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("short")
def test_the_auditor_asks_and_downloads_and_the_trail_says_so(company: Any, client: Client):
    client.force_login(company.auditor)
    page = client.get("/audits/packages/new/", {"engagement": company.engagement.pk})
    mark = page.context["form"].initial.get("mark", "")
    answer = client.post(
        "/audits/packages/new/", {"engagement": company.engagement.pk, "earlier": "", **marks(page), "mark": mark}
    )
    assert answer.status_code == 302, answer.content.decode()[:2000]
    package = Package.objects.get()
    assert (package.asked_by, package.reader, package.state) == (company.auditor, company.auditor, "building")
    assert "is being built" in client.get(f"/audits/packages/{package.pk}/").content.decode()
    assert client.get(f"/audits/packages/{package.pk}/archive.zip").status_code == 404
    jobs.build(attempt(package), package_id=package.pk)
    taken = client.get(f"/audits/packages/{package.pk}/archive.zip")
    assert taken.status_code == 200
    assert len(b"".join(taken)) == Package.objects.get().size
    entry = Entry.objects.filter(verb="file.downloaded").latest("id")
    assert (entry.actor_id, entry.object_type) == (company.auditor.pk, "audits.package")
    assert entry.facts["refs"]["sha256"] == Package.objects.get().sha256


def marks(page: Any) -> dict[str, str]:
    """The hidden fields of the form on a page."""
    form = page.context["form"]
    return {field.html_name: str(field.value() or "") for field in form.hidden_fields()}


@pytest.mark.usefixtures("short")
def test_nobody_else_sees_one(company: Any, client: Client, owner: User, manager: User, admin: User):
    package = built(company.engagement, company.compliance)
    elsewhere = admitted(EngagementFactory(), UserFactory(role="auditor"))
    seen = [(company.compliance, 200), (company.auditor, 200)]
    for user, answer in [
        *seen,
        *((one, 404) for one in (owner, manager, admin, UserFactory(role="auditor"), elsewhere)),
    ]:
        client.force_login(user)
        for address in (f"/audits/packages/{package.pk}/", f"/audits/packages/{package.pk}/archive.zip"):
            assert client.get(address).status_code == answer, (user, address)


def test_what_is_ready_or_given_up_the_database_keeps(company: Any):
    package = actions.give_up(asked(company.engagement, company.compliance), actor=company.compliance, why="No.")
    table = Package._meta.db_table
    for sql in (f"UPDATE {table} SET failure = 'x' WHERE id = %s", f"DELETE FROM {table} WHERE id = %s"):
        with pytest.raises(DatabaseError, match="stays as it is"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [package.pk])


def test_tests_are_printed_as_the_table_of_their_engagement(company: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("audits.package.contents.REPORTS", [one for one in REPORTS if one.folder == "tests"])
    reword(
        company.control, actor=company.compliance, who="IT", what="reads each merge", how_often="daily",
        on_what="in Git", effective_from=company.engagement.days[0], reason="Said.",
    )  # fmt: skip
    test = a_test(company.engagement, company.control, company.auditor)
    seal.seal_all()
    with built(company.engagement, company.compliance).file.open("rb") as file:
        archive = zipfile.ZipFile(io.BytesIO(file.read()))
    read = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(archive.read("tests/tests.pdf"))).pages)
    said = "".join(read.split())
    for words in (
        company.engagement.name,
        "reads each merge",
        test.procedure,
        *test.attributes,
    ):  # the list has no room for attributes
        assert "".join(words.split()) in said
    assert test.ref.encode() in archive.read("tests/tests.csv")


@pytest.mark.any_database
def test_every_report_is_in_it(company: Any):
    found = names(built(company.engagement, company.compliance))
    for one in REPORTS:
        made = {ending for ending, route in (("pdf", one.page), ("csv", one.file)) if route}
        assert {f"{one.folder}/{one.folder}.{ending}" for ending in made} <= set(found)
