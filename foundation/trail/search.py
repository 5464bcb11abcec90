"""Searching the trail: what can be asked for, and pages by key, because nobody counts or skips ten million rows."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.http import Http404

from foundation.accounts.access import allowed, moment_for, seen_entries, visible, visible_entries
from foundation.accounts.models import User
from foundation.accounts.table import TABLE
from foundation.trail.asof import rows
from foundation.trail.changes import zoned
from foundation.trail.leaf import canonical
from foundation.trail.models import EPOCH, Entry
from foundation.trail.sight import KINDS, register_name
from foundation.trail.verbs import VERBS

PAGE = 50
CHUNK = 1000
MOST = 10_000  # beyond it a count says "10,000+"


class DayOrMoment(forms.DateTimeField):
    """A moment in the reader's zone, or a whole day: its first moment, or with `last` its last."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")

    def __init__(self, *, last: bool = False, **kwargs: Any) -> None:
        self.last = last
        super().__init__(required=False, **kwargs)

    def to_python(self, value: Any) -> datetime.datetime | None:
        moment = super().to_python(value)
        if self.last and moment is not None and "T" not in str(value) and ":" not in str(value):
            return moment + (
                datetime.timedelta(days=1) - datetime.timedelta(microseconds=1)
            )  # 9999-12-31 has no next day
        return moment


