"""Pages of the organisation: what it is, its logo, the numbers it has promised, and its holidays."""

from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from foundation.accounts.access import can, require
from foundation.organisation.actions import change_setting, keep, remove_logo, set_logo
from foundation.organisation.catalogue import CATALOGUE, INSTALLATION, Item
from foundation.organisation.forms import DAY_NAMES, LogoForm, OrganisationForm, SettingForm
from foundation.organisation.models import Holiday, Organisation, Setting, organisation
from foundation.pages.columns import Column
from foundation.pages.fields import DAY
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm, changed_meanwhile, sent, user_of
from foundation.pages.history import timeline
from foundation.pages.pages import Pages
from foundation.trail.keep import Stale
from foundation.trail.models import Tracked

AS_IT_STANDS = "Nothing was saved; this is how it stands now."


@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """Show the organisation and every number of the catalogue, with who may change what."""
    require(request.user, "view", Setting)
    ours = organisation()
    return render(
        request,
        "organisation/settings.html",
        {
            "ours": ours,
            "work_days": ", ".join(DAY_NAMES[day] for day in sorted(ours.work_days)),
            "holidays": Holiday.objects.live().count(),
            "groups": groups(request),
            "may_change": can(request.user, "change", Organisation),
            "may_see_holidays": can(request.user, "view", Holiday),
        },
    )


def groups(request: HttpRequest) -> dict[str, list[dict[str, Any]]]:
    """Return the catalogue by its groups, each number with its value in force and whether this person may change it."""
    stored = {row.key: row for row in Setting.objects.all()}
    found: dict[str, list[dict[str, Any]]] = {}
    for key, item in CATALOGUE.items():
        row = stored.get(key)
        shown = {"key": key, "item": item, "row": row, "value": row.value if row else item.default}
        found.setdefault(item.group, []).append(shown | {"may_change": may_set(request, item)})
    return found


def may_set(request: HttpRequest, item: Item) -> bool:
    """Whether this person may set a number: the compliance manager sets the programme's, not the installation's."""
    verb = "change" if item.group in INSTALLATION else "change_programme"
    return can(request.user, verb, Setting)


def organisation_edit(request: HttpRequest) -> HttpResponse:
    """Change name, time zone and work week."""
    require(request.user, "change", Organisation)
    form = OrganisationForm(sent(request)[0], instance=organisation())
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                keep(form.save(commit=False), actor=request.user)
            except Stale as stale:
                form, status = OrganisationForm(instance=stale.stored), 409
                messages.error(request, changed_meanwhile(stale, AS_IT_STANDS))
            else:
                messages.success(request, "Organisation saved.")
                return redirect("organisation:settings")
    return render(request, "organisation/organisation_form.html", {"form": form}, status=status)


def logo_edit(request: HttpRequest) -> HttpResponse:
    """Upload a logo."""
    require(request.user, "change", Organisation)
    ours = organisation()
    form = LogoForm(*sent(request), initial={"version": ours.version})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            ours.version = form.cleaned_data["version"]
            try:
                set_logo(ours, form.cleaned_data["logo"], actor=request.user)
            except ValidationError as error:
                form.add_error("logo", error)
            except Stale as stale:
                form, status = LogoForm(initial={"version": organisation().version}), 409
                messages.error(request, changed_meanwhile(stale, AS_IT_STANDS))
            else:
                messages.success(request, "Logo saved.")
                return redirect("organisation:settings")
    return render(request, "organisation/logo_form.html", {"form": form, "ours": ours}, status=status)


@require_POST
def logo_remove(request: HttpRequest) -> HttpResponse:
    require(request.user, "change", Organisation)
    remove_logo(organisation(), actor=request.user)
    messages.success(request, "Logo removed.")
    return redirect("organisation:settings")


@login_not_required
@require_safe
def logo(request: HttpRequest) -> FileResponse:
    """Hand out the logo to anybody: it stands above the sign-in form, as the organisation's name does."""
    ours = organisation()
    if not ours.logo:
        raise Http404("There is no logo.")
    try:
        picture = ours.logo.open("rb")
    except FileNotFoundError as missing:
        raise Http404("The logo's file is missing.") from missing
    response = FileResponse(picture, content_type="image/png")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, max-age=300"
    return response


def setting_edit(request: HttpRequest, key: str) -> HttpResponse:
    """Change one number, with the reason; show its history below."""
    require(request.user, "view", Setting)
    if key not in CATALOGUE:
        raise Http404("No such setting.")
    item = CATALOGUE[key]
    if not may_set(request, item):
        raise PermissionDenied
    row = Setting.objects.filter(key=key).first()
    form, status = SettingForm(sent(request)[0], item=item, initial=_initial(row, item)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                change_setting(key, actor=request.user, **form.cleaned_data)
            except Stale as stale:
                row, status = stale.stored, 409  # type: ignore[assignment]
                form = SettingForm(item=item, initial=_initial(row, item) | {"reason": form.cleaned_data["reason"]})
                messages.error(request, changed_meanwhile(stale, AS_IT_STANDS))
            else:
                messages.success(request, f"{item.words} saved.")
                return redirect("organisation:settings")
    shown = {"form": form, "item": item, "key": key, "versions": timeline(row, user_of(request)) if row else []}
    return render(request, "organisation/setting_form.html", shown, status=status)


def _initial(row: Setting | None, item: Item) -> dict[str, Any]:
    return {"value": row.value, "version": row.version} if row else {"value": item.default}


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Show every version of the organisation and of its numbers."""
    require(request.user, "view", Setting)
    ours = organisation()
    rows: list[Tracked] = [] if ours.is_new else [ours]
    versions = [
        replace(version, subject=str(row))
        for row in [*rows, *Setting.objects.all()]
        for version in timeline(row, user_of(request))
    ]
    versions.sort(key=lambda version: version.at, reverse=True)
    return render(request, "organisation/history.html", {"versions": versions})


class HolidayForm(RegisterForm):
    class Meta:
        model = Holiday
        fields = ("day", "name")
        widgets: ClassVar = {"day": DAY}


class HolidayFilter(RegisterFilter):
    search_fields = ("name",)

    class Meta:
        model = Holiday
        fields: tuple[str, ...] = ()


class HolidayPages(Pages):
    model = Holiday
    form_class, filter_class = HolidayForm, HolidayFilter
    columns = (
        Column("day", "Date", sort="day", kind="date"),
        Column("name", "Holiday", sort="name", kind="title"),
    )
    facts = columns
    ordering = ("day",)
    intro = "Days on which nobody works. Deadlines in business days skip them."
