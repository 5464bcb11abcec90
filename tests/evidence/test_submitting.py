"""Handing files in by the form and by the API: all or nothing, whoever sends whatever."""

import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from controls.models import Control
from evidence.models import Evidence, EvidenceLink, State
from foundation.accounts.models import User
from foundation.files.models import StoredFile
from tests.factories.evidence import evidence, operating, requirement
from tests.factories.tokens import caller

TOLD = {
    "title": "Users with roles", "kind": "export", "source_system": "Okta", "reason": "It lists every account.",
}  # fmt: skip


@pytest.fixture
def control(owner: User) -> Control:
    return operating(owner=owner)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(name: str = "users.csv", content: bytes = b"user,role\nada,admin\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def submit(user: User, control: Control, *files: SimpleUploadedFile, **more: Any) -> Any:
    return signed_in(user).post(f"/evidence/new/?control={control.pk}", TOLD | {"file": list(files)} | more)


def errors(answer: Any) -> str:
    return " ".join(words for found in answer.context["form"].errors.values() for words in found)


def test_an_owner_submits_a_file_for_a_requirement(owner: User, control: Control):
    need = requirement(control, kinds=["export"])
    answer = submit(owner, control, upload(), requirement=need.pk, period_from="2026-01-01", period_to="2026-01-31")
    item = Evidence.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/evidence/{item.pk}/")
    assert (item.submitted_by, item.collected_by, item.stamped, item.state) == (owner, owner, False, "submitted")
    assert (item.name, item.content_type, item.period()) == ("users.csv", "text/csv", "2026-01-01 to 2026-01-31")
    link = EvidenceLink.objects.get()
    assert (link.control, link.requirement, link.reason) == (control, need, "It lists every account.")


def test_each_of_many_files_is_an_item(owner: User, control: Control):
    answer = submit(owner, control, upload("a.csv", b"1"), upload("b.csv", b"2"))
    assert answer["Location"] == f"/evidence/?control={control.ref}"
    assert sorted(Evidence.objects.values_list("title", flat=True)) == [
        "Users with roles (a.csv)", "Users with roles (b.csv)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (("empty.csv", b""), "empty.csv: The submitted file is empty"),
        (("run.exe", b"MZ\x90\x00\x03\x00\x00\x00"), "run.exe: This file is of a kind that is not known"),
        (("same.csv", b"1"), "here twice"),
    ],
)
def test_one_bad_file_of_many_keeps_them_all_out(owner: User, control: Control, last: tuple[str, bytes], words: str):
    answer = submit(owner, control, upload("a.csv", b"1"), upload(*last))
    assert answer.status_code == 422
    assert words in errors(answer)
    assert not Evidence.objects.exists()
    assert not StoredFile.objects.exists()


def test_what_the_rules_refuse_stands_beside_its_field(owner: User, control: Control):
    need = requirement(control, kinds=["screenshot"])
    answer = submit(owner, control, upload(), requirement=need.pk)
    assert "takes screenshot; this is a export from a system" in errors(answer)
    answer = submit(owner, control, upload(), captured_at="2999-01-01T00:00")
    assert answer.context["form"].errors["captured_at"] == ["It cannot have been captured in the future."]
    answer = submit(owner, control, upload(), period_from="2026-02-01")
    assert "period_to" in answer.context["form"].errors
    assert not Evidence.objects.exists()


def test_the_same_bytes_are_offered_as_a_link_or_kept_as_another_item(owner: User, control: Control):
    submit(owner, control, upload())
    first = Evidence.objects.get()
    other = operating(owner=owner)
    answer = submit(owner, other, upload())
    assert answer.status_code == 422
    assert f"/evidence/{first.pk}/link/?control={other.pk}" in answer.content.decode()
    assert submit(owner, other, upload(), another="on").status_code == 302
    assert Evidence.objects.count() == 2
    assert StoredFile.objects.count() == 1


