"""The verbs on one line of a worksheet. Who may change the worksheet may do them; they come back to its page."""

from collections.abc import Callable
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from foundation.accounts.access import get_allowed
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import ReasonForm, VerbForm, user_of
from vendors.models import Cuec, ReportException, Subservice, Worksheet
from vendors.worksheets import lines
from vendors.worksheets.forms import CuecForm, EmptyForm, ExceptionForm, GapForm, SubserviceForm
from vendors.worksheets.views import WorksheetPages

VERB = "vendors/worksheet_line_verb.html"


def on_line(model: type[Any], page: VerbPage) -> Callable[..., HttpResponse]:
    """The page of a verb on a line; `pk` is the line's."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def run(request: HttpRequest, pk: int) -> HttpResponse:
        user = user_of(request)
        line: Any = get_allowed(user, "view", model.objects.select_related("worksheet__vendor"), pk)
        sheet = get_allowed(user, "change", Worksheet, line.worksheet_id)
        home = f"{sheet.get_absolute_url()}#{line._meta.model_name}-{line.pk}"
        return act(request, WorksheetPages, line, page, home=home, sheet=line.worksheet)

    run.pages = WorksheetPages  # type: ignore[attr-defined]
    return run


def verb(
    name: str, action: Callable[..., Any], title: str, done: str, form: type[VerbForm] = ReasonForm,
    tone: Literal["primary", "danger"] = "primary",
) -> VerbPage:  # fmt: skip
    """One verb on a line."""
    return VerbPage("change", action, title, done, form, tone, name, template=VERB)


def line_routes() -> list[URLPattern]:
    """Beside the pages of worksheets: `<line>/<pk>/<verb>/`, named `<model>-<verb>`."""
    routes = []
    for model, place, form, noun in (
        (ReportException, "exceptions", ExceptionForm, "exception"),
        (Cuec, "cuecs", CuecForm, "user control"),
        (Subservice, "subservices", SubserviceForm, "organisation"),
    ):
        verbs = [
            verb("edit", lines.change_line, f"Change {noun}", "It is changed.", form),
            verb("remove", lines.remove_line, f"Remove {noun}", "It is taken off.", tone="danger"),
            verb("gap", lines.open_gap, "Raise finding", "The finding is raised.", GapForm),
        ]
        if model is Cuec:
            verbs.append(verb("confirm", lines.confirm, "Confirm user control", "It is confirmed.", EmptyForm))
        name = model._meta.model_name
        routes += [
            path(f"worksheets/{place}/<int:pk>/{one.slug}/", on_line(model, one), name=f"{name}-{one.slug}")
            for one in verbs
        ]
    return routes
