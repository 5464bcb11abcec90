"""Nobody learns from an answer, or from how much work it took, whether an address has an account."""

from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.utils.crypto import get_random_string

from foundation.accounts.actions import invite
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from tests.factories.people import PASSWORD, UserFactory

WRONG = "not the password of anybody"


class Counting(MD5PasswordHasher):
    """Counts how often a password is hashed: what takes the time of an answer."""

    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).hashed += 1
        return super().encode(password, salt)


@pytest.fixture
def addresses(db: None, settings: Any) -> dict[str, str]:
    """An address of each kind that a stranger could try."""
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    gone = UserFactory(name="Gone", is_active=False)
    invited = invite(actor=SYSTEM, email="invited@example.com", name="Invited", role="employee")
    roleless = save(User(email="none@example.com", name="None", role=""), actor=SYSTEM, verb="user.created")
    return {
        "unknown": "nobody@example.com",
        "active": UserFactory().email,
        "deactivated": gone.email,
        "invited": invited.email,
        "no role, no password": roleless.email,
    }


def tried(email: str, password: str) -> tuple[Any, ...]:
    Counting.hashed = 0
    answer = Client().post("/account/sign-in/", {"login": email, "password": password})
    return answer.status_code, answer.context["form"].errors.as_json(), Counting.hashed


def test_signing_in_answers_all_of_them_alike_and_works_as_hard(addresses: dict[str, str]):
    found = {kind: tried(email, WRONG) for kind, email in addresses.items()}
    assert len(set(found.values())) == 1, found
    assert found["unknown"][2] == 1


def test_the_right_password_of_a_deactivated_account_is_a_wrong_one(addresses: dict[str, str]):
    assert tried(addresses["deactivated"], PASSWORD)[:2] == tried(addresses["unknown"], PASSWORD)[:2]


def test_asking_for_a_reset_answers_all_of_them_alike(addresses: dict[str, str]):
    answers = {}
    for kind, email in addresses.items():
        client = Client()
        answer = client.post("/account/password/forgotten/", {"email": email})
        said = [str(message) for message in answer.wsgi_request._messages]
        answers[kind] = (answer.status_code, answer.url, tuple(said))
    assert len(set(answers.values())) == 1, answers


def test_a_link_that_never_was_and_one_that_is_over_look_alike(client: Client, db: None):
    pages = [client.get(f"/accounts/invitation/{get_random_string(20)}/") for _ in range(2)]
    assert {page.status_code for page in pages} == {410}
