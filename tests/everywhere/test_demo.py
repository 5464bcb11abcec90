"""The demo company as `manage.py demo` makes it: whoever signs in as the README says finds what it promises."""

import pytest
from django.core.management import call_command

from foundation.accounts.models import User
from grc import wiring

pytestmark = pytest.mark.django_db


def test_something_waits_for_everybody_whom_the_readme_sends_to_my_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_PASSWORD", "a password of the demo's")
    call_command("demo", verbosity=0)
    for handle, words in (("owner", "to be implemented"), ("manager", " with Owen Castellano"), ("compliance", "")):
        user = User.objects.get(email=f"{handle}@example.com")
        kinds = [item.kind for waiting in wiring.WORK for item in waiting(user)]
        assert any(words in kind for kind in kinds), (handle, kinds)
