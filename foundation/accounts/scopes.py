"""What an API token can be cut down to. A scope adds no right: its owner's role decides."""

from django.db import models


class TokenScope(models.TextChoices):
    """A literal list; an endpoint names the one it needs."""

    READ = "read", "Read what you see"
    WRITE_STATUS = "write:status", "Update the status of controls"
    PUSH_EVIDENCE = "push:evidence", "Push evidence for controls"
    WRITE = "write", "Write: create, change, archive, restore, and every verb that does not sign"


IMPLIED = {TokenScope.WRITE: frozenset({TokenScope.WRITE_STATUS, TokenScope.PUSH_EVIDENCE})}


def grants(scopes: list[str], needed: str) -> bool:
    """Whether a token with these scopes may do what takes the scope `needed`."""
    return needed in scopes or any(needed in IMPLIED.get(scope, ()) for scope in scopes)  # type: ignore[call-overload]
