"""The versions of the sub-processor list, the draft of the next, publishing it, and the files for customers."""

import datetime
import json
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_http_methods, require_safe

from evidence.models import Evidence
from foundation.accounts import fresh
from foundation.accounts.access import can, get_allowed, get_shown, require, visible
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.act import VerbPage, put_onto
from foundation.pages.columns import Column
from foundation.pages.forms import RegisterForm, sent, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.pages.paper import Paper
from foundation.pages.sheets import json_file, stream
from foundation.trail.asof import rows, thaw
from foundation.trail.record import record
from vendors.models import Notice, SubprocessorList
from vendors.subprocessors import publishing
from vendors.subprocessors.draft import TOLD, Draft, draft, earliest
from vendors.subprocessors.forms import NoticeForm, PublishForm, SubprocessorListFilter

HEADER = tuple(heading for _, heading in TOLD)


class SubprocessorListPages(Pages):
    """Published versions, the newest first. They are made by publishing, and never changed."""

    model = SubprocessorList
    form_class, filter_class = RegisterForm, SubprocessorListFilter
    columns: ClassVar = (
        Column("name", "List", sort="number", kind="title", get=str),
        Column("effective_on", "In force from", sort="effective_on", kind="date"),
        Column("entry_count", "Sub-processors", kind="number", get=lambda one: len(one.entries)),
        Column("change_count", "Changes", kind="number", get=lambda one: len(one.changes)),
        Column("reason", "Why"),
        Column("published_at", "Published", sort="published_at", kind="moment"),
        Column("published_by", "Published by", sort="published_by__name", kind="person"),
    )
    facts: ClassVar = (
        Column("effective_on", "In force from", kind="date"),
        Column("reason", "Why the list changed"),
        Column("published_at", "Published", kind="moment"),
        Column("published_by", "Published by", kind="person"),
        Column("sha256", "SHA-256 of the entries"),
    )
    related: ClassVar = ("published_by",)
    ordering: ClassVar = ("-number",)
    links: ClassVar = (Link("Notice", Notice, "list"),)
    left_out: ClassVar = ("detail", "create", "edit", "archive", "restore")
    intro = "What customers were told of those who handle their data on our behalf, version by version."
    verbs: ClassVar = (
        VerbPage(
            "record_notice", publishing.record_notice, "Record notice", "The notice of {0} is recorded.", NoticeForm,
            path="notices/new",
        ),
    )  # fmt: skip

    @classmethod
    def title(cls) -> str:
        return "Sub-processors"

    def noun(self) -> str:
        return "version"

    @classmethod
    def plural(cls) -> str:
        return "versions"

    def may_publish(self) -> bool:
        """Whether this person may see the draft, which tells of every vendor, and publish it."""
        return can(self.user, "publish", SubprocessorList)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its entries, the notices of it, and what is still owed."""
        return {
            **content(target, self.user, moment),
            "may_notice": moment is None and can(self.user, "record_notice", target),
            "may_download": moment is None and can(self.user, "download", target),
        }


def content(target: Any, user: User, moment: datetime.datetime | None) -> dict[str, Any]:
    """What the page and the paper show of a version beside its facts. Three queries."""
    sent_rows = rows(Notice, moment).filter(list_id=target.pk).select_related("sent_by").order_by("sent_on", "id")
    notices = [thaw(row) for row in sent_rows]
    last = publishing.owed(target, setting("subprocessor_notice_days"))
    evidence = visible(user, rows(Evidence, moment), moment).filter(id=target.evidence_id)
    return {
        "headings": HEADER,
        "entries": [[entry.get(key, "") for key, _ in TOLD] for entry in target.entries],
        "notices": [(one, last is not None and one.sent_on > last) for one in notices],
        "owed": last if not notices else None,
        "sees_evidence": target.evidence_id is not None and evidence.exists(),
    }


def list_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """One version on paper, to be handed to customers."""
    seen = rows(SubprocessorList, moment).select_related("published_by")
    target = thaw(get_allowed(user, "view", seen, pk, moment))
    return Paper(
        title=str(target),
        template="pdf/subprocessors.html",
        context={"object": target, **content(target, user, moment)},
        scope=(f"In force from {target.effective_on}",),
        as_of=moment,
        landscape=True,
        rows=len(target.entries),
    )


# ---- the draft -----------------------------------------------------------------------------------------------------


@require_safe
def draft_page(request: HttpRequest) -> HttpResponse:
    """The list as it would be published now: what it lacks, and how it differs from the newest version."""
    require(user_of(request), "publish", SubprocessorList)
    return render(request, "vendors/subprocessors_draft.html", drafted(request, draft()))


def drafted(request: HttpRequest, found: Draft) -> dict[str, Any]:
    """What the draft's pages show."""
    days = setting("subprocessor_notice_days")
    return {
        "pages": SubprocessorListPages(request), "draft": found, "headings": HEADER, "notice_days": days,
        "entries": [[entry[key] for key, _ in TOLD] for entry in found.entries],
        "first": earliest(found, today(), days),
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def publish_page(request: HttpRequest) -> HttpResponse:
    """Publish the draft. What is refused stands beside the form, with nothing lost."""
    user = user_of(request)
    require(user, "publish", SubprocessorList)
    fresh.require(request, "publish", SubprocessorList)
    shown = drafted(request, draft())
    found: Draft = shown["draft"]
    form = PublishForm(*sent(request), first=shown["first"], seen=found.sha256, initial=fresh.typed(request))
    if form.is_valid():
        try:
            version = publishing.publish(actor=user, **form.cleaned_data)
        except ValidationError as refused:
            put_onto(form, refused)
        else:
            messages.success(request, f"{version} is published.")
            return redirect(version)
    context = {**shown, "form": form}
    return render(request, "vendors/subprocessors_publish.html", context, status=422 if form.errors else 200)


# ---- files ---------------------------------------------------------------------------------------------------------


def downloaded(request: HttpRequest, pk: int, kind: str) -> Any:
    """The version that somebody takes as a file; the trail says so. Raises Http404, PermissionDenied."""
    user = user_of(request)
    version = get_shown(user, "download", SubprocessorList, pk)
    with transaction.atomic():
        record("subprocessorlist.downloaded", user, version, refs={"format": kind, "sha256": version.sha256})
    return version


@require_safe
def list_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One version as CSV: what customers are told, a row each."""
    version = downloaded(request, pk, "csv")
    return stream(
        f"subprocessors-{version.number}",
        HEADER,
        [[[entry.get(key, "") for key, _ in TOLD] for entry in version.entries]],
    )


@require_safe
def list_json(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One version as JSON, with the hash that anybody can compute again from its entries."""
    version = downloaded(request, pk, "json")
    body = json.dumps(publishing.result_of(version), ensure_ascii=False, indent=1, sort_keys=True)
    return json_file(f"subprocessors-{version.number}", [body.encode()])


draft_page.pages = SubprocessorListPages  # type: ignore[attr-defined]
publish_page.pages = SubprocessorListPages  # type: ignore[attr-defined]
list_csv.pages = SubprocessorListPages  # type: ignore[attr-defined]
list_json.pages = SubprocessorListPages  # type: ignore[attr-defined]

routes: list[URLPattern | URLResolver] = [
    path("subprocessors/draft/", draft_page, name="subprocessorlist-draft"),
    path("subprocessors/publish/", publish_page, name="subprocessorlist-publish"),
    path(
        "subprocessors/<int:pk>/", SubprocessorListPages.view("detail", paper=list_paper),
        name="subprocessorlist-detail",
    ),
    path("subprocessors/<int:pk>/list.csv", list_csv, name="subprocessorlist-sheet"),
    path("subprocessors/<int:pk>/list.json", list_json, name="subprocessorlist-json"),
    path("subprocessors/", include(SubprocessorListPages.urls())),
]  # fmt: skip
