"""Reading the trail: the searchable page, one entry, its CSV, and the Trail tab of every record. Sight is access.py's."""

import datetime
import ipaddress
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django import forms
from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone

from foundation.accounts.access import TABLE, moment_for, require, visible
from foundation.accounts.models import User
from foundation.accounts.roles import Role, Scope
from foundation.pages.filters import matching
from foundation.pages.sheets import stream
from foundation.trail.asof import rows, thaw
from foundation.trail.models import Entry
from foundation.trail.record import record
from foundation.trail.verbs import VERBS

PAGE = 50  # entries on a page
COUNTED = 10_000  # beyond this many the page says "more than": an exact count reads the whole table
CHUNK = 1000  # entries fetched at once by an export


@dataclass(frozen=True)
class Line:
    """One entry in words. `changes` and `reason` are empty where its reader may not see the record (`open` is False)."""

    entry: Entry
    at: datetime.datetime
    who: str
    words: str
    about: str
    url: str
    address: str
    open: bool
    reason: str = ""
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)


class TrailFilter(forms.Form):
    """What to look for. Words are searched for only inside a time range: they read every entry in it."""

    who = forms.CharField(required=False, max_length=200, widget=forms.TextInput(attrs={"placeholder": "Name or e-mail"}))
    verb = forms.ChoiceField(label="Did what", required=False, choices=[("", "Anything"), *VERBS.items()])
    register = forms.ChoiceField(
        required=False, choices=[("", "Any"), *((label, label.split(".")[1].capitalize()) for label in TABLE)]
    )
    about = forms.CharField(
        label="Record", required=False, max_length=100, widget=forms.TextInput(attrs={"placeholder": "Ref or number"})
    )
    outcome = forms.ChoiceField(
        required=False, choices=[("", "Any"), ("ok", "Done"), ("refused", "Refused"), ("failed", "Failed")]
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    address = forms.GenericIPAddressField(label="Address", required=False)
    q = forms.CharField(label="Words", required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"}))

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("q") and not (values.get("since") and values.get("until")):
            self.add_error("q", "Searching by words needs a day to start from and a day to end on.")
        if values.get("since") and values.get("until") and values["since"] > values["until"]:
            self.add_error("until", "The last day lies before the first.")
        return values


# ---- pages ---------------------------------------------------------------------------------------------------------


def entries(request: HttpRequest) -> HttpResponse:
    """The trail as far as this person may see it, newest first, filtered, in keyset pages."""
    user = reader(request)
    form = TrailFilter(request.GET)
    found = search(user, form)
    page = page_of(found, request.GET)
    counted = found[: COUNTED + 1].count()
    context = {"form": form, "counted": counted, "many": counted > COUNTED, **page, "lines": lines(user, page["entries"])}
    return render(request, "trail/entry_list.html", context)


def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry: what changed from what to what, from where, its hashes."""
    user = reader(request)
    found = visible(user, Entry).filter(pk=pk).first()
    if found is None:
        raise Http404
    return render(request, "trail/entry_detail.html", {"line": lines(user, [found])[0], "private": private_of(user, found)})


def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered trail as CSV, streamed; asking for it is an entry itself."""
    user = reader(request)
    form = TrailFilter(request.GET)
    found = search(user, form)
    record("trail.exported", user, private={"query": request.GET.urlencode()})
    header = [
        "id", "at", "actor kind", "actor id", "actor", "via", "verb", "object type", "object id", "object", "outcome",
        "reason", "changes", "address", "request id", "leaf sha256",
    ]  # fmt: skip
    body = ([csv_row(line) for line in lines(user, chunk)] for chunk in chunks(found))
    return stream(f"trail-{timezone.localdate()}", header, body)


def trail_of(user: User, target: models.Model, params: QueryDict) -> dict[str, Any]:
    """What the Trail tab of a record shows: its entries, newest first, in keyset pages."""
    found = visible(user, Entry).filter(object_type=target._meta.label_lower, object_id=str(target.pk))
    page = page_of(found.order_by("-at", "-id"), params)
    return {**page, "lines": lines(user, page["entries"])}


def reader(request: HttpRequest) -> User:
    """The person who reads; Http404 for one to whom the trail does not exist."""
    user: Any = request.user
    require(user, "view", Entry)
    return user


# ---- searching -----------------------------------------------------------------------------------------------------


def search(user: User, form: TrailFilter) -> QuerySet[Entry]:
    """The entries that the person may see and the form asks for, newest first. A form with errors finds nothing."""
    found = visible(user, Entry).order_by("-at", "-id")
    if not form.is_valid():
        return found.none()
    asked = form.cleaned_data
    for name in ("verb", "outcome"):
        if asked[name]:
            found = found.filter(**{name: asked[name]})
    if asked["register"]:
        found = found.filter(object_type=asked["register"])
    if asked["address"]:
        found = found.filter(ip=asked["address"]) if may_see_addresses(user) else found.none()
    if asked["since"]:
        found = found.filter(at__gte=microseconds(asked["since"]))
    if asked["until"]:
        found = found.filter(at__lt=microseconds(asked["until"] + datetime.timedelta(days=1)))
    if asked["who"]:
        people = visible(user, User).filter(matching(asked["who"], ("name", "email"))).values("pk")
        found = found.filter(actor_kind="user", actor_id__in=people)
    if asked["about"]:
        found = found.filter(about(user, asked["about"]))
    if asked["q"]:
        found = found.filter(matching(asked["q"], ("detail",)), object_type__in=readable_registers(user))
    return found


def about(user: User, words: str) -> Q:
    """The entries about a record with this ref in any register that the person sees, or with this number."""
    condition = Q(object_id=words) if words.isdigit() else Q(pk__in=())
    for label in TABLE:
        model = apps.get_model(label)
        if any(column.name == "ref" for column in model._meta.fields):
            ids = [str(number) for number in visible(user, model).filter(ref__iexact=words).values_list("pk", flat=True)]
            condition |= Q(object_type=label, object_id__in=ids)
    return condition


def readable_registers(user: User) -> list[str]:
    """The registers whose every record the person sees: elsewhere a hit by words would tell what a page would not."""
    return [label for label, verbs in TABLE.items() if verbs.get("view", {}).get(Role(user.role)) is Scope.ALL]


def page_of(found: QuerySet[Entry], params: QueryDict) -> dict[str, Any]:
    """One keyset page: the entries after `?before=<at>.<id>`, and the key of the next page or ""."""
    at, _, number = params.get("before", "").partition(".")
    if at.isdigit() and number.isdigit() and len(at) < 19 and len(number) < 19:
        found = found.filter(Q(at__lte=int(at)) & (Q(at__lt=int(at)) | Q(id__lt=int(number))))
    kept = list(found[: PAGE + 1])
    last = kept[PAGE - 1] if len(kept) > PAGE else None
    return {"entries": kept[:PAGE], "next": f"{last.at}.{last.pk}" if last else "", "first_page": not at}


def chunks(found: QuerySet[Entry]) -> Iterator[list[Entry]]:
    """All entries found, a thousand at a time."""
    rest = found.iterator(chunk_size=CHUNK)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


# ---- words ---------------------------------------------------------------------------------------------------------


def lines(user: User, found: Iterable[Entry]) -> list[Line]:
    """The entries in words, in a constant number of queries: one for the people, one for each register they are about."""
    found = list(found)
    people = User.objects.in_bulk({one.actor_id for one in found if one.actor_kind == "user"})
    seen = records(user, found)
    return [line(user, one, people, seen) for one in found]


def records(user: User, found: list[Entry]) -> dict[tuple[str, str], Any]:
    """(register, number) → the record, for those that the person may see now (an auditor: at the period's end)."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for one in found:
        if one.object_type in TABLE:
            wanted[one.object_type].add(one.object_id)
    moment = moment_for(user, None)
    seen = {}
    for label, numbers in wanted.items():
        model = apps.get_model(label)
        then = moment if hasattr(model, "history") else None
        for row in visible(user, rows(model, then), then).filter(id__in=numbers):
            thawed = thaw(row)
            seen[label, str(thawed.pk)] = thawed
    return seen


def line(user: User, one: Entry, people: dict[int, User], seen: dict[tuple[str, str], Any]) -> Line:
    """One entry in words, with its values only where its reader sees the record, or it is about no record (decision 10)."""
    target = seen.get((one.object_type, one.object_id))
    is_open = target is not None or not one.object_type or one.actor_id == user.pk
    detail = json.loads(one.detail)
    private = json.loads(one.private) if one.private else {}
    changes = {**detail.get("changes", {}), **private.get("changes", {})} if is_open else {}
    url = target.get_absolute_url() if hasattr(target, "get_absolute_url") else ""
    register = one.object_type.partition(".")[2]
    return Line(
        entry=one,
        at=datetime.datetime.fromtimestamp(one.at / 1_000_000, tz=datetime.UTC),
        who=actor_words(one, people),
        words=VERBS.get(one.verb, one.verb),
        about=str(target) if target is not None else f"{register} {one.object_id}".strip(),
        url=url,
        address=address(user, one),
        open=is_open,
        reason=str(detail.get("reason", "")) if is_open else "",
        changes=[(name.replace("_", " "), shown(before), shown(after)) for name, (before, after) in changes.items()],
        detail=detail if is_open else {},
    )


def actor_words(one: Entry, people: dict[int, User]) -> str:
    if one.actor_kind == "user" and one.actor_id is not None:
        return str(people.get(one.actor_id, f"account {one.actor_id}"))
    return {"system": "The system", "anonymous": "Somebody not signed in"}.get(one.actor_kind, one.actor_kind)


def shown(value: Any) -> str:
    """A stored value in words; nothing is a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def address(user: User, one: Entry) -> str:
    """The address it came from; an auditor sees the network only."""
    if not one.ip:
        return ""
    if may_see_addresses(user) or one.actor_id == user.pk:
        return str(one.ip)
    prefix = 24 if ipaddress.ip_address(one.ip).version == 4 else 48  # noqa: PLR2004 - IPv4 has 32 bits, IPv6 128
    return str(ipaddress.ip_network((one.ip, prefix), strict=False))


def may_see_addresses(user: User) -> bool:
    return user.role in {Role.ADMINISTRATOR, Role.COMPLIANCE_MANAGER}


def private_of(user: User, one: Entry) -> dict[str, Any]:
    """The erasable part beside changes, for those who run the place: user agent, typed address, path and query."""
    if not one.private or not may_see_addresses(user):
        return {}
    return {key: value for key, value in json.loads(one.private).items() if key not in {"salt", "changes", "ip"}}


def csv_row(one: Line) -> list[Any]:
    """One entry as CSV cells."""
    raw = one.entry
    changes = "; ".join(f"{name}: {before} → {after}" for name, before, after in one.changes)
    who = [raw.actor_kind, raw.actor_id, one.who, raw.via, raw.verb]
    what = [raw.object_type, raw.object_id, one.about, raw.outcome, one.reason, changes]
    return [raw.pk, one.at.isoformat(), *who, *what, one.address, raw.request_id, raw.leaf_hash().hex() if one.open else ""]


def microseconds(day: datetime.date) -> int:
    """The first microsecond of a day in the organisation's time zone."""
    start = timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
    return int(start.timestamp() * 1_000_000)
