"""The limits on attempts hold over all processes of an installation."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

TRY = """
import django; django.setup()
from allauth.core import ratelimit
from django.test import RequestFactory
request = RequestFactory().post("/account/sign-in/", REMOTE_ADDR="192.0.2.1")
print(sum(bool(ratelimit.consume(request, action="login_failed", key="owner@example.com")) for _ in range(4)))
"""


def run(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"DATA_DIR": str(folder), "COUNTERSIGN_LOCAL": "1", "DJANGO_SETTINGS_MODULE": "grc.settings"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_two_processes_count_together(tmp_path: Path):
    run(tmp_path, "manage.py", "createcachetable")
    assert [run(tmp_path, "-c", TRY) for _ in range(2)] == ["4", "1"], "five wrong passwords in five minutes, no more"
