"""The registers of listings and of account matches; bringing a listing in, comparing it, and handing it out."""

import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accessreviews.listings import bring, own
from accessreviews.listings.accounts import (
    HEADER,
    STANDING_TONES,
    Chosen,
    chunks,
    counts_of,
    exported,
    known_words,
    sign_in_words,
    told,
    whole,
)
from accessreviews.listings.diff import SORTS, changes, difference
from accessreviews.listings.forms import (
    AccountMatchFilter,
    AccountMatchForm,
    ListingFilter,
    ListingForm,
    systems_of,
)
from accessreviews.listings.shapes.reading import Unrecognised
from accessreviews.models import AccountMatch, ListedAccount, Listing
from evidence.models import Evidence
from foundation.accounts import fresh
from foundation.accounts.access import can, get_shown, require, visible
from foundation.accounts.models import User
from foundation.files.download import open_file
from foundation.pages.act import put_onto
from foundation.pages.columns import Column
from foundation.pages.forms import RegisterForm, sent, user_of
from foundation.pages.imports.table import Unreadable
from foundation.pages.pages import Pages
from foundation.pages.sheets import stream
from foundation.trail.asof import rows
from foundation.trail.keep import save
from foundation.trail.record import record
from systems.models import System

A_PAGE = 50


class ListingPages(Pages):
    """Frozen listings. They are made by freezing, and never edited."""

    model = Listing
    form_class, filter_class = RegisterForm, ListingFilter
    columns: ClassVar = (
        Column("ref", "Listing", sort="id", kind="ref"),
        Column("system_name", "System", sort="system__name", get=lambda one: one.system.name, kind="title"),
        Column("pulled_at", "Pulled", sort="pulled_at", kind="moment"),
        Column("row_count", "Accounts", sort="row_count", kind="number"),
        Column("flagged", "Flagged", kind="number", get=lambda one: one.counts.get("flagged", 0)),
        Column("shape", "Shape", sort="shape"),
        Column("source", "Source", sort="source"),
        Column("puller", "Pulled by", get=lambda one: one.connector or one.pulled_by or "Countersign"),
        Column("created_at", "Frozen", sort="created_at", kind="moment", more=True),
    )
    facts: ClassVar = (
        Column("source", "Source"),
        Column("environment", "Environment"),
        Column("query", "Query"),
        Column("pulled_at", "Pulled", kind="moment"),
        Column("puller", "Pulled by", get=lambda one: one.connector or one.pulled_by or "Countersign"),
        Column("created_at", "Frozen", kind="moment"),
        Column("frozen_by", "Frozen by", empty="Countersign"),
        Column("source_total", "Count in the source", kind="number"),
        Column("row_count", "Accounts", kind="number"),
        Column("shape", "Shape"),
        Column("sha256", "SHA-256 of the file"),
    )
    related: ClassVar = ("system", "pulled_by", "frozen_by")
    ordering: ClassVar = ("-pulled_at", "-id")
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = "Every account of a system at one moment, each with the proof that the list is whole. Never changed."

    def may_list_own(self) -> bool:
        """Whether this person may put this installation into the inventory by its first listing."""
        return can(self.user, "add", System) and own.own_system() is None

    def create_url(self) -> str:
        """Where one is brought in."""
        return self.url("new")

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its counts, the accounts that are looked at, page by page, and what it can be compared with."""
        chosen = Chosen.of(self.request.GET)
        page = Paginator(chosen.accounts(target), A_PAGE).get_page(self.request.GET.get("page"))
        found = list(whole(ListedAccount.objects.filter(pk__in=[one.pk for one in page])).order_by("id"))
        earlier = visible(self.user, rows(Listing, moment), moment).filter(
            system_id=target.system_id, pulled_at__lt=target.pulled_at
        )
        mine = moment is None and systems_of(self.user).filter(pk=target.system_id).exists()
        return {
            "chosen": chosen, "page": page, "accounts": [lines_of(account) for account in found],
            "counts": counts_of(target), "may_match": mine,
            "earlier": earlier.order_by("-pulled_at", "-id").values_list("id", flat=True).first(),
            "sees_evidence": can(self.user, "view", Evidence) and shows_evidence(self.user, target, moment),
            "may_download": can(self.user, "download", Listing),
        }  # fmt: skip


def shows_evidence(user: User, listing: Any, moment: datetime.datetime | None) -> bool:
    """Whether this person sees the evidence that holds the file."""
    return bool(visible(user, rows(Evidence, moment), moment).filter(id=listing.evidence_id).exists())


def lines_of(account: ListedAccount) -> dict[str, Any]:
    """One account in the words of its row."""
    return {
        "account": account, "flags": told(account), "tone": STANDING_TONES[account.standing],
        "mfa": known_words(account.mfa), "enabled": known_words(account.enabled), "signed_in": sign_in_words(account),
    }  # fmt: skip


class AccountMatchPages(Pages):
    """Whose an account is, as somebody said; used from the system's next listing on."""

    model = AccountMatch
    form_class, filter_class = AccountMatchForm, AccountMatchFilter
    columns: ClassVar = (
        Column("key", "Account", sort="key", kind="title"),
        Column("system_name", "System", sort="system__name", get=lambda one: one.system.name),
        Column("kind", "Is", sort="kind"),
        Column("whose", "Whose", get=lambda one: one.person or one.owner),
        Column("reason", "How it is known"),
    )
    facts: ClassVar = columns[1:]
    related: ClassVar = ("system", "person", "owner")
    ordering: ClassVar = ("system__name", "key", "id")
    prefilled: ClassVar = ("system", "key", "kind")
    intro = "Accounts that no number or address leads to: somebody said whose they are, and how that is known."

    def keep(self, form: RegisterForm, participle: str) -> Any:
        """The reason stands in the trail, too."""
        target = form.save(commit=False)
        return save(target, actor=self.user, verb=f"accountmatch.{participle}", reason=target.reason)


