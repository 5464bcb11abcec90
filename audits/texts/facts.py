"""What the product knows about what a section has to tell: shown beside it, live, never written into it by itself."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q

from audits.freezing import frozen_scope
from audits.models import SnapshotKind
from audits.models.texts import SectionCode, SubserviceControl, SubserviceOrganisation, UserEntityControl
from audits.scope import editions_of, told_of
from controls.models import Applicability, Control, Wording
from foundation.accounts.access import moment_for, visible
from foundation.accounts.models import User
from foundation.organisation.models import begin_of
from foundation.trail.asof import rows, thaw
from incidents.facts import restricted_facts
from incidents.models import EVENTS, NEEDS_REVIEW, Incident
from systems.models import System
from vendors.models import Vendor

MOST: Final = 40  # of one group; the register has them all
DAY: Final = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Fact:
    """One thing that is known: what it is called, where it is, and what there is to say of it."""

    name: str
    words: str = ""
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Facts of one kind. `more`: how many are not shown. `none`: what is said where there is none."""

    title: str
    facts: list[Fact] = field(default_factory=list)
    none: str = "None is on record."
    more: int = 0


@dataclass(frozen=True)
class Asked:
    """Whose sight, of which engagement, as of which moment."""

    user: User
    engagement: Any
    moment: datetime.datetime | None

    def seen(self, model: Any) -> Any:
        """The rows of a register as this person reads them, without what is archived."""
        moment = moment_for(self.user, self.moment, model)
        return visible(self.user, rows(model, moment), moment).filter(archived_at=None)

    def told(self) -> dict[str, Any]:
        """The scope in words: as it was frozen last, or as it stands."""
        scope = frozen_scope(self.engagement, self.moment)
        if scope is None and self.moment is not None:
            return {"criteria": []}
        return told_of(self.engagement, scope)


def group(title: str, facts: list[Fact], none: str = "None is on record.") -> Group:
    """A group of at most MOST facts."""
    return Group(title, facts[:MOST], none, max(0, len(facts) - MOST))


def facts_for(user: User, engagement: Any, code: str, moment: datetime.datetime | None = None) -> list[Group]:
    """What is on record about a section's subject; nothing where only management knows. A few queries each."""
    find = FACTS.get(code)
    return find(Asked(user, engagement, moment)) if find else []


def components(asked: Asked) -> list[Group]:
    """The systems that the programme covers."""
    found = asked.seen(System).filter(in_scope=True).order_by("name", "id")
    facts = [Fact(one.ref, f"{one.name}. {one.purpose}".strip(), one.get_absolute_url()) for one in map(thaw, found)]
    return [group("Systems in scope", facts)]


def happened(asked: Asked) -> list[Group]:
    """Incidents of severity 1 and 2 that were reported on a day of the engagement, and restricted ones by number."""
    first, last = asked.engagement.days
    among = Q(severity__in=NEEDS_REVIEW, reported_at__gte=begin_of(first), reported_at__lt=begin_of(last + DAY))
    seen = [thaw(one) for one in asked.seen(Incident).filter(among).exclude(state__in=EVENTS).order_by("id")]
    facts = [
        Fact(one.ref, f"SEV{one.severity}: {one.title}. {one.get_state_display()}.", one.get_absolute_url())
        for one in seen
    ]
    shown = {one.pk for one in seen}
    moment = moment_for(asked.user, asked.moment, Incident)
    for one in restricted_facts(asked.user, moment):
        inside = begin_of(first) <= one["reported_at"] < begin_of(last + DAY)
        if one["id"] not in shown and inside and one["severity"] in NEEDS_REVIEW and one["state"] not in EVENTS:
            facts.append(Fact(one["ref"], f"SEV{one['severity']}: restricted."))
    return [group("Incidents of severity 1 and 2 in its days", facts)]


def applicable(asked: Asked) -> list[Group]:
    """The criteria that apply, each with the controls for it."""
    facts = [
        Fact(one["facts"]["code"], f"{one['facts']['title']}: {', '.join(one['controls']) or 'no control'}")
        for one in asked.told()["criteria"]
        if one["facts"]["applicability"] != Applicability.NOT_RELEVANT
    ]
    return [group("Applicable criteria and their controls", facts)]


