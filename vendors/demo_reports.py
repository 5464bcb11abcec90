"""The demo company's SOC report worksheets, sub-processor list and reconciliations, made by the verbs people use.

They are about the vendors of `vendors.demo`, and stand on controls of the demo. Everything in them is invented.
"""

import datetime
from typing import Any, Final

from django.core.files.base import ContentFile
from django.db import transaction

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.demo_clock import as_on
from vendors import actions as register
from vendors import documents
from vendors.demo import again, ago, the_day
from vendors.models import Cuec, ReconciledRow, Vendor, VendorDocument, Worksheet
from vendors.reconciliation import actions as reconciling
from vendors.subprocessors import publishing
from vendors.subprocessors.draft import draft
from vendors.worksheets import carrying, lines, pasting, signing

HOST, DESK = "Granite Hosting", "Hollow Oak Support"
READ: Final = 190  # days since the first worksheet was approved
# What the host's report expects: reference, words, our control ("" = a gap; None = does not apply), a note.
EXPECTED: Final = (
    ("UC-1", "Restrict who may administer the customer's servers, and review that regularly.", "IAM-06", ""),
    ("UC-2", "Demand a second factor of everybody who administers them.", "IAM-03", ""),
    ("UC-3", "Close the accounts of people who leave without delay.", "IAM-05", ""),
    ("UC-4", "Watch the logs that the host hands over, and act on alarms.", "LOG-02", ""),
    ("UC-5", "Tell the host whom to call in an incident, and keep that list current.", "", ""),
    ("UC-6", "Keep the keys of own hardware modules.", None, "We rent no hardware modules of them."),
)  # fmt: skip
NEWER: Final = (
    "UC-7 | Test the restoring of backups that are kept with the host.\nUC-8 | Name who may order new servers."
)
PAYMENTS: Final = (
    ("Granite Hosting AB", "48210.00"), ("Signpost Identity AB", "9120.00"), ("HOLLOW OAK SUPPORT", "5400.00"),
    ("Plumb Line Code AB", "7344.00"), ("Meridian Payroll AB", "3180.00"), ("Lantern Watch", "960.00"),
    ("Stone Bridge Transl.", "1250.00"), ("Tin Roof Travel AB", "610.00"), ("City of Northwick, taxes", "88410.00"),
)  # fmt: skip
APPLICATIONS: Final = (
    "Granite Hosting console", "Signpost Identity", "Hollow Oak Support", "Plumb Line Code", "Meridian Payroll",
    "Lantern Watch", "Fallow Field Backups", "Copper Kettle Whiteboard", "Nightjar Transcripts",
)  # fmt: skip


@transaction.atomic
def vendor_reports(*, compliance: User, manager: User, owner: User) -> None:
    """Make them all: `owner` reads, the manager approves, compliance publishes and reconciles."""
    read_reports(compliance, manager, owner)
    publish_lists(compliance)
    reconcile(compliance, owner)


def named(name: str) -> Vendor:
    """A vendor of the demo."""
    return again(Vendor.objects.get(name=name))


# ---- worksheets ----------------------------------------------------------------------------------------------------


def read_reports(compliance: User, manager: User, owner: User) -> None:
    """One report of the host is read and approved, with a gap; its next one is being read."""
    with as_on(ago(READ + 6)):
        first = begun(report(owner, last=READ + 40), owner, manager, concluded=True)
        answer(first, owner)
    with as_on(ago(READ)):
        first = signing.submit(again_of(first), actor=owner, note="Look at UC-5 first.")
        statement = "The report covers what we use; the one gap has an owner and a day."
        signing.approve(first, actor=manager, statement=statement)
    second = begun(report(owner, last=20), owner, manager, concluded=False)
    carrying.carry_over(second, actor=owner)
    pasting.paste_cuecs(again_of(second), actor=owner, pasted=NEWER)
    for one in Cuec.objects.filter(worksheet=second, reference__in=("UC-1", "UC-2")):
        lines.confirm(one, actor=owner)
    lines.add_exception(
        again_of(second), actor=owner, reference="p. 41",
        what="Of 25 changes sampled, two had no second approval before they went out.",
        effect="Both were on systems that we do not use.", action="",
    )  # fmt: skip


def report(owner: User, *, last: int) -> VendorDocument:
    """A SOC 2 Type II report of the host over the year that ended so many days ago."""
    end = the_day() - datetime.timedelta(days=last)
    words = f"An invented report of the demo company, over the year to {end}.\n"
    return documents.add_document(
        named(HOST), actor=owner, file=ContentFile(words.encode(), name=f"soc2-{end.year}.txt"), kind="soc2_type2",
        title=f"SOC 2 Type II report to {end}", period_from=end - datetime.timedelta(days=364), period_to=end,
    )  # fmt: skip


