"""What every page's frame shows: the rail that this person may see, the organisation, the demo mark."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from foundation.accounts.access import can
from foundation.organisation.models import organisation
from grc.wiring import RAIL, RailItem


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of base.html. A rail item whose register the person may not see is absent."""
    ours = organisation()
    return {"org": ours, "demo": ours.is_demo, "rail": rail(request)}


def rail(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the rail with the items that this person may see; a group without items is left out."""
    if not hasattr(request, "user") or not request.user.is_authenticated:  # no user: refused for its host name
        return []
    shown = [(label, [item for item in items if sees(request, item)]) for label, items in RAIL]
    here = current(request, [item for _, items in shown for item in items])
    return [{"label": label, "items": [link(item, here) for item in items]} for label, items in shown if items]


def sees(request: HttpRequest, item: RailItem) -> bool:
    """Whether the person may do in the register what this item leads to."""
    return item.model is None or can(request.user, item.may, item.model)


def link(item: RailItem, here: str) -> dict[str, Any]:
    """One item as the template shows it; `here` is the address of the item that the page belongs to."""
    address = reverse(item.url_name)
    return {"label": item.label, "url": address, "icon": item.icon, "tone": item.tone, "current": address == here}


def current(request: HttpRequest, items: list[RailItem]) -> str:
    """The address of the item that the page belongs to: as the wiring says, else as the addresses do."""
    route = request.resolver_match.view_name if request.resolver_match else ""
    named = next((item for item in items if item.routes and route.startswith(item.routes)), None)
    return reverse(named.url_name) if named else nearest(request.path, [reverse(item.url_name) for item in items])


def nearest(path: str, addresses: list[str]) -> str:
    """The address that a page is at or below, the closest if there are several; "" for none. Home is only itself."""
    above = [address for address in addresses if path == address or (address != "/" and path.startswith(address))]
    return max(above, key=len, default="")
