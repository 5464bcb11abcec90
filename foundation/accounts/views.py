"""The accounts register, what administrators do to an account, one's own profile, and accepting an invitation."""

import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from foundation.accounts import actions
from foundation.accounts.access import apart, can, get_allowed, require
from foundation.accounts.duties import ONESELF
from foundation.accounts.forms import ProfileForm, RoleForm, UntieForm, UserFilter, UserForm
from foundation.accounts.models import DutyException, User
from foundation.accounts.providers import ties_of
from foundation.accounts.second_factor import kinds_of
from foundation.accounts.tokens import invited_by
from foundation.pages.act import VerbPage
from foundation.pages.columns import Column
from foundation.pages.forms import changed_meanwhile, sent, user_of
from foundation.pages.pages import Pages
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry


class UserPages(Pages):
    """Accounts are invited and deactivated, never archived: those two routes are left out."""

    model = User  # type: ignore[assignment]  # Tracked without archived_at; its filter knows
    form_class, filter_class = UserForm, UserFilter
    columns: ClassVar = (
        Column("name", "Name", sort="name", kind="title"),
        Column("title", "Job title", sort="title", verb="view_details"),
        Column("role", "Role", sort="role", empty="No role"),
        Column("manager", "Manager", sort="manager__name", kind="person", verb="view_details"),
        Column("standing", "Status", kind="badge", tones={"Active": "ok", "Invited": "info", "Deactivated": "mute"}),
        Column("second_factor", "Second factor", kind="badge", tones={"None": "warn"}),
        Column("last_sign_in", "Last sign-in", kind="moment", verb="view_details"),
    )
    facts: ClassVar = columns
    left_out: ClassVar = ("archive", "restore")
    related: ClassVar = ("manager",)
    ordering: ClassVar = ("name",)
    verbs: ClassVar = (
        VerbPage("change_role", actions.change_role, "Change role", "{} has another role now.", RoleForm, path="role"),
        VerbPage("deactivate", actions.deactivate, "Deactivate account", "{} is deactivated.", tone="danger"),
        VerbPage("reactivate", actions.reactivate, "Reactivate account", "{} may sign in again."),
        VerbPage("end_sessions", actions.end_sessions, "End sessions", "{} is signed out everywhere."),
        VerbPage(
            "change_break_glass", actions.change_break_glass, "Break-glass account", "{} is marked as you asked.",
            path="break-glass",
        ),
        VerbPage(
            "reset_mfa", actions.reset_mfa, "Reset second factor", "{} adds a new one at next sign-in.",
            tone="danger", path="reset-second-factor",
        ),
        VerbPage(
            "untie_provider", actions.untie_provider, "Untie identity provider",
            "{} is untied from the identity provider.", UntieForm, "danger", path="untie",
        ),
    )  # fmt: skip
    intro = "Everybody who may sign in, with one role each. People are invited by mail and deactivated, never deleted."

    @staticmethod
    def attach(found: list[Any], user: User, moment: datetime.datetime | None) -> None:  # noqa: ARG004 - its verb asks
        """Each person's second factors and last sign-in, from the trail, in a query each; none at a past moment."""
        ids = [person.pk for person in found] if moment is None else []
        last, kinds = last_sign_ins(ids), kinds_of(ids)
        for person in found:
            person.last_sign_in = last.get(person.pk)
            person.second_factor = ", ".join(kinds.get(person.pk, ["None"])) if moment is None else ""

    def detail_context(self, target: User, moment: datetime.datetime | None) -> dict[str, Any]:
        """The verbs that this person may do on the account, and whether address and title are his business."""
        verbs = (
            "change_role",
            "deactivate",
            "reactivate",
            "resend_invitation",
            "end_sessions",
            "reset_mfa",
            "change_break_glass",
            "untie_provider",
        )
        allowed = {f"may_{verb}": target.pk != self.user.pk and can(self.user, verb, target) for verb in verbs}
        details = can(self.user, "view_details", target)
        return {**allowed, "may_see_details": details, "ties": ties_of(target) if details and moment is None else []}

    def history_page(self, pk: int) -> HttpResponse:
        """Versions hold addresses, which auditors do not see."""
        require(self.user, "view_history", self.model)
        return super().history_page(pk)

    def keep(self, form: Any, participle: str) -> User:
        """A new account is an invitation."""
        user = form.save(commit=False)
        if participle == "created":
            return actions.invite(
                actor=self.user,
                email=user.email,
                name=user.name,
                role=user.role,
                title=user.title,
                manager=user.manager,
            )
        return actions.update(user, actor=self.user)

    def act_on(self, target: User, verb: VerbPage) -> HttpResponse:
        """These are for somebody else's account."""
        apart(self.user, [target.pk], ONESELF)
        return super().act_on(target, verb)


def last_sign_ins(ids: list[int]) -> dict[int, datetime.datetime]:
    """When each of these people last signed in, in UTC; people who never did are left out."""
    signed_in = Entry.objects.filter(verb="auth.signed_in", actor_kind="user", actor_id__in=ids)
    last = signed_in.order_by().values_list("actor_id").annotate(Max("at"))
    return {actor: datetime.datetime.fromtimestamp(at / 1_000_000, datetime.UTC) for actor, at in last}


@require_POST
def resend_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """Mail a fresh link to somebody who has not set a password yet."""
    user = get_allowed(request.user, "resend_invitation", User, pk)
    try:
        actions.resend_invitation(user, actor=user_of(request))
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, f"A new invitation to {user} is on its way. The earlier link no longer works.")
    return redirect(user)


def profile(request: HttpRequest) -> HttpResponse:
    """One's own account: what one may change (an auditor nothing), and the last sign-ins."""
    user = User.objects.get(pk=request.user.pk)
    may_change = can(user, "change_profile", user)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    form = ProfileForm(*sent(request), instance=user, user=user)
    if form.is_valid():
        try:
            save(form.save(commit=False), actor=user, verb="user.updated")
        except Stale as stale:
            form.add_error(None, changed_meanwhile(stale))
        else:
            messages.success(request, "Your profile is saved.")
            return redirect("accounts:profile")
    entries = Entry.objects.filter(verb="auth.signed_in", actor_kind="user", actor_id=user.pk).order_by("-at", "-id")
    signs = [
        datetime.datetime.fromtimestamp(at / 1_000_000, datetime.UTC) for at in entries.values_list("at", flat=True)[:5]
    ]
    context = {"form": form, "may_change": may_change, "signs": signs}
    context["may_see_exceptions"] = not user.is_auditor and can(user, "view", DutyException)
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@login_not_required
@never_cache
@sensitive_post_parameters("new_password1", "new_password2")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Set the first password by the link of an invitation. The link is dead once that is done."""
    user = invited_by(token)
    if user is None:
        return render(request, "accounts/invitation_over.html", status=410)
    form = SetPasswordForm(user, sent(request)[0])
    if form.is_valid():
        if request.user.is_authenticated:
            logout(request)  # whoever opened the link in a browser that somebody else is signed in with
        if actions.accept_invitation(token, form.cleaned_data["new_password1"]) is None:
            return render(request, "accounts/invitation_over.html", status=410)
        messages.success(request, "Your password is set. Sign in with it.")
        return redirect(reverse("account_login"))
    context = {"form": form, "person": user}
    return render(request, "accounts/invitation.html", context, status=422 if form.errors else 200)
