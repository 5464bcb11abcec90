"""How a form of another register asks for a control: chosen from a list on a page, by its reference in the API."""

from django import forms

from controls.models import Control
from foundation.accounts.access import visible
from foundation.accounts.models import User


def offer_controls(field: forms.Field, user: User) -> None:
    """Let a field for a reference choose among the controls in use that `user` sees. One query.

    Whoever sees none goes on writing the reference.
    """
    seen = visible(user, Control).filter(archived_at=None).order_by("ref")
    found = [(ref, f"{ref} {name}") for ref, name in seen.values_list("ref", "name")]
    if found:
        field.widget = forms.Select(choices=[("", "Choose a control"), *found])
        field.widget.is_required, field.help_text = field.required, ""
