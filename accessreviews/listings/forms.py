"""What people say about a listing, its columns and whose an account is; and what the lists can be narrowed to."""

from collections.abc import Sequence
from typing import Any, Final

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from accessreviews.listings.shapes.own import FIELDS, guessed
from accessreviews.listings.shapes.reading import LIMITS, MEGABYTE
from accessreviews.listings.shapes.values import DAY_MONTH, MONTH_DAY
from accessreviews.models import AccountMatch, Listing, MatchKind, Shape
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.files.forms import StoredFileField, is_too_large
from foundation.pages.fields import moment_field, offer, words_field
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm
from foundation.pages.imports.csvfile import WESTERN
from foundation.pages.people import possible_owners
from people.models import Person
from systems.fields import LinesField
from systems.models import System

COLUMN: Final = "column_"
RECOGNISED: Final = (Shape.OKTA, Shape.GOOGLE, Shape.ENTRA, Shape.GITHUB, Shape.AWS, Shape.OWN)
WORDS: Final = ("yes", "no", "never")


def systems_of(user: User) -> QuerySet[System]:
    """The systems whose accounts this person may list: those that are theirs to change."""
    return allowed(user, "change", System).filter(archived_at=None).order_by("name")


class ToldForm(forms.Form):
    """What is said of a listing, on the page and through the API."""

    system = forms.ModelChoiceField(System.objects.none(), empty_label="Choose a system")
    source = forms.CharField(max_length=120, help_text="From where it was pulled: “Okta admin console”.")
    query = words_field(rows=2, help_text="The report, query or menu path by which anybody gets the same list again.")
    environment = forms.CharField(max_length=120, required=False, help_text="Tenant, organisation or account, if many.")
    pulled_at = moment_field(label="Pulled", help_text="When the source showed it.")
    source_total = forms.IntegerField(
        min_value=0, max_value=10_000_000, label="Count in the source",
        help_text="How many accounts the source itself says there are; not the rows of the file.",
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems_of(user).filter(own=False)  # type: ignore[attr-defined]

    def told(self) -> dict[str, Any]:
        """What `record_listing` is told, beside the rows."""
        names = ("system", "source", "query", "environment", "pulled_at", "source_total")
        return {name: self.cleaned_data[name] for name in names}


class FileForm(ToldForm):
    """A listing from a file."""

    file = StoredFileField(
        max_bytes=LIMITS.size, kinds=None, label="File",
        help_text=f"CSV, XLSX or JSON as the system exports it, up to {LIMITS.rows:,} accounts and "
        f"{LIMITS.size // MEGABYTE} MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.json"}),
    )  # fmt: skip
    shape = forms.ChoiceField(
        required=False, label="Shape", help_text="Known exports are recognised by their headings.",
        choices=[("", "Recognise it"), *[(shape.value, shape.label) for shape in RECOGNISED]],
    )  # fmt: skip
    dates = forms.ChoiceField(
        required=False, label="03/04/2026 is", help_text="Only for dates that can be read in two ways.",
        choices=[("", "Not used"), (DAY_MONTH, "3 April: day first"), (MONTH_DAY, "March 4: month first")],
    )  # fmt: skip
    encoding = forms.ChoiceField(
        required=False, label="Text encoding",
        choices=(("", "Recognise it (UTF-8, UTF-16)"), (WESTERN, "Western European (Windows-1252)")),
        help_text="Only for CSV from older programs whose accents come out wrong.",
    )  # fmt: skip
    sheet = forms.CharField(max_length=100, required=False, help_text="Of a workbook; empty: the first.")

    @property
    def too_large(self) -> bool:
        return is_too_large(self)

    def how(self) -> dict[str, str]:
        """How the file is read."""
        return {name: self.cleaned_data[name] for name in ("shape", "dates", "encoding", "sheet")}


