"""Reading and changing the numbers of the catalogue."""

from foundation.organisation.catalogue import CATALOGUE
from foundation.organisation.models import Setting
from foundation.organisation.once import once


def setting(key: str) -> int:
    """Return what `key` of the catalogue is set to, else its default; KeyError for a key that the catalogue lacks."""
    return stored().get(key, CATALOGUE[key].default)


def all_settings() -> dict[str, int]:
    """Return every key's value in force, in the catalogue's order."""
    away = stored()
    return {key: away.get(key, item.default) for key, item in CATALOGUE.items()}


def stored() -> dict[str, int]:
    """The numbers that are set away from their defaults: one query a request."""
    return once(Setting, lambda: dict(Setting.objects.values_list("key", "value")))
