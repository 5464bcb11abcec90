"""Those who answer for records: who can, how they are named, and by whom a list can be narrowed."""

from typing import Any

from django.db.models import Model, Q, QuerySet

from foundation.accounts.models import User
from foundation.accounts.roles import Role

NOBODY = "nobody"  # as a filter: no owner


def possible_owners() -> QuerySet[User]:
    """Who can answer for a record: everybody who works here and may sign in. Never an auditor."""
    return User.objects.active().exclude(role__in=["", Role.AUDITOR]).order_by("name", "id")


def owner_choices(model: type[Model], *fields: str) -> list[tuple[str, str]]:
    """Everybody whom one of these fields of a register names now, for a filter. One query."""
    held = Q()
    for field in fields:
        held |= Q(pk__in=model._default_manager.values(field))
    return [(str(person.pk), str(person)) for person in User.objects.filter(held).order_by("name", "id")]


def nobody_or(choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same, with nobody before them."""
    return [(NOBODY, "Nobody"), *choices]


def called(name: str, is_active: bool) -> str:
    """A person's name, and whether the account is closed: whoever has left answers for nothing."""
    return name if is_active or not name else f"{name} (deactivated)"


def owner_words(one: Any) -> str:
    """The owner of a record, and whether that person still has an account; "" for nobody."""
    return "" if one.owner is None else called(str(one.owner), one.owner.is_active)
