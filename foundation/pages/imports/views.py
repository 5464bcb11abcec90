"""The steps of an import, each a page with an address: file, columns, preview, progress, result."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.accounts.access import get_allowed, require
from foundation.pages.forms import sent, user_of
from foundation.pages.imports.actions import (
    Changed,
    agree,
    choose_columns,
    choose_sheet,
    importer_of,
    keep_file,
    pages_of,
    plan_of,
    reason_for,
    remembered,
    start,
    table_of,
)
from foundation.pages.imports.forms import SHEET, AgreeForm, ColumnsForm, UploadForm
from foundation.pages.imports.table import Unreadable
from foundation.pages.jobs import run_import
from foundation.pages.models import Import

if TYPE_CHECKING:
    from foundation.pages.pages import Pages

SHOWN = 50  # rows of a preview
SHOWN_ERRORS = 200
SAMPLES = 3  # rows of the file shown beside the choice of columns


def import_start(request: HttpRequest, pages: "type[Pages]") -> HttpResponse:
    """Choose a file for a register. The caller has asked whether this person may import into it."""
    form = UploadForm(*sent(request))
    status = 200
    if request.method == "POST":
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                one = keep_file(
                    user_of(request),
                    pages,
                    name=file.name,
                    file=file,
                    encoding=form.cleaned_data["encoding"],
                )
                return redirect("pages:import-columns", one.pk)
            except Unreadable as error:
                form.add_error("file", str(error))
        status = 413 if form.too_large else 422
    fields = pages.importer.fields if pages.importer else ()
    return show(request, "start", pages, form=form, fields=fields, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def import_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which column is which: as last time, or as the headings are called, and as the person changes it."""
    one, pages = mine(request, pk)
    if one.is_applied:
        return redirect(one)
    try:
        table = table_of(one)
    except Unreadable as error:
        return unreadable(request, pages, error)
    importer = importer_of(one)
    chosen = one.mapping or importer.guess(table.header, remembered(one.register))
    form = ColumnsForm(sent(request)[0], importer=importer, table=table, chosen=chosen)
    if request.method == "POST":
        try:
            if request.POST.get(SHEET, table.sheet) != table.sheet and request.POST[SHEET] in table.sheets:
                choose_sheet(one, request.POST[SHEET])
                return redirect("pages:import-columns", pk)
            if form.is_valid():
                choose_columns(one, form.mapping(), actor=user_of(request))
                return redirect("pages:import-preview", pk)
        except Changed as error:
            return refused(request, one, error)
    samples = table.rows[:SAMPLES]
    context = {"one": one, "form": form, "table": table, "samples": samples}
    return show(request, "columns", pages, status=422 if form.errors else 200, **context)


@require_safe
def import_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What the file would change, record by record; or its errors, line by line."""
    one, pages = mine(request, pk)
    if one.is_applied:
        return redirect(one)
    if not one.mapping:
        return redirect("pages:import-columns", pk)
    try:
        plan = plan_of(one, user_of(request))
    except Unreadable as error:
        return unreadable(request, pages, error)
    touched = plan.touched()
    context: dict[str, Any] = {
        "one": one,
        "plan": plan,
        "counts": plan.counts(),
        "items": touched[:SHOWN],
        "more_items": len(touched[SHOWN:]),
        "errors": plan.errors[:SHOWN_ERRORS],
        "more_errors": len(plan.errors[SHOWN_ERRORS:]),
        "form": AgreeForm(initial={"fingerprint": plan.fingerprint(), "reason": reason_for(one)}),
    }
    return show(request, "preview", pages, **context)


@require_POST
def import_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand what the preview showed to a job; the job applies exactly that or nothing."""
    one, _ = mine(request, pk)
    form = AgreeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That preview is incomplete. Look at it again, then apply it.")
        return redirect("pages:import-preview", pk)
    try:
        with transaction.atomic():
            one = agree(one, form.cleaned_data["fingerprint"], form.cleaned_data["reason"])
            job = run_import.enqueue(actor=request.user, title=str(one), import_id=one.pk)
            start(one, job)
    except Changed as error:
        return refused(request, one, error)
    return redirect(job)


@require_safe
def import_result(request: HttpRequest, pk: int) -> HttpResponse:
    """What an import has changed; before it is applied, its preview."""
    one = get_allowed(request.user, "view", Import, pk)
    if not one.is_applied:
        return redirect("pages:import-preview", pk)
    return show(request, "result", pages_of(one), one=one)


def mine(request: HttpRequest, pk: int) -> tuple[Import, "type[Pages]"]:
    """One's own import and its register. Http404 for anybody else's; PermissionDenied without the verb."""
    one = get_object_or_404(Import.objects.filter(uploaded_by_id=request.user.pk), pk=pk)
    pages = pages_of(one)
    require(request.user, "import", pages.model)
    return one, pages


def refused(request: HttpRequest, one: Import, error: Changed) -> HttpResponse:
    """Say why a step was not taken, and show where the import stands: its job, its result or its preview."""
    messages.error(request, str(error))
    one.refresh_from_db()
    if one.job and not one.is_applied and not one.job.is_finished:
        return redirect(one.job)
    return redirect("pages:import-preview", one.pk)


def unreadable(request: HttpRequest, pages: "type[Pages]", error: Unreadable) -> HttpResponse:
    """Back to the first step with the reason: another file, another sheet."""
    messages.error(request, str(error))
    return redirect(pages.url("import"))


def show(request: HttpRequest, step: str, pages: "type[Pages]", *, status: int = 200, **context: Any) -> HttpResponse:
    """One step's page."""
    names = {"pages": pages(request), "step": step}
    return render(request, f"pages/import_{step}.html", {**names, **context}, status=status)