# ---- bringing one in -----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def new_listing(request: HttpRequest) -> HttpResponse:
    """Bring a listing in from a file. What is refused, and what has to be mapped, comes back with nothing lost."""
    user = user_of(request)
    require(user, "add", Listing)
    fresh.require(request, "add", Listing)
    start = {"system": request.GET.get("system", "")} if request.GET.get("system", "").isdecimal() else {}
    form = ListingForm(*sent(request), user=user, initial=start, header=request.POST.getlist("header")[:200])
    if request.method == "POST" and form.is_valid():
        answer = brought(request, form, user)
        if isinstance(answer, Listing):
            return redirect(answer)
        form = answer
    status = 413 if form.too_large else 422 if form.errors else 200
    return render(
        request, "accessreviews/listing_new.html", {"form": form, "pages": ListingPages(request)}, status=status
    )


new_listing.pages = ListingPages  # type: ignore[attr-defined]


def brought(request: HttpRequest, form: ListingForm, user: User) -> Listing | ListingForm:
    """The listing; or the form again with what is wrong, the file put by, and the columns to be mapped."""
    file, name = None, ""
    try:
        file, name = file_of(form, user)
        return bring.bring_file(file, name, actor=user, told=form.told(), how=form.how(), mapping=form.mapping())
    except Unrecognised as asked:
        again = dict(bring.remembered(form.cleaned_data["system"]))
        form = again_with(request, form, user, file, name, header=asked.header, chosen=again)
        form.add_error(None, asked.messages)
    except Unreadable as error:
        form.add_error("file", str(error))
    except ValidationError as refused:
        form = again_with(request, form, user, file, name)
        put_onto(form, refused)
    return form


def file_of(form: ListingForm, user: User) -> tuple[File, str]:
    """The file that was sent, now or with an earlier step, and what it was called. Raises ValidationError."""
    file = form.cleaned_data.get("file")
    if file:
        return file, file.name or "accounts.csv"
    if not form.cleaned_data.get("kept"):
        raise ValidationError({"file": "Choose the file."})
    return bring.kept_file(user, form.cleaned_data["kept"])


