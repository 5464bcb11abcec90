"""What a version says, as plain data: what approvers sign, and what numbers its text promises (R8.1, R8.3)."""

from typing import Any

from django.core.exceptions import ValidationError

from foundation.organisation.catalogue import CATALOGUE
from foundation.organisation.settings import setting
from foundation.trail.leaf import canonical, sha256
from policies.models import PolicyVersion
from policies.text.markdown import too_much
from policies.text.placeholders import keys_in, unknown, worded

Promises = dict[str, dict[str, Any]]  # key of the catalogue → {"value": number, "unit": words}


def check_text(text: str) -> None:
    """Raise ValidationError for a text of which not all could be drawn, or that promises an unknown number (R8.3)."""
    if words := too_much(text):
        raise ValidationError({"text": words})
    if strange := unknown(text):
        named = ", ".join(f"{{{{ {key} }}}}" for key in strange[:5])
        raise ValidationError(
            {"text": f"No setting is called {named}. The list at the foot of this page says which there are."}
        )


def promises_of(text: str) -> Promises:
    """The numbers that a text promises, as the settings are today; a key that no setting holds is left out."""
    known = sorted(key for key in keys_in(text) if key in CATALOGUE)
    return {key: {"value": setting(key), "unit": CATALOGUE[key].unit} for key in known}


def values_of(version: PolicyVersion) -> dict[str, str]:
    """What stands in a version's text for its placeholders: as submitted; of a draft, as the settings are today."""
    return in_words(version.promises if version.sha256 else promises_of(version.text))


def in_words(promises: Promises) -> dict[str, str]:
    """Each promised number with its unit, as it was meant then: “1 business day”, “30 days”, “10%”."""
    return {key: amount(key, told) for key, told in promises.items()}


def amount(key: str, told: dict[str, Any]) -> str:
    """One promised number in words; the unit is the one of then."""
    item = CATALOGUE.get(key)
    if item is None or item.unit != told["unit"]:
        return f"{told['value']} {told['unit']}"
    return worded(item, told["value"])


def content_of(version: PolicyVersion) -> dict[str, Any]:
    """What is hashed, approved and frozen of a version."""
    return {
        "format": "countersign policy version 1",
        "policy": version.policy_id,
        "number": version.number,
        "title": version.title,
        "text": version.text,
        "promises": version.promises,
        "change_note": version.change_note,
        "material": version.material,
        "effective_on": version.effective_on.isoformat() if version.effective_on else "",
    }


def hash_of(version: PolicyVersion) -> str:
    """SHA-256 over what a version says, as canonical JSON; hex."""
    return sha256(canonical(content_of(version)))
