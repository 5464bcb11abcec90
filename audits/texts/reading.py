"""Management's texts of engagements as they stand, now or at a moment; and as the canonical lines that are hashed.

Text of the company and numbers of accounts: no name that would have to be erased.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from audits.freezing import Line, as_bytes, text
from audits.models import Sort
from audits.models.texts import (
    Assertion,
    AssertionState,
    DescriptionSection,
    SubserviceControl,
    SubserviceOrganisation,
    UserEntityControl,
    codes_of,
)
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.asof import rows, thaw
from foundation.trail.leaf import sha256_of_lines

BOUND: Final = "countersign management assertion 1"


@dataclass
class Texts:
    """What management says about one engagement; without what is archived. Assertions: the latest first."""

    sections: dict[str, Any] = field(default_factory=dict)
    cuecs: list[Any] = field(default_factory=list)
    organisations: list[Any] = field(default_factory=list)
    csocs: list[Any] = field(default_factory=list)
    assertions: list[Any] = field(default_factory=list)

    @property
    def signed(self) -> Any:
        """The assertion signed last, or None."""
        return next((one for one in self.assertions if one.state == AssertionState.SIGNED), None)

    @property
    def unsigned(self) -> Any:
        """The one that nobody signed yet, or None."""
        return next((one for one in self.assertions if one.state != AssertionState.SIGNED), None)

    def codes_helped(self) -> set[str]:
        """The criteria that some provider helps to meet, by what is written here."""
        return {code for one in (*self.organisations, *self.csocs) for code in one.criteria}


def texts_of(
    engagements: Iterable[int], user: User | None = None, moment: datetime.datetime | None = None
) -> dict[int, Texts]:
    """The texts of each of these engagements (numbers), as `user` sees them (None: all of them). Five queries."""
    found = {number: Texts() for number in engagements}

    def read(model: Any, *related: str) -> list[Any]:
        seen = rows(model, moment).filter(engagement_id__in=found, archived_at=None)
        seen = visible(user, seen, moment) if user is not None else seen
        return [thaw(row) for row in seen.select_related(*related).order_by("id")]

    for one in read(DescriptionSection):
        found[one.engagement_id].sections[one.code] = one
    for one in read(UserEntityControl):
        found[one.engagement_id].cuecs.append(one)
    for one in read(SubserviceOrganisation, "vendor"):
        found[one.engagement_id].organisations.append(one)
    for one in read(SubserviceControl, "organisation"):
        found[one.engagement_id].csocs.append(one)
    for one in reversed(read(Assertion, "signatory", "signed_by")):
        found[one.engagement_id].assertions.append(one)
    return found


# ---- as lines ------------------------------------------------------------------------------------------------------


def description_lines(engagement: Any, texts: Texts) -> list[Line]:
    """The system description with what it assumes of others: each section, the empty ones too."""
    lines = []
    for code in codes_of(engagement):
        row = texts.sections.get(code)
        facts = {"code": str(code), "title": str(code.label), "text": row.text if row else ""}
        lines.append(Line(Sort.SECTION, str(code), facts))
    for one in texts.cuecs:
        facts = {"ref": one.ref, "what": one.what, "why": one.why, "criteria": one.criteria, "controls": one.controls}
        lines.append(Line(Sort.CUEC, one.ref, facts))
    for one in texts.organisations:
        facts = {
            "ref": one.ref, "name": one.name, "vendor": one.vendor_id, "services": one.services, "method": one.method,
            "criteria": one.criteria, "monitoring": one.monitoring,
        }  # fmt: skip
        lines.append(Line(Sort.SUBSERVICE, one.ref, facts))
    for one in texts.csocs:
        facts = {
            "ref": one.ref, "organisation": SubserviceOrganisation.ref_of(one.organisation_id), "what": one.what,
            "criteria": one.criteria,
        }  # fmt: skip
        lines.append(Line(Sort.CSOC, one.ref, facts))
    return lines


def bound_lines(engagement: Any, texts: Texts, assertion: Any) -> list[dict[str, Any]]:
    """What a signature binds: what is examined, the description with its assumptions, and the assertion's own words."""
    head = {
        "format": BOUND, "engagement": engagement.pk, "name": engagement.name, "type": engagement.type,
        "as_of": text(engagement.as_of), "period_from": text(engagement.period_from),
        "period_to": text(engagement.period_to), "categories": engagement.categories,
    }  # fmt: skip
    said = {"ref": assertion.ref, "text": assertion.text, "signatory": assertion.signatory_id}
    return [head, *(line.facts for line in description_lines(engagement, texts)), said]


def bound_hash(engagement: Any, texts: Texts, assertion: Any) -> str:
    """The SHA-256 over `bound_lines`, each as canonical JSON and a newline; hex."""
    return sha256_of_lines(as_bytes(facts) for facts in bound_lines(engagement, texts, assertion))


def issued_lines(engagement: Any) -> list[Line]:
    """What is frozen of the texts with the issued report: the description, and every assertion. Five queries."""
    texts = texts_of([engagement.pk])[engagement.pk]
    return [*description_lines(engagement, texts), *(assertion_line(one) for one in reversed(texts.assertions))]


def assertion_line(one: Any) -> Line:
    """An assertion as it stands, signed or not."""
    facts = {
        "ref": one.ref, "text": one.text, "state": one.state, "signatory": one.signatory_id,
        "signed_by": one.signed_by_id, "signed_at": moment_text(one.signed_at), "sha256": one.sha256,
        "supersedes": Assertion.ref_of(one.supersedes_id) if one.supersedes_id else "", "reason": one.reason,
    }  # fmt: skip
    return Line(Sort.ASSERTION, one.ref, facts)


def moment_text(moment: datetime.datetime | None) -> str:
    """A moment as ISO text in UTC; "" for none."""
    return moment.astimezone(datetime.UTC).isoformat() if moment else ""


# ---- how an assertion stands ---------------------------------------------------------------------------------------

OTHER_TEXT: Final = "Signed for another text"
SUPERSEDED: Final = "Superseded"
STANDING: Final = {
    "Draft": "warn", "Template": "warn", "Waits for signature": "info", "Signed": "ok", OTHER_TEXT: "bad",
    SUPERSEDED: "mute",
}  # fmt: skip


def standing_of(engagement: Any, texts: Texts, assertion: Any) -> str:
    """How it stands, in words: a key of STANDING. A signed one counts while nothing that it binds has changed."""
    if assertion.state == AssertionState.SIGNED:
        if texts.signed is not None and texts.signed.pk != assertion.pk:
            return SUPERSEDED
        return "Signed" if bound_hash(engagement, texts, assertion) == assertion.sha256 else OTHER_TEXT
    if assertion.state == AssertionState.DRAFT and not assertion.adapted:
        return "Template"
    return str(AssertionState(assertion.state).label)
