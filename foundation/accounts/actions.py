"""What is done to accounts beyond editing their details. Nobody is ever deleted; the last administrator stays."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from foundation.accounts import second_factor
from foundation.accounts.access import apart
from foundation.accounts.duties import OWN_ACCOUNT, OWN_FACTOR, OWN_ROLE
from foundation.accounts.feeds import revoke_feeds
from foundation.accounts.jobs import address_changed_mail, invitation_mail, notice_mail
from foundation.accounts.models import IdentityProvider, Token, User
from foundation.accounts.providers import break_glass_accounts, sso_required, untie
from foundation.accounts.roles import JUST_IN_TIME, Role
from foundation.accounts.scopes import TokenScope
from foundation.accounts.sessions import end_sessions_of
from foundation.accounts.tokens import invited_by
from foundation.trail.keep import Refs, save
from foundation.trail.record import SYSTEM

LONGEST_TOKEN = timedelta(days=365)


@transaction.atomic
def invite(
    *, actor: object, email: str, name: str, role: str, title: str = "", manager: User | None = None, mail: bool = True
) -> User:
    """Make an account without a password and mail its owner a link to set one.

    `actor` is a user or SYSTEM. `mail=False` leaves the mail out (the terminal shows the link).
    Raises ValidationError for an address that is taken or a role that does not exist.
    """
    if role not in Role.values:
        raise ValidationError({"role": "Choose a role."})
    user = User(email=email, name=name, role=role, title=title, manager=manager, invited_at=timezone.now())
    user.set_unusable_password()
    user.full_clean()
    save(user, actor=actor, verb="user.invited")
    if mail:
        invitation_mail.enqueue(actor=actor, title="Mail an invitation", user_id=user.pk)
    return user


@transaction.atomic
def resend_invitation(user: User, *, actor: User) -> User:
    """Mail a new link; the earlier one stops working. Raises ValidationError for a person who has a password."""
    if not user.is_active or user.has_usable_password():
        raise ValidationError("Only a person who is active and has not yet set a password can be invited again.")
    user.set_unusable_password()
    user.invited_at = timezone.now()
    save(user, actor=actor, verb="user.invitation_resent")
    invitation_mail.enqueue(actor=actor, title="Mail an invitation", user_id=user.pk)
    return user


@transaction.atomic
def update(user: User, *, actor: User) -> User:
    """Store new details. A new address is where the way in is given out from now on: sessions end, the old one is told.

    Raises Stale.
    """
    before = User.objects.select_for_update().get(pk=user.pk)
    if before.email == user.email:
        return save(user, actor=actor, verb="user.updated")
    told = User.history.filter(id=user.pk).latest("history_id")
    user.session_epoch += 1
    save(user, actor=actor, verb="user.updated")
    end_sessions_of(user)
    address_changed_mail.enqueue(actor=actor, title="Mail a notice", user_id=user.pk, version_id=told.pk)
    return user


@transaction.atomic
def change_role(user: User, role: str, *, actor: User, reason: str) -> User:
    """Give a person another role and end every session of theirs. Never one's own; never the last administrator's."""
    apart(actor, [user.pk], OWN_ROLE)
    if role not in Role.values:
        raise ValidationError({"role": "Choose a role."})
    if role != Role.ADMINISTRATOR:
        _keep_an_administrator(user)
        _keep_a_way_in(user)
    user.role = role
    user.break_glass = user.break_glass and role == Role.ADMINISTRATOR
    _ending_sessions(user, actor=actor, verb="user.role_changed", reason=reason, notice="role_changed")
    _revoke_all(user, actor, "The role of its owner changed.")
    return user


@transaction.atomic
def deactivate(user: User, *, actor: User, reason: str) -> User:
    """Shut a person out at once: sessions and outstanding links die. Never oneself; never the last administrator."""
    apart(actor, [user.pk], OWN_ACCOUNT)
    _keep_an_administrator(user)
    _keep_a_way_in(user)
    user.is_active = False
    _ending_sessions(user, actor=actor, verb="user.deactivated", reason=reason)
    _revoke_all(user, actor, "The account of its owner was deactivated.")
    return user


@transaction.atomic
def reactivate(user: User, *, actor: User, reason: str) -> User:
    """Let a person in again, with the password they had. Sessions that were ended stay ended."""
    user.is_active = True
    return save(user, actor=actor, verb="user.reactivated", reason=_needed(reason))


@transaction.atomic
def end_sessions(user: User, *, actor: User, reason: str) -> User:
    """Sign a person out everywhere. They can sign in again. API tokens stay: each is revoked on its own page."""
    return _ending_sessions(user, actor=actor, verb="user.sessions_ended", reason=reason)


@transaction.atomic
def reset_mfa(user: User, *, actor: User, reason: str) -> User:
    """Take every second factor from a person who lost theirs; at the next sign-in they add a new one. Never one's own.

    Who asked for it has to be known from elsewhere: this is the way around the second factor.
    """
    apart(actor, [user.pk], OWN_FACTOR)
    if not second_factor.remove_all(user):
        raise ValidationError("This person has no second factor.")
    _ending_sessions(user, actor=actor, verb="user.mfa_reset", reason=reason, notice="mfa_reset")
    _revoke_all(user, actor, "The second factor of its owner was reset.")
    return user


@transaction.atomic
def untie_provider(user: User, provider: str, *, actor: User, reason: str) -> User:
    """Forget who a person is at the provider with this short name, and end every session and token of theirs.

    The next sign-in there with the account's verified address ties it anew: for somebody whose account at the provider
    was made again, or was somebody else's. Raises ValidationError where there is no such tie.
    """
    if not untie(user, provider):
        raise ValidationError("This account is not tied to that provider.")
    refs = {"provider": provider}
    _ending_sessions(user, actor=actor, verb="user.provider_untied", reason=reason, notice="sso_untied", refs=refs)
    _revoke_all(user, actor, "Its owner's account was untied from the identity provider.")
    return user


@transaction.atomic
def change_break_glass(user: User, *, actor: User, reason: str) -> User:
    """Let an administrator sign in without the required identity provider, or no longer. One such stays if it must."""
    if not user.break_glass and (user.role != Role.ADMINISTRATOR or not user.has_usable_password()):
        raise ValidationError("Only an administrator who has a password can be the way in when the provider is down.")
    _keep_a_way_in(user)
    user.break_glass = not user.break_glass
    save(user, actor=actor, verb="user.break_glass_changed", reason=_needed(reason))
    about = "break_glass_given" if user.break_glass else "break_glass_taken"
    notice_mail.enqueue(actor=actor, title="Mail a notice", user_id=user.pk, about=about)
    return user


@transaction.atomic
def provision(provider: IdentityProvider, *, email: str, name: str) -> User:
    """Make an account for somebody for whom a provider vouches at the first sign-in, with the provider's small role.

    Raises ValidationError for an address that is taken or no address.
    """
    if not provider.provisions or provider.default_role not in JUST_IN_TIME:
        raise ValidationError("This provider makes no accounts.")
    user = User(email=email, name=name[:120] or email.partition("@")[0], role=provider.default_role)
    user.joined_at = timezone.now()
    user.set_unusable_password()
    user.full_clean()
    return save(user, actor=SYSTEM, verb="user.provisioned", refs={"provider": provider.slug})


@transaction.atomic
def set_password(user: User, password: str, *, verb: str) -> None:
    """Store a new password: every other session of the person ends. The trail says that it changed, never to what.

    `verb`: auth.password_changed, auth.password_reset or auth.invitation_accepted. Raises ValidationError for a
    deactivated account.
    """
    stored = User.objects.select_for_update().get(pk=user.pk)
    if not stored.is_active:
        raise ValidationError("This account is not active.")
    stored.set_password(password)
    stored.joined_at = stored.joined_at or timezone.now()
    save(stored, actor=stored, verb=verb)
    if verb == "auth.password_reset":  # whoever forgot it may have lost more
        _revoke_all(stored, stored, "The password of its owner was reset by mail.")
    user.password, user.joined_at, user.version = stored.password, stored.joined_at, stored.version


@transaction.atomic
def accept_invitation(token: str, password: str) -> User | None:
    """Set the first password of the person whom an invitation is for; None if it is over. Of two at once one wins."""
    user = invited_by(token)
    if user is not None:
        User.objects.select_for_update().get(pk=user.pk)
        user = invited_by(token)  # what stands there once the row is ours
    if user is not None:
        set_password(user, password, verb="auth.invitation_accepted")
    return user


@transaction.atomic
def choose_digest(user: User, *, wanted: bool, actor: User) -> User:
    """Say whether the weekly digest is mailed to a person. Nothing happens where it is as wanted already."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.wants_digest == wanted:
        return user
    user.weekly_digest = wanted
    return save(user, actor=actor, verb="user.digest_chosen")


