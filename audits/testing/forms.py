"""What auditors fill in to draw, to test and to conclude, and management to hand in and to respond."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError

from audits.filters import OfEngagement
from audits.freezing import frozen_scope
from audits.models import Engagement, Sort
from audits.models.requests import Request
from audits.models.testing import (
    AuditSample,
    Conclusion,
    ControlTest,
    ItemResult,
    ManagementResponse,
    Met,
    Procedure,
    SampleItem,
    TestState,
)
from audits.requests.actions import usual_due
from audits.requests.forms import RespondForm
from audits.testing.lines import evidence_of
from audits.testing.testing import Said, check, items_of, results_of, standing
from controls.filters import ControlBox
from controls.models import Control
from evidence.models import Method
from evidence.sampling.forms import DrawForm
from foundation.accounts.access import open_window, visible
from foundation.accounts.models import User
from foundation.pages.act import put_onto
from foundation.pages.fields import day_field, text_area, words_field
from foundation.pages.forms import RegisterForm, VerbForm, changed_meanwhile
from foundation.trail.asof import rows
from foundation.trail.keep import Stale

MOST_NOTE = 500


class AuditDrawForm(DrawForm):
    """An auditor's draw: size and seed are his own, entered after the rows were frozen."""

    due_on = day_field(label="Due", required=False, help_text="The day by which the company answers for the items.")

    def __init__(self, *args: Any, target: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"seed": "", "due_on": usual_due()} | (kwargs.get("initial") or {})
        super().__init__(*args, target=target, **kwargs)
        self.fields["seed"].help_text = "For random and systematic: choose it yourself, now that the rows are frozen."


class ReplaceForm(VerbForm):
    """Replace one item."""

    item = forms.TypedChoiceField(coerce=int, help_text="The one that cannot be tested.")
    key = forms.CharField(
        max_length=200, required=False, label="Take instead",
        help_text="The key of another row, for a sample that is not random. A random one takes the next of its order.",
    )  # fmt: skip
    reason = words_field(rows=2, help_text="Why it cannot be tested.")

    def __init__(self, *args: Any, target: AuditSample, **kwargs: Any) -> None:
        super().__init__(*args, target=target, **kwargs)
        lines = standing(items_of(target))
        self.fields["item"].choices = [  # type: ignore[attr-defined]
            ("", "Choose"), *((one.number, f"{one.number}: {one.item.key}") for one in lines)
        ]  # fmt: skip
        if target.sample.method == Method.RANDOM:
            del self.fields["key"]


class HandInForm(RespondForm):
    """Hand in for several lines in one move."""

    items = forms.TypedMultipleChoiceField(
        coerce=int, required=False, label="Lines", widget=forms.CheckboxSelectMultiple,
        help_text="What you hand in now shows all of these.",
    )  # fmt: skip
    field_order = (
        "items", "file", "source_system", "title", "kind", "query", "period_from", "period_to", "evidence", "note",
        "submit",
    )  # fmt: skip

    def __init__(self, *args: Any, target: AuditSample, **kwargs: Any) -> None:
        asked: Request = target.request
        super().__init__(*args, target=asked, **kwargs)
        self.target = target
        self.fields["version"].initial = self.initial["version"] = target.version
        lines = standing(items_of(target))
        days = {one.pk: f" ({one.item.day})" if one.item.day else "" for one in lines}
        self.fields["items"].choices = [  # type: ignore[attr-defined]
            (one.number, f"{one.number}: {one.item.key}{days[one.pk]}") for one in lines
        ]
        self.fields["submit"].initial = False
        self.fields["submit"].label = "Submit the whole sample: the auditor looks at it now"

    def said(self) -> dict[str, Any]:
        """What `hand_in_for` is told."""
        return super().said() | {"items": self.cleaned_data["items"]}


