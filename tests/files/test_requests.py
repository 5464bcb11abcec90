"""Files through the web: sealed while they arrive, refused in words, handed out through one door."""

import hashlib
import json
import random
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.http import HttpResponse, JsonResponse
from django.test import Client
from django.urls import include, path, reverse

from foundation.files.forms import StoredFileField
from foundation.files.kinds import UNKNOWN, kind_of
from foundation.files.models import StoredFile
from foundation.files.sealed import CHUNK, Altered
from foundation.files.spool import SealedUpload
from foundation.jobs.models import Job
from foundation.trail.models import Entry
from tests.jobs.work import report

pytestmark = pytest.mark.django_db
MB = 1024 * 1024
BIG = random.Random(5).randbytes(3 * MB + 12_345)  # over what a request holds in memory


def take(request):
    """A register's page in three lines: a form with a file, kept in a job of the person who sent it."""
    from django import forms

    class Form(forms.Form):
        file = StoredFileField(max_bytes=8 * MB, kinds=None)

    form = Form(request.POST, request.FILES)
    lying = [one.read_bytes() for one in Path(django_settings.FILE_UPLOAD_TEMP_DIR).iterdir()]
    if not form.is_valid():
        return JsonResponse({"errors": form.errors["file"], "lying": len(lying)}, status=422)
    file = form.cleaned_data["file"]
    assert all(BIG[:100] not in one and BIG[-100:] not in one for one in lying)
    job = Job(title="Kept", task="tests.jobs.work.add", requested_by=request.user, state="done", result_name=file.name)
    job.result.save("x", file, save=False)
    job.save()
    return HttpResponse(f"{job.pk} {isinstance(file, SealedUpload)} {len(lying)}")


urlpatterns = [path("take/", take), path("", include("grc.urls"))]


@pytest.fixture
def sender(client: Client, owner, settings) -> Client:
    settings.ROOT_URLCONF = __name__
    client.force_login(owner)
    return client


def send(client: Client, data: bytes, name: str = "evidence.bin", **more):
    return client.post("/take/", {"file": ContentFile(data, name), **more})


def incoming() -> list[Path]:
    return list(Path(django_settings.FILE_UPLOAD_TEMP_DIR).iterdir())


def flip(stored: StoredFile, place: int) -> None:
    where = Path(storages["sealed"].path(stored.place))
    data = bytearray(where.read_bytes())
    data[place] ^= 1
    where.write_bytes(bytes(data))


def test_a_large_file_is_sealed_while_it_arrives_and_comes_back_whole(sender, owner):
    job, was_sealed, lying = send(sender, BIG).content.decode().split()
    assert (was_sealed, lying) == ("True", "1")
    assert not incoming()
    stored = StoredFile.objects.get()
    assert (stored.size, stored.sha256, stored.uploaded_by) == (len(BIG), hashlib.sha256(BIG).hexdigest(), owner)
    answer = sender.get(reverse("jobs:job-download", args=[job]))
    entry = Entry.objects.get(verb="file.downloaded")  # before the body is read
    assert entry.facts["refs"] == {"file": str(stored.pk), "sha256": stored.sha256, "size": len(BIG)}
    assert "evidence.bin" not in entry.detail
    assert json.loads(entry.private)["name"] == "evidence.bin"
    assert b"".join(answer.streaming_content) == BIG
    assert answer["Content-Length"] == str(len(BIG))
    assert answer["Content-Disposition"] == 'attachment; filename="evidence.bin"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "private, no-store"


def test_a_small_file_is_never_on_the_disk_before_the_store(sender, owner):
    assert send(sender, b"small").content.decode().split()[1:] == ["False", "0"]
    assert StoredFile.objects.get().uploaded_by == owner


def test_a_file_whose_form_fails_leaves_nothing(sender):
    answer = send(sender, BIG * 3)
    assert answer.status_code == 422
    assert answer.json() == {"errors": ["This file has 9 MB; 8 MB is the most that is taken here."], "lying": 1}
    assert not incoming()
    assert not StoredFile.objects.exists()


def test_beyond_the_installations_limit_nothing_is_even_spooled(sender, settings):
    settings.FILE_MAX_BYTES = 2 * MB
    answer = send(sender, BIG)
    assert answer.json() == {"errors": ["This file has 3 MB; 2 MB is the most that is taken here."], "lying": 0}
    assert not incoming()