def for_customers(asked: Asked) -> list[Group]:
    """The CUECs that are written."""
    found = asked.seen(UserEntityControl).filter(engagement_id=asked.engagement.pk).order_by("id")
    return [group("CUECs", [Fact(one.ref, one.what, one.get_absolute_url()) for one in map(thaw, found)])]


def providers(asked: Asked) -> list[Group]:
    """Subservice organisations, what is assumed at them, and vendors that are marked as such and not named here."""
    pk = asked.engagement.pk
    named = [thaw(one) for one in asked.seen(SubserviceOrganisation).filter(engagement_id=pk).order_by("id")]
    assumed = [thaw(one) for one in asked.seen(SubserviceControl).filter(engagement_id=pk).order_by("id")]
    vendors = (
        asked.seen(Vendor).filter(subservice=True).exclude(id__in=[one.vendor_id for one in named if one.vendor_id])
    )
    partly = [
        one["facts"] for one in asked.told()["criteria"] if one["facts"]["applicability"] == Applicability.CARVED_OUT
    ]
    return [
        group("Subservice organisations", [
            Fact(one.ref, f"{one.name}, {one.get_method_display().lower()}", one.get_absolute_url()) for one in named
        ]),
        group("CSOCs", [Fact(one.ref, one.what, one.get_absolute_url()) for one in assumed]),
        group("Criteria partly met by a subservice organisation", [
            Fact(one["code"], f"{one['title']}: {one['subservice_organisation']}") for one in partly
        ]),
        group("Vendors marked as subservice organisations, not named above", [
            Fact(one.ref, one.name, one.get_absolute_url()) for one in map(thaw, vendors)
        ]),
    ]  # fmt: skip


def irrelevant(asked: Asked) -> list[Group]:
    """The criteria that are not relevant, each with the reason."""
    facts = [
        Fact(one["facts"]["code"], f"{one['facts']['title']}: {one['facts']['reason']}")
        for one in asked.told()["criteria"]
        if one["facts"]["applicability"] == Applicability.NOT_RELEVANT
    ]
    return [group("Criteria that are not relevant", facts)]


def changes(asked: Asked) -> list[Group]:
    """What changed in the period: controls reworded, begun and ended, and the scope frozen anew."""
    first, last = asked.engagement.days
    seen = asked.seen(Control)
    refs = dict(seen.values_list("id", "ref"))
    wordings = list(
        rows(Wording, moment_for(asked.user, asked.moment, Wording))
        .filter(control_id__in=refs)
        .order_by("effective_from", "id")
    )
    first_worded: dict[int, datetime.date] = {}
    for one in wordings:
        first_worded.setdefault(one.control_id, one.effective_from)
    worded = [
        Fact(
            refs[one.control_id],
            f"reworded from {one.effective_from}: {one.reason}",
            Control(pk=one.control_id).get_absolute_url(),
        )
        for one in wordings
        if max(first, first_worded[one.control_id]) < one.effective_from <= last
    ]
    begun = seen.filter(operates_from__gt=first, operates_from__lte=last).order_by("operates_from", "id")
    ended = seen.filter(operates_until__gte=first, operates_until__lt=last).order_by("operates_until", "id")
    new = [Fact(one.ref, f"{one.name}, from {one.operates_from}", one.get_absolute_url()) for one in map(thaw, begun)]
    old = [Fact(one.ref, f"{one.name}, until {one.operates_until}", one.get_absolute_url()) for one in map(thaw, ended)]
    scopes = [one for one in editions_of(asked.engagement, asked.moment) if one.kind == SnapshotKind.SCOPE]
    anew = [Fact(str(one), one.reason) for one in reversed(scopes) if one.reason]
    return [
        group("Controls reworded", worded), group("Controls begun", new), group("Controls ended", old),
        group("Scope frozen anew", anew),
    ]  # fmt: skip


FACTS: Final[dict[str, Callable[[Asked], list[Group]]]] = {
    SectionCode.DC3: components,
    SectionCode.DC4: happened,
    SectionCode.DC5: applicable,
    SectionCode.DC6: for_customers,
    SectionCode.DC7: providers,
    SectionCode.DC8: irrelevant,
    SectionCode.DC9: changes,
}
