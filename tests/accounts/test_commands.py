"""`manage.py create_admin` and `manage.py keys rotate`."""

import io
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.accounts.tokens import invited_by
from foundation.files.models import StoredFile
from foundation.files.vault import newest_id
from foundation.keys import unseal
from foundation.trail.models import Entry
from grc.wiring import SEALED
from tests.factories.people import SECRET

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_admin", *arguments, stdout=out)
    return out.getvalue()


def test_create_admin_prints_a_link_to_set_the_password(settings: Any) -> None:
    settings.PUBLIC_URL = "https://grc.example.com"
    link = run("Root@Example.com", "--name", "Rita Root").split()[-1]
    user = User.objects.get(email="root@example.com")
    assert user.role == Role.ADMINISTRATOR
    assert not user.is_superuser
    assert link.startswith("https://grc.example.com/")
    assert invited_by(link.rstrip("/").rsplit("/", 1)[-1]) == user
    assert Entry.objects.get(verb="user.invited").actor_kind == "system"


def test_create_admin_takes_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a sentence for the first day\n"))
    run("root@example.com", "--name", "Rita Root", "--password-stdin")
    assert User.objects.get().check_password("a sentence for the first day")


def test_create_admin_takes_a_password_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "a sentence for the first day")
    run("root@example.com", "--name", "Rita Root")
    assert User.objects.get().check_password("a sentence for the first day")


@pytest.mark.parametrize("weak", ["", "short", "password1234"])
def test_create_admin_refuses_a_weak_password_and_leaves_nothing(weak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{weak}\n"))
    with pytest.raises(CommandError):
        run("root@example.com", "--name", "Rita Root", "--password-stdin")
    assert not User.objects.exists()
    assert not Entry.objects.exists()


def test_create_admin_is_for_the_first_one_only(admin: User) -> None:
    with pytest.raises(CommandError, match="administrator already"):
        run("root@example.com", "--name", "Rita Root")
    run("root@example.com", "--name", "Rita Root", "--force")
    assert User.objects.in_role(Role.ADMINISTRATOR).count() == 2


def test_create_admin_refuses_a_taken_address(admin: User) -> None:
    with pytest.raises(CommandError, match="Another account"):
        run("Admin@example.com", "--name", "Rita Root", "--force")


def test_keys_rotate_seals_everything_under_the_newest_key(owner: User, settings: Any) -> None:
    default_storage.save("jobs/report.csv", ContentFile(b"ref,name"))
    old, settings.MASTER_KEY = settings.MASTER_KEY, "another key that only ever seals what tests make"
    with pytest.raises(CommandError, match="neither"):
        call_command("keys", "rotate", stdout=io.StringIO())
    settings.MASTER_KEY_FALLBACKS = [old]
    out = io.StringIO()
    call_command("keys", "rotate", stdout=out)
    settings.MASTER_KEY_FALLBACKS = []
    assert "second factors: " in out.getvalue()
    assert StoredFile.objects.get().key_id == newest_id()
    assert unseal("mfa", Authenticator.objects.get(user=owner).data["secret"]) == SECRET
    told = Entry.objects.filter(verb="keys.rotated").order_by("id")
    assert [json.loads(entry.detail)["refs"]["sealed"] for entry in told] == [name for name, _ in SEALED]


def test_create_admin_makes_a_way_past_a_required_provider() -> None:
    run("safe@example.com", "--name", "Sealed Envelope", "--break-glass")
    assert User.objects.get(email="safe@example.com").break_glass