class ListingForm(FileForm):
    """The page's form: it keeps a file that was sent (`kept`), and asks for columns that are not known.

    header: the headings of a file whose columns have to be mapped; chosen: as they were.
    """

    kept = forms.CharField(required=False, widget=forms.HiddenInput, max_length=2000)

    def __init__(
        self, *args: Any, header: Sequence[str] = (), chosen: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].required = not self.data.get("kept")
        self.header = list(header)
        if self.header:
            self.ask_for_columns(chosen or {})

    def ask_for_columns(self, chosen: dict[str, Any]) -> None:
        """The fields by which a person maps the columns."""
        columns = chosen.get("columns") or guessed(self.header)
        headings = [(heading, heading) for heading in self.header]
        for name, (label, help_text) in FIELDS.items():
            first = "Choose a column" if name == "key" else "Leave out"
            self.fields[COLUMN + name] = forms.ChoiceField(
                label=label, help_text=help_text, required=name == "key", choices=[("", first), *headings],
                initial=columns.get(name, ""), error_messages={"required": "Choose the column that names the account."},
            )  # fmt: skip
        for name in WORDS:
            self.fields[name] = LinesField(
                label=f"“{name.capitalize()}” is", initial=chosen.get(name, []),
                widget=forms.Textarea(attrs={"rows": 2}), help_text="In the words of this system, one a line.",
            )  # fmt: skip

    def columns(self) -> list[forms.BoundField]:
        """The fields of the mapping."""
        return [self[name] for name in self.fields if name.startswith(COLUMN) or name in WORDS]

    def mapping(self) -> dict[str, Any]:
        """The mapping as it is remembered; nothing where none was asked for."""
        if not self.header:
            return {}
        said = self.cleaned_data
        columns = {name: said[COLUMN + name] for name in FIELDS if said.get(COLUMN + name)}
        return {"columns": columns, **{name: said.get(name, []) for name in WORDS}, "dates": said.get("dates", "")}


# ---- whose an account is -------------------------------------------------------------------------------------------


class PersonField(forms.CharField):
    """Somebody of the roster, by reference or e-mail address."""

    def prepare_value(self, value: Any) -> Any:
        return Person.ref_of(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Person | None:  # type: ignore[override]
        words = str(self.prepare_value(value) or "").strip()
        if not words:
            return None
        number = Person.number_in(words)
        live = Person.objects.live()
        found = live.filter(pk=number).first() if number else live.filter(email__iexact=words).first()
        if found is None:
            raise ValidationError("Nobody on the roster has this reference or address.")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != data


class AccountMatchForm(RegisterForm):
    """Whose an account is: remembered, and used from the system's next listing on."""

    person = PersonField(required=False, help_text="Of a person's account: reference (P-12) or e-mail address.")

    class Meta:
        model = AccountMatch
        fields = ("system", "key", "kind", "person", "owner", "reason")
        widgets = {"reason": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["system"]
        chosen.queryset = systems_of(self.user) | System.objects.filter(pk=self.instance.system_id)
        chosen.empty_label = "Choose a system"
        offer(self.fields["owner"], possible_owners(), kept=self.instance.owner_id, empty="Nobody")
        self.fields["kind"].choices = [("", "Choose what it is"), *MatchKind.choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """An account is matched once, whatever its case: listings compare it so."""
        said = super().clean() or self.cleaned_data
        system, key = said.get("system"), said.get("key", "")
        others = AccountMatch.objects.filter(system=system, key__iexact=key).exclude(pk=self.instance.pk)
        if system and key and others.exclude(key=key).exists():
            self.add_error("key", "This account is matched already, in other capitals: change that.")
        return said


class AccountMatchFilter(RegisterFilter):
    """What was said of accounts. Runs on live and on history rows: see RegisterFilter."""

    search_fields = ("key", "reason")
    hint = "Account or words"
    system = django_filters.ChoiceFilter(method="by_system", empty_label="Any")
    kind = django_filters.ChoiceFilter(choices=MatchKind.choices, empty_label="Any", label="Is")

    class Meta:
        model = AccountMatch
        fields = ("kind",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["system"].extra["choices"] = system_choices()

    def by_system(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(system_id=value)


class ListingFilter(RegisterFilter):
    """Listings by system and shape. Nothing of them is archived."""

    search_fields = ("source", "query", "environment", "system__name")
    hint = "L-12 or words"
    archives = False
    system = django_filters.ChoiceFilter(method="by_system", empty_label="Any")
    shape = django_filters.ChoiceFilter(choices=Shape.choices, empty_label="Any")

    class Meta:
        model = Listing
        fields = ("shape",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["system"].extra["choices"] = system_choices()

    def by_system(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(system_id=value)


def system_choices() -> list[tuple[str, str]]:
    """Every system, for a filter. One query."""
    return [(str(pk), name) for pk, name in System.objects.order_by("name").values_list("pk", "name")]
