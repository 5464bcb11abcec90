"""What the settings promise about the process as a whole."""

import subprocess
import sys
from io import BytesIO

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

STRICT = {
    "SECRET_KEY": "k" * 40 + "0123456789abcdef",
    "TRAIL_MAC_KEY": "m" * 40,
    "MASTER_KEY": "s" * 40,
    "ALLOWED_HOSTS": "countersign.example.com",
}


def start(tmp_path, **environment) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own and print what the test asks for."""
    return subprocess.run(
        [sys.executable, "-c", "import grc.settings as s; print(s.SESSION_COOKIE_NAME, s.TRAIL_MAC_KEY)"],
        env={"DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"} | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "TRAIL_MAC_KEY", "MASTER_KEY"])
def test_strict_settings_do_not_start_without_a_key(tmp_path, missing):
    ran = start(tmp_path, **{name: value for name, value in STRICT.items() if name != missing})
    assert ran.returncode != 0
    assert f"{missing} (or {missing}_FILE) must hold at least 32 random characters." in ran.stderr


def test_short_key_is_no_key(tmp_path):
    ran = start(tmp_path, **STRICT | {"TRAIL_MAC_KEY": "secret"})
    assert ran.returncode != 0
    assert "TRAIL_MAC_KEY" in ran.stderr


def test_secrets_are_read_from_files(tmp_path):
    (tmp_path / "mac").write_text("f" * 64 + "\n")
    environment = STRICT | {"TRAIL_MAC_KEY_FILE": str(tmp_path / "mac")}
    del environment["TRAIL_MAC_KEY"]
    assert start(tmp_path, **environment).stdout.split() == ["__Host-session", "f" * 64]


def test_local_keys_are_made_once_and_for_the_owner_alone(tmp_path):
    first = start(tmp_path, COUNTERSIGN_LOCAL="1")
    assert first.stdout == start(tmp_path, COUNTERSIGN_LOCAL="1").stdout
    keys = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()}
    assert keys == {"secret_key": 0o600, "trail_mac_key": 0o600, "master_key": 0o600}
    assert len(first.stdout.split()[1]) == 64


def test_health_needs_no_sign_in_and_only_reads(client: Client, db):
    with CaptureQueriesContext(connection) as queries:
        response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


def test_unknown_host_is_a_bad_request(client: Client, db):
    assert client.get("/", HTTP_HOST="elsewhere.example.com").status_code == 400


def test_request_beyond_the_limit_is_refused(client: Client, db, settings):
    settings.REQUEST_MAX_BYTES = 1000
    big = BytesIO(b"x" * 2000)
    big.name = "big.csv"
    assert client.post("/account/sign-in/", {"file": big}).status_code == 413


def test_policy_allows_nothing_inline_and_nothing_foreign(client: Client, db):
    response = client.get("/account/sign-in/")
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "http" not in response.headers["Content-Security-Policy"]


def test_private_files_have_no_address():
    with pytest.raises(ValueError, match="not accessible via a URL"):
        default_storage.url("anything")
