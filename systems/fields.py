"""Role names and pairs of them as lines of text, in forms and in files."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

MOST_LINES = 500
LONGEST = 200
BETWEEN = "+"  # the two roles of a pair


def lines_of(text: str) -> list[str]:
    """The lines that say something, each once whatever its case. Raises ValidationError for too many or too long."""
    found: dict[str, str] = {}
    for line in text.replace(";", "\n").splitlines():
        words = " ".join(line.split())
        if len(words) > LONGEST:
            raise ValidationError(f"“{words[:40]}…” is longer than {LONGEST} characters.")
        if words:
            found.setdefault(words.casefold(), words)
    if len(found) > MOST_LINES:
        raise ValidationError(f"These are {len(found)} lines; {MOST_LINES} are the most.")
    return list(found.values())


def pairs_of(text: str) -> list[list[str]]:
    """Pairs of roles, one a line with a plus between them. Raises ValidationError, naming the line."""
    found = []
    for line in lines_of(text):
        parts = [part.strip() for part in line.split(f" {BETWEEN} ")]
        if len(parts) != 2 or not all(parts) or parts[0].casefold() == parts[1].casefold():
            raise ValidationError(f"“{line[:80]}” is no pair of roles. Write it as: Create payments + Approve payments")
        found.append(parts)
    return found


class LinesField(forms.CharField):
    """A list of names, one a line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"widget": forms.Textarea(attrs={"rows": 4}), "required": False, **options})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return lines_of(self.prepare_value(value) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != data


class PairsField(LinesField):
    """A list of pairs, one a line."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(f" {BETWEEN} ".join(pair) for pair in value)
        return value

    def to_python(self, value: Any) -> Any:
        return pairs_of(self.prepare_value(value) or "")
