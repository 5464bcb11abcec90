"""The demo company's risks, in every state, made by the verbs people use; days count from today."""

import datetime
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass

from django.db import transaction

from findings.models import Finding
from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from foundation.organisation.models import today
from foundation.trail.keep import save
from risks import acceptance, actions, treatment
from risks.acceptance import APPROVERS, EXECUTIVE
from risks.assessments.demo import running, tallied, workshop, yearly
from risks.library import add_templates
from risks.methods import name_executive
from risks.models import Effectiveness, Risk, Treatment
from risks.rating import Level, rate
from risks.standing import operating_controls, standing_of
from vendors.models import Vendor

WORKSHOP = "As the yearly workshop saw it."


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One scenario as the company made it its own. Ratings: likelihood and impact."""

    owner: str
    note: str
    inherent: tuple[int, int]
    residual: tuple[int, int]
    target: tuple[int, int] | None = None
    then: str = ""  # mitigate, transfer, avoid, ask, accept, close
    plan: tuple[tuple[str, int], ...] = ()  # what, days from today


SEEDS: dict[str, Seed] = {
    "SEC-01": Seed(
        owner="daniel.osei", note="Sign-in goes through the directory; two tools are still outside it.",
        inherent=(4, 4), residual=(2, 4), target=(1, 4), then="mitigate",
        plan=(("Bring the last two tools behind single sign-on.", 40), ("Hand out passkeys to administrators.", 75)),
    ),
    "SEC-02": Seed(
        owner="owner", note="The code host is not tied to the directory.", inherent=(3, 4), residual=(2, 4),
        then="mitigate", plan=(("Tie the code host to the directory.", 21),),
    ),
    "SEC-04": Seed(
        owner="wen.zhao", note="Images of the API and of the import worker.", inherent=(4, 5), residual=(3, 5),
        target=(2, 4), then="mitigate", plan=(("Rebuild all images each night.", 30),),
    ),
    "SEC-05": Seed(
        owner="maya.lindqvist", note="Servers are made anew from code; laptops are the weak side.",
        inherent=(3, 5), residual=(2, 4),
    ),
    "AVL-01": Seed(
        owner="maya.lindqvist", note="One region of one provider; moving takes a day.", inherent=(2, 5),
        residual=(2, 4), then="transfer", plan=(("Have the insurer confirm cover for outages.", 60),),
    ),
    "AVL-02": Seed(
        owner="sofia.andersen", note="Restored twice a year from another account.", inherent=(3, 5), residual=(1, 5),
    ),
    "CON-04": Seed(
        owner="ben.thackeray", note="Support opens accounts of customers who ask for help.", inherent=(3, 3),
        residual=(2, 3), then="accept",
    ),
    "FRD-02": Seed(
        owner="noor.haddad", note="Two people release a payment; bank details are changed by one.",
        inherent=(3, 4), residual=(3, 3), then="ask",
    ),
    "VEN-02": Seed(
        owner="jonas.petrov", note="The mail provider could be replaced within a month.", inherent=(2, 3),
        residual=(2, 3), then="accept",
    ),
    "INT-01": Seed(
        owner="wen.zhao", note="Hotfixes at night go out with one approval.", inherent=(4, 4), residual=(2, 3),
        then="mitigate", plan=(("Have every hotfix looked at on the next working day.", 14),),
    ),
    "PPL-01": Seed(
        owner="maya.lindqvist", note="The ledger is known to one engineer.", inherent=(4, 4), residual=(4, 4),
        target=(2, 3), then="mitigate", plan=(("Pair a second engineer on the ledger.", 25),),
    ),
    "CHG-01": Seed(
        owner="helena.castro", note="Two teams were joined in spring.", inherent=(3, 3), residual=(2, 2), then="close",
    ),
}  # fmt: skip
KEEPS_A_FAILING_ONE = "SEC-02"
LEFT_AS_TEMPLATES = ("PRV-02", "LEG-02", "FRD-04")


@transaction.atomic
def risks(*, compliance: User, staff: ReadOnly[str, User]) -> None:
    """Choose scenarios, make most of them the company's own, and walk each to its state.

    `staff` by the part of the address before the @. Controls and findings must be there before.
    """
    name_executive(actor=compliance, user=staff["tomas.okafor"], reason="The CEO answers for the company to its board.")
    with as_on(workshop()):
        found = add_templates([*SEEDS, *LEFT_AS_TEMPLATES], actor=compliance)
    with as_on(workshop(4)):
        rated = [
            (rated_one(risk, seed, compliance, staff), seed) for risk in found if (seed := SEEDS.get(risk.library_key))
        ]
    people = [(staff["maya.lindqvist"], "Platform"), (staff["manager"], "Engineering")]
    yearly(compliance=compliance, approver=staff["tomas.okafor"], participants=people)
    for risk, seed in rated:
        walk(Risk.objects.get(pk=risk.pk), seed, compliance, staff)
    tied(compliance)
    running(compliance=compliance, approver=staff["manager"], participants=[(staff["owner"], "Operations")])
    tallied()


def rated_one(risk: Risk, seed: Seed, compliance: User, staff: ReadOnly[str, User]) -> Risk:
    """Adapt it, link what operates, and rate it."""
    owner = staff[seed.owner]
    risk.owner = owner
    risk = save(risk, actor=compliance, verb="risk.updated")
    risk = actions.adapt(risk, actor=owner, note=seed.note)
    strengthen(risk, compliance)
    residual = seed.residual if operating_controls(risk) else seed.inherent
    target = seed.target and Level(*seed.target, "Once the plan is done.")
    return rate(
        Risk.objects.get(pk=risk.pk), actor=owner, inherent=Level(*seed.inherent, WORKSHOP),
        residual=Level(*residual, seed.note), target=target,
    )  # fmt: skip


def walk(risk: Risk, seed: Seed, compliance: User, staff: ReadOnly[str, User]) -> None:
    """Plan what is done about it, and decide."""
    owner = staff[seed.owner]
    for what, days in seed.plan:
        treatment.plan_action(risk, actor=compliance, what=what, owner=owner, due_on=ahead(days))
    decide(risk, seed, owner, compliance, staff)


def strengthen(risk: Risk, compliance: User) -> None:
    """Say of the suggested controls that hold how strong they are; what does not hold is not counted on.

    One risk keeps a control that fails, so that its flag can be seen.
    """
    links = list(risk.control_links.filter(archived_at=None).select_related("control"))
    stands = standing_of([link.control_id for link in links])
    for link in links:
        good = link.control_id in stands.operating
        if link.control_id in stands.failing and risk.library_key != KEEPS_A_FAILING_ONE:
            good = False
        reason = "To be said anew, with how far it lowers the risk." if good else "It does not hold: not counted on."
        actions.unlink(link, actor=compliance, reason=reason)
        if good:
            effect, reason = Effectiveness.MODERATE, "Looked at in the workshop: it works, and its evidence is on file."
            actions.tie_control(risk, link.control, effect, reason, actor=compliance)


def decide(risk: Risk, seed: Seed, owner: User, compliance: User, staff: ReadOnly[str, User]) -> None:
    """What is done about it."""
    if seed.then in (Treatment.MITIGATE, Treatment.TRANSFER):
        treatment.treat(risk, actor=owner, treatment=seed.then, reason=seed.note)
    elif seed.then in ("ask", "accept"):
        asked = acceptance.request_acceptance(
            risk, actor=owner, reason="What remains is less than what closing the gap would cost.",
            compensating="Looked at each quarter in the steering meeting.", until=ahead(90),
        )  # fmt: skip
        if seed.then == "accept":
            assert EXECUTIVE in APPROVERS[asked.band]  # noqa: S101 - an executive accepts every band
            acceptance.approve(asked, actor=staff["tomas.okafor"], note="Agreed, until then and no longer.")
    elif seed.then == "close":
        actions.close(risk, actor=compliance, reason="The teams have their owners; the last hole was filled in May.")


def tied(compliance: User) -> None:
    """What shows some of the risks, and what comes with a vendor, where the demo has them."""
    for key, title in (("SEC-04", "OpenSSL"), ("SEC-02", "A leaver kept"), ("INT-01", "Two of 25 changes")):
        flaw = Finding.objects.filter(title__startswith=title).first()
        risk = Risk.objects.get(library_key=key)
        if flaw is not None:
            actions.link_finding(risk, actor=compliance, finding=flaw.ref, reason="It shows that this can happen here.")
    vendor = Vendor.objects.order_by("id").first()
    if vendor is not None:
        risk = Risk.objects.get(library_key="VEN-02")
        actions.link_vendor(risk, actor=compliance, vendor=vendor.ref, reason="We would have to replace it.")


def ahead(days: int) -> datetime.date:
    """A day so long after today."""
    return today() + datetime.timedelta(days=days)
