"""The page of one's own security: password, second factors, recovery codes, sessions; and ending sessions."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from foundation.accounts import second_factor
from foundation.accounts.models import User
from foundation.accounts.providers import ties_of
from foundation.accounts.sessions import sessions_of, stored_key
from foundation.trail.record import record


@require_safe
@never_cache
def security(request: HttpRequest) -> HttpResponse:
    """Everything that lets somebody in as this person. Without a second factor it is the way to one."""
    user = _person(request)
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at", "pk"))
    by_kind = {kind: [row for row in factors if row.type == kind] for kind in Authenticator.Type}
    codes = by_kind[Authenticator.Type.RECOVERY_CODES]
    context = {
        "app": next(iter(by_kind[Authenticator.Type.TOTP]), None),
        "passkeys": by_kind[Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else None,
        "must_enrol": not second_factor.is_held(request),
        "sessions": sessions_of(user),
        "this_session": stored_key(request.session.session_key),
        "ties": ties_of(user),
        "passkeys_work": not _is_address(request.get_host()),
    }
    return render(request, "accounts/security.html", context)


@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions, named by `session`, or with `others` all but this one."""
    user, here = _person(request), stored_key(request.session.session_key)
    found = sessions_of(user).exclude(session_key=here)
    if "others" not in request.POST:
        found = found.filter(session_key=request.POST.get("session", ""))
        if not found:
            raise Http404
    with transaction.atomic():
        ended = found.order_by().delete()[0]
        if ended:
            record("auth.session_revoked", user, user, refs={"sessions": ended})
    messages.success(request, f"{ended} other session{'' if ended == 1 else 's'} ended.")
    return redirect("mfa_index")


@login_not_required
@require_safe
def cancelled(request: HttpRequest) -> HttpResponse:
    """Somebody turned back at the identity provider."""
    return redirect("account_login")


@csrf_exempt
@login_not_required
def no_single_logout(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Named in our SAML metadata, which wants an address; a provider cannot end sessions here."""
    raise Http404


def _person(request: HttpRequest) -> User:
    user: Any = request.user  # LoginRequiredMiddleware lets nobody else in
    return User.objects.get(pk=user.pk)


def _is_address(host: str) -> bool:
    """Whether the site is open by an IP address, for which browsers keep no passkeys."""
    name = host.rpartition(":")[0] or host
    return name.startswith("[") or name.replace(".", "").isdigit()
