"""The register of API tokens: one's own, and everybody's for whoever watches over them."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from foundation.accounts import actions
from foundation.accounts.access import can, get_allowed
from foundation.accounts.models import Token
from foundation.accounts.scopes import TokenScope
from foundation.accounts.token_forms import TokenFilter, TokenForm
from foundation.pages.act import VerbPage
from foundation.pages.columns import Column
from foundation.pages.pages import Pages
from foundation.pages.panels import PanelOf, Tab

MADE: Final = "token_made"  # in the session: a new token's number and text, until its page has shown it


def scope_words(token: Token) -> list[str]:
    """What a token may do, in words."""
    return [str(TokenScope(scope).label) if scope in TokenScope.values else scope for scope in token.scopes]


class TokenPages(Pages):
    """Tokens are made and revoked, never changed or archived: those routes are left out."""

    model = Token  # Tracked without archived_at; its filter knows
    form_class, filter_class = TokenForm, TokenFilter
    columns: ClassVar = (
        Column("name", "Token", sort="name", kind="title"),
        Column("user", "Belongs to", sort="user__name", kind="person"),
        Column("scopes", "May", get=scope_words),
        Column("standing", "Status", kind="badge", tones={"In use": "ok", "Expired": "mute", "Revoked": "bad"}),
        Column("expiry", "Expires", sort="expiry", kind="moment"),
        Column("last_used_on", "Last used", sort="last_used_on", kind="date"),
    )
    facts: ClassVar = (*columns[1:], Column("token_key", "Begins with"), Column("created", "Made", kind="moment"))
    left_out: ClassVar = ("edit", "archive", "restore")
    related: ClassVar = ("user",)
    ordering: ClassVar = ("-id",)
    verbs: ClassVar = (
        VerbPage(
            "revoke", actions.revoke_token, "Revoke API token", "{} is revoked and opens nothing any more.",
            tone="danger",
        ),
    )  # fmt: skip
    intro = "Keys with which programs ask the API in a person's name: no more than the person may, and never to sign."

    @classmethod
    def urls(cls, panels: Sequence[PanelOf] = (), tabs: Sequence[Tab] = ()) -> list[URLPattern]:
        return [
            *super().urls(panels, tabs),
            path("<int:pk>/made/", made, name="token-made"),
        ]

    def detail_context(self, target: Token, moment: Any) -> dict[str, Any]:
        """Whether this person may revoke it."""
        return {"may_revoke": target.revoked_at is None and can(self.user, "revoke", target)}

    def keep(self, form: Any, participle: str) -> Token:
        """The token with its text, which only the page that follows will show."""
        said = {"name": form.cleaned_data["name"], "scopes": form.cleaned_data["scopes"], "lasts": form.lasts()}
        token, secret = actions.create_token(self.user, actor=self.user, **said)
        token.__dict__["secret"] = secret
        return token

    def saved(self, target: Any, word: str) -> HttpResponse:
        """To the page that shows the token's text once; until then it waits in the session, which is stored sealed."""
        self.request.session[MADE] = {"pk": target.pk, "secret": target.secret}
        return redirect("accounts:token-made", target.pk)

    def act_on(self, target: Token, verb: VerbPage) -> HttpResponse:
        """What is revoked already stays so."""
        if target.revoked_at is not None:
            messages.info(self.request, f"{target} is revoked already.")
            return redirect(target)
        return super().act_on(target, verb)


@require_safe
@never_cache
def made(request: HttpRequest, pk: int) -> HttpResponse:
    """The text of a token that was made just now; read once, it is gone from here too."""
    token = get_allowed(request.user, "view", Token, pk)
    waiting = request.session.get(MADE) or {}
    if request.method != "GET" or waiting.get("pk") != token.pk or token.user_id != request.user.pk:
        return redirect(token)
    del request.session[MADE]
    return TokenPages(request).record("made", token, secret=waiting["secret"])


made.pages = TokenPages  # type: ignore[attr-defined]
