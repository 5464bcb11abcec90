"""Reading and changing the numbers of the catalogue."""

from foundation.organisation.catalogue import CATALOGUE
from foundation.organisation.models import Setting


def setting(key: str) -> int:
    """Return what `key` of the catalogue is set to, else its default; KeyError for a key that the catalogue lacks."""
    item = CATALOGUE[key]
    value = Setting.objects.filter(key=key).values_list("value", flat=True).first()
    return item.default if value is None else value


def all_settings() -> dict[str, int]:
    """Return every key's value in force, in the catalogue's order, in one query."""
    stored = dict(Setting.objects.values_list("key", "value"))
    return {key: stored.get(key, item.default) for key, item in CATALOGUE.items()}