def test_the_same_bytes_of_an_item_that_is_not_seen_tell_nothing_of_it(owner: User, colleague: User):
    hidden = evidence(operating(), content=b"secret", title="Board minutes")
    answer = submit(owner, operating(owner=owner), upload("x.txt", b"secret"))
    assert answer.status_code == 422
    assert "Board minutes" not in answer.content.decode()
    assert hidden.ref not in answer.content.decode()


@pytest.mark.parametrize("number", ["0", "999999", "x", "١", "9" * 30, ""])
def test_only_ones_own_controls_take_evidence(owner: User, number: str):
    other = operating()
    for asked in (number, str(other.pk)):
        answer = signed_in(owner).post(f"/evidence/new/?control={asked}", TOLD | {"file": upload()})
        assert answer.status_code == 404
    assert not Evidence.objects.exists()


def test_a_refused_form_keeps_what_was_typed_and_names_the_files_to_choose_again(owner: User, control: Control):
    need = requirement(control, kinds=["export"])
    typed = {
        "environment": "production", "query": "Reports, Users <all>", "requirement": str(need.pk), "row_count": "2",
        "period_from": "2026-01-01", "period_to": "2025-01-01", "occurrence": "2026-01-01",
        "nothing_occurred": "on", "description": "With factors.", "redaction": "None.",
        "expires_on": "2027-01-01", "captured_at": "2026-01-31T10:00",
    }  # fmt: skip
    answer = submit(owner, control, upload("<b>.csv", b"1"), upload("b.csv", b"2"), **typed)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["period_to"])
    page = answer.content.decode()
    assert "Choose again: <b>&lt;b&gt;.csv, b.csv</b>." in page
    shown = answer.context["form"]
    for name, value in (TOLD | typed).items():
        assert str(shown[name].value()) == ("True" if name == "nothing_occurred" else value)
    assert "Reports, Users &lt;all&gt;" in page
    assert "Choose again" not in submit(owner, control).content.decode()  # there was nothing to choose again


def test_the_form_begins_with_what_the_address_says(owner: User, control: Control):
    client = signed_in(owner)
    page = client.get(f"/evidence/new/?control={control.pk}&occurrence=2026-03-01").content.decode()
    assert '<input type="date" name="occurrence" value="2026-03-01"' in page
    page = client.get(f"/evidence/new/?control={control.pk}&occurrence=<b>2026</b>").content.decode()
    assert "<b>2026</b>" not in page


# ---- hostile files ---------------------------------------------------------------------------------------------------

SCRIPT = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 20_000_000)
    return out.getvalue()


