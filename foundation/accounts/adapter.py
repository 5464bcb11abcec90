"""How allauth behaves here: nobody signs up, every refusal sounds the same, and passwords change through our action."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from foundation.accounts.actions import set_password
from foundation.accounts.attempts import counted_from_here
from foundation.accounts.fresh import is_fresh
from foundation.accounts.jobs import NOTICES, notice_mail, password_reset_mail
from foundation.accounts.models import User
from foundation.accounts.providers import sso_required
from foundation.accounts.sessions import end_sessions_of
from foundation.trail.record import SYSTEM, record


class AccountAdapter(DefaultAccountAdapter):
    """See each method for what differs. allauth's own table of addresses stays empty: User.email is the only truth."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are invited by an administrator."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Refuse a deactivated account like a wrong password: nothing tells a stranger that the account exists."""
        user = super().authenticate(request, **credentials)
        return user if isinstance(user, User) and user.is_active else None

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Put the first attempt beyond the limit on the trail too, one a minute: no stranger fills it."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            if counted_from_here("sign-in-refused") == 1:
                with transaction.atomic():
                    typed = {"email": str(credentials.get("email", ""))}
                    record("auth.sign_in_failed", None, outcome="failed", reason="too many attempts", private=typed)
            raise

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Where single sign-on is required, a password or passkey lets only a break-glass account go on."""
        by_provider = "sociallogin" in (kwargs["signal_kwargs"] or {})
        if not by_provider and not user.break_glass and sso_required():
            with transaction.atomic():
                record("auth.sign_in_failed", None, user, outcome="refused", reason="single sign-on is required")
            clear_login(request)
            messages.error(request, "This organisation signs in through its identity provider. Use its button below.")
            return redirect("account_login")
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def get_login_stages(self) -> list[str]:
        """Ours asks for no second factor where the identity provider has asked for one."""
        ours = "foundation.accounts.sso.SecondFactorStage"
        return [ours if path == "allauth.mfa.stages.AuthenticateStage" else path for path in super().get_login_stages()]

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Ask for the password of the account itself; allauth would look the address up in its own table."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Signing in counts: whoever has to enrol right after it is not asked for the password a second time."""
        return not is_fresh(self.request)

    def set_password(self, user: Any, password: str) -> None:
        """Change the password and say so in the trail, in one transaction."""
        signed_in = self.request is not None and self.request.user.pk == user.pk
        set_password(user, password, verb="auth.password_changed" if signed_in else "auth.password_reset")
        end_sessions_of(user, but=self.request if signed_in else None)

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        """Leave the mail to a job, which makes its own link: the answer takes as long for an unknown address."""
        password_reset_mail.enqueue(actor=SYSTEM, title="Mail a password reset", user_id=user.pk)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell the owner of the account, by a job, that something about its sign-in changed."""
        about = template_prefix.rsplit("/", 1)[-1]
        if about in NOTICES:
            notice_mail.enqueue(actor=SYSTEM, title="Mail a notice", user_id=user.pk, about=about)
