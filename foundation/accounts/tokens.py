"""The links by which a person sets a password: made when they are mailed, kept nowhere, dead after one use."""

from datetime import timedelta
from typing import Final

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from foundation.accounts.models import User

INVITATION_LASTS: Final = timedelta(days=7)
_SALT: Final = "countersign.accounts.invitation"


def invitation_path(user: User) -> str:
    """The path of the page on which an invited person sets the first password."""
    token = signing.dumps([user.pk, _fingerprint(user)], salt=_SALT)
    return reverse("accounts:invitation", args=(token,))


def invited_by(token: str) -> User | None:
    """The person whom an invitation is for, or None: forged, older than 7 days, used, replaced, or deactivated."""
    try:
        pk, fingerprint = signing.loads(token, salt=_SALT, max_age=INVITATION_LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = User.objects.active().filter(pk=pk).first()
    if user is None or user.has_usable_password() or not constant_time_compare(fingerprint, _fingerprint(user)):
        return None
    return user


def _fingerprint(user: User) -> str:
    """Changes with the password: an unusable one is a random text, so sending an invitation again kills the first."""
    return salted_hmac(_SALT, f"{user.pk}|{user.password}|{user.email}").hexdigest()[:16]


class ResetTokens(PasswordResetTokenGenerator):
    """Keys of "forgot password": single use, and dead once the account is deactivated or its sessions were ended.

    Used instead of allauth's, which keeps a copy of each address in a table of its own: a second truth about who
    may sign in with which address.
    """

    key_salt = "countersign.accounts.reset"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.pk}{user.password}{user.session_epoch}{user.is_active}{timestamp}{user.email}"
