"""What people fill in to freeze a population and to draw from it, and the filters of both lists."""

from collections.abc import Mapping
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError

from controls.models import Control
from evidence.models import BY_SEED, Method, PopulationKind, Purpose
from evidence.sampling.actions import EMPTY, FILE, new_seed, usual_size
from evidence.sampling.sources import Source
from foundation.accounts.access import allowed
from foundation.accounts.models import User
from foundation.files.forms import StoredFileField
from foundation.organisation.models import today
from foundation.pages.fields import RecordsField, day_field, text_area, words_field
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import VerbForm
from foundation.pages.imports.csvfile import WESTERN
from foundation.pages.imports.table import MOST_BYTES, MOST_ROWS

TOLD_BY_THE_SOURCE = ("source_system", "query", "source_total")


class FreezeForm(forms.Form):
    """A list with all that proves it complete. What comes from a register of ours says the rest itself."""

    title = forms.CharField(max_length=200, help_text="What it lists: “Changes deployed to production”.")
    kind = forms.ChoiceField(choices=[("", "Choose a kind"), *PopulationKind.choices])
    period_from = day_field(label="Period from")
    period_to = day_field(label="Period to")
    origin = forms.ChoiceField(label="Rows from")
    file = StoredFileField(
        max_bytes=MOST_BYTES, kinds=None, required=False,
        help_text=f"CSV or XLSX, up to {MOST_ROWS:,} rows, unfiltered. The first line holds the headings.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )  # fmt: skip
    encoding = forms.ChoiceField(
        label="Text encoding", required=False,
        choices=(("", "Recognise it (UTF-8, UTF-16)"), (WESTERN, "Western European (Windows-1252)")),
    )  # fmt: skip
    sheet = forms.CharField(max_length=100, required=False, help_text="Of a workbook; empty: its first one.")
    key_column = forms.CharField(
        label="Key column", max_length=200, required=False,
        help_text="The heading of the column that names each row once: a number, a ticket. Empty: the first column.",
    )  # fmt: skip
    day_column = forms.CharField(
        label="Day column", max_length=200, required=False,
        help_text="The heading of the column that says on which day each occurred. Empty: rows have no day.",
    )  # fmt: skip
    source_system = forms.CharField(max_length=120, required=False, help_text="The system: “GitHub”.")
    environment = forms.CharField(max_length=120, required=False, help_text="Tenant, account, repository.")
    query = words_field(
        required=False, rows=3,
        help_text="The query, report or menu path by which anybody gets the same list again.",
    )  # fmt: skip
    source_total = forms.IntegerField(
        label="Count in the source", required=False, min_value=0, max_value=10**9,
        help_text="How many the source itself shows for this query. It must equal the rows.",
    )  # fmt: skip
    controls = RecordsField(
        queryset=Control.objects.none(), required=False, widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text="The controls whose events it lists.",
    )  # fmt: skip
    reason = words_field(
        label="What it is for them", required=False, rows=2,
        help_text="What the list shows about these controls.",
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, sources: Mapping[str, Source], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["origin"].choices = [  # type: ignore[attr-defined]
            (FILE, "A file"), (EMPTY, "Nothing: the query found none"),
            *((key, f"Countersign: {source.words}") for key, source in sources.items()),
        ]  # fmt: skip
        known = allowed(user, "submit_evidence", Control.objects.live()).order_by("ref")
        self.fields["controls"].queryset = known  # type: ignore[attr-defined]
        self.fields["period_from"].initial = today().replace(day=1)
        self.fields["period_to"].initial = today()

    def clean(self) -> None:
        """What a file and an empty list have to say of themselves."""
        origin = self.cleaned_data.get("origin")
        if origin not in (FILE, EMPTY):
            return
        for name in TOLD_BY_THE_SOURCE:
            if self.cleaned_data.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, "Without it nobody can tell whether the list is whole.")
        if origin == FILE and not self.cleaned_data.get("file") and "file" not in self.errors:
            self.add_error("file", "Choose the file.")
        if origin == EMPTY and self.cleaned_data.get("file"):
            self.add_error("file", "A list that is empty has no file; its query is the proof.")


class DrawForm(VerbForm):
    """A sample: by a seed, or by a person who says why."""

    method = forms.ChoiceField(choices=Method.choices, help_text="Random and systematic say something of the whole.")
    size = forms.IntegerField(required=False, min_value=1, max_value=10**6, help_text="Empty: as the settings say.")
    seed = forms.CharField(
        max_length=200,
        required=False,
        help_text="For random and systematic: by it anybody draws the same keys again.",
    )
    keys = forms.CharField(
        max_length=100_000, required=False, widget=text_area(4),
        help_text="For haphazard and targeted: the keys that you pick, one on a line.",
    )  # fmt: skip
    reason = words_field(
        required=False, rows=2,
        help_text="Why you picked these, or why it is drawn again.",
    )  # fmt: skip

    def __init__(self, *args: Any, target: Any, **kwargs: Any) -> None:
        start = {"size": usual_size(target) or None, "seed": new_seed(), "method": Method.RANDOM}
        kwargs["initial"] = start | (kwargs.get("initial") or {})
        super().__init__(*args, target=target, **kwargs)
        high = usual_size(target, high_risk=True)
        self.fields["size"].help_text = f"The settings say {start['size']}, and {high} where the risk is high."

    def clean_keys(self) -> list[str]:
        """The lines that say something."""
        return [line.strip() for line in self.cleaned_data["keys"].splitlines() if line.strip()]

    def clean(self) -> None:
        """Picked keys say their number themselves; a draw by seed takes none."""
        method, keys = self.cleaned_data.get("method"), self.cleaned_data.get("keys")
        if method and method not in BY_SEED and not keys:
            raise ValidationError({"keys": "Name the keys that you pick."})
        if method in BY_SEED and keys:
            raise ValidationError({"keys": "Only haphazard and targeted samples are picked by hand."})


class PopulationFilter(RegisterFilter):
    """Populations by words and kind."""

    search_fields = ("title", "source_system", "query")
    archives = False
    kind = django_filters.ChoiceFilter(choices=PopulationKind.choices, empty_label="Any kind")
    hint = "Title, system or query"


class SampleFilter(RegisterFilter):
    """Samples by words of their population, whose test they are for, and method."""

    search_fields = ("population__title", "seed", "reason")
    archives = False
    purpose = django_filters.ChoiceFilter(choices=Purpose.choices, empty_label="Any", label="For")
    method = django_filters.ChoiceFilter(choices=Method.choices, empty_label="Any method")
    hint = "Population, seed or reason"
