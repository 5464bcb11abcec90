"""What a large file costs: python benchmarks/files.py [megabytes=1024] [disk|s3]

Starts the real server (gunicorn, one process) on a data folder of its own and sends one file up through a form and down
through the page of a job, over a socket, in pieces. Told are the growth of the server's memory while that went on (its
resident set at the highest, less what it was after a small file had gone the same way), megabytes a second, and the
time against a plain write or read of as many bytes on the same disk in the same run. With s3 a SeaweedFS on this
machine holds the sealed bytes; its memory is not counted.
"""

import hashlib
import http.client
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PIECE = 1024 * 1024
PORT = 8791
PASSWORD = "a password of this benchmark"
PLAIN = secrets.token_bytes(PIECE)

SITE = '''
"""The product, and one page more that takes a file of any size into a job of whoever sends it."""
from django import forms
from django.http import HttpResponse
from django.urls import include, path
from foundation.files.forms import StoredFileField
from foundation.jobs.models import Job

class Form(forms.Form):
    file = StoredFileField(kinds=None)

def take(request):
    form = Form(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return HttpResponse(str(form.errors), status=422)
    job = Job(title="Kept", task="none", requested_by=request.user, state="done", result_name="large.bin")
    job.result.save("x", form.cleaned_data["file"], save=False)
    job.save()
    return HttpResponse(job.get_absolute_url())

urlpatterns = [path("take/", take), path("", include("grc.urls"))]
'''

SIGN_IN = """
from django.test import Client
from foundation.accounts.models import User
browser = Client()
browser.force_login(User.objects.filter(role="compliance_manager").first())
print(browser.cookies["session"].value)
"""


class Memory(threading.Thread):
    """The highest resident set of a process and its children, in MB, since `reset`."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.highest, self.ended = pid, 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            self.highest = max(self.highest, self.now())
            time.sleep(0.02)

    def now(self) -> float:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sum(self.resident(int(pid)) for pid in (self.pid, *children))

    @staticmethod
    def resident(pid: int) -> float:
        status = Path(f"/proc/{pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0


class Browser:
    """Just enough of one: cookies, a form, and bodies in pieces."""

    def __init__(self, session: str = "") -> None:
        self.cookies = {"session": session}

    def ask(self, method: str, path: str, body: Iterator[bytes] | bytes | None = None, **headers: str):
        line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        line.request(
            method, path, body=body, headers=fields | {"Cookie": cookies, "X-CSRFToken": self.cookies.get("csrf", "")}
        )
        answer = line.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def send(self, size: int) -> str:
        """Send a file of `size` bytes; return the address of the job that holds it."""
        front = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'
        back = b"\r\n--xx--\r\n"
        length = str(len(front) + size + len(back))

        def body() -> Iterator[bytes]:
            yield front
            yield from pieces(size)
            yield back

        answer = self.ask(
            "POST", "/take/", body(), Content_Type="multipart/form-data; boundary=xx", Content_Length=length
        )
        text = answer.read().decode()
        assert answer.status == 200, (answer.status, text[:500])
        return text

    def fetch(self, job: str) -> str:
        """Download a job's file; return its SHA-256."""
        answer, found = self.ask("GET", f"{job}download/"), hashlib.sha256()
        assert answer.status == 200, answer.status
        while piece := answer.read(PIECE):
            found.update(piece)
        return found.hexdigest()


def pieces(size: int) -> Iterator[bytes]:
    """`size` bytes that no two files of different length share the end of."""
    while size > 0:
        yield PLAIN[: min(size, PIECE)]
        size -= PIECE


def seconds(what) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def plain_write(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for piece in pieces(size):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def plain_read(path: Path) -> None:
    with path.open("rb") as file:
        while file.read(PIECE):
            pass


@contextmanager
def site(folder: Path, more: dict[str, str], size: int) -> Iterator[tuple[subprocess.Popen, str]]:
    """The server, with the demo company in it."""
    (folder / "bench_site.py").write_text(SITE)
    (folder / "bench_settings.py").write_text("from grc.settings import *\nROOT_URLCONF = 'bench_site'\n")
    environment = os.environ | more | {
        "DATA_DIR": str(folder / "data"), "COUNTERSIGN_LOCAL": "1", "DEMO_PASSWORD": PASSWORD, "LOG_LEVEL": "ERROR",
        "REQUEST_MAX_MB": str(size // PIECE + 1), "PYTHONPATH": f"{folder}:{ROOT}",
        "DJANGO_SETTINGS_MODULE": "bench_settings",
    }  # fmt: skip

    def manage(*words: str) -> str:
        command = [sys.executable, "manage.py", *words, "-v0"]
        ran = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return ran.stdout.strip()

    manage("prepare")
    manage("demo")
    session = manage("shell", "-c", SIGN_IN)
    command = [
        sys.executable, "-m", "gunicorn", "grc.wsgi", "--bind", f"127.0.0.1:{PORT}", "--workers", "1", "--threads", "4",
        "--timeout", "600", "--log-level", "error", "--no-control-socket",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        for _ in range(200):
            try:
                Browser().ask("GET", "/healthz")
                break
            except OSError:
                time.sleep(0.1)
        yield server, session
    finally:
        server.terminate()
        server.wait()


def main(megabytes: int = 1024, where: str = "disk") -> None:
    size = megabytes * PIECE
    wanted = hashlib.sha256()
    for piece in pieces(size):
        wanted.update(piece)
    folder = Path(tempfile.mkdtemp(prefix="countersign-files-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        more: dict[str, str] = {}
        if where == "s3":
            from tests.s3 import s3_server

            more = stack.enter_context(s3_server())
        server, session = stack.enter_context(site(folder, more, size))
        browser = Browser(session)
        browser.ask("GET", "/").read()
        browser.fetch(browser.send(4 * PIECE))  # everything that is loaded once is loaded now
        memory = Memory(server.pid)
        memory.start()
        plain = folder / "plain"
        write = seconds(lambda: plain_write(plain, size))
        read = seconds(lambda: plain_read(plain))
        plain.unlink()
        held: list[str] = []
        for name, what, against in (
            ("up", lambda: held.append(browser.send(size)), write),
            ("down", lambda: held.append(browser.fetch(held[0])), read),
        ):
            before = memory.highest = memory.now()
            took = seconds(what)
            print(
                f"{name:5}{megabytes:6} MB  {took:6.1f} s  {megabytes / took:6.0f} MB/s  "
                f"{took / against:5.1f} x a plain {'write' if name == 'up' else 'read'}  "
                f"memory {before:.0f} -> {memory.highest:.0f} MB: +{memory.highest - before:.0f} MB"
            )
        memory.ended.set()
        memory.join()
        assert held[1] == wanted.hexdigest(), "what came back is another file"
        print(f"{where}: what came back is what was sent; plain: write {write:.1f} s, read {read:.1f} s")


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))
