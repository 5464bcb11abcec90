"""The columns of the list of collected evidence, and the facts on its page."""

import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Max

from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.pages.columns import Column
from foundation.pages.moment import at
from foundation.trail.asof import rows, thaw
from incidents.custody.hands import collector, receiver
from incidents.models import IN_STORE, CustodyKind, CustodyTransfer, HashCheck, Incident

NEVER, SAME, ALTERED, ELSEWHERE = "Never checked", "Unchanged", "Altered", "Not kept here"
CHECK_TONES = {NEVER: "warn", SAME: "ok", ALTERED: "bad", ELSEWHERE: "mute"}


def attach_custody(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Their incidents, the last hand that each is in, and the last check of its hash. Three queries."""
    ids = {one.incident_id for one in found}
    seen = {row.id: thaw(row) for row in visible(user, rows(Incident, moment), moment).filter(id__in=ids)}
    items = [one.pk for one in found]
    steps = newest(CustodyTransfer, items, moment, "receiver")
    checks = newest(HashCheck, items, moment)
    for one in found:
        about, step, check = seen.get(one.incident_id), steps.get(one.pk), checks.get(one.pk)
        one.about_words = str(about) if about else Incident.ref_of(one.incident_id)
        one.about_url = f"{about.get_absolute_url()}{at(moment)}" if about else ""
        one.holder_words = str(receiver(step)) if step else collector_words(one)
        one.last_transfer = step.pk if step else 0
        one.lies_in = IN_STORE if one.kind == CustodyKind.FILE else step.storage if step else one.storage
        one.check_words = check_words(one, check)
        one.checked_at = check.at if check else None


def newest(model: type[Any], items: list[int], moment: datetime.datetime | None, *related: str) -> dict[int, Any]:
    """The newest row of each item. One query."""
    of_them = rows(model, moment).filter(item_id__in=items)
    last = of_them.order_by().values("item_id").annotate(last=Max("id")).values("last")
    return {row.item_id: thaw(row) for row in of_them.filter(id__in=last).select_related(*related)}


def collector_words(one: Any) -> str:
    """Who collected it, with or without an account."""
    return str(collector(one))


def origin_words(one: Any) -> str:
    """What it is a copy of."""
    return str(one.copy_of) if one.copy_of else "It is an original"


def check_words(one: Any, check: Any) -> str:
    """What the last check of its hash found."""
    if not one.size:
        return ELSEWHERE
    return NEVER if check is None else SAME if check.matches else ALTERED


COLUMNS = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("description", "What it is", sort="description", kind="title"),
    Column(
        "incident", "Incident", sort="incident_id", get=attrgetter("about_words"), url=attrgetter("about_url")
    ),
    Column("kind", "Kind", sort="kind"),
    Column("collected_at", "Collected", sort="collected_at", kind="moment"),
    Column("collector", "Collected by", kind="person", get=collector_words),
    Column("holder", "In the hands of", kind="person", get=attrgetter("holder_words")),
    Column("check", "Hash", kind="badge", tones=CHECK_TONES, get=attrgetter("check_words")),
    Column("lies_in", "Kept in", get=attrgetter("lies_in"), more=True),
    Column("sha256", "SHA-256", more=True),
)  # fmt: skip
FACTS = (
    Column("incident", "Incident", get=attrgetter("about_words"), url=attrgetter("about_url")),
    Column("kind", "Kind"),
    Column("where", "Collected from"),
    Column("how", "How"),
    Column("collector", "Collected by", kind="person", get=collector_words),
    Column("collected_at", "Collected", kind="moment"),
    Column("recorded_by", "Recorded by", kind="person"),
    Column("created_at", "Recorded", kind="moment"),
    Column("copy_of", "Copy of", get=origin_words),
    Column("holder", "In the hands of", kind="person", get=attrgetter("holder_words")),
    Column("lies_in", "Kept in", get=attrgetter("lies_in")),
    Column("name", "File"),
    Column("size", "Bytes", kind="number"),
    Column("sha256", "SHA-256"),
    Column("check", "Hash", kind="badge", tones=CHECK_TONES, get=attrgetter("check_words")),
    Column("checked_at", "Checked last", kind="moment", get=attrgetter("checked_at")),
)
