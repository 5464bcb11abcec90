"""The register of reconciliations: bringing a list in, saying what each name is, closing it, and its files."""

import datetime
from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evidence.models import Evidence
from foundation.accounts.access import can, get_allowed, get_shown, require, verbs_on, visible
from foundation.accounts.models import User
from foundation.files.download import open_file
from foundation.pages.act import VerbPage, act, put_onto
from foundation.pages.columns import Column
from foundation.pages.forms import RegisterForm, sent, user_of
from foundation.pages.pages import Pages
from foundation.pages.sending import for_the_first_time
from foundation.pages.sheets import stream
from foundation.trail.asof import rows
from foundation.trail.record import record
from vendors.models import ReconciledRow, Reconciliation, Vendor
from vendors.reconciliation import actions
from vendors.reconciliation.forms import (
    BringForm,
    CloseForm,
    DismissForm,
    DismissManyForm,
    MatchForm,
    ProposeForm,
    ReconciliationFilter,
    candidates,
)
from vendors.reconciliation.names_page import (
    ENDED,
    HEADER,
    MOST_ABSENT,
    SHOWS,
    UNKNOWN,
    Chosen,
    absent,
    counts_of,
    exported,
    is_open,
    on_page,
)
from vendors.worksheets.lines import vendor_of

A_PAGE = 50
STATE_TONES = {"open": "info", "closed": "ok", "cancelled": "mute"}
ROW = "vendors/reconciled_row_verb.html"


class ReconciliationPages(Pages):
    """Lists of whom we pay or sign in to, each held against the register."""

    model = Reconciliation
    form_class, filter_class = RegisterForm, ReconciliationFilter
    columns: ClassVar = (
        Column("ref", "Ref", sort="id", kind="ref"),
        Column("source", "Source", sort="source", kind="title"),
        Column("kind", "Against", sort="kind"),
        Column("period_from", "From", sort="period_from", kind="date"),
        Column("period_to", "To", sort="period_to", kind="date"),
        Column("row_count", "Rows", sort="row_count", kind="number"),
        Column("state", "State", sort="state", kind="badge", tones=STATE_TONES),
        Column("brought_by", "Brought by", sort="brought_by__name", kind="person"),
        Column("closed_at", "Closed", sort="closed_at", kind="moment", more=True),
        Column("closed_by", "Closed by", kind="person", more=True),
    )
    facts: ClassVar = (
        Column("kind", "Against"),
        Column("source", "Source"),
        Column("period_from", "From", kind="date"),
        Column("period_to", "To", kind="date"),
        Column("name", "File"),
        Column("row_count", "Rows", kind="number"),
        Column("sha256", "SHA-256 of the file"),
        Column("brought_by", "Brought by", kind="person"),
        Column("conclusion", "Conclusion"),
        Column("closed_by", "Closed by", kind="person"),
        Column("closed_at", "Closed", kind="moment"),
        Column("result_sha256", "SHA-256 of the result"),
    )
    related: ClassVar = ("brought_by", "closed_by")
    ordering: ClassVar = ("-period_to", "-id")
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = "The register held against payments and sign-in: whoever is on the list and not in the register comes up."
    verbs: ClassVar = (
        VerbPage("close", actions.close, "Close reconciliation", "{0.ref} is closed and locked.", CloseForm),
        VerbPage("cancel", actions.cancel, "Cancel reconciliation", "{0.ref} is cancelled.", tone="danger"),
    )

    def create_url(self) -> str:
        """Where a list is brought in."""
        return self.url("create")

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The names that are looked at, page by page; the counts; who is on no list; the verbs offered now."""
        chosen = Chosen.of(self.request.GET)
        page = Paginator(chosen.names(target, moment), A_PAGE).get_page(self.request.GET.get("page"))
        counts = counts_of(target, moment)
        given = verbs_on(self.user, ("match", "close", "cancel"), target) if moment is None else set()
        missing = list(absent(target)[: MOST_ABSENT + 1]) if moment is None and can(self.user, "view", Vendor) else []
        evidence = visible(self.user, rows(Evidence, moment), moment).filter(id=target.evidence_id)
        return {
            "chosen": chosen, "page": page, "shows": [(show, label, counts[show]) for show, label in SHOWS],
            "names": on_page(list(page.object_list), moment),
            "unknown": counts[UNKNOWN], "ended": counts[ENDED], "state_tone": STATE_TONES[target.state],
            "may_match": "match" in given and is_open(target),
            "may_close": "close" in given and is_open(target),
            "may_cancel": "cancel" in given and is_open(target),
            "may_download": moment is None and can(self.user, "download", target),
            "absent": missing[:MOST_ABSENT], "more_absent": len(missing) > MOST_ABSENT,
            "sees_evidence": target.evidence_id is not None and evidence.exists(),
        }  # fmt: skip


# ---- bringing one in -----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def new_reconciliation(request: HttpRequest) -> HttpResponse:
    """Bring a list in. What is refused comes back with the lines that are wrong, and nothing kept."""
    user = user_of(request)
    require(user, "add", Reconciliation)
    form = BringForm(*sent(request))
    if form.is_valid() and for_the_first_time(request, form) and (target := brought(form, user)):
        messages.success(request, f"{target.ref}: {target.row_count:,} rows are read.")
        return redirect(target)
    status = 413 if form.too_large else 422 if form.errors else 200
    context = {"form": form, "pages": ReconciliationPages(request)}
    return render(request, "vendors/reconciliation_new.html", context, status=status)


def brought(form: BringForm, user: User) -> Reconciliation | None:
    """The reconciliation; None where it is refused, and the form says why."""
    try:
        return actions.bring(actor=user, **form.cleaned_data)
    except ValidationError as refused:
        put_onto(form, refused)
        return None


# ---- names ---------------------------------------------------------------------------------------------------------


def match_row(row: ReconciledRow, *, actor: User, vendor: str, remember: bool = False, note: str = "") -> ReconciledRow:
    """Say that a name is the vendor of this reference or name. Raises ValidationError."""
    found = vendor_of(vendor, actor, "vendor")
    if found is None:
        raise ValidationError({"vendor": "Say which vendor it is."})
    remembers = remember and can(actor, "name_alias", found)
    return actions.match(row, actor=actor, vendor=found, remember=remembers, note=note)


MATCH = VerbPage("match", match_row, "Name vendor", "{0.name} is {0.vendor}.", MatchForm, template=ROW)
PROPOSE = VerbPage("match", actions.propose, "Propose vendor", "{0.name} is proposed.", ProposeForm, template=ROW)
DISMISS = VerbPage("match", actions.dismiss, "No vendor", "{0.name} is no vendor.", DismissForm, template=ROW)


def on_row(page: VerbPage) -> Callable[..., HttpResponse]:
    """The page of a verb on a name; `pk` is the row's."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def run(request: HttpRequest, pk: int) -> HttpResponse:
        user = user_of(request)
        row: Any = get_allowed(user, "view", ReconciledRow.objects.select_related("reconciliation", "vendor"), pk)
        sheet = get_allowed(user, "match", Reconciliation, row.reconciliation_id)
        offered = candidates(row) if page is MATCH else []
        return act(request, ReconciliationPages, row, page, home=f"{sheet.get_absolute_url()}?show=unknown",
                   sheet=sheet, candidates=offered)  # fmt: skip

    run.pages = ReconciliationPages  # type: ignore[attr-defined]
    return run


