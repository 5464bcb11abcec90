"""The page of the rating method: scales, bands, versions, and who accepts critical risks."""

import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from foundation.accounts import fresh
from foundation.accounts.access import can, get_allowed, require, visible
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.settings import setting
from foundation.pages.act import VerbPage, act, put_onto
from foundation.pages.columns import Column
from foundation.pages.fields import offer, words_field
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm, changed_meanwhile, sent, user_of
from foundation.pages.pages import WRITING, Pages
from foundation.trail.keep import Stale
from risks.acceptance import approvers_in_words
from risks.methods import end_executive, name_executive, publish
from risks.models import LEVELS, Band, Executive, Method, in_force
from risks.models.method import TONES

BANDS = ("medium_from", "high_from", "critical_from")
SCALES = ("likelihood", "impact")


class MethodPages(Pages):
    """One version of the method, with its trail. Their list is `method_page`."""

    model = Method
    form_class, filter_class = RegisterForm, RegisterFilter
    columns = (Column("number", "Version", kind="title"), Column("reason", "Why"))
    facts = (
        Column("number", "Version", kind="number"),
        Column("created_at", "Published", kind="moment"),
        Column("published_by", "By", kind="person", empty="Came with the product"),
        Column("reason", "Why"),
    )
    related: ClassVar = ("published_by",)
    left_out: ClassVar = ("list", "csv", "list-json", "create", "edit", "archive", "restore")

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its bands."""
        return {"bands": bands_of(target)}


def bands_of(method: Method) -> list[tuple[Any, ...]]:
    """Each band, the worst first: its word and tone, from and to, who accepts it, for how long, how often reviewed."""
    return [
        (
            band.label, TONES[band], *method.scores(band), approvers_in_words(band),
            setting(f"risk_acceptance_{band}_days"), setting(f"risk_review_{band}_days"),
        )
        for band in Band
    ]  # fmt: skip


@require_safe
def method_page(request: HttpRequest) -> HttpResponse:
    """The method in force, its versions, and who accepts what."""
    user = user_of(request)
    require(user, "view", Method)
    method = in_force()
    named = visible(user, Executive).filter(archived_at=None).select_related("user").order_by("id")
    return render(
        request,
        "risks/method_list.html",
        {
            "method": method,
            "bands": bands_of(method),
            "versions": Method.objects.select_related("published_by").order_by("-number"),
            "executives": named,
            "may_publish": can(user, "publish", Method),
            "may_name": can(user, "add", Executive),
            "may_end": can(user, "end", Executive),
        },
    )


method_page.pages = MethodPages  # type: ignore[attr-defined]


# ---- publishing ----------------------------------------------------------------------------------------------------


class MethodForm(forms.Form):
    """A new version. `seen`: the one that its writer started from."""

    seen = forms.IntegerField(min_value=1, max_value=2**15 - 1, widget=forms.HiddenInput)
    medium_from = forms.IntegerField(min_value=2, max_value=25, label="Medium from")
    high_from = forms.IntegerField(min_value=3, max_value=25, label="High from")
    critical_from = forms.IntegerField(min_value=4, max_value=25, label="Critical from")
    reason = words_field(rows=2, help_text="Why the method changes.")

    def __init__(self, *args: Any, method: Method, **kwargs: Any) -> None:
        known: dict[str, Any] = {"seen": method.number} | {name: getattr(method, name) for name in BANDS}
        for scale in SCALES:
            for level, one in zip(LEVELS, getattr(method, scale), strict=True):
                known |= {f"{scale}_{level}_name": one["name"], f"{scale}_{level}_meaning": one["meaning"]}
        super().__init__(*args, **kwargs | {"initial": known | (kwargs.get("initial") or {})})
        for scale in SCALES:
            for level in LEVELS:
                self.fields[f"{scale}_{level}_name"] = forms.CharField(max_length=40, label=f"{level}: name")
                self.fields[f"{scale}_{level}_meaning"] = words_field(rows=2, label=f"{level}: meaning")

    def said(self) -> dict[str, Any]:
        """As the action takes it."""
        values = self.cleaned_data
        scales = {
            scale: [
                {part: values[f"{scale}_{level}_{part}"].strip() for part in ("name", "meaning")} for level in LEVELS
            ]
            for scale in SCALES
        }
        return {**scales, **{name: values[name] for name in ("seen", *BANDS, "reason")}}


@require_http_methods(WRITING)
def publish_page(request: HttpRequest) -> HttpResponse:
    """Write a new version, beginning with the one in force."""
    user = user_of(request)
    require(user, "publish", Method)
    fresh.require(request, "publish", Method)
    form = MethodForm(sent(request)[0], method=in_force(), initial=fresh.typed(request))
    if form.is_valid():
        try:
            method = publish(actor=user, **form.said())
        except Stale as stale:
            form.add_error(None, changed_meanwhile(stale))
        except ValidationError as refused:
            put_onto(form, refused)
        else:
            messages.success(request, f"{method} is in force.")
            return redirect("risks:method-list")
    scales = [
        (scale.capitalize(), [(form[f"{scale}_{level}_name"], form[f"{scale}_{level}_meaning"]) for level in LEVELS])
        for scale in SCALES
    ]
    context = {"form": form, "scales": scales, "bands": [form[name] for name in BANDS]}
    return render(request, "risks/method_publish.html", context, status=422 if form.errors else 200)


publish_page.pages = MethodPages  # type: ignore[attr-defined]


# ---- executives ----------------------------------------------------------------------------------------------------


class ExecutiveForm(forms.Form):
    """Name who accepts critical risks."""

    user = forms.ModelChoiceField(User.objects.none(), empty_label="Choose a manager", label="Person")
    reason = words_field(rows=2, help_text="Why this person answers for what could break the company.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["user"], User.objects.active().filter(role=Role.MANAGER).order_by("name", "id"))


@require_http_methods(WRITING)
def name_executive_page(request: HttpRequest) -> HttpResponse:
    """Name an executive."""
    user = user_of(request)
    require(user, "add", Executive)
    fresh.require(request, "add", Executive)
    form = ExecutiveForm(sent(request)[0], initial=fresh.typed(request))
    if form.is_valid():
        try:
            executive = name_executive(actor=user, **form.cleaned_data)
        except ValidationError as refused:
            put_onto(form, refused)
        else:
            messages.success(request, f"{executive.user} accepts critical risks.")
            return redirect("risks:method-list")
    return render(request, "risks/executive_form.html", {"form": form}, status=422 if form.errors else 200)


name_executive_page.pages = MethodPages  # type: ignore[attr-defined]

END = VerbPage("end", end_executive, "End naming", "It is ended.", tone="danger", template="pages/verb.html")


def end_executive_page(request: HttpRequest, pk: int) -> HttpResponse:
    """End that somebody accepts critical risks."""
    return act(request, MethodPages, get_allowed(user_of(request), "end", Executive, pk), END)


end_executive_page.pages = MethodPages  # type: ignore[attr-defined]