def begun(document: VendorDocument, owner: User, manager: User, *, concluded: bool) -> Worksheet:
    """A worksheet of the host, with what its report says of itself; concluded: all of it."""
    end: Any = document.period_to
    sheet = Worksheet(
        document=document, service="Servers and databases", categories="Security, Availability, Confidentiality",
        auditor="Larch & Pike Assurance", auditor_known="yes", opinion="unqualified", period_from=document.period_from,
        period_to=end, issued_on=end + datetime.timedelta(days=18), in_scope="yes", reviewer=owner, approver=manager,
    )  # fmt: skip
    if concluded:
        sheet.none_excepted = True
        sheet.conclusion = "The data centres and the platform that we use are covered; what it expects of us is mapped."
        sheet.next_due_on = end + datetime.timedelta(days=395)
    return signing.begin(sheet, actor=owner)


def answer(sheet: Worksheet, owner: User) -> None:
    """Everything that the first report expects and names."""
    operate = Control.objects.filter(status="implemented", operates_from__isnull=False, archived_at=None)
    known = set(operate.values_list("ref", flat=True))
    for reference, what, control, note in EXPECTED:
        met = control if control in known else ""
        said = {"applies": "no" if control is None else "yes", "control": met, "note": note}
        one = lines.add_cuec(again_of(sheet), actor=owner, reference=reference, what=what, **said)
        if control is not None and not met:
            lines.open_gap(
                one, actor=owner, severity="medium", title=f"{reference} of {HOST} is met by nothing of ours",
                description="The report relies on it; we do it by habit, and no control of ours says so.",
            )  # fmt: skip
    lines.add_subservice(
        again_of(sheet), actor=owner, name="Signpost Identity", does="Signs the host's own people in.",
        method="carved_out", csoc="Demand a second factor of the host's administrators.", provider="Signpost Identity",
        note="We use and review it ourselves.",
    )  # fmt: skip


def again_of(sheet: Worksheet) -> Worksheet:
    """The worksheet as it is stored now."""
    found: Worksheet = Worksheet.objects.select_related("vendor", "document", "approver").get(pk=sheet.pk)
    return found


# ---- the list ------------------------------------------------------------------------------------------------------


def publish_lists(compliance: User) -> None:
    """Two versions: customers were told of the second, which holds from next month on."""
    with as_on(ago(140)):
        publishing.publish(
            actor=compliance, reason="The first list after the register was set up.",
            effective_on=the_day() - datetime.timedelta(days=140), seen=draft().sha256,
        )  # fmt: skip
    host = named(HOST)
    host.locations = "Sweden, Finland, Germany"
    with as_on(ago(12)):
        register.keep_vendor(host, actor=compliance, participle="updated", reason="A third data centre.")
        holds = the_day() + datetime.timedelta(days=20)
        version = publishing.publish(
            actor=compliance, reason="Our host adds a data centre in Germany.", effective_on=holds
        )
        publishing.record_notice(
            version, actor=compliance, sent_on=the_day() - datetime.timedelta(days=12), audience="All customers",
            channel="E-mail to their security contacts", objections_until=holds,
            text="Granite Hosting will also keep data in Germany. Write to privacy@example.com to object.",
        )  # fmt: skip


# ---- reconciliations -----------------------------------------------------------------------------------------------


def reconcile(compliance: User, owner: User) -> None:
    """Payments of the quarter before are settled and closed; applications are being looked at."""
    with as_on(ago(60)):
        table = "\n".join(f"{name};{amount};SEK" for name, amount in PAYMENTS)
        closed = brought(
            f"Supplier;Amount;Currency\n{table}\n", compliance, "payments", "Ledger, payments by supplier", 60
        )
        settle("Stone Bridge", compliance, named("Stone Bridge Translations"))
        tax = ReconciledRow.objects.get(name__startswith="City of")
        reconciling.dismiss(tax, actor=compliance, reason="Taxes; no vendor.")
        words = "One supplier was paid under a short name, which is remembered now. Nobody is unknown."
        reconciling.close(closed, actor=compliance, conclusion=words)
    listed = "\n".join(APPLICATIONS)
    brought(f"Application label\n{listed}\n", compliance, "sso", "Signpost, applications with sign-ins", 0)
    settle("Granite Hosting console", compliance, named(HOST))
    tool = ReconciledRow.objects.get(name="Nightjar Transcripts")
    reconciling.propose(
        tool, actor=compliance, name="Nightjar Transcripts", service="Writes down what is said in calls.", owner=owner
    )


def brought(content: str, actor: User, kind: str, source: str, days: int) -> Any:
    """A list of the 90 days that ended the day before."""
    last = the_day() - datetime.timedelta(days=days + 1)
    return reconciling.bring(
        ContentFile(content.encode(), name=f"{kind}-{last}.csv"), actor=actor, kind=kind, source=source,
        period_from=last - datetime.timedelta(days=89), period_to=last,
    )  # fmt: skip


def settle(name: str, actor: User, vendor: Vendor) -> None:
    """Say which vendor a name is."""
    row = ReconciledRow.objects.filter(name__startswith=name).latest("id")
    reconciling.match(row, actor=actor, vendor=vendor)
