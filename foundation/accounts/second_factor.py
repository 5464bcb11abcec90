"""The second factor: everybody has one, its secrets are sealed, its changes are on the trail, the last one stays.

allauth keeps the factors and draws their ceremonies; here is what it leaves to the product. The exemption of a demo
hangs on the mark that its database was founded with, never on an address.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from foundation.accounts import fresh
from foundation.accounts.models import User
from foundation.keys import reseal, seal, unseal
from foundation.organisation.models import organisation
from foundation.trail.record import record

KINDS: Final = {Authenticator.Type.TOTP: "Authenticator app", Authenticator.Type.WEBAUTHN: "Passkey"}
HELD: Final = (
    "second_factor"  # in the session: "own" for a factor kept here, "provider" for one at the identity provider
)
OWN, PROVIDER = "own", "provider"
LAST: Final = "This is your last second factor. Add another one first."

# What a person without a second factor may open: what it takes to add one, and to leave.
OPEN_ROUTES: Final = frozenset(
    {
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "accounts:invitation",
        "healthz",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_index",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "organisation:logo",
        "readyz",
    }
)

View = Callable[..., HttpResponse]


class MFAAdapter(DefaultMFAAdapter):
    """How allauth keeps second factors here (`settings.MFA_ADAPTER`)."""

    def encrypt(self, text: str) -> str:
        return seal("mfa", text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal("mfa", encrypted_text)

    def get_totp_issuer(self) -> str:
        """Under which name an authenticator app lists the code."""
        return f"{organisation().name} (Countersign)"

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's name
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"


def has_one(user: User) -> bool:
    """Whether a person has a second factor here. Recovery codes alone are none."""
    return Authenticator.objects.filter(user=user, type__in=KINDS).exists()


def kinds_of(ids: Iterable[int]) -> dict[int, list[str]]:
    """The second factors of these people, in words, each kind once; people without one are left out. One query."""
    found: dict[int, list[str]] = {}
    rows = Authenticator.objects.filter(user__in=list(ids), type__in=KINDS).values_list("user_id", "type")
    for user_id, kind in sorted(set(rows)):
        found.setdefault(user_id, []).append(KINDS[Authenticator.Type(kind)])
    return found


def is_held(request: HttpRequest) -> bool:
    """Whether the session may go on without enrolling: its owner has a second factor, or this is a demo."""
    return HELD in request.session or organisation().is_demo


def remove_all(user: User) -> int:
    """Take every factor and the recovery codes from a person; how many. The caller records it and ends the sessions."""
    return int(Authenticator.objects.filter(user=user).delete()[0])


def reseal_all() -> int:
    """Put every secret of a second factor under the newest master key; return how many rows were written."""
    changed = 0
    for row in Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN).order_by("pk"):
        for name in {"secret", "seed"} & row.data.keys():
            row.data[name] = reseal("mfa", row.data[name])
        row.save(update_fields=["data"])
        changed += 1
    return changed


class SecondFactorRequired:
    """Shows somebody without a second factor nothing but the way to one."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Asked once the route is known and before its view runs."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        if not request.user.is_authenticated or name in OPEN_ROUTES or is_held(request):
            return None
        return redirect("mfa_index")


# ---- allauth's pages, with the trail -------------------------------------------------------------------------------


def told(view: View, *, removes: bool = False) -> View:
    """A view of allauth's, so that what it changes about a person's factors and the entries of it are one transaction.

    `removes`: it takes a factor away, which the last one refuses.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not isinstance(request.user, User) or (request.method != "POST" and not removes):
            return view(request, *args, **kwargs)
        if not fresh.is_fresh(request):  # allauth does not ask who has nothing here to answer with
            return fresh.ask(request, request.get_full_path())
        with transaction.atomic():
            person = User.objects.select_for_update(no_key=True).get(pk=request.user.pk)  # of two at once one waits
            before = _factors(person)
            if removes and _is_last(request, before):
                messages.error(request, LAST)
                return redirect("mfa_index")
            response = view(request, *args, **kwargs)
            _tell(person, before, _factors(person))
            if has_one(person):
                request.session.setdefault(HELD, OWN)
        return response

    return answer


Factors = dict[int, tuple[str, str]]  # id → kind, name


def _factors(user: User) -> Factors:
    rows = Authenticator.objects.filter(user=user).order_by("pk")
    return {row.pk: (row.type, str(row.data.get("name", ""))) for row in rows}


def _is_last(request: HttpRequest, factors: Factors) -> bool:
    held_elsewhere = request.session.get(HELD) == PROVIDER or organisation().is_demo
    return not held_elsewhere and sum(kind in KINDS for kind, _ in factors.values()) <= 1


def _tell(person: User, before: Factors, after: Factors) -> None:
    """One entry for each factor that came, went or was renamed; new recovery codes replace the old ones in one."""
    codes = Authenticator.Type.RECOVERY_CODES
    made = any(kind == codes for key, (kind, _) in after.items() if key not in before)
    for key in sorted(before.keys() | after.keys()):
        kind, name = after.get(key) or before[key]
        said = {"kind": kind, "authenticator": str(key)}
        if key not in before:
            record("auth.recovery_codes_made" if kind == codes else "auth.mfa_added", person, person, refs=said)
        elif key not in after and not (kind == codes and made):
            record("auth.mfa_removed", person, person, refs=said)
        elif key in after and before[key][1] != name:
            record("auth.mfa_renamed", person, person, refs=said)
