"""The mails about accounts. A link is made when its mail is written, so that no secret waits in the queue."""

from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django.utils.http import int_to_base36

from foundation.accounts.models import User
from foundation.accounts.sessions import SessionStore
from foundation.accounts.tokens import INVITATION_LASTS, ResetTokens, invitation_path
from foundation.jobs.job import JobError, Progress, job
from foundation.jobs.mail import deliver
from foundation.organisation.models import organisation

NOTICES: Final = {
    "password_changed": "The password of your account was changed.",
    "password_reset": "The password of your account was reset by a link that was mailed to you.",
    "totp_activated": "An authenticator app was added to your account.",
    "totp_deactivated": "The authenticator app of your account was removed.",
    "webauthn_added": "A passkey was added to your account.",
    "webauthn_removed": "A passkey of your account was removed.",
    "recovery_codes_generated": "New recovery codes were made for your account; the old ones no longer work.",
    "mfa_reset": "An administrator removed the second factors of your account. Add a new one when you next sign in.",
    "sso_connected": "Somebody signed in to your account through the identity provider for the first time.",
    "sso_untied": "An administrator untied your account from the identity provider. Signing in there ties it anew.",
    "break_glass_given": (
        "An administrator let your account sign in past the identity provider that is required: with its password and "
        "a second factor, when the provider is down. Each use is told to all administrators."
    ),
    "break_glass_taken": "Your account can no longer sign in past the identity provider that is required.",
    "token_created": "An API token was made for your account. It opens what you can open until it expires.",
    "feed_made": "A calendar address was made for your account. Whoever has it reads what is due until it is revoked.",
    "address_changed": "An administrator gave your account another address: mails no longer come here.",
    "role_changed": "An administrator gave your account another role. Sign in again to work with it.",
}


@job(retries=5)
def invitation_mail(progress: Progress, /, *, user_id: int) -> None:
    """Mail an invited person the link to set a password. Nothing is sent once that has happened."""
    user = User.objects.get(pk=user_id)
    if not user.is_active or user.has_usable_password():
        raise JobError("This person is no longer waiting for an invitation.")
    _send(progress, user, "emails/invitation", link=invitation_path(user), days=INVITATION_LASTS.days)


@job(retries=5)
def password_reset_mail(progress: Progress, /, *, user_id: int) -> None:
    """Mail a person who forgot the password the link to set a new one."""
    user = User.objects.get(pk=user_id)
    if not user.is_active:
        raise JobError("This account is not active.")
    link = reverse("account_reset_password_from_key", args=(int_to_base36(user.pk), ResetTokens().make_token(user)))
    _send(progress, user, "emails/password_reset", link=link, hours=settings.PASSWORD_RESET_TIMEOUT // 3600)


@job(retries=5)
def notice_mail(progress: Progress, /, *, user_id: int, about: str) -> None:
    """Tell the owner of an account that its way in changed: whoever did not do it learns of it."""
    user = User.objects.get(pk=user_id)
    _send(progress, user, "emails/account_notice", notice=NOTICES[about], at=timezone.now())


@job(retries=5)
def address_changed_mail(progress: Progress, /, *, user_id: int, version_id: int) -> None:
    """Tell the address that an account had in an earlier version that it is no longer the one."""
    user = User.objects.get(pk=user_id)
    user.email = User.history.get(pk=version_id, id=user_id).email  # of this instance, which is not saved
    _send(progress, user, "emails/account_notice", notice=NOTICES["address_changed"], at=timezone.now())


def _send(progress: Progress, user: User, template: str, *, link: str = "", **context: object) -> None:
    address = f"{settings.PUBLIC_URL}{link}"
    context |= {"person": user, "org": organisation(), "link": address, "home": settings.PUBLIC_URL}
    deliver(progress, template, to=user, context=context, about=user)


@job(retries=5)
def break_glass_mail(progress: Progress, /, *, user_id: int, used_by: int) -> None:
    """Tell an administrator that somebody signed in past the required identity provider."""
    user, other = User.objects.get(pk=user_id), User.objects.get(pk=used_by)
    _send(progress, user, "emails/break_glass", other=other, at=timezone.now())


@job()
def clear_sessions(progress: Progress, /) -> None:
    """Remove the sessions that have ended, and the counts whose time is over."""
    SessionStore.clear_expired()
    cache.clear_expired()  # type: ignore[attr-defined]  # JsonCache