def test_a_request_that_breaks_off_leaves_nothing(sender):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + BIG
    answer = sender.post("/take/", body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 422
    assert not incoming()


def test_nobody_who_is_not_signed_in_fills_the_disk(client, settings):
    big = ContentFile(b"x" * 6 * MB, "x")
    answer = client.post(reverse("account_login"), {"file": big})
    assert answer.status_code == 413
    assert "larger than 5 MB" in answer.content.decode()
    assert not incoming()


@pytest.mark.parametrize("name", ['a"b\r\nX: y.pdf', "Übersicht – März.pdf", "../../etc/passwd", "a;b=c.pdf"])
def test_a_name_stays_a_name(sender, owner, name):
    job = Job.objects.create(title="x", task="tests.jobs.work.add", requested_by=owner, state="done")
    job.result.save("x", ContentFile(b"%PDF-1.7", name), save=True)
    answer = sender.get(reverse("jobs:job-download", args=[job.pk]))
    assert answer["Content-Disposition"].startswith("attachment")
    assert not {"\r", "\n", "/"} & set(answer["Content-Disposition"])
    assert "X" not in answer.headers
    answer.getvalue()


def test_ranges_are_not_served(sender):
    job = send(sender, b"0123456789").content.decode().split()[0]
    answer = sender.get(reverse("jobs:job-download", args=[job]), headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer["Accept-Ranges"]) == (200, "none")
    assert b"".join(answer.streaming_content) == b"0123456789"


def test_a_file_altered_at_its_beginning_is_refused_with_a_page(sender):
    job = send(sender, BIG).content.decode().split()[0]
    flip(StoredFile.objects.get(), 100)
    answer = sender.get(reverse("jobs:job-download", args=[job]))
    assert answer.status_code == 410
    assert "This file is refused" in answer.content.decode()
    told = Entry.objects.order_by("id").values_list("verb", flat=True)
    assert list(told)[-1:] == ["file.refused"]
    assert "file.downloaded" not in told


def test_a_file_altered_further_on_is_cut_before_the_first_wrong_byte(sender, admin):
    job = send(sender, BIG).content.decode().split()[0]
    stored = StoredFile.objects.get()
    flip(stored, 20 * CHUNK)
    answer = sender.get(reverse("jobs:job-download", args=[job]))
    got = b""
    with pytest.raises(Altered):  # noqa: PT012 - the server cuts the connection here
        for chunk in answer.streaming_content:
            got += chunk
    assert got == BIG[: len(got)]
    assert 0 < len(got) < 20 * CHUNK
    downloaded, refused = Entry.objects.filter(verb__startswith="file.").order_by("id")
    assert (downloaded.verb, refused.verb) == ("file.downloaded", "file.refused")
    assert (refused.request_id, refused.outcome) == (downloaded.request_id, "failed")
    sender.force_login(admin)
    page = sender.get(reverse("trail:entry-detail", args=[refused.pk])).content.decode()
    assert "refused a stored file that was altered" in page
    assert stored.sha256 in page


def test_a_missing_file_is_not_found(sender, owner):
    job = report.enqueue(actor=owner, title="Report", text="x")
    Job.objects.filter(pk=job.pk).update(state="done", result="jobs/none")
    assert sender.get(reverse("jobs:job-download", args=[job.pk])).status_code == 404


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"%PDF-1.7", "a.exe", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "a.pdf", "image/png"),
        (b"RIFF....WEBPVP8 ", "a", "image/webp"),
        (b"PK\x03\x04....", "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"PK\x03\x04....", "a.html", "application/zip"),
        (b"<html><script>", "a.html", "text/plain"),
        (b"<svg onload=1>", "a.svg", "text/plain"),
        (b"a,b\r\n1,2", "a.CSV", "text/csv"),
        ("größe".encode(), "a.txt", "text/plain"),
        ("größe".encode("cp1252"), "a.txt", "text/plain"),
        ("größe".encode("utf-16"), "a.csv", "text/csv"),
        (b"MZ\x90\x00\x03", "a.pdf", UNKNOWN),
        (b"\x7fELF\x02\x01\x01\x00", "a.txt", UNKNOWN),
        (b"", "a.txt", "text/plain"),
    ],
)
def test_the_bytes_say_what_it_is(head, name, kind):
    assert kind_of(head, name) == kind


def test_a_kind_that_is_not_taken_is_refused_in_words():
    field = StoredFileField(kinds=("application/pdf", "image/png"))
    from django.core.exceptions import ValidationError
    from django.core.files.uploadedfile import SimpleUploadedFile

    assert field.clean(SimpleUploadedFile("a.pdf", b"%PDF-1.4")).read() == b"%PDF-1.4"
    with pytest.raises(ValidationError, match=r"JPEG by its contents\. What can be taken: PDF, PNG"):
        field.clean(SimpleUploadedFile("a.pdf", b"\xff\xd8\xff", content_type="application/pdf"))
    with pytest.raises(ValidationError, match="of a kind that is not known"):
        StoredFileField().clean(SimpleUploadedFile("a.pdf", b"MZ\x00"))
