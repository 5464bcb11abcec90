"""Whoever calls the API in a test: a token, and a client that sends it."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from foundation.accounts.actions import create_token
from foundation.accounts.models import Token, User
from foundation.trail.record import SYSTEM


@dataclass
class Caller:
    """A token and its client. `version`: what If-Match names."""

    token: Token
    secret: str
    client: Client

    def get(self, path: str, **params: str) -> Any:
        return self.client.get(path, params or None)

    def post(self, path: str, body: dict[str, Any], version: int | None = None) -> Any:
        return self.client.post(path, json.dumps(body), "application/json", headers=named(version))

    def patch(self, path: str, body: dict[str, Any], version: int | None = None) -> Any:
        return self.client.patch(path, json.dumps(body), "application/json", headers=named(version))


def named(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}


def caller(user: User, *scopes: str) -> Caller:
    """A token of `user` with these scopes, by default all of them."""
    token, secret = create_token(user, actor=SYSTEM, name="A test", scopes=list(scopes or ("read", "write")))
    client = Client(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)
    return Caller(token, secret, client)