class EntrySearch(forms.Form):
    """Every filter goes by an index; words need a time range, because they are looked for in each entry of it."""

    who = forms.ChoiceField(required=False, label="Who")
    verb = forms.ChoiceField(required=False, label="Did what")
    register = forms.ChoiceField(required=False, label="Register")
    record = forms.CharField(
        required=False, label="Record", max_length=60, widget=forms.TextInput(attrs={"placeholder": "Ref or number"})
    )
    since = DayOrMoment(label="From")
    until = DayOrMoment(label="To", last=True)
    outcome = forms.ChoiceField(
        required=False,
        label="Outcome",
        choices=[("", "Any"), ("ok", "Done"), ("refused", "Refused"), ("failed", "Failed")],
    )
    address = forms.GenericIPAddressField(required=False, label="Address")
    q = forms.CharField(
        required=False,
        label="Words",
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "In a time range"}),
    )

    def __init__(self, data: Any, *, user: User, addresses: bool) -> None:
        """`addresses`: whether the person may see, and so may search by, where others come from."""
        super().__init__(data)
        self.user = user
        people = [(str(person.id), person.name or person.email) for person in in_sight(user, User)]
        kinds = [(kind, words) for kind, words in KINDS.items() if kind in {"system", "anonymous"}]
        self._choices("who", "Anybody", [*kinds, *people])
        verbs = sorted((verb, f"{verb.partition('.')[0]}: {words}") for verb, words in VERBS.items())
        self._choices("verb", "Anything", verbs)
        self._choices("register", "Any", sorted((label, register_name(label).capitalize()) for label in registers()))
        if not addresses:
            del self.fields["address"]

    def _choices(self, name: str, anything: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [("", anything), *choices]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            raise ValidationError({"until": "The time range ends before it begins."})
        if cleaned.get("q") and not since:
            raise ValidationError({"since": "Searching for words needs a time range: say from when."})
        return cleaned

    @property
    def active(self) -> bool:
        """Whether anything is asked for."""
        return any(self.data.get(name) for name in self.fields)

    @property
    def told(self) -> list[tuple[str, str]]:
        """The filters that are set besides the time range, as (label, words)."""
        if not self.is_valid():
            return []
        return [
            (str(field.label), said(field, self.cleaned_data[name]))
            for name, field in self.fields.items()
            if self.cleaned_data.get(name) and name not in ("since", "until")
        ]

    @property
    def period(self) -> str:
        """The time range in words; "" for all time."""
        if not self.is_valid():
            return ""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        parts = (("from", since), ("to", until))
        return " ".join(f"{word} {zoned(moment)}" for word, moment in parts if moment).capitalize()

    def entries(self) -> QuerySet[Entry]:
        """The entries asked for among those that the person may see, newest first. A wrong form finds none."""
        if not self.is_valid():
            return Entry.objects.none()
        found = visible(self.user, Entry.objects.order_by("-at", "-id"))
        asked = self.cleaned_data
        if asked["who"]:
            column = "actor_id" if asked["who"].isdigit() else "actor_kind"
            found = found.filter(**{column: asked["who"]})
        for name, column in (("verb", "verb"), ("outcome", "outcome"), ("register", "object_type"), ("address", "ip")):
            if asked.get(name):
                found = found.filter(**{column: asked[name]})
        if asked["outcome"] and asked["outcome"] != "ok":
            found = found.exclude(outcome="ok")  # says it as the partial index does
        if asked["since"]:
            found = found.filter(at__gte=microseconds(asked["since"]))
        if asked["until"]:
            found = found.filter(at__lte=microseconds(asked["until"]))
        if asked["record"]:
            found = found.filter(about(self.user, asked["record"], asked["register"]))
        if asked["q"]:
            # Words are looked for only where their finder may read the values, as sight.line says too.
            readable = (seen_entries(self.user) | Q(object_type="")) & ~withheld(self.user)
            found = found.filter(readable, detail__icontains=canonical(asked["q"])[1:-1])
        return found


def said(field: forms.Field, value: Any) -> str:
    """What was asked for in the words that the person picked."""
    return str(dict(field.choices).get(value, value)) if isinstance(field, forms.ChoiceField) else str(value)  # type: ignore[arg-type]


def registers() -> list[str]:
    """The labels of everything that entries are about: what the table of permissions knows, entries aside."""
    return [label for label in TABLE if label != Entry._meta.label_lower]


def in_sight(user: Any, model: type[Any]) -> QuerySet[Any]:
    """What the person sees of a register: now, or, for an auditor whose period is over, as it stood at its end."""
    moment = moment_for(user, None)
    return visible(user, rows(model, moment), moment)


def about(user: Any, text: str, register: str) -> Q:
    """The entries about the record with this number or reference, in one register or in any."""
    labels = [register] if register else registers()
    condition = Q(object_type__in=labels, object_id=text)
    for label in labels:
        model = apps.get_model(label)
        if any(column.name == "ref" for column in model._meta.concrete_fields):
            ids = [str(pk) for pk in in_sight(user, model).filter(ref__iexact=text).values_list("id", flat=True)]
            condition |= Q(object_type=label, object_id__in=ids)
    return condition


def withheld(user: Any) -> Q:
    """The entries that may tell of a record's `details` which the person may not see."""
    found = Q(pk__in=())
    for label in registers():
        model = apps.get_model(label)
        if getattr(model, "details", ()):
            told = allowed(user, "view_details", model).annotate(as_text=Cast("pk", CharField()))
            found |= Q(object_type=label) & ~Q(object_id__in=told.values("as_text"))
    return found


def microseconds(moment: datetime.datetime) -> int:
    """A moment on the trail's clock."""
    return (moment - EPOCH) // datetime.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One page: its entries, newest first, and the keys of the pages before and behind it ("" = none)."""

    entries: list[Entry]
    newer: str
    older: str


def key(entry: Entry) -> str:
    """Where an entry stands in the order: `at-id`."""
    return f"{entry.at}-{entry.pk}"


def page(found: QuerySet[Entry], params: Any, size: int = PAGE) -> KeyPage:
    """The page behind the key `before`, or the one in front of the key `after`, or the newest. No OFFSET, no count."""
    older_than, newer_than = parsed(params.get("before", "")), parsed(params.get("after", ""))
    if newer_than and not older_than:
        entries = list(found.filter(_newer(*newer_than)).order_by("at", "id")[: size + 1])
        more, entries = len(entries) > size, entries[:size][::-1]
        if entries:
            return KeyPage(entries, key(entries[0]) if more else "", key(entries[-1]))
    entries = list((found.filter(_older(*older_than)) if older_than else found)[: size + 1])
    more, entries = len(entries) > size, entries[:size]
    newer = key(entries[0]) if entries and older_than else ""
    return KeyPage(entries, newer, key(entries[-1]) if more else "")


def get_entry(user: Any, pk: int) -> Entry:
    """The entry with this id. Raises Http404 for one that does not exist or that the person does not see."""
    found = Entry.objects.filter(pk=pk)
    entry = visible_entries(user, found, list(found.values_list("object_type", flat=True))).first()
    if entry is None:
        raise Http404
    return entry


def chunks(found: QuerySet[Entry]) -> Iterator[list[Entry]]:
    """All entries found, `CHUNK` at a time by key: one query each, constant memory."""
    chunk = list(found[:CHUNK])
    while chunk:
        yield chunk
        chunk = list(found.filter(_older(chunk[-1].at, chunk[-1].pk))[:CHUNK]) if len(chunk) == CHUNK else []


def count(found: QuerySet[Entry]) -> str:
    """How many, in words; beyond `MOST` nobody counts."""
    number = found.order_by()[: MOST + 1].count()
    return f"{MOST:,}+" if number > MOST else f"{number:,}"


def parsed(text: str) -> tuple[int, int] | None:
    """A key's `at` and `id`; None for anything else."""
    at, _, number = text.partition("-")
    number_like = at.isdecimal() and number.isdecimal() and len(at) < 19 and len(number) < 19
    return (int(at), int(number)) if number_like else None


def _older(at: int, number: int) -> Q:
    return Q(at__lte=at) & (Q(at__lt=at) | Q(id__lt=number))


def _newer(at: int, number: int) -> Q:
    return Q(at__gte=at) & (Q(at__gt=at) | Q(id__gt=number))