def tiny_gif() -> bytes:
    out = io.BytesIO()
    Image.new("P", (2, 2)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("page.html", SCRIPT, "text/plain"),
        ("drawing.svg", SVG, "text/plain"),
        ("both.gif", tiny_gif() + SCRIPT, "image/gif"),
        ("bomb.zip", bomb(), "application/zip"),
        ("../../etc/passwd.txt", b"root", "text/plain"),
        ("fdp\u202egnp.txt", b"turned round", "text/plain"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_that_is_sent_runs(owner: User, control: Control, name: str, content: bytes, kind: str):
    assert submit(owner, control, upload(name, content)).status_code == 302
    item = Evidence.objects.get()
    assert item.content_type == kind
    assert not set(item.name) & set("/\\\u202e")
    client = signed_in(owner)
    answer = client.get(f"/evidence/{item.pk}/download/")
    assert b"".join(answer.streaming_content) == content
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    shown = client.get(f"/evidence/{item.pk}/content/")
    assert shown.status_code == (404 if kind == "application/zip" else 200)
    assert b"<script>alert" not in shown.content
    drawn = client.get(f"/evidence/{item.pk}/picture/")
    assert drawn.status_code == (200 if kind == "image/gif" else 404)
    assert b"script" not in drawn.content if drawn.status_code == 200 else True


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\nnot really", b"GIF89a", b"\xff\xd8\xff" + b"x" * 500])
def test_what_only_begins_like_a_picture_is_not_drawn(owner: User, control: Control, content: bytes):
    submit(owner, control, upload("broken.png", content))
    item = Evidence.objects.get()
    assert signed_in(owner).get(f"/evidence/{item.pk}/picture/").status_code == 404
    assert signed_in(owner).get(f"/evidence/{item.pk}/content/").status_code == 200


def test_a_picture_of_too_many_pixels_is_not_drawn(owner: User, control: Control):
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    submit(owner, control, upload("huge.png", out.getvalue()))
    assert signed_in(owner).get(f"/evidence/{Evidence.objects.get().pk}/picture/").status_code == 404


def test_too_many_files_are_refused_whole(owner: User, control: Control):
    answer = submit(owner, control, *[upload(f"{number}.txt", str(number).encode()) for number in range(21)])
    assert answer.status_code == 413
    assert not Evidence.objects.exists()
    assert not StoredFile.objects.exists()


# ---- versions --------------------------------------------------------------------------------------------------------


def test_a_new_version_follows_a_returned_one_for_the_same_control(owner: User, manager: User, control: Control):
    submit(owner, control, upload())
    item = Evidence.objects.get()
    judged = {"reason": "The admins are missing.", "version": item.version}
    assert signed_in(manager).post(f"/evidence/{item.pk}/return/", judged).status_code == 302
    item.refresh_from_db()
    sent = TOLD | {"file": upload("again.csv", b"all of them"), "version": item.version}
    assert signed_in(owner).post(f"/evidence/{item.pk}/version/", sent).status_code == 302
    later = Evidence.objects.get(supersedes=item)
    assert (later.number, later.state, later.links.get().control) == (2, State.SUBMITTED, control)
    again = signed_in(owner).post(f"/evidence/{item.pk}/version/", sent | {"file": upload("c.csv", b"third")})
    assert again.status_code == 422
    assert Evidence.objects.count() == 2


# ---- the push --------------------------------------------------------------------------------------------------------

PUSH = "/api/v1/evidence/"


def push(client: Client, where: Control, /, key: str = "", content: bytes = b"{}", **more: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = TOLD | {"control": where.ref, "file": upload("scan.json", content)} | more
    return client.post(PUSH, body, headers=headers)


def test_ci_pushes_with_a_scoped_token_and_may_send_it_again(owner: User, control: Control):
    ci = caller(owner, "push:evidence").client
    first = push(ci, control, "run-1")
    assert first.status_code == 201, first.content
    item = Evidence.objects.get()
    assert (first["Location"], first.json()["ref"]) == (f"{PUSH}{item.pk}/", item.ref)
    assert (first.json()["controls"], item.submitted_by, item.stamped) == ([control.ref], owner, False)
    assert (push(ci, control, "run-1").status_code, Evidence.objects.count()) == (200, 1)
    other = push(ci, control, "run-1", b"[]")
    assert (other.status_code, Evidence.objects.count()) == (409, 1)
    same = push(ci, control, "run-2")
    assert (same.status_code, same["Link"]) == (409, f'<{PUSH}{item.pk}/>; rel="duplicate"')
    assert push(ci, control, "run-2", another="true").status_code == 201
    assert ci.get(PUSH).status_code == 403  # the scope pushes and reads nothing


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"control": "NO-01"}, "control"),
        ({"kind": "rumour"}, "kind"),
        ({"captured_at": "2999-01-01T00:00"}, "captured_at"),
        ({"accepted_by": "1"}, "accepted_by"),
        ({"stamped": "true"}, "stamped"),
        ({"file": ""}, "file"),
        ({"content": b""}, "file"),
        ({"key": "two words"}, "Idempotency-Key"),
    ],
)
def test_a_push_that_is_refused_says_why_and_keeps_nothing(owner: User, control: Control, sent: Any, field: str):
    answer = push(caller(owner, "push:evidence").client, control, **sent)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Evidence.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_token_neither_reads_by_pushing_nor_pushes_by_reading_nor_judges(
    owner: User, compliance: User, control: Control
):
    assert push(caller(owner, "read").client, control).status_code == 403
    item = evidence(control, actor=owner)
    judge = caller(compliance)
    assert judge.post(f"{PUSH}{item.pk}/accept/", {}, version=item.version).status_code == 403
    item.refresh_from_db()
    assert item.state == State.SUBMITTED