class ControlTestForm(RegisterForm):
    """A test of a control of the frozen scope. Its engagement is that of the auditor's open window."""

    procedures = forms.MultipleChoiceField(
        choices=Procedure.choices, widget=forms.CheckboxSelectMultiple, help_text="Inquiry alone never suffices."
    )
    attributes = forms.CharField(
        max_length=10_000, required=False, widget=text_area(5),
        help_text="What you look for in each item, one on a line: they become A, B, C …",
    )  # fmt: skip

    class Meta:
        model = ControlTest
        fields = ("control", "procedure", "sample")
        widgets = {"procedure": text_area(5)}

    field_order = ("control", "procedures", "procedure", "attributes", "sample")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        test, window = self.instance, open_window(self.user)
        if not test.pk and window is not None:
            test.engagement = Engagement.objects.get(pk=window.engagement_id)
        control: Any = self.fields["control"]
        scope = frozen_scope(test.engagement) if test.engagement_id else None
        lines = scope.lines.filter(sort=Sort.CONTROL).values_list("facts__id", flat=True) if scope else ()
        control.queryset = Control.objects.filter(pk__in=list(lines)).order_by("ref")
        control.empty_label = "Choose a control of the frozen scope"
        control.label_from_instance = lambda one: f"{one.ref} {one.name}"
        sample: Any = self.fields["sample"]
        drawn = visible(self.user, AuditSample).filter(engagement=test.engagement_id)
        sample.queryset = drawn.select_related("sample__population").order_by("id")
        sample.empty_label = "None: the control itself is looked at"
        sample.label_from_instance = lambda one: f"{one.ref}: {one.sample.size_words()} from {one.sample.population}"
        if test.pk:
            del self.fields["control"]
            self.initial["procedures"], self.initial["attributes"] = test.procedures, "\n".join(test.attributes)
        self.order_fields(self.field_order)

    def _post_clean(self) -> None:
        super()._post_clean()
        self.instance.procedures = self.cleaned_data.get("procedures", [])
        self.instance.attributes = self.cleaned_data.get("attributes", "").splitlines()
        if self.errors:
            return
        stored = ControlTest.objects.get(pk=self.instance.pk) if self.instance.pk else None
        try:
            check(self.instance, stored)
        except ValidationError as refused:
            put_onto(self, refused)


class ResultsForm(VerbForm):
    """The grid: an outcome and a note for each item and attribute; empty ones stay open."""

    def __init__(self, *args: Any, target: ControlTest, **kwargs: Any) -> None:
        super().__init__(*args, target=target, **kwargs)
        self.lines: list[SampleItem | None] = [*standing(items_of(target.sample))] if target.sample_id else [None]
        self.letters = target.lettered()
        self.shown: dict[int, list[Any]] = {}
        known = results_of(target)
        for letter, words in self.letters:
            self.fields[f"rest_{letter}"] = forms.ChoiceField(
                choices=[("", "stay open"), (Met.MET, "are met"), (Met.NOT_APPLICABLE, "are not applicable")],
                required=False, label=f"Items left open for {letter} ({words})"[:200],
            )  # fmt: skip
        for line in self.lines:
            name = line.item.key if line else "The control"
            for letter, _ in self.letters:
                one = known.get((line.pk if line else None, letter))
                outcome, note = self.names(line, letter)
                self.fields[outcome] = forms.ChoiceField(
                    choices=[("", "–"), *Met.choices], required=False, label=f"{name}, {letter}",
                    initial=one.outcome if one else "",
                )  # fmt: skip
                self.fields[note] = forms.CharField(
                    max_length=MOST_NOTE, required=False, label=f"{name}, {letter}: note",
                    initial=one.note if one else "",
                )  # fmt: skip

    def offer_to(self, user: User) -> None:
        """What is handed in for each line stands beside it."""
        self.shown = evidence_of(user, [line for line in self.lines if line], None)

    def overtaken(self, stale: Stale) -> str:
        """What a colleague wrote meanwhile stands where this person touched nothing; the rest is theirs to compare.

        Where the attributes are others by now, nothing can be carried over: the whole is read again.
        """
        test = ControlTest.objects.get(pk=stale.stored.pk)
        read = ControlTest.history.filter(id=test.pk, version=self.cleaned_data["version"]).first()
        if read is None or read.attributes != test.attributes:
            return super().overtaken(stale)
        seen = rows(ItemResult, read.history_date).filter(test_id=test.pk)
        then = {(one.item_id, one.attribute): (one.outcome, one.note) for one in seen}
        known, sent, differ = results_of(test), dict(self.data.items()), []
        for line in self.lines:
            for letter, _ in self.letters:
                cell, names = (line.pk if line else None, letter), self.names(line, letter)
                now, before = known.get(cell), then.get(cell, ("", ""))
                if now is None or before == (now.outcome, now.note):
                    continue
                mine = tuple(self.cleaned_data[name] for name in names)
                if mine == before:
                    sent |= zip(names, (now.outcome, now.note), strict=True)
                elif mine != (now.outcome, now.note):
                    differ.append(f"{self.fields[names[0]].label}: {now.get_outcome_display()}")
        self.data = sent | {"version": str(test.version)}
        words = "What you did not touch is theirs now, and what you entered is still below: look, then send it again."
        words += f" Theirs, where yours is another: {'; '.join(differ)}." if differ else ""
        return changed_meanwhile("these results", words)

    @staticmethod
    def names(line: SampleItem | None, letter: str) -> tuple[str, str]:
        """The names of a cell's two fields."""
        place = f"{line.pk if line else 0}_{letter}"
        return f"outcome_{place}", f"note_{place}"

    def clean(self) -> dict[str, Any]:
        """What is not met says what was seen; a note stands beside an outcome."""
        said = super().clean() or self.cleaned_data
        for line in self.lines:
            for letter, _ in self.letters:
                outcome, note = self.names(line, letter)
                if said.get(outcome) == Met.NOT_MET and not said.get(note) and note not in self.errors:
                    self.add_error(note, "Say what was not met.")
                if said.get(note) and not (said.get(outcome) or said.get(f"rest_{letter}")):
                    self.add_error(outcome, "Choose what this note is about.")
        return said

    def said(self) -> dict[str, Any]:
        """What `record_results` is told: every cell; those left open as is said for the rest."""
        found = []
        for line in self.lines:
            for letter, _ in self.letters:
                outcome, note = (self.cleaned_data[name] for name in self.names(line, letter))
                chosen = outcome or self.cleaned_data[f"rest_{letter}"]
                found.append(Said(line.pk if line else None, letter, chosen, note))
        return {"results": found}

    def grid(self) -> list[tuple[SampleItem | None, list[tuple[str, Any, Any]], list[Any]]]:
        """The lines, each with its cells (letter, field of the outcome, field of the note) and its evidence."""
        return [
            (
                line,
                [
                    (letter, self[self.names(line, letter)[0]], self[self.names(line, letter)[1]])
                    for letter, _ in self.letters
                ],
                self.shown.get(line.pk, []) if line else [],
            )
            for line in self.lines
        ]

    def rests(self) -> list[Any]:
        """The fields that say what becomes of what is left open."""
        return [self[f"rest_{letter}"] for letter, _ in self.letters]


