"""The demo company's own texts of the running examination: description, what it assumes, an assertion to sign."""

from typing import Final

from audits.models import Engagement
from audits.models.texts import (
    Assertion,
    DescriptionSection,
    SubserviceControl,
    SubserviceOrganisation,
    UserEntityControl,
)
from audits.texts import actions
from audits.texts.template import flowing
from foundation.accounts.models import User
from vendors.models import Vendor

SECTIONS: Final = {
    "DC1": """Fernwood Cloud runs a service for planning field work. Customers plan jobs, assign crews and keep the
records of what was done, in a browser and in an app for phones. The service is offered to companies alone, and each
customer's data is kept apart from every other's.

The examination covers the production service and what it takes to build, run and support it. It does not cover the
training courses that Fernwood Cloud sells beside it.""",
    "DC2": """| Commitment | What we promise |
|---|---|
| Availability | 99.9 % in a calendar month, without announced maintenance |
| Confidentiality | Customers' data is used for nothing but the service, and erased 30 days after the contract ends |
| Security | Access by role, data encrypted on the way and at rest, breaches told within 48 hours |

From these follow the requirements of the system: one production environment that nobody changes by hand, two regions,
backups every hour, and access that is granted for a task and reviewed every quarter.""",
    "DC3": """**Infrastructure.** Servers and databases are rented from Granite Hosting, in two regions.

**Software.** A web application and an interface for the app, written and built by us from one repository.

**People.** Engineering, platform, support, people and finance: about forty. The compliance manager reports to the CEO.

**Procedures.** Policies approved by management, and runbooks for what is done often or in a hurry.

**Data.** Job records, addresses, photographs and the accounts of customers' staff. No payment cards.""",
    "DC4": """Incidents of severity 1 and 2 of the period are on record with times, effect and outcome. None of them led
to a disclosure of customers' data. What happened, and what was changed because of it, stands in each post-incident
review.""",
    "DC5": """Security, availability and confidentiality apply. For each criterion the control matrix names the controls
that meet it, with owner, frequency and evidence; the auditor has it as of the period.""",
    "DC6": """Our controls are designed on the assumption that customers do their part: whom they let in, and that they
tell us when something is wrong. The CUECs below say what exactly, and why.""",
    "DC7": """We rely on one provider for the machines and the buildings in which they stand. It is carved out: its own
controls are not described here, but what we assume of them is, and we read its report every year.""",
    "DC8": """No criterion of these categories is left out. Where the hosting provider meets one of them in part, DC7
says so: that is not the same as not relevant.""",
}  # DC9 stays empty: the period still runs, and an empty section says that it is
CUECS: Final = (
    (
        "Customers remove the accounts of people who leave them, within one business day.",
        "We cannot know who works for a customer: our own removal of accounts begins with what they tell us.",
        ["CC6.2", "CC6.3"], ["IAM-01"],
    ),
    (
        "Customers tell our support at once if they suspect that an account of theirs is misused.",
        "We watch for patterns across customers; what is unusual for one of them, only that customer can know.",
        ["CC7.2"], ["IR-01"],
    ),
)  # fmt: skip
PROVIDER: Final = "Granite Hosting"
CSOCS: Final = (
    ("Only people whom the provider has approved enter its data centres, and each entry is on record.", ["CC6.4"]),
    ("Power, cooling and fire protection of the data centres are maintained and tested every year.", ["A1.2"]),
    ("Disks that leave service are wiped or destroyed, with a certificate.", ["CC6.5"]),
)
ASSERTION: Final = """We are the management of Fernwood Cloud. We wrote the description of our service for planning
field work, and we answer for it.

**Scope.** This is about security, availability and confidentiality, for the period that the engagement names.

**The description.** It shows the service as it was designed and run in the period: we judged that by the nine sections
that it has, each read by the person who answers for the subject.

**The controls.** They were suitably designed, and operated throughout the period, to give reasonable assurance that we
keep what we have promised, if customers and the provider that we rely on do what the description assumes.

**What did not hold.** The exceptions that we know of are in the register of findings, with what we do about each.
"""


def texts(engagement: Engagement, *, compliance: User, analyst: User, signatory: User) -> None:
    """The texts of the running examination; the assertion waits for its signatory, who is an executive."""
    for code, words in SECTIONS.items():
        section = DescriptionSection(engagement=engagement, code=code, text=flowing(words))
        actions.keep_text(section, actor=compliance, participle="created")
    for what, why, criteria, controls in CUECS:
        cuec = UserEntityControl(engagement=engagement, what=what, why=why, criteria=criteria, controls=controls)
        actions.keep_text(cuec, actor=compliance, participle="created")
    provider = SubserviceOrganisation(
        engagement=engagement, name=PROVIDER, vendor=Vendor.objects.filter(name=PROVIDER).first(),
        services="Rents us servers, databases and the network between them, in two regions.",
        criteria=["CC6.4", "CC6.5", "A1.2"],
        monitoring="We read its SOC 2 report every year, map what it expects of us, and meet every quarter.",
    )  # fmt: skip
    provider = actions.keep_text(provider, actor=compliance, participle="created")
    for what, criteria in CSOCS:
        csoc = SubserviceControl(organisation=provider, what=what, criteria=criteria)
        actions.keep_text(csoc, actor=compliance, participle="created")
    assertion = Assertion(engagement=engagement, text=flowing(ASSERTION), signatory=signatory)
    actions.submit(actions.keep_assertion(assertion, actor=analyst), actor=analyst, note="Please read it whole first.")
