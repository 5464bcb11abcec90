"""The demo company's vendors, in all tiers and states, made by the verbs people use; days count from today.

Every vendor, paper and person is invented. Records say when things were done then; trail and histories tell that the
demo was loaded now.
"""

import datetime
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.files.base import ContentFile
from django.db import transaction

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from foundation.organisation.models import zone
from vendors import actions, approval, documents, exits, proofs, reviews
from vendors.clauses import CLAUSES
from vendors.models import ExitStepKind, Vendor, VendorControl, VendorReview, VendorReviewItem
from vendors.questions import WORKSHEET

MORNING: Final = datetime.time(9, tzinfo=datetime.UTC)
PROVES: Final = {
    "VEN-01": ("reconciliation", "It is the register held against what is paid and signed in to."),
    "VEN-02": ("due_diligence", "It is the assessment to the depth of the tier, and the approval before use."),
    "VEN-03": ("review", "It is the review of a vendor with its report."),
    "VEN-04": ("contract", "It is the checklist of the terms."),
    "VEN-05": ("subprocessors", "It is the list that customers were told."),
    "VEN-06": ("exit", "It is the exit with each step's proof."),
}
HELD: Final = dict.fromkeys(CLAUSES, "yes")


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One vendor as it was proposed. `state`: how far it is walked; `used`: days since it was approved.

    `papers`: kind, title, and days from today until it expires (None: never). `missing`: terms that its contract lacks.
    """

    name: str
    service: str
    data: tuple[str, ...]
    reach: str
    criticality: str
    volume: str = "none"
    region: str = "same"
    locations: str = "Sweden"
    replaceability: str = "weeks"
    state: str = "approved"
    used: int = 200
    papers: tuple[tuple[str, str, int | None], ...] = ()
    missing: tuple[str, ...] = ()
    renews: int | None = None
    flags: tuple[str, ...] = field(default_factory=tuple)
    personal: str = ""
    basis: str = ""


SEEDS: Final = (
    Seed(
        name="Granite Hosting", service="Runs the servers and the databases of our service.",
        data=("customer", "personal", "confidential"), reach="production", criticality="outage", volume="all",
        locations="Sweden, Finland", replaceability="hardly", used=290, flags=("subprocessor", "subservice"),
        papers=(("iso27001", "ISO/IEC 27001 certificate", 240), ("insurance", "Cyber insurance certificate", 18)),
        personal="All that customers store.", basis="Within the European Economic Area", renews=75,
    ),
    Seed(
        name="Signpost Identity", service="Single sign-on of everybody who works here.", data=("personal", "internal"),
        reach="production", criticality="outage", volume="few", region="adequate", locations="Ireland",
        replaceability="months", used=320, papers=(("pentest", "Penetration test, summary", 90),),
        flags=("subservice",),
    ),
    Seed(
        name="Hollow Oak Support", service="The desk in which customers ask for help.", data=("customer", "personal"),
        reach="holds", criticality="degraded", volume="many", region="other", locations="Canada, United States",
        used=150, papers=(("dpa", "Data-processing agreement", None), ("questionnaire", "Questionnaire", None)),
        flags=("subprocessor",), personal="Names and addresses of people who write to support.",
        basis="Standard contractual clauses", missing=("insurance",), state="conditional",
    ),
    Seed(
        name="Plumb Line Code", service="Keeps our source code and runs its checks.", data=("confidential",),
        reach="holds", criticality="degraded", volume="none", region="adequate", locations="Ireland",
        replaceability="months", used=350, papers=(("questionnaire", "Security questionnaire", None),),
        state="due", renews=40,
    ),
    Seed(
        name="Meridian Payroll", service="Pays salaries.", data=("personal", "confidential"), reach="holds",
        criticality="delay", volume="few", replaceability="weeks", used=180,
        papers=(("questionnaire", "Security questionnaire", None), ("dpa", "Data-processing agreement", None)),
    ),
    Seed(
        name="Lantern Watch", service="Watches our service from outside and calls the engineer on duty.",
        data=("internal",), reach="view", criticality="degraded", used=90,
        papers=(("questionnaire", "Short questionnaire", None),),
    ),
    Seed(
        name="Paper Kite Mail", service="Sends invoices and notices to customers.", data=("customer", "personal"),
        reach="holds", criticality="delay", volume="many", region="other", locations="United States", used=0,
        state="assessing", flags=("subprocessor",), personal="Names and e-mail addresses.",
        basis="Standard contractual clauses", papers=(("soc2_type2", "SOC 2 Type II report", 300),),
    ),
    Seed(
        name="Old Quarry Analytics", service="Counted who visits our website.", data=("personal",), reach="holds",
        criticality="none", volume="many", region="other", locations="United States", used=340, state="offboarding",
        papers=(("contract", "Subscription, signed", None),),
    ),
    Seed(
        name="Stone Bridge Translations", service="Translates our manuals.", data=("public",), reach="none",
        criticality="none", replaceability="days", used=120,
    ),
    Seed(
        name="Tin Roof Travel", service="Books journeys.", data=("internal",), reach="view", criticality="none",
        volume="few", replaceability="days", used=60,
    ),
    Seed(
        name="Fallow Field Backups", service="Kept copies of backups until last year.", data=("customer",),
        reach="holds", criticality="delay", volume="all", used=350, state="ended",
        papers=(("contract", "Storage agreement, signed", None),),
    ),
    Seed(
        name="Brass Key Passwords", service="A vault for shared passwords.", data=("confidential",), reach="holds",
        criticality="delay", state="proposed",
    ),
)  # fmt: skip


@transaction.atomic
def vendors(*, compliance: User, manager: User, owner: User, approver: User) -> None:
    """Make them all. `owner` owns and reviews them, `approver` approves reviews, the manager approves vendors."""
    controls = {control.ref: control for control in Control.objects.filter(ref__in=PROVES)}
    for ref, (part, reason) in PROVES.items():
        if ref in controls:
            proofs.link_control(VendorControl(part=part, control=controls[ref], reason=reason), actor=compliance)
    people = {"compliance": compliance, "manager": manager, "owner": owner, "approver": approver}
    for seed in SEEDS:
        walk(seed, **people)


def walk(seed: Seed, *, compliance: User, manager: User, owner: User, approver: User) -> None:
    """One vendor from its proposal to where it stands."""
    vendor = proposed(seed, compliance, owner, manager)
    with as_on(ago(seed.used + 20)):
        papers(seed, vendor, owner)
    if seed.state == "proposed":
        return
    with as_on(ago(seed.used + 10)):
        review = reviewed(seed, again(vendor), owner, approver)
    if seed.state == "assessing":
        return
    with as_on(ago(seed.used + 5)):
        reviews.approve(review, actor=approver, note="Seen what was read, and agreed.")
    with as_on(ago(seed.used)):
        use(seed, again(vendor), compliance, manager, owner)
    leave(seed, again(vendor), compliance, owner)
    if seed.state == "due":
        vendor = again(vendor)
        due = vendor.next_review_on or the_day()
        half = reviews.begin(
            vendor, actor=compliance, kind="recurring", reviewer=owner, approver=approver, due_on=due,
            why="Due by its tier; opened ahead of its day.",
        )  # fmt: skip
        for item in half.items.order_by("position")[:4]:
            answer(half, item, owner)


def proposed(seed: Seed, compliance: User, owner: User, manager: User) -> Vendor:
    """The vendor as it came into the register."""
    vendor = Vendor(
        name=seed.name, legal_name=f"{seed.name} AB", service=seed.service, owner=owner, approver=manager,
        website=f"{seed.name.split()[0].lower()}.example.com",
        contact=f"security@{seed.name.split()[0].lower()}.example.com",
        data_classes=list(seed.data), reach=seed.reach, criticality=seed.criticality, volume=seed.volume,
        region=seed.region, locations=seed.locations, replaceability=seed.replaceability, personal_data=seed.personal,
        transfer_basis=seed.basis, subprocessor="subprocessor" in seed.flags, subservice="subservice" in seed.flags,
        started_on=None if seed.state in ("proposed", "assessing") else the_day() - datetime.timedelta(days=seed.used),
    )  # fmt: skip
    return actions.keep_vendor(vendor, actor=compliance, participle="created")


def papers(seed: Seed, vendor: Vendor, owner: User) -> None:
    """What is on file of it, and what was agreed."""
    signed = None
    for kind, title, days in seed.papers:
        signed = filed(vendor, owner, kind, f"{title} of {seed.name}", days)
    if not seed.used:
        return
    start = the_day() - datetime.timedelta(days=seed.used)
    ends = the_day() + datetime.timedelta(days=seed.renews) if seed.renews else None
    terms = {key: "no" if key in seed.missing else answer for key, answer in HELD.items()}
    documents.add_contract(
        again(vendor), actor=owner, title=f"Agreement with {seed.name}", reference=f"{start.year}-{vendor.pk:03}",
        starts_on=start, ends_on=ends, renews_itself=ends is not None, notice_days=30 if ends else None,
        is_dpa="personal" in seed.data, breach_notice_hours=48, clauses=terms,
        document=signed.ref if signed else "",
    )  # fmt: skip


def filed(vendor: Vendor, owner: User, kind: str, title: str, days: int | None) -> Any:
    """One small file."""
    words = f"{title}\n\nAn invented paper of the demo company. Nothing in it is about anybody.\n"
    last = the_day() - datetime.timedelta(days=45)
    report = kind.startswith("soc")
    return documents.add_document(
        again(vendor), actor=owner, file=ContentFile(words.encode(), name=f"{kind}.txt"), kind=kind, title=title[:200],
        expires_on=the_day() + datetime.timedelta(days=days) if days is not None else None,
        period_from=last - datetime.timedelta(days=364) if report else None, period_to=last if report else None,
    )  # fmt: skip


def reviewed(seed: Seed, vendor: Vendor, owner: User, approver: User) -> VendorReview:
    """Its due diligence; of one that is being assessed it stays open."""
    due = the_day() - datetime.timedelta(days=seed.used) + datetime.timedelta(days=14)
    review = reviews.begin(
        vendor, actor=owner, kind="due_diligence", reviewer=owner, approver=approver, due_on=due
    )  # fmt: skip
    for item in review.items.order_by("position"):
        if seed.state != "assessing" or item.position < 5:
            answer(review, item, owner, "no" if seed.state == "conditional" and item.key == "breach" else "")
    if seed.state == "assessing":
        return review
    hard = vendor.tier in ("critical", "high")
    return reviews.submit(
        review, actor=owner, conclusion="conditional" if seed.state == "conditional" else "approve",
        residual="medium" if hard else "low", residual_reason="What it promises is in the contract, and was looked at.",
        summary="Its papers were read and its answers will do.",
    )  # fmt: skip


def answer(review: VendorReview, item: VendorReviewItem, owner: User, said: str = "") -> None:
    """One question answered."""
    note = "Seen in its papers."
    if item.key == WORKSHEET:
        said, note = said or "na", "No SOC report of it is on file."
    if said == "no":
        note = "It promises notice, but names no number of hours."
    reviews.answer(review, actor=owner, key=item.key, answer=said or "yes", note=note)


def use(seed: Seed, vendor: Vendor, compliance: User, manager: User, owner: User) -> None:
    """Its approval, with a condition where the review wants one."""
    if seed.state != "conditional":
        approval.approve(vendor, actor=manager, statement="The review says what it must; it can be used.")
        return
    for what, days in (("Have notice of breaches within 48 hours put into the contract", 20),
                       ("Turn on a second factor for everybody at the desk", -3)):  # fmt: skip
        due = max(the_day(), the_day() + datetime.timedelta(days=days))
        actions.add_condition(again(vendor), actor=compliance, what=what, owner=owner, due_on=due)
    approval.approve_conditionally(again(vendor), actor=manager, statement="For three months, on these conditions.")


def leave(seed: Seed, vendor: Vendor, compliance: User, owner: User) -> None:
    """One is on its way out, one has gone."""
    if seed.state not in ("offboarding", "ended"):
        return
    due = the_day() + datetime.timedelta(days=21)
    exits.offboard(vendor, actor=owner, owner=owner, due_on=due, reason="Replaced by what we run ourselves.")
    certificate = filed(vendor, owner, "exit", f"Certificate of erasure by {seed.name}", None)
    for step in exits.open_steps(again(vendor)):
        if seed.state == "offboarding" and step.kind not in (ExitStepKind.ACCESS, ExitStepKind.INTEGRATIONS):
            continue
        proof = certificate.ref if step.kind == ExitStepKind.ERASED else ""
        if step.kind == ExitStepKind.LISTED:
            exits.complete(step, actor=owner, outcome="not_applicable", note="It never was on our list.")
        else:
            exits.complete(step, actor=owner, note="Done, and seen by a second person.", document=proof)
    if seed.state == "ended":
        exits.end(again(vendor), actor=compliance, reason="Everything is settled.")


def again(vendor: Vendor) -> Vendor:
    """The vendor as it is stored now."""
    return Vendor.objects.select_related("owner", "approver").get(pk=vendor.pk)


def ago(days: int) -> datetime.datetime:
    """A morning so long ago."""
    return datetime.datetime.combine(the_day() - datetime.timedelta(days=days), MORNING)


def the_day() -> datetime.date:
    """Today by the real clock, also while the demo's past is being told."""
    return datetime.datetime.now(zone()).date()
