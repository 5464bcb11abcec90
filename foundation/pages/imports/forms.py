"""The forms of an import: the file, its columns, and the word that applies it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from foundation.files.forms import StoredFileField, is_too_large
from foundation.pages.imports.csvfile import WESTERN
from foundation.pages.imports.importer import Importer
from foundation.pages.imports.table import MOST_BYTES, MOST_ROWS, Table

SHEET = "sheet"
COLUMN = "column_"
MEGABYTES = MOST_BYTES // 1024 // 1024


class UploadForm(forms.Form):
    """Choose a file. What it holds, the reader judges; here only its size is."""

    file = StoredFileField(
        max_bytes=MOST_BYTES,
        kinds=None,
        label="File",
        help_text=f"CSV or XLSX, up to {MEGABYTES} MB and {MOST_ROWS:,} rows. The first line holds the headings.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    encoding = forms.ChoiceField(
        label="Text encoding",
        required=False,
        choices=(("", "Recognise it (UTF-8, UTF-16)"), (WESTERN, "Western European (Windows-1252)")),
        help_text="Only for CSV from older programs whose accents come out wrong.",
    )

    @property
    def too_large(self) -> bool:
        return is_too_large(self)


class ColumnsForm(forms.Form):
    """Which heading of the file is which field of the register, and which sheet of a workbook is read."""

    def __init__(self, *args: Any, importer: Importer, table: Table, chosen: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.importer = importer
        if len(table.sheets) > 1:
            choices = [(name, name) for name in table.sheets]
            self.fields[SHEET] = forms.ChoiceField(label="Sheet", choices=choices, initial=table.sheet)
        for item in importer.fields:
            self.fields[COLUMN + item.name] = forms.ChoiceField(
                label=item.label,
                required=item.required,
                choices=headings(table.header, item.required),
                initial=chosen.get(item.name, ""),
                help_text=item.help,
                error_messages={"required": f"Choose the column that holds the {item.label.lower()}."},
            )

    def columns(self) -> list[forms.BoundField]:
        """The fields that choose a column."""
        return [self[name] for name in self.fields if name != SHEET]

    def mapping(self) -> dict[str, str]:
        """Field name -> heading, of the fields that have one."""
        chosen = {item.name: self.cleaned_data[COLUMN + item.name] for item in self.importer.fields}
        return {name: heading for name, heading in chosen.items() if heading}


def headings(header: Sequence[str], required: bool) -> list[tuple[str, str]]:
    """The choices for one field."""
    return [("", "Choose a column" if required else "Leave out"), *((name, name) for name in header)]


class AgreeForm(forms.Form):
    """Apply what the preview showed: `fingerprint` says which preview that was."""

    fingerprint = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Reason", required=False, max_length=500, help_text="Kept in the trail and in every record's history."
    )
