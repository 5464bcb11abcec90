"""The columns of the lists of management's texts, the facts on their pages, and what the lists can be narrowed to."""

import datetime
from operator import attrgetter
from typing import Any

import django_filters

from audits.filters import OfEngagement
from audits.models.texts import (
    Assertion,
    AssertionState,
    DescriptionSection,
    Method,
    SectionCode,
    SubserviceControl,
    SubserviceOrganisation,
    UserEntityControl,
)
from audits.texts.reading import STANDING, standing_of, texts_of
from foundation.accounts.models import User
from foundation.pages.columns import Column

REF = Column("ref", "Ref", sort="id", kind="ref")
ENGAGEMENT = Column("engagement", "Engagement", sort="engagement__name")
CRITERIA = Column("criteria", "Criteria")
WRITTEN = {"Written": "ok", "Empty": "warn"}


def written(section: Any) -> str:
    """Whether anything stands in it."""
    return "Written" if section.text.strip() else "Empty"


def attach_standing(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """How each assertion stands. Five queries."""
    texts = texts_of({one.engagement_id for one in found}, user, moment)
    for one in found:
        one.standing = standing_of(one.engagement, texts[one.engagement_id], one)


SECTION_COLUMNS = (
    Column("code", "Section", sort="code", kind="title", get=str, data=attrgetter("code")),
    ENGAGEMENT,
    Column("written", "Text", kind="badge", tones=WRITTEN, get=written),
)
SECTION_FACTS = SECTION_COLUMNS[1:]
CUEC_COLUMNS = (
    REF, Column("what", "What customers do", sort="what", kind="title"), Column("why", "Why it is assumed"), CRITERIA,
    Column("controls", "Our controls"), ENGAGEMENT,
)  # fmt: skip
CUEC_FACTS = CUEC_COLUMNS[1:]
ORGANISATION_COLUMNS = (
    REF,
    Column("name", "Name", sort="name", kind="title"),
    Column("services", "Services"),
    Column("method", "Method", sort="method"),
    CRITERIA,
    Column("vendor", "Vendor", sort="vendor__name", empty="Not in the register"),
    ENGAGEMENT,
    Column("monitoring", "How we monitor it", more=True),
)
ORGANISATION_FACTS = ORGANISATION_COLUMNS[2:]
CSOC_COLUMNS = (
    REF, Column("what", "What is assumed", sort="what", kind="title"),
    Column("organisation", "At", sort="organisation__name"), CRITERIA, ENGAGEMENT,
)  # fmt: skip
CSOC_FACTS = CSOC_COLUMNS[1:]
ASSERTION_COLUMNS = (
    REF,
    Column("engagement", "Engagement", sort="engagement__name", kind="title"),
    Column("standing", "State", kind="badge", tones=STANDING),
    Column("signatory", "Signatory", sort="signatory__name", kind="person"),
    Column("signed_at", "Signed", sort="signed_at", kind="moment", empty="Not signed"),
    Column("sha256", "SHA-256", more=True),
)
ASSERTION_FACTS = (
    *ASSERTION_COLUMNS[1:],
    Column("supersedes", "Takes the place of", get=lambda row: row.supersedes and row.supersedes.ref),
    Column("reason", "Why anew"),
    Column("answer", "Why it was returned"),
    Column("evidence", "Kept as", get=lambda row: row.evidence and row.evidence.ref),
)


class SectionFilter(OfEngagement):
    """Sections."""

    search_fields, hint, archives = ("text",), "Words", False
    code = django_filters.ChoiceFilter(choices=SectionCode.choices, empty_label="Any")

    class Meta:
        model = DescriptionSection
        fields = ("code",)


class CuecFilter(OfEngagement):
    """CUECs."""

    search_fields, hint = ("what", "why"), "CUEC-2 or words"

    class Meta:
        model = UserEntityControl
        fields = ()


class OrganisationFilter(OfEngagement):
    """Subservice organisations."""

    search_fields, hint = ("name", "services"), "SUB-2 or words"
    method = django_filters.ChoiceFilter(choices=Method.choices, empty_label="Any")

    class Meta:
        model = SubserviceOrganisation
        fields = ("method",)


class CsocFilter(OfEngagement):
    """CSOCs."""

    search_fields, hint = ("what", "organisation__name"), "CSOC-2 or words"

    class Meta:
        model = SubserviceControl
        fields = ()


class AssertionFilter(OfEngagement):
    """Assertions."""

    search_fields, hint, archives = ("text", "engagement__name"), "MA-2 or words", False
    state = django_filters.ChoiceFilter(choices=AssertionState.choices, empty_label="Any")

    class Meta:
        model = Assertion
        fields = ("state",)