def again_with(
    request: HttpRequest, form: ListingForm, user: User, file: File | None, name: str, **asked: Any
) -> ListingForm:
    """The form as it was sent, with the file put by."""
    sent_before = request.POST.copy()
    if file and form.cleaned_data.get("file"):
        sent_before["kept"] = bring.keep_file(user, file, name)
    if asked and not form.header:  # the columns are asked for the first time: what stands there is our guess
        form = ListingForm(sent_before, user=user, **asked)
        for field in form.columns():
            sent_before[field.name] = field.field.prepare_value(form.get_initial_for_field(field.field, field.name))
    again = ListingForm(sent_before, user=user, **(asked or {"header": form.header}))
    again.is_valid()
    again.file_name = name  # type: ignore[attr-defined]
    return again


@require_POST
def list_own(request: HttpRequest) -> HttpResponse:
    """List the accounts of this installation now; it comes into the inventory with its first listing."""
    user = user_of(request)
    require(user, "add", Listing)
    system = own.own_system()
    if not (systems_of(user).filter(pk=system.pk).exists() if system else can(user, "add", System)):
        raise PermissionDenied("Its accounts are listed by its owner, or by a compliance manager.")
    try:
        return redirect(own.list_own_accounts(actor=user))
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
        return redirect(system or ListingPages.url("list"))


list_own.pages = ListingPages  # type: ignore[attr-defined]


# ---- looking at one ------------------------------------------------------------------------------------------------


@require_safe
def listing_changes(request: HttpRequest, pk: int) -> HttpResponse:
    """What differs from an earlier listing of the system: the one before, or the one that `with` names."""
    pages = ListingPages(request)
    moment = pages.moment()
    listing = pages.fetch(pk, moment)
    before = visible(pages.user, rows(Listing, moment), moment).filter(
        system_id=listing.system_id, pulled_at__lt=listing.pulled_at
    )
    known = list(before.order_by("-pulled_at", "-id").values_list("id", "pulled_at")[:50])
    asked = request.GET.get("with", "")
    if not known or (asked and asked not in {str(one) for one, _ in known}):
        raise Http404("There is no such earlier listing of this system.")
    earlier = Listing.objects.get(pk=int(asked) if asked else known[0][0])
    found = difference(Listing.objects.get(pk=listing.pk), earlier)
    sort = request.GET.get("show", "") if request.GET.get("show", "") in SORTS else ""
    sort = sort or next((one for one in SORTS if getattr(found, one)), SORTS[0])
    page = Paginator(getattr(found, sort), A_PAGE).get_page(request.GET.get("page"))
    shown = {
        "earlier": earlier, "known": known, "counts": found.counts(), "sort": sort, "page": page,
        "changes": changes(list(page.object_list)),
    }  # fmt: skip
    return pages.record("changes", listing, moment=moment, **shown)


listing_changes.pages = ListingPages  # type: ignore[attr-defined]


@require_safe
def listing_accounts(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The accounts as CSV, narrowed as on the page."""
    user = user_of(request)
    listing = get_shown(user, "download", Listing, pk, "system")
    chosen = Chosen.of(request.GET)
    with transaction.atomic():
        record("listing.exported", user, listing, private={"query": request.GET.urlencode()})
    body = ([exported(account) for account in some] for some in chunks(chosen.accounts(listing)))
    return stream(f"accounts-{listing.ref}", HEADER, body)


listing_accounts.pages = ListingPages  # type: ignore[attr-defined]


@require_safe
def listing_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file exactly as it was received."""
    user = user_of(request)
    listing = get_shown(user, "download", Listing, pk, "evidence")
    return open_file(user, listing.evidence)


listing_file.pages = ListingPages  # type: ignore[attr-defined]
