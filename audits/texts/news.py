"""Who is told by mail that an assertion waits for a signature."""

from audits.models.texts import Assertion
from audits.texts.work import to_sign
from foundation.pages.telling import Telling, news


@news("emails/assertion")
def submitted(number: int) -> Telling | None:
    """It was submitted: the executive whom it names, while it waits there."""
    assertion = Assertion.objects.select_related("signatory", "engagement").get(pk=number)
    people = [one for one in [assertion.signatory] if to_sign(one).filter(pk=number).exists()]
    said = {"ref": assertion.ref, "engagement": assertion.engagement.name, "link": assertion.get_absolute_url()}
    return Telling(assertion, people, said)
