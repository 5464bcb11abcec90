"""Sign-in events become trail entries. One of the two places where signals are allowed: Django offers nothing else."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from foundation.accounts import second_factor, sessions
from foundation.accounts.jobs import break_glass_mail
from foundation.accounts.models import User
from foundation.accounts.providers import came_by, sso_required
from foundation.accounts.roles import Role
from foundation.trail.record import SYSTEM, record


@receiver(user_logged_in, dispatch_uid="accounts.signed_in")
def signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Somebody signed in; the session knows since when, and whether a second factor is there."""
    sessions.begin(request)
    if second_factor.has_one(user):
        request.session[second_factor.HELD] = second_factor.OWN
    proofs = [str(proof.get("type") or proof["method"]) for proof in get_authentication_records(request, user)]
    provider = came_by(request, user)
    if provider is not None and provider.does_mfa:
        request.session[second_factor.HELD] = second_factor.PROVIDER
    with transaction.atomic():
        record("auth.signed_in", user, user, refs={"proofs": proofs} if proofs else None)
        if provider is None and user.break_glass and sso_required():
            record("auth.break_glass_used", user, user)
            for administrator in User.objects.in_role(Role.ADMINISTRATOR):
                break_glass_mail.enqueue(actor=SYSTEM, title="Mail an alarm", user_id=administrator.pk, used_by=user.pk)


@receiver(user_logged_out, dispatch_uid="accounts.signed_out")
def signed_out(sender: Any, user: User | None, **kwargs: Any) -> None:
    """Somebody signed out; an anonymous visitor of the sign-out page is nobody."""
    if user is not None:
        with transaction.atomic():
            record("auth.signed_out", user, user)


@receiver(user_login_failed, dispatch_uid="accounts.sign_in_failed")
def sign_in_failed(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    """Somebody failed to sign in. The actor is nobody; what was typed may be a person's, so it can be erased."""
    with transaction.atomic():
        typed = {"email": str(credentials.get("email", ""))[:254]}
        record("auth.sign_in_failed", None, outcome="failed", private=typed)
