"""The register of controls, the verbs on a control, the scope, and the control matrix."""

import datetime
import re
from collections.abc import Callable
from collections.abc import Mapping as ReadOnly
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from controls import actions
from controls.columns import COLUMNS, FACTS, attach_criteria
from controls.detail import exceptions_for, verbs_for, wordings_of
from controls.filters import ControlFilter, MatrixFilter
from controls.forms import (
    ApplicabilityForm,
    ApproveForm,
    AssignOwnerForm,
    ControlForm,
    CriteriaForm,
    DeclineForm,
    NotApplicableForm,
    ReviewDateForm,
    ReviewForm,
    RewordForm,
    ScopeForm,
    StatusForm,
)
from controls.imports import ControlImporter
from controls.matrix import HEADER, Cells, asked_of, build
from controls.models import Category, Control, Criterion, Mapping, Wording
from foundation.accounts.access import allowed, can, get_allowed, require, visible
from foundation.accounts.models import User
from foundation.accounts.scopes import TokenScope
from foundation.pages.act import VerbPage, act
from foundation.pages.exports import Form, Table, send
from foundation.pages.forms import changed_meanwhile, sent, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.pages.paper import Paper, PaperRefused
from foundation.trail.asof import rows
from foundation.trail.keep import Stale
from foundation.trail.record import record

TICK = re.compile(r"([1-9][0-9]{0,17})(?::([0-9]{1,9}))?\Z", re.ASCII)
MOST_AT_ONCE = 500  # controls in one bulk change: more than a page of the list holds
MATRIX = "Control matrix"
ROWS_A_PAGE = 300  # of the matrix on screen; paper and CSV hold everything


def declared(control: Control) -> str:
    """What is said when the status was updated."""
    return f"{control.ref} is now {control.get_status_display().lower()}."


def declined(control: Control) -> str:
    """What is said when a proposal was turned down."""
    return f"The proposal is declined: {control.ref} stays {control.get_status_display().lower()}."


class ControlPages(Pages):
    """The pages that every register has, for controls."""

    model = Control
    form_class, filter_class, importer = ControlForm, ControlFilter, ControlImporter
    columns, facts, related = COLUMNS, FACTS, ("owner", "operator")
    links = (Link("Wording", Wording, "control"), Link("Criterion", Mapping, "control"))
    selectable = True
    row_verb = ("update_status", "update-status", "Update")
    verbs = (
        VerbPage(
            "update_status", actions.update_status, "Update status", declared, StatusForm,
            path="status", scope=TokenScope.WRITE_STATUS, answer="controls/control_verb.html#done",
        ),
        VerbPage(
            "propose_not_applicable", actions.propose_not_applicable, "Propose as not applicable",
            "{0.ref} is proposed as not applicable; a second person decides.", NotApplicableForm, path="not-applicable",
        ),
        VerbPage(
            "approve_not_applicable", actions.approve_not_applicable, "Approve as not applicable",
            "{0.ref} is not applicable now.", ApproveForm, path="not-applicable/approve",
        ),
        VerbPage(
            "approve_not_applicable", actions.decline_not_applicable, "Decline the proposal", declined, DeclineForm,
            name="decline-not-applicable", path="not-applicable/decline",
        ),
        VerbPage(
            "review", actions.review, "Record review",
            "{0.ref} is reviewed. The next review is due on {0.review_date}.", ReviewForm,
        ),
        VerbPage("reword", actions.reword, "Reword", "{0.ref} is worded anew.", RewordForm),
        VerbPage(
            "map_criteria", actions.set_criteria, "Change criteria", "The criteria of {0.ref} are changed.",
            CriteriaForm, path="criteria", scope=None,
            template="controls/criteria.html", part="controls/criteria_form.html",
        ),
    )  # fmt: skip
    intro = "What the company does to meet the criteria: each with an owner, a wording and the evidence it leaves."
    attach = staticmethod(attach_criteria)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The wordings, and the verbs that this person may do now."""
        return {
            **wordings_of(target, moment),
            "exceptions": [] if moment else exceptions_for(target, self.user),
            "verbs": {} if moment else verbs_for(self.user, target),
        }


# ---- verbs on the ticked controls of the list ----------------------------------------------------------------------


@require_http_methods(["POST"])
def assign_owner(request: HttpRequest) -> HttpResponse:
    """Give the ticked controls one owner."""
    return change_ticked(request, "assign_owner", AssignOwnerForm, actions.assign_owner, "Assign owner")


@require_http_methods(["POST"])
def change_review_date(request: HttpRequest) -> HttpResponse:
    """Set one next review day on the ticked controls."""
    return change_ticked(
        request, "change_review_date", ReviewDateForm, actions.change_review_date, "Change review date"
    )


def change_ticked(
    request: HttpRequest, verb: str, form_class: type[forms.Form], action: Callable[..., int], title: str
) -> HttpResponse:
    """First ask for the value, showing what it will be set on; then, `confirmed`, set it on all of them or on none."""
    chosen = ticked(request, verb)
    confirmed = "confirmed" in request.POST
    form = form_class(request.POST if confirmed else None)
    if confirmed and form.is_valid():
        try:
            count = action(chosen, actor=user_of(request), **form.cleaned_data)
        except Stale as stale:
            form.add_error(None, changed_meanwhile(str(stale.stored), then="Nothing was changed."))
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, f"{title}: {count} of {len(chosen)} controls changed.")
            return redirect(ControlPages.url("list"))
    context = {"form": form, "chosen": chosen, "title": title, "pages": ControlPages(request)}
    return render(request, "controls/ticked.html", context, status=422 if form.errors else 200)


def ticked(request: HttpRequest, verb: str) -> list[Control]:
    """The controls that were ticked: all of them within reach of the verb, or the whole request is refused.

    The list sends numbers; the page that asks to confirm sends number:version, so that what changed since is not
    overwritten.
    """
    require(user_of(request), verb, Control)
    sent_keys = [TICK.match(key) for key in request.POST.getlist("pk")[: MOST_AT_ONCE + 1]]
    keys = {found[1]: found[2] for found in sent_keys if found}
    if not keys or len(keys) > MOST_AT_ONCE:
        raise Http404("No controls, or too many at once.")
    seen = visible(user_of(request), Control.objects.live().select_related("owner").filter(pk__in=keys))
    if seen.count() != len(keys):
        raise Http404("One of these controls is not there.")
    chosen = list(allowed(user_of(request), verb, seen))
    if len(chosen) != len(keys):
        raise PermissionDenied
    for control in chosen:
        control.version = int(keys[str(control.pk)] or control.version)
    return chosen


# ---- scope ---------------------------------------------------------------------------------------------------------


def scope(request: HttpRequest) -> HttpResponse:
    """Which categories are in scope, and how each criterion applies."""
    user = user_of(request)
    require(user, "view", Category)
    moment = ControlPages(request).moment()
    categories = list(visible(user, rows(Category, moment), moment).order_by("framework_id", "position"))
    form = ScopeForm(sent(request)[0], categories=categories)
    if request.method == "POST":
        require(user, "change_scope", Category)
        if form.is_valid():
            actions.set_scope(form.wanted(), actor=user, reason=form.cleaned_data["reason"])
            messages.success(request, "Scope saved.")
            return redirect("controls:scope")
    criteria = visible(user, rows(Criterion, moment), moment).select_related("series", "category")
    context = {
        "form": form,
        "criteria": criteria.order_by("framework_id", "position"),
        "moment": moment,
        "may_change": moment is None and can(user, "change_scope", Category),
    }
    return render(request, "controls/scope.html", context, status=422 if form.errors else 200)


CHANGE_APPLICABILITY = VerbPage(
    "change_scope",
    actions.change_applicability,
    "Save criterion",
    "{0.code} saved.",
    ApplicabilityForm,
    template="controls/applicability.html",
)


def change_applicability(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how one criterion applies (R1.2)."""
    criterion = get_allowed(user_of(request), "change_scope", Criterion, pk)
    return act(request, ControlPages, criterion, CHANGE_APPLICABILITY, home=reverse("controls:scope"))


