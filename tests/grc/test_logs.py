"""The log tells what happened to requests and what failed, and nothing about who somebody is or what they typed."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from foundation.accounts.models import User
from foundation.accounts.tokens import invitation_path
from foundation.trail.models import Entry
from grc.logs import GunicornLog, Safe, formatter
from grc.urls import urlpatterns as ours
from tests.everywhere.routes import address, all_routes, kinds
from tests.everywhere.world import World
from tests.factories.people import PASSWORD

SECRET = "s3cret-that-nobody-may-read"  # typed, mailed or stored: it must never come out


def breaks(_request: HttpRequest, token: str) -> HttpResponse:
    """A page with a fault whose exceptions say what nobody may read."""
    raise RuntimeError(f"password {SECRET}") from IntegrityError(f"Key (email)=({SECRET}@example.com) exists.")


urlpatterns = [*ours, path("breaks/<str:token>/", breaks, name="breaks")]
handler500 = "grc.errors.server_error"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the settings' own handler writes, as JSON lines, from every logger down to DEBUG."""
    root = logging.getLogger()
    [handler] = [one for one in root.handlers if any(isinstance(test, Safe) for test in one.filters)]
    written, level, form = io.StringIO(), root.level, handler.formatter
    stream = handler.setStream(written)
    handler.setFormatter(formatter("json"))
    root.setLevel(logging.DEBUG)
    yield written
    handler.setStream(stream or sys.stderr)
    handler.setFormatter(form)
    root.setLevel(level)


def told(log: io.StringIO, logger: str = "countersign.request") -> list[dict]:
    return [line for line in map(json.loads, log.getvalue().splitlines()) if line["logger"] == logger]


def test_a_request_is_one_line(client: Client, compliance: User, log: io.StringIO):
    client.force_login(compliance)
    answer = client.get(f"/controls/?q={SECRET}", headers={"user-agent": SECRET})
    [line] = told(log)
    assert line.pop("ms") > 0
    assert line.pop("at")
    assert line.pop("message").startswith("GET controls:control-list 200 in ")
    assert line == {
        "level": "INFO", "logger": "countersign.request", "request_id": answer["X-Request-ID"], "method": "GET",
        "route": "controls:control-list", "status": 200, "user": compliance.pk,
    }  # fmt: skip


def test_the_trail_the_log_and_the_answer_share_one_number(client: Client, employee: User, log: io.StringIO):
    client.force_login(employee)
    answer = client.get("/accounts/new/")
    assert answer.status_code == 403
    entry = Entry.objects.get(verb="access.refused")
    assert entry.request_id == answer["X-Request-ID"] == told(log)[-1]["request_id"]


def test_a_refusal_writes_no_traceback(client: Client, employee: User, log: io.StringIO):
    client.force_login(employee)
    for page in ("/accounts/new/", "/nowhere/", "/jobs/", f"/accounts/invitation/{SECRET}/"):
        client.get(page)
    client.post("/jobs/")
    assert "Traceback" not in log.getvalue()
    assert 'File "' not in log.getvalue()
    assert told(log, "django.request") == []


@override_settings(ROOT_URLCONF=__name__)
def test_a_fault_answers_a_plain_page_whose_number_is_in_the_log(compliance: User, log: io.StringIO):
    client = Client(raise_request_exception=False)
    client.force_login(compliance)
    answer = client.get(f"/breaks/{SECRET}/?q={SECRET}")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert answer["X-Request-ID"] in page
    assert SECRET not in page
    assert "Traceback" not in page
    [failure] = told(log, "django.request")
    assert failure["request_id"] == answer["X-Request-ID"]
    assert failure["message"] == "500 at breaks"
    assert "builtins.RuntimeError" in failure["exc_info"]
    assert "django.db.utils.IntegrityError" in failure["exc_info"]  # what it came from
    assert "in breaks" in failure["exc_info"]
    assert SECRET not in log.getvalue()


@pytest.mark.any_database
def test_nothing_of_what_people_are_or_type_reaches_the_log(world: World, log: io.StringIO):
    """Every address read and written to, with secrets in path, query, form and headers.

    By the compliance manager, who is let in the furthest; every kind of view also by those who are refused.
    """
    typed = dict.fromkeys(("email", "login", "password", "password1", "oldpassword", "name", "reason", "q"), SECRET)
    invited = invitation_path(User.objects.get(pk=world.people["employee"].pk))
    for person in ("anonymous", "auditor", "compliance", "admin"):
        client = Client(raise_request_exception=False)
        if world.people[person]:
            client.force_login(world.people[person])
        for name in all_routes() if person == "compliance" else kinds(all_routes()):
            for answer in (
                client.get(f"{address(name, world)}?q={SECRET}", headers={"user-agent": SECRET, "referer": SECRET}),
                client.post(address(name, world), typed),
            ):
                if answer.streaming:
                    answer.getvalue()
        client.get(invited)
        client.post("/account/sign-in/", {"login": f"{SECRET}@example.com", "password": PASSWORD})
        client.post("/account/sign-in/", {"login": "owner@example.com", "password": SECRET})
        client.post("/account/password/forgotten/", {"email": "owner@example.com"})
        client.get(f"/account/password/new/1-{SECRET}/")
    Client(enforce_csrf_checks=True).post("/account/sign-in/", {"login": SECRET})
    Client().get("/", headers={"host": f"{SECRET}.example.com"})
    said = log.getvalue()
    assert said.count("countersign.request") > 500
    for unsaid in (SECRET, PASSWORD, "example.com", "Oskar", invited.split("/")[-2], settings.SECRET_KEY):
        assert unsaid not in said


def test_what_a_library_says_loses_addresses_and_exceptions(log: io.StringIO):
    logger = logging.getLogger("some.library")
    logger.warning("sent to %s", "ada@example.com", extra={"recipient": SECRET})
    logger.error("could not: %s", ValueError(SECRET))
    logger.error("failed", exc_info=ValueError(SECRET))
    said = told(log, "some.library")
    assert [line["message"] for line in said] == ["sent to (address)", "could not: builtins.ValueError", "failed"]
    assert "builtins.ValueError" in said[2]["exc_info"]
    assert SECRET not in log.getvalue()


def test_a_request_for_another_host_says_nothing_that_it_said(tmp_path: Path):
    """In a process of its own: here pytest's handlers are at every logger, so that Python needs no last resort."""
    tell = f"logging.getLogger('django.security.DisallowedHost').error('Invalid HTTP_HOST header: {SECRET}')"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"DATA_DIR": str(tmp_path), "COUNTERSIGN_LOCAL": "1", "DJANGO_SETTINGS_MODULE": "grc.settings"}
    done = subprocess.run(
        [sys.executable, "-c", f"import django, logging; django.setup(); {tell}"],
        cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""


def test_the_web_servers_own_lines_follow_the_same_rules(capsys: pytest.CaptureFixture[str]):
    from gunicorn.config import Config

    logger = GunicornLog(Config())
    [handler] = logger.error_log.handlers
    handler.setStream(written := io.StringIO())
    logger.error("Error handling request %s", f"/accounts/invitation/{SECRET}/", exc_info=ValueError(SECRET))
    assert "Error handling request" in written.getvalue()
    assert "builtins.ValueError" in written.getvalue()
    as_gunicorn_says = f"Invalid request from ip=203.0.113.9: Invalid HTTP Header: 'Authorization Bearer {SECRET}'"
    logger.warning(as_gunicorn_says)
    assert "Invalid request" in written.getvalue()
    assert "203.0.113.9" not in written.getvalue()
    assert SECRET not in written.getvalue()
