"""The page of the library: choose scenarios, add them as templates."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from foundation.accounts.access import require
from foundation.pages.forms import user_of
from foundation.pages.pages import WRITING
from risks.library import add_templates, shelves
from risks.models import Risk, Status
from risks.views import RiskPages


@require_http_methods(WRITING)
def library(request: HttpRequest) -> HttpResponse:
    """Every scenario; what is chosen is added, all of it or none."""
    user = user_of(request)
    require(user, "add", Risk)
    chosen, error = request.POST.getlist("key"), ""
    if request.method == "POST":
        try:
            found = add_templates(chosen, actor=user)
        except ValidationError as refused:
            error = " ".join(refused.messages)
        else:
            messages.success(request, f"{len(found)} added as templates. Adapt each to make it the company's own.")
            return redirect(f"{reverse('risks:risk-list')}?status={Status.TEMPLATE}")
    context = {"shelves": shelves(set(chosen)), "error": error, "pages": RiskPages(request)}
    return render(request, "risks/library.html", context, status=422 if error else 200)


library.pages = RiskPages  # type: ignore[attr-defined]
