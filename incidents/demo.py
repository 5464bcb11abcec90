"""The demo company's events and incidents of the last year, made by the verbs people use; days count from today."""

import datetime
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from incidents import actions, linking
from incidents.clocks.declining import decline
from incidents.clocks.suggest import undecided
from incidents.demo_parts import programme, reviewed_one, running_one
from incidents.models import Incident, Part, Source
from systems.models import System

HOUR: Final = datetime.timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One event. days: how long ago it was reported. then: dismiss, or how far it went (declare … close)."""

    title: str
    days: float
    by: str
    summary: str = ""
    source: str = Source.PERSON
    severity: int = 3
    then: str = "close"
    why: str = ""
    notes: tuple[tuple[str, str], ...] = ()  # kind and text
    sensitive: bool = False
    data: tuple[str, ...] = ()  # which it touched, as far as that was found out
    told: str = ""  # why nobody had to be notified, of what was closed


OPEN_ONE: Final = "Customer export reachable without a sign-in"
SEEDS: Final = (
    Seed(title="Mail that asks for the payroll password", days=341, by="owner", then="dismiss",
         why="A test of our own: the training of that month."),
    Seed(title="Billing runs twice for eleven customers", days=298, by="maya.lindqvist", source=Source.MONITORING,
         summary="The scheduler started the job on both nodes.",
         notes=(("decision", "Stop billing until the runs are compared; nobody was charged yet."),),
         data=("customer", "personal"),
         told="Each draft named its own customer alone, and none was sent: nobody saw another's data."),
    Seed(title="Laptop left on a train", days=266, by="daniel.osei",
         summary="Disk encrypted; the key was not with it.", severity=4,
         notes=(("note", "Wiped from afar twenty minutes after the report."),),
         data=("personal",),
         told="The disk was encrypted, the key was elsewhere, and it was wiped: no data could be read."),
    Seed(title="Odd sign-ins from a hosting network", days=230, by="maya.lindqvist", source=Source.MONITORING,
         then="dismiss", why="The monitoring probe of a new vendor; its addresses are on the list now."),
    Seed(title="Search returns other customers' file names", days=205, by="owner", source=Source.CUSTOMER,
         summary="A cache key lacked the tenant; names only, no contents.",
         notes=(("decision", "Turn the cache off for all, slower search until the fix is out."),),
         data=("customer",)),
    Seed(title="Certificate of the status page expired", days=171, by="wen.zhao", severity=4,
         source=Source.MONITORING, data=("public",)),
    Seed(title="Report of a weak cipher by a researcher", days=139, by="owner", source=Source.RESEARCHER,
         then="dismiss", why="The endpoint was switched off in the spring; the report shows its old name."),
    Seed(title="Database replica three hours behind", days=102, by="maya.lindqvist", source=Source.MONITORING,
         summary="Backups were taken from the replica meanwhile.", data=("customer", "personal"),
         told="Nothing left our systems and nothing was lost: the missing hours were copied again and compared."),
    Seed(title="Message of the mail provider about a breach of theirs", days=64, by="owner", source=Source.VENDOR,
         severity=3, summary="They say that no mail of ours was read.",
         told="Their report and our own access log agree: no mailbox of ours was opened."),
    Seed(title="Colleague opens a customer's records without a ticket", days=33, by="ingrid.falk", severity=3,
         sensitive=True, then="recover",
         summary="Seen in the monthly look at the access log.",
         notes=(("note", "Access of the account was cut while it is looked into."),)),
    Seed(title=OPEN_ONE, days=0.5, by="maya.lindqvist", severity=2, source=Source.MONITORING, then="contain",
         summary="A signed link of an export worked without its signature after the release of that evening.",
         notes=(("decision", "Take the export service off the network until the fix is out."),
                ("note", "Fourteen downloads in forty minutes, from two addresses."))),
    Seed(title="Phone call that claims to come from the bank", days=0.2, by="daniel.osei", then="report"),
)  # fmt: skip
STEPS: Final = ("report", "declare", "contain", "recover", "close")
SAID: Final = {
    "contain": "It goes no further.",
    "recover": "Everything works as before, watched for a day.",
    "close": "What remains to be done is planned as corrective actions.",
}


def incidents(*, compliance: User, staff: ReadOnly[str, User]) -> None:
    """A dozen events of a year: dismissed, closed, one restricted, one that runs."""
    programme(compliance=compliance, staff=staff)
    for seed in SEEDS:
        walk(seed, compliance, staff)
    running = Incident.objects.get(title=OPEN_ONE)
    lead = staff["maya.lindqvist"]
    actions.name_person(running, actor=lead, user=staff["owner"], part=Part.COMMUNICATIONS)
    actions.record_impact(
        fresh(running), actor=lead, data_classes=["customer", "personal"], people_affected=None,
        impact="Exports of two customers; which people stand in them is being counted.",
    )  # fmt: skip
    system = System.objects.filter(name="AWS production").first()
    if system is not None:
        linking.link_system(fresh(running), actor=compliance, system=system.ref, reason="It served the exports.")
    control = Control.objects.live().filter(ref="CHG-02").first()
    if control is not None:
        reason = "The tests of that release never asked for a file without its signature."
        linking.link_control(fresh(running), actor=compliance, control=control.ref, role="failed", reason=reason)
    running_one(running, lead=lead, helper=staff["owner"])
    reviewed_one(approver=staff["manager"])


def walk(seed: Seed, compliance: User, staff: ReadOnly[str, User]) -> None:
    """Report it, and go on as far as it went, hour by hour."""
    person, moment = staff[seed.by], timezone.now() - datetime.timedelta(days=seed.days)
    with as_on(moment):
        event = Incident(title=seed.title, summary=seed.summary, source=seed.source, detected_at=moment - HOUR / 2)
        incident = actions.report(event, actor=person, sensitive=seed.sensitive)
    if seed.then == "dismiss":
        with as_on(moment + 20 * HOUR):
            actions.dismiss(fresh(incident), actor=compliance, reason=seed.why)
        return
    for number, step in enumerate(STEPS[1 : STEPS.index(seed.then) + 1], 1):
        with as_on(moment + number * HOUR):
            take(step, fresh(incident), seed, person)
            if step == "declare":
                for kind, text in seed.notes:
                    actions.add_entry(fresh(incident), actor=person, kind=kind, text=text)


def take(step: str, incident: Incident, seed: Seed, person: User) -> None:
    """One step of the way."""
    if step == "declare":
        reason = "As the severity matrix says."
        actions.declare(incident, actor=person, severity=seed.severity, reason=reason)
        return
    if step == "close":
        settle(incident, seed, person)
    getattr(actions, step)(fresh(incident), actor=person, note=SAID[step])


def settle(incident: Incident, seed: Seed, person: User) -> None:
    """Say which data it touched, and decide on each notification that may be required: none is left open at closing."""
    if seed.data:
        actions.record_impact(
            incident, actor=person, data_classes=list(seed.data), people_affected=0, impact=seed.told or seed.summary
        )
    waits = [one.rule for one in undecided(fresh(incident))]
    if waits:
        decline(fresh(incident), actor=person, rules=waits, reason=seed.told)


def fresh(incident: Incident) -> Incident:
    """The incident as it is stored now."""
    return Incident.objects.get(pk=incident.pk)
