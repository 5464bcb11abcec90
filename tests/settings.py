"""The product's settings under test: throw-away keys and folder, a fast password hash, static files as they lie."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

DATA = Path(tempfile.mkdtemp(prefix="countersign-test-"))
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
os.environ |= {
    "DATA_DIR": str(DATA),
    "SECRET_KEY": "a key that only ever signs what tests make and read",
    "TRAIL_MAC_KEY": "a key that only ever authenticates entries of tests",
    "MASTER_KEY": "a key that only ever seals what tests make and read",
    "COUNTERSIGN_LOCAL": "1",
    "LOG_LEVEL": "ERROR",
}
for variable in (
    "EMAIL_URL",
    "TRUSTED_PROXY_COUNT",
    "ALLOWED_HOSTS",
    "SECRET_KEY_FILE",
    "TRAIL_MAC_KEY_FILE",
    "MASTER_KEY_FILE",
):
    os.environ.pop(variable, None)

from grc.settings import *  # noqa: E402, F403 - the environment above has to stand before it is read
from grc.settings import DATABASES, STORAGES  # noqa: E402

ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True  # no STATIC_ROOT to scan at start

if os.environ.get("COUNTERSIGN_E2E"):
    # The browser's requests run in other threads: a file gives each its own connection, as in production.
    DATABASES["default"].setdefault("TEST", {})["NAME"] = str(DATA / "e2e.sqlite3")
