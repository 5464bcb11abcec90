"""Too much at once, by every door that takes files: a clear answer, and nothing kept."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from controls.models import Control
from evidence.models import Evidence, Population
from foundation.accounts.models import User
from foundation.files.models import StoredFile
from foundation.pages.models import Import
from foundation.trail.models import Entry
from tests.factories.evidence import operating
from tests.factories.tokens import caller

pytestmark = pytest.mark.django_db
MB = 1024**2
BOUNDARY = "----4711"
DOORS = ("/evidence/new/?control={control}", "/evidence/populations/new/", "/findings/import/", "/controls/import/")
KEPT = (Evidence, Population, Import, StoredFile)


@pytest.fixture
def control(compliance: User) -> Control:
    return operating(owner=compliance)


def many(count: int) -> bytes:
    """A form with a title and so many files."""
    parts = ['Content-Disposition: form-data; name="title"\r\n\r\nUsers']
    head = 'Content-Disposition: form-data; name="file"; filename="{0}.txt"\r\n\r\n{0}'
    parts += [head.format(number) for number in range(count)]
    return "".join(f"--{BOUNDARY}\r\n{part}\r\n" for part in parts).encode() + f"--{BOUNDARY}--\r\n".encode()


def send(client: Client, address: str, body: bytes, **options: Any) -> Any:
    return client.post(address, body, f"multipart/form-data; boundary={BOUNDARY}", **options)


def signed_in(user: User) -> Client:
    client = Client(enforce_csrf_checks=True)  # as in production: the token is looked for in the form first
    client.force_login(user)
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    return client


def nothing_kept() -> bool:
    return not any(model.objects.exists() for model in KEPT) and not list(settings.FILE_UPLOAD_TEMP_DIR.iterdir())


@pytest.mark.parametrize("door", DOORS)
def test_ten_thousand_files_are_refused_on_a_page_in_words(compliance: User, control: Control, door: str):
    before = Entry.objects.count()
    answer = send(signed_in(compliance), door.format(control=control.pk), many(10_000))
    assert (answer.status_code, answer["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert "These are more than 20 files; 20 go at once." in answer.content.decode()
    assert nothing_kept()
    assert Entry.objects.count() == before + 1  # of signing in


def test_ten_thousand_files_are_refused_to_a_program_in_words(compliance: User, control: Control):
    answer = send(caller(compliance, "push:evidence").client, "/api/v1/evidence/", many(10_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "20 go at once" in answer.json()["detail"]
    assert nothing_kept()


def test_a_push_is_one_file(compliance: User, control: Control):
    answer = send(caller(compliance, "push:evidence").client, "/api/v1/evidence/", many(2))
    assert (answer.status_code, answer.json()["errors"]["file"]) == (400, ["Send one file; each becomes an item."])
    assert nothing_kept()


@pytest.mark.parametrize("door", DOORS)
def test_a_request_beyond_the_limit_is_refused_before_it_is_read(
    compliance: User, control: Control, settings: Any, door: str
):
    settings.REQUEST_MAX_BYTES = MB
    answer = send(signed_in(compliance), door.format(control=control.pk), many(1) + b"x" * MB)
    assert answer.status_code == 413
    assert "All of it together is larger than 1 MB" in answer.content.decode()
    assert nothing_kept()


def test_a_push_beyond_the_limit_is_refused_in_json(compliance: User, control: Control, settings: Any):
    settings.REQUEST_MAX_BYTES = MB
    answer = send(caller(compliance, "push:evidence").client, "/api/v1/evidence/", many(1) + b"x" * MB)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "larger than 1 MB" in answer.json()["detail"]
    assert nothing_kept()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"title=" + b"x" * 6 * MB, "The text of this form is larger than 5 MB"),
        (b"&".join(b"a=1" for _ in range(5_001)), "These are more than 5,000 fields"),
    ],
    ids=["long", "many"],
)
def test_text_beyond_the_limit_is_refused_in_words(compliance: User, control: Control, body: bytes, words: str):
    address = f"/evidence/new/?control={control.pk}"
    answer = signed_in(compliance).post(address, body, "application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert words in answer.content.decode()
    assert nothing_kept()


@pytest.mark.parametrize("door", ["/evidence/populations/new/", "/findings/import/"])
def test_a_list_that_is_too_large_is_answered_beside_its_field(compliance: User, settings: Any, door: str):
    settings.FILE_MAX_BYTES = MB
    client = Client()
    client.force_login(compliance)
    answer = send(client, door, many(1).replace(b"\r\n\r\n0\r\n", b"\r\n\r\n" + b"0,0\n" * MB + b"\r\n"))
    assert answer.status_code == 413
    assert answer.context["form"].errors["file"] == ["This file has 4 MB; 1 MB is the most that is taken here."]
    assert nothing_kept()
