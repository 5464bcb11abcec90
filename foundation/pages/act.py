"""A verb on one record: ask for what it takes, do it, say what came of it. Every register's go this way.

A register declares each once, in its Pages, and has the page, its route and the endpoint of the API:

    verbs = (VerbPage("accept", actions.accept, "Accept evidence", "{} is accepted."),)

A verb whose address names another row than a record of the register (a link, a window) is a plain function that finds
the row by `get_allowed` and calls `act`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from foundation.accounts import fresh
from foundation.accounts.scopes import TokenScope
from foundation.pages.forms import ReasonForm, VerbForm, sent, user_of
from foundation.pages.sending import for_the_first_time
from foundation.trail.keep import Stale

if TYPE_CHECKING:
    from foundation.pages.pages import Pages  # which archives and restores by `act`


@dataclass(frozen=True)
class VerbPage:
    """What a verb is called, takes, does and says.

    `verb`: as in table.TABLE; one of SIGNING takes a fresh authentication. `action`: called with the record, `actor`
    and what the form said. `title`: heading and button. `done`: what is said afterwards, of the record as it is then.
    `name`: its word in URL names, where it is not `verb`; `path`: its address under the record, where it is not its
    word. `scope`: what a token needs; None keeps it out of the API (a file, a form that no JSON describes).
    `template` extends pages/verb.html; unless said, it is `<app>/<model>_verb.html` of the record, if there is one.
    `part` is its form alone, and `answer` what follows it, for htmx. `tab`: the record's tab that it leads back to;
    `leads`: where it leads instead, once it is done, if it made something that is gone on with there.
    """

    verb: str
    action: Callable[..., Any]
    title: str
    done: str | Callable[[Any], str]
    form: type[VerbForm] = ReasonForm
    tone: Literal["primary", "danger"] = "primary"
    name: str = ""
    path: str = ""
    scope: str | None = TokenScope.WRITE
    template: str = ""
    part: str = "pages/verb_form.html"
    answer: str = ""
    tab: str = ""
    leads: Callable[[Any], str] | None = None

    @property
    def slug(self) -> str:
        """Its word in URL names, on screen and in the API: `<model>-<slug>`."""
        return self.name or self.verb.replace("_", "-")

    @property
    def address(self) -> str:
        """Where it is under the record's address."""
        return self.path or self.slug


def act(
    request: HttpRequest, pages: "type[Pages]", target: Any, page: VerbPage, *, home: str = "", **shown: Any
) -> HttpResponse:
    """Show the verb's form, or do the verb and go back to where it was asked for (`next`; else `home`, or the record).

    What the action refuses (ValidationError) or somebody else did first (Stale) stands beside the form, with nothing
    changed and nothing lost: 422. PermissionDenied goes through: 403, and the trail has it. `shown`: more context.
    """
    fresh.require(request, page.verb, target)
    typed = fresh.typed(request)
    form = page.form(*sent(request), target=target, initial=typed)
    form.offer_to(user_of(request))
    home = home or f"{target.get_absolute_url()}{page.tab and page.tab + '/'}"
    back = where_from(request, home, typed.get("next", ""))
    if form.is_valid() and for_the_first_time(request, form) and carried_out(form, page.action, user_of(request)):
        return answered(request, target, page, page.leads(target) if page.leads else back)
    context = {"object": target, "title": page.title, "tone": page.tone, "part": page.part, "verb": page.verb} | shown
    context |= {"pages": pages(request), "form": form, "back": back}
    full = [page.template or f"{target._meta.app_label}/{target._meta.model_name}_verb.html", "pages/verb.html"]
    template = page.part if request.headers.get("HX-Request") else full
    return render(request, template, context, status=422 if form.errors else 200)


def carried_out(form: VerbForm, action: Callable[..., Any], actor: Any) -> bool:
    """Do the verb on the form's record; if it is refused, put the reason onto the form."""
    target = form.target
    target.version = form.cleaned_data["version"]
    try:
        action(target, actor=actor, **form.said())
    except Stale as stale:
        form.add_error(None, form.overtaken(stale))
    except ValidationError as refused:
        put_onto(form, refused)
    target.refresh_from_db()  # as it is stored now: the action may have worked on a copy, or stopped half-way
    return not form.errors


def put_onto(form: BaseForm, refused: ValidationError) -> None:
    """Each refusal beside the field that it names, if the form has it."""
    by_field = refused.message_dict if hasattr(refused, "error_dict") else {"": refused.messages}
    for field, words in by_field.items():
        form.add_error(field if field in form.fields else None, words)


def answered(request: HttpRequest, target: Any, page: VerbPage, back: str) -> HttpResponse:
    """Say what was done: to htmx in the place of the form, to anybody else on the page that was left."""
    htmx = request.headers.get("HX-Request")
    if htmx and page.answer:
        return render(request, page.answer, {"object": target})
    messages.success(request, page.done.format(target) if isinstance(page.done, str) else page.done(target))
    return HttpResponse(headers={"HX-Redirect": back}) if htmx else redirect(back)


def where_from(request: HttpRequest, home: str, earlier: str = "") -> str:
    """The page of ours that the person came from, said by `next` (now, or `earlier`); else `home`."""
    address = request.POST.get("next") or request.GET.get("next") or earlier
    ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if ours else home
