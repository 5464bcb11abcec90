"""allauth's forms of the second factor: each failure is a trail entry, and a code works once."""

import hashlib
from typing import Any, Final

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, LoginWebAuthnForm, ReauthenticateWebAuthnForm
from django.core.cache import cache
from django.db import transaction

from foundation.accounts.models import User
from foundation.trail.record import record

# A code is accepted one step early or late (MFA_TOTP_TOLERANCE), so 90 seconds; allauth itself remembers it for 30.
REMEMBERED: Final = 120


class Told:
    """Puts a wrong code or key on the trail. The actor is nobody until the second factor is right."""

    user: User | None
    proof = "code"  # the field that proves
    again = False  # whether somebody signed in confirms that it is them

    def full_clean(self: Any) -> None:
        super().full_clean()  # type: ignore[misc]
        if self.errors and self.data.get(self.proof):
            with transaction.atomic():
                actor = self.user if self.again else None
                record("auth.mfa_failed", actor, self.user, outcome="failed", refs={"proof": self.proof})


class Once:
    """Refuses a code that was used within the last two minutes, whoever was first."""

    def clean_code(self: Any) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        used = hashlib.sha256(f"{self.user.pk} {''.join(code.split())}".encode()).hexdigest()
        if not cache.add(f"mfa-code-{used}", 1, timeout=REMEMBERED):
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateWithCode(Told, Once, AuthenticateForm):
    """The second step of signing in."""


class ConfirmWithCode(Told, Once, ReauthenticateForm):
    """Somebody signed in confirms that it is them."""

    again = True


class ActivateWithCode(Told, Once, ActivateTOTPForm):
    """An authenticator app shows that it has the secret."""

    again = True


class AuthenticateWithPasskey(Told, AuthenticateWebAuthnForm):
    """The second step of signing in."""

    proof = "credential"

    def has_passkey(self) -> bool:
        """Whether this person has one: the page offers it to nobody else."""
        owned = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.WEBAUTHN)
        return bool(owned.exists())


class ConfirmWithPasskey(Told, ReauthenticateWebAuthnForm):
    """Somebody signed in confirms that it is them."""

    proof, again = "credential", True


class SignInWithPasskey(Told, LoginWebAuthnForm):
    """A passkey alone: it is something that one has, unlocked by something that one knows or is."""

    proof = "credential"
