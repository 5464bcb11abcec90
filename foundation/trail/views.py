"""The trail's pages: the searchable list with its files and paper, one entry, a record's tab, and its integrity."""

import datetime
from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from foundation.accounts.access import can, require, visible_entries
from foundation.accounts.models import User
from foundation.jobs.trail import verify_trail
from foundation.pages.exports import Form, Table, send
from foundation.pages.paper import MOST_ROWS, Paper, PaperRefused
from foundation.trail import search
from foundation.trail.log import Block
from foundation.trail.models import Entry
from foundation.trail.record import record
from foundation.trail.seal import head
from foundation.trail.search import EntrySearch
from foundation.trail.sight import Line, lines, register_name
from foundation.trail.status import status

EXTRACT = "Trail extract"
HEADER = (
    "Entry", "Time (UTC)", "Who", "Account", "Did what", "Verb", "Register", "Record", "Record number", "Outcome",
    "Changes", "Reason", "Address", "Via", "Request", "Leaf hash",
)  # fmt: skip


@require_safe
def entry_list(request: HttpRequest) -> HttpResponse:
    """Entries, newest first, searched and filtered; pages by key."""
    user: Any = request.user
    require(user, "view", Entry)
    form = searched(request)
    found = form.entries()
    page = search.page(found, request.GET)
    context = {"form": form, "page": page, "entries": lines(user, page.entries), "count": search.count(found)}
    context["may_see_integrity"] = can(user, "view", Block)
    return render(request, "trail/entry_list.html", context, status=422 if form.errors else 200)


@require_safe
def entry_export(request: HttpRequest, form: Form) -> HttpResponse | StreamingHttpResponse:
    """Every entry of the list as filtered, streamed; that it was taken is on the trail before the first byte leaves."""
    user: Any = request.user
    require(user, "view", Entry)
    asked = searched(request)
    if asked.errors:
        return render(request, "trail/entry_list.html", {"form": asked, "entries": []}, status=422)
    with transaction.atomic():
        record("trail.exported", user, refs={"format": form}, private={"query": request.GET.urlencode()})
    table = Table(
        title=EXTRACT,
        name=f"trail-{timezone.localdate()}",
        header=HEADER,
        chunks=([cells(line) for line in lines(user, chunk)] for chunk in search.chunks(asked.entries())),
        filters=asked.told,
        period=asked.period,
    )
    return send(table, form, user)


def trail_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /) -> Paper:
    """The entries as searched, newest first, as this person may see them. Raises PaperRefused."""
    require(user, "view", Entry)
    asked = EntrySearch(params, user=user, addresses=sees_everybody(user))
    if asked.errors:
        raise PaperRefused("The search has a value that cannot be read. Set it again, then print.")
    found = asked.entries()
    return Paper(
        title=EXTRACT,
        template="pdf/trail.html",
        context={"table": lambda: (line for chunk in search.chunks(found) for line in lines(user, chunk))},
        scope=tuple(f"{label}: {value}" for label, value in asked.told),
        period=asked.period,
        rows=found[: MOST_ROWS + 1].count(),
    )


entry_list.paper = trail_paper  # type: ignore[attr-defined]


@require_safe
def entry_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry: who, when, what, why, from where, its changes, and the hashes that stand for it."""
    user: Any = request.user
    entry = search.get_entry(user, pk)
    [line] = lines(user, [entry])
    return render(request, "trail/entry_detail.html", {"line": line, "entry": entry})


@require_safe
def integrity(request: HttpRequest) -> HttpResponse:
    """What is proven and since when: the last checkpoint, what waits, keys, copies outside, the last verification."""
    user: Any = request.user
    require(user, "view", Block)
    return render(request, "trail/integrity.html", {"status": status(), "may_verify": can(user, "verify", Block)})


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint as the text that it is, to be kept elsewhere."""
    require(request.user, "view", Block)
    last = head()
    if last is None:
        raise Http404("Nothing is sealed yet.")
    response = HttpResponse(last.note, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="checkpoint-{last.size}.txt"'
    return response


@require_POST
def verify_now(request: HttpRequest) -> HttpResponse:
    """Ask for a verification; a job makes it and shows how far it is."""
    require(request.user, "verify", Block)
    return redirect(verify_trail.enqueue(actor=request.user, title="Verification of the audit trail"))


def trail_of(
    user: Any,
    target: models.Model,
    params: Any,
    links: Iterable[Any] = (),
    until: datetime.datetime | None = None,
) -> dict[str, Any]:
    """The context of a record's Trail tab (template trail/entries.html): its entries as this person may see them.

    `links`: link models whose entries belong to the record's story (each with `.model` and `.path`, its foreign key to
    the record). `params`: the query string, for the key of the page. `until`: the aware moment as of which it
    is read: nothing later is told.
    """
    condition, about = Q(object_type=target._meta.label_lower, object_id=str(target.pk)), {target._meta.label_lower}
    for link in links:
        ids = link.model._default_manager.filter(**{link.path: target.pk}).annotate(as_text=Cast("pk", CharField()))
        condition |= Q(object_type=link.model._meta.label_lower, object_id__in=ids.values("as_text"))
        about.add(link.model._meta.label_lower)
    if until is not None:
        condition &= Q(at__lte=search.microseconds(until))
    page = search.page(visible_entries(user, Entry.objects.filter(condition).order_by("-at", "-id"), about), params)
    return {"page": page, "entries": lines(user, page.entries)}


def searched(request: HttpRequest) -> EntrySearch:
    """The search that the query string asks for; the address is a way to search only for who may see all addresses."""
    user: Any = request.user
    return EntrySearch(request.GET, user=user, addresses=sees_everybody(user))


def sees_everybody(user: Any) -> bool:
    """Whether the person may see where everybody comes from, not only themselves."""
    return can(user, "view_private", Entry(actor_kind="system"))


def cells(line: Line) -> list[object]:
    """One entry as a row of the CSV."""
    entry = line.entry
    changed = "; ".join(
        f"{change.label}: {change.withheld or f'{change.before} → {change.after}'}" for change in line.changes
    )
    return [
        entry.pk, entry.moment.isoformat(timespec="microseconds"), line.who, entry.actor_id, line.words, entry.verb,
        register_name(entry.object_type), line.target, entry.object_id, entry.outcome, changed, line.reason,
        line.address, entry.via, entry.request_id, line.leaf_hash,
    ]  # fmt: skip
