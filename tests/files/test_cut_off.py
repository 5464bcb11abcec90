"""A connection cut in mid-file, before the real server: what had arrived is not taken for the whole; nothing stays."""

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from controls.models import Control
from evidence.models import Evidence, Population
from foundation.accounts.models import User
from foundation.files.models import StoredFile
from foundation.pages.models import Import
from tests.factories.evidence import operating
from tests.factories.tokens import caller
from tests.shared import Shared

PATIENCE = 30.0  # seconds: the machine may be busy
MB = 1024**2
TOKEN = "a" * 32
FORM = "Connection: close\r\nContent-Type: multipart/form-data; boundary=x"
TOLD = {
    "csrfmiddlewaretoken": TOKEN, "title": "Accounts", "kind": "export", "source_system": "Okta", "reason": "All.",
}  # fmt: skip
LIST = {
    "csrfmiddlewaretoken": TOKEN, "title": "Changes", "kind": "changes", "origin": "file", "query": "all",
    "period_from": "2026-07-01", "period_to": "2026-07-31", "source_system": "GitHub", "source_total": "1",
}  # fmt: skip


@dataclass
class Server:
    """gunicorn as it runs in production, and what a browser and a program send it."""

    shared: Shared
    port: int

    @property
    def said(self) -> Path:
        return self.shared.folder / "said"

    def send(self, head: str, body: bytes, announced: int) -> socket.socket:
        """Send a request's head and what there is of its body; the connection stays open."""
        line = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        line.sendall(f"{head}\r\nHost: 127.0.0.1\r\nContent-Length: {announced}\r\n\r\n".encode() + body)
        return line

    def answer(self, line: socket.socket) -> bytes:
        """All that it answers. The other side may close."""
        said = b""
        with line:
            while piece := line.recv(65536):
                said += piece
        return said

    def lying(self) -> list[Path]:
        """Every file that was kept, or is on its way."""
        places = (self.shared.folder / "files", self.shared.folder / "incoming")
        return [path for place in places if place.exists() for path in place.rglob("*") if path.is_file()]


def wait_for(condition: Callable[[], bool], server: Server) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, server.said.read_text()
        time.sleep(0.05)


@pytest.fixture
def server(shared: Shared) -> Server:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared.environment |= {"DJANGO_SETTINGS_MODULE": "tests.served_settings", "LOG_LEVEL": "INFO"}
    command = ["-m", "gunicorn", "grc.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "2"]
    one = Server(shared, port)
    started = shared.start([*command, "--no-control-socket"], one.said)

    def up() -> bool:
        assert started.poll() is None, one.said.read_text()
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", port)) == 0

    wait_for(up, one)
    return one


@pytest.fixture
def control(transactional_db: None, compliance: User) -> Control:
    return operating(owner=compliance)


def form(said: dict[str, str], *files: bytes) -> bytes:
    """A form as a browser sends it: what was typed, then the files."""
    typed = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in said.items()]
    head = 'Content-Disposition: form-data; name="file"; filename="{}.csv"\r\n\r\n'
    sent = [head.format(number).encode() + content for number, content in enumerate(files)]
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in [*typed, *sent]) + b"--x--\r\n"


def browser(user: User, address: str) -> str:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookies = f"{name}={client.cookies[name].value}; {settings.CSRF_COOKIE_NAME}={TOKEN}"
    return f"POST {address} HTTP/1.1\r\nCookie: {cookies}\r\n{FORM}"


def program(user: User) -> str:
    return f"POST /api/v1/evidence/ HTTP/1.1\r\nAuthorization: Bearer {caller(user, 'push:evidence').secret}\r\n{FORM}"


def kept() -> int:
    return sum(model.objects.count() for model in (Evidence, Population, Import, StoredFile))


def big(number: int) -> bytes:
    return f"a,{number}\n".encode() * MB


def test_what_is_cut_in_mid_file_leaves_nothing(server: Server, compliance: User, control: Control):
    pushed = {name: TOLD[name] for name in ("title", "kind", "source_system", "reason")} | {"control": control.ref}
    sends = {
        "two small files": (browser(compliance, f"/evidence/new/?control={control.pk}"), form(TOLD, b"1", b"2" * 1000)),
        "two large files": (browser(compliance, f"/evidence/new/?control={control.pk}"), form(TOLD, big(1), big(2))),
        "a population": (browser(compliance, "/evidence/populations/new/"), form(LIST, b"key\n" + b"1\n" * 9000)),
        "findings": (browser(compliance, "/findings/import/"), form({"csrfmiddlewaretoken": TOKEN}, big(3))),
        "a push": (program(compliance), form(pushed, big(4))),
    }
    for name, (head, whole) in sends.items():
        line = server.send(head, whole[:-600], len(whole))
        line.shutdown(socket.SHUT_WR)  # gone in mid-file; what would be told is still heard here
        told = server.answer(line)
        assert told.split(b" ", 2)[1][:1] == b"4", (name, told[:200])
        assert (kept(), server.lying()) == (0, []), name
    answered = server.said.read_text().count(" 403 in ")
    head, whole = sends["two large files"]
    line = server.send(head, whole[:-600], len(whole))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()  # as a machine that falls over: nobody hears an answer
    wait_for(lambda: server.said.read_text().count(" 403 in ") > answered, server)
    assert (kept(), server.lying()) == (0, [])
    said = server.said.read_text()
    assert "Traceback" not in said
    assert " 500 in " not in said


def test_the_same_request_whole_is_kept(server: Server, compliance: User, control: Control):
    whole = form(TOLD, b"1", big(2))
    told = server.answer(server.send(browser(compliance, f"/evidence/new/?control={control.pk}"), whole, len(whole)))
    assert told.startswith(b"HTTP/1.1 302"), told[:300]
    assert (Evidence.objects.count(), StoredFile.objects.count(), len(server.lying())) == (2, 2, 2)


def test_a_body_beyond_the_limit_is_answered_before_it_is_sent(server: Server, compliance: User, control: Control):
    many = settings.REQUEST_MAX_BYTES + 1
    line = server.send(browser(compliance, f"/evidence/new/?control={control.pk}"), b"--x\r\n", many)
    told = server.answer(line)
    assert told.startswith(b"HTTP/1.1 413"), told[:300]
    assert b"All of it together is larger than 100 MB" in told
    assert (kept(), server.lying()) == (0, [])