@transaction.atomic
def create_token(
    user: User, *, actor: object, name: str, scopes: list[str], lasts: timedelta = LONGEST_TOKEN
) -> tuple[Token, str]:
    """Make an API token for an account; returns it and its text, which is kept nowhere and cannot be shown again.

    `actor` is the account itself, or SYSTEM at the terminal. Raises ValidationError for an account that has no tokens
    (auditors read on screen), without a name or scope, and for a life of no time or of more than a year.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active or user.role in ("", Role.AUDITOR):
        raise ValidationError("Only an active account with a role has API tokens, and an auditor's has none.")
    if unknown := set(scopes) - set(TokenScope.values):
        raise ValidationError({"scopes": f"There is no scope {', '.join(sorted(unknown))}."})
    if not scopes:
        raise ValidationError({"scopes": "Choose what the token is for."})
    if not timedelta() < lasts <= LONGEST_TOKEN:
        raise ValidationError(f"A token lasts at least a day and at most {LONGEST_TOKEN.days} days.")
    digest, secret = get_digest_token()
    token = Token(user=user, name=name.strip(), scopes=[one for one in TokenScope.values if one in scopes])
    token.digest, token.token_key, token.expiry = digest, secret[: CONSTANTS.TOKEN_KEY_LENGTH], timezone.now() + lasts
    token.full_clean()
    save(token, actor=actor, verb="token.created")
    notice_mail.enqueue(actor=actor, title="Mail a notice", user_id=user.pk, about="token_created")
    return token, secret


@transaction.atomic
def revoke_token(token: Token, *, actor: object, reason: str) -> Token:
    """End a token now, for ever. Raises ValidationError without a reason, Stale if somebody changed it meanwhile."""
    if token.revoked_at is not None:
        return token
    token.revoked_at = timezone.now()
    return save(token, actor=actor, verb="token.revoked", reason=_needed(reason))


def _revoke_all(user: User, actor: object, reason: str) -> None:
    for token in Token.objects.select_for_update().filter(user=user, revoked_at=None).order_by("pk"):
        revoke_token(token, actor=actor, reason=reason)
    revoke_feeds(user, actor=actor, reason=reason)


def _keep_an_administrator(user: User) -> None:
    """Refuse to take away the last active administrator; the rows are locked, so of two at once one is refused."""
    administrators = User.objects.in_role(Role.ADMINISTRATOR).select_for_update().order_by("pk")
    if [administrator.pk for administrator in administrators] == [user.pk]:
        raise ValidationError("This is the last administrator. Make somebody else one first.")


def _keep_a_way_in(user: User) -> None:
    """Refuse to take away the last account that gets in when the required provider is down; locked, as above."""
    if not user.break_glass or not sso_required():
        return
    if not [other for other in break_glass_accounts().select_for_update().order_by("pk") if other.pk != user.pk]:
        raise ValidationError("Single sign-on is required, and this is the only way in when the provider is down.")


def _ending_sessions(
    user: User, *, actor: User, verb: str, reason: str, notice: str = "", refs: Refs | None = None
) -> User:
    """Save the account with every session of the person ended, and tell them by mail."""
    user.session_epoch += 1
    save(user, actor=actor, verb=verb, reason=_needed(reason), refs=refs)
    end_sessions_of(user)
    if notice:
        notice_mail.enqueue(actor=actor, title="Mail a notice", user_id=user.pk, about=notice)
    return user


def _needed(reason: str) -> str:
    if not reason.strip():
        raise ValidationError({"reason": "Say why."})
    return reason.strip()