# ---- the matrix ----------------------------------------------------------------------------------------------------


@require_safe
def matrix(request: HttpRequest, columns: ReadOnly[str, Cells]) -> HttpResponse:
    """Criteria down, their controls beside them, gaps in plain sight."""
    user = user_of(request)
    require(user, "view", Control)
    moment = ControlPages(request).moment()
    found = build(user, asked_of(request.GET), moment, columns)
    filter_ = MatrixFilter(request.GET, found)
    context = {
        "matrix": found,
        "filter": filter_,
        "page": Paginator(found.screens(ROWS_A_PAGE), 1).get_page(request.GET.get("page")),
        "moment": moment,
    }
    return render(request, "controls/matrix.html", context, status=200 if filter_.form.is_valid() else 422)


def matrix_paper(
    user: User, params: QueryDict, moment: datetime.datetime | None, /, *, columns: ReadOnly[str, Cells]
) -> Paper:
    """The matrix as narrowed, for the printer job."""
    require(user, "view", Control)
    found = build(user, asked_of(params), moment, columns)
    filter_ = MatrixFilter(params, found)
    if not filter_.form.is_valid():
        raise PaperRefused("A filter has a value that the matrix does not know. Set it again, then print.")
    active = [f"{label}: {value}" for label, value in filter_.active]
    return Paper(
        title=MATRIX,
        template="pdf/matrix.html",
        context={"matrix": found},
        scope=(f"Categories in scope: {', '.join(found.in_scope)}", *active),
        as_of=moment,
        landscape=True,
        rows=found.rows,
    )


matrix.paper = matrix_paper  # type: ignore[attr-defined]


@require_safe
def matrix_export(request: HttpRequest, columns: ReadOnly[str, Cells], form: Form) -> HttpResponseBase:
    """The matrix as narrowed, one row for each control under each criterion; a gap is a row without a control."""
    user = user_of(request)
    require(user, "view", Control)
    try:
        table = matrix_table(user, request.GET, ControlPages(request).moment(), columns=columns)
    except PaperRefused:
        return matrix(request, columns)  # which says what is wrong with the filter; an empty file would not
    with transaction.atomic():
        record("matrix.exported", user, refs={"format": form}, private={"query": request.GET.urlencode()})
    return send(table, form, user)


def matrix_table(
    user: User, params: QueryDict, moment: datetime.datetime | None, /, *, columns: ReadOnly[str, Cells]
) -> Table:
    """The matrix as narrowed, for a file. Raises PaperRefused for a filter that cannot be read."""
    require(user, "view", Control)
    found = build(user, asked_of(params), moment, columns)
    filter_ = MatrixFilter(params, found)
    if not filter_.form.is_valid():
        raise PaperRefused("A filter has a value that the matrix does not know. Set it again.")
    return Table(
        title=MATRIX,
        name=f"control-matrix-{found.day}",
        header=HEADER,
        chunks=found.chunks(),
        scope=(f"Categories in scope: {', '.join(found.in_scope)}",),
        filters=filter_.active,
        as_of=moment,
    )


matrix_export.table = matrix_table  # type: ignore[attr-defined]