@require_POST
def dismiss_many(request: HttpRequest, pk: int) -> HttpResponse:
    """Say of the names that are ticked that they are no vendors, for one reason."""
    user = user_of(request)
    target = get_allowed(user, "match", Reconciliation, pk)
    form = DismissManyForm(request.POST)
    chosen = [int(number) for number in request.POST.getlist("pk")[:A_PAGE] if number.isdecimal() and len(number) < 19]
    try:
        if not form.is_valid():
            raise ValidationError([f"Reason: {words}" for words in form.errors["reason"]])  # noqa: TRY301 - said below
        count = actions.dismiss_all(target, actor=user, reason=form.cleaned_data["reason"], chosen=chosen)
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, f"{count} name{'s are' if count > 1 else ' is'} no vendor.")
    return redirect(f"{target.get_absolute_url()}?show=unknown")


# ---- files ---------------------------------------------------------------------------------------------------------


@require_safe
def names_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The names as they are looked at, a row each."""
    user = user_of(request)
    target = get_shown(user, "download", Reconciliation, pk)
    with transaction.atomic():
        query = {"query": request.GET.urlencode()}
        record("reconciliation.downloaded", user, target, refs={"format": "csv"}, private=query)
    moment = ReconciliationPages(request).moment()
    found = Chosen.of(request.GET).names(target, moment)
    return stream(f"{target.ref}-names", HEADER, exported(found, moment))


@require_safe
def list_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The list exactly as it was received."""
    user = user_of(request)
    return open_file(user, get_shown(user, "download", Reconciliation, pk))


new_reconciliation.pages = ReconciliationPages  # type: ignore[attr-defined]
dismiss_many.pages = ReconciliationPages  # type: ignore[attr-defined]
names_csv.pages = ReconciliationPages  # type: ignore[attr-defined]
list_file.pages = ReconciliationPages  # type: ignore[attr-defined]

routes: list[URLPattern | URLResolver] = [
    path("reconciliations/new/", new_reconciliation, name="reconciliation-create"),
    path("reconciliations/<int:pk>/none/", dismiss_many, name="reconciliation-dismiss"),
    path("reconciliations/<int:pk>/names.csv", names_csv, name="reconciliation-names"),
    path("reconciliations/<int:pk>/file/", list_file, name="reconciliation-file"),
    *(
        path(f"reconciliations/names/<int:pk>/{place}/", on_row(page), name=f"reconciledrow-{place}")
        for place, page in (("match", MATCH), ("propose", PROPOSE), ("dismiss", DISMISS))
    ),
    path("reconciliations/", include(ReconciliationPages.urls())),
]
