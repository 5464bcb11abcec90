"""The demo company's requests: the auditor's list of the running examination, in every state, made by the verbs."""

import datetime
from dataclasses import dataclass
from typing import Final

from django.core.files.base import ContentFile

from audits.models import Engagement
from audits.models.requests import Request
from audits.requests import actions
from controls.models import Control
from evidence.actions import Source
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.organisation.models import today


@dataclass(frozen=True)
class Asked:
    """One line of the auditor's list. `due`: days from today. `fate`: the state that it is left in."""

    ref: str
    title: str
    kind: str
    control: str
    due: int
    fate: str
    details: str = ""


LIST: Final = (
    Asked("A-01", "List of all employees with their first and last day", "population", "HR-01", -12, "accepted"),
    Asked("A-02", "List of all changes to production", "population", "CHG-01", -12, "accepted",
          "From the system of record, with the query, and the count of rows."),
    Asked("A-03", "Information security policy with its approval", "policy", "GOV-01", -10, "accepted"),
    Asked("A-04", "Password and second-factor settings of the identity provider", "configuration", "IAM-02", -8,
          "accepted"),
    Asked("A-05", "Quarterly reviews of access", "sample", "IAM-05", -4, "submitted",
          "Two quarters of the period, with what was decided and what was removed."),
    Asked("A-06", "Firewall rules of the production network", "configuration", "NET-01", -2, "submitted"),
    Asked("A-07", "Backups: the settings and one test of restoring", "configuration", "BKP-01", 1, "submitted"),
    Asked("A-08", "List of incidents of the period", "population", "IR-01", -3, "returned"),
    Asked("A-09", "Signed offers of five joiners", "sample", "HR-02", 0, "returned"),
    Asked("A-10", "Walkthrough: how a change reaches production", "walkthrough", "CHG-01", 3, "open"),
    Asked("A-11", "Vulnerability scans of two months", "sample", "VUL-01", -1, "open"),
    Asked("A-12", "Report about the hosting provider, and how it was read", "document", "VEN-01", 2, "open"),
    Asked("A-13", "Board minutes about risk", "document", "RSK-01", 4, "unassigned"),
    Asked("A-14", "Training completed by new joiners", "sample", "HR-03", 5, "unassigned"),
    Asked("A-15", "Physical access to the office", "document", "PHY-01", 2, "withdrawn"),
)  # fmt: skip
MISSING: Final = "The query by which the list was pulled is missing; please send the list with it."


def requests(engagement: Engagement, *, compliance: User, auditor: User, owner: User) -> None:
    """The auditor's list, answered by the owners of the controls (`owner` where a control has none)."""
    for asked in LIST:
        seen = visible(auditor, Control).filter(ref=asked.control, archived_at=None)
        control = seen.select_related("owner").first()
        one = Request(
            engagement=engagement, external_ref=asked.ref, title=asked.title, description=asked.details,
            kind=asked.kind, due_on=today() + datetime.timedelta(days=asked.due),
        )  # fmt: skip
        one = actions.ask(one, actor=auditor, controls=control.ref if control else "")
        if asked.fate == "withdrawn":
            actions.withdraw(one, actor=auditor, reason="There is no office: everybody works from home.")
        elif asked.fate != "unassigned":
            answered(one, asked, control.owner if control and control.owner else owner, compliance, auditor)


def answered(one: Request, asked: Asked, owner: User, compliance: User, auditor: User) -> None:
    """Give it to its owner, and bring it where the list says."""
    one = actions.assign(one, actor=compliance, owner=owner)
    if asked.kind == "population":
        said = actions.comment(one, actor=owner, text="Is an export as CSV enough, or do you want a screenshot, too?")
        actions.comment(one, actor=auditor, text="CSV with the query is enough.", answers=said.pk)
    if asked.fate == "open":
        return
    text = f"# invented, for the demo\nrequest,{asked.ref}\nentry,result\n1,as asked\n"
    one = actions.respond(
        one, actor=owner, files=[ContentFile(text.encode(), f"{asked.ref.lower()}.csv")], submit=True,
        title=asked.title, kind="export", source=Source(system="Internal tools", collected_by=owner),
        note="Pulled this morning.",
    )  # fmt: skip
    if asked.fate == "accepted":
        actions.accept(one, actor=auditor, note="Complete.")
    elif asked.fate == "returned":
        actions.give_back(one, actor=auditor, reason=MISSING)
