"""Management's texts of an engagement, made for tests through the actions that everything uses."""

from typing import Any

from audits.models import Engagement
from audits.models.texts import (
    Assertion,
    DescriptionSection,
    SubserviceControl,
    SubserviceOrganisation,
    UserEntityControl,
)
from audits.texts import actions
from audits.texts.reading import bound_hash, texts_of
from foundation.accounts.models import User
from risks.models import Executive
from tests.factories.people import UserFactory
from tests.factories.risks import an_executive


def a_section(engagement: Engagement, code: str = "DC1", text: str = "We run a service.", **said: Any) -> Any:
    """A section of its description."""
    by = said.pop("by", None) or UserFactory(role="compliance_manager")
    row = DescriptionSection(engagement=engagement, code=code, text=text)
    return actions.keep_text(row, actor=by, participle="created")


def a_cuec(engagement: Engagement, **said: Any) -> Any:
    """A CUEC."""
    by = said.pop("by", None) or UserFactory(role="compliance_manager")
    words = {"what": "Remove leavers.", "why": "We do not know them.", "criteria": ["CC6.1"], "controls": ["IAM-01"]}
    return actions.keep_text(UserEntityControl(engagement=engagement, **words | said), actor=by, participle="created")


def a_provider(engagement: Engagement, **said: Any) -> Any:
    """A subservice organisation that is carved out."""
    by = said.pop("by", None) or UserFactory(role="compliance_manager")
    words = {
        "name": "Cirrus Hosting",
        "services": "Servers.",
        "criteria": ["CC6.4"],
        "monitoring": "We read its report.",
    }
    row = SubserviceOrganisation(engagement=engagement, **words | said)
    return actions.keep_text(row, actor=by, participle="created")


def a_csoc(organisation: Any, **said: Any) -> Any:
    """What is assumed at it."""
    by = said.pop("by", None) or UserFactory(role="compliance_manager")
    words = {"what": "Doors are locked.", "criteria": ["CC6.4"]}
    return actions.keep_text(
        SubserviceControl(organisation=organisation, **words | said), actor=by, participle="created"
    )


def an_assertion(
    engagement: Engagement, *, signatory: User | None = None, by: User | None = None, state: str = "draft", **said: Any
) -> Assertion:
    """Management's assertion, adapted, in any state; its signatory is an executive."""
    by = by or UserFactory(role="compliance_manager")
    signatory = signatory or UserFactory(role="manager")
    if not Executive.objects.live().filter(user=signatory).exists():
        an_executive(signatory)
    row = Assertion(engagement=engagement, signatory=signatory, **{"text": "Management states it."} | said)
    row = actions.keep_assertion(row, actor=by)
    if state != "draft":
        row = actions.submit(row, actor=by)
    return signed(row) if state == "signed" else row


def signed(assertion: Assertion, **said: Any) -> Assertion:
    """The same, signed by its signatory, who saw what stands now."""
    engagement = Engagement.objects.get(pk=assertion.engagement_id)
    texts = texts_of([engagement.pk])[engagement.pk]
    words: dict[str, Any] = {"statement": "I sign.", "seen": bound_hash(engagement, texts, assertion)}
    return actions.sign(assertion, **{"actor": assertion.signatory, **words, **said})
