"""The pages of the library: choose starter texts, read one, add them as templates."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from foundation.accounts.access import require
from foundation.pages.forms import user_of
from foundation.pages.pages import WRITING
from policies.content import in_words, promises_of
from policies.library import add_templates, shelf
from policies.models import Policy, Status
from policies.text.render import to_html
from policies.text.starters import starters
from policies.views import PolicyPages


@require_http_methods(WRITING)
def library(request: HttpRequest) -> HttpResponse:
    """Every starter text; what is chosen is added, all of it or none."""
    user = user_of(request)
    require(user, "add", Policy)
    chosen, error = request.POST.getlist("key"), ""
    if request.method == "POST":
        try:
            found = add_templates(chosen, actor=user)
        except ValidationError as refused:
            error = " ".join(refused.messages)
        else:
            messages.success(request, f"{len(found)} added as templates. Adapt each to make it the company's own.")
            return redirect(f"{reverse('policies:policy-list')}?status={Status.TEMPLATE}")
    context = {"shelf": shelf(set(chosen)), "error": error, "pages": PolicyPages(request)}
    return render(request, "policies/library.html", context, status=422 if error else 200)


@require_safe
def starter(request: HttpRequest, key: str) -> HttpResponse:
    """One starter text, as it would look with today's settings."""
    require(user_of(request), "add", Policy)
    found = starters().get(key)
    if found is None:
        raise Http404
    html = to_html(found.text, in_words(promises_of(found.text)))
    return render(request, "policies/starter.html", {"starter": found, "html": html, "pages": PolicyPages(request)})


library.pages = PolicyPages  # type: ignore[attr-defined]
starter.pages = PolicyPages  # type: ignore[attr-defined]