class ConcludeForm(VerbForm):
    """Conclude a test."""

    conclusion = forms.ChoiceField(choices=[("", "Choose"), *Conclusion.choices])
    note = words_field(required=False, rows=4, help_text="What the report says of it; needed where nothing was tested.")


class ReopenForm(VerbForm):
    """Open a concluded test again."""

    reason = words_field(rows=2, help_text="The concluded one stays as it is; the new one supersedes it.")


class ResponseForm(VerbForm):
    """Management's response to the exceptions of a test."""

    cause = words_field(rows=3, help_text="Isolated, systematic or deliberate, and why.")
    impact = words_field(rows=3, help_text="What it meant, and what made up for it.")
    fix = words_field(rows=3, label="What is done")
    fix_by = day_field(label="Done by", required=False)
    answered = forms.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput,
        help_text="The version of the response that is changed; empty for the first.",
    )  # fmt: skip

    def __init__(self, *args: Any, target: ControlTest, **kwargs: Any) -> None:
        before = ManagementResponse.objects.filter(test=target.pk).first()
        if before is not None:
            words = {name: getattr(before, name) for name in ("cause", "impact", "fix", "fix_by")}
            kwargs["initial"] = words | {"answered": before.version} | (kwargs.get("initial") or {})
        super().__init__(*args, target=target, **kwargs)


# ---- filters -------------------------------------------------------------------------------------------------------


class AuditSampleFilter(OfEngagement):
    """Auditors' samples by words of their population."""

    search_fields = ("sample__population__title", "sample__seed", "sample__reason")
    hint = "Population, seed or reason"
    archives = False


class ControlTestFilter(OfEngagement):
    """Tests of controls by words, result and control; those that were superseded only where they are asked for."""

    search_fields = ("control__ref", "control__name", "procedure")
    hint = "TOC-1, control or words"
    archives = False
    conclusion = django_filters.ChoiceFilter(choices=Conclusion.choices, empty_label="Any result", label="Result")
    state = django_filters.ChoiceFilter(choices=TestState.choices, empty_label="Any")
    control = ControlBox()
