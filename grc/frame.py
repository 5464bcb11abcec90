"""What every page's frame shows: the rail that this person may see, the organisation, the demo mark."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from foundation.accounts.access import can
from foundation.organisation.models import organisation
from grc.wiring import RAIL


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of base.html. A rail item whose register the person may not see is absent."""
    ours = organisation()
    return {"org": ours, "demo": ours.is_demo, "rail": rail(request)}


def rail(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the rail with the items that this person may see; a group without items is left out."""
    if not hasattr(request, "user") or not request.user.is_authenticated:  # no user: refused for its host name
        return []
    groups = []
    for label, entries in RAIL:
        items = [
            {
                "label": entry.label,
                "url": reverse(entry.url_name),
                "icon": entry.icon,
                "current": current(request, entry),
            }
            for entry in entries
            if entry.model is None or can(request.user, "view", entry.model)
        ]
        if items:
            groups.append({"label": label, "items": items})
    return groups


def current(request: HttpRequest, entry: Any) -> bool:
    """Whether the page belongs to this rail item: its own address, or one below it."""
    address = reverse(entry.url_name)
    return request.path == address or (address != "/" and request.path.startswith(address))
