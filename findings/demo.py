"""The demo company's findings, in every state, made by the verbs people use; days count from today."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from controls.models import Control
from findings import actions, follow_up
from findings.models import Finding
from foundation.accounts.models import User
from foundation.organisation.models import today

SCAN, DAST, PENTEST = "Trivy, nightly", "OWASP ZAP, weekly", "Penetration test by Redshank Security"
SELF_TEST, REVIEW = "Self-test, third quarter", "Internal audit"


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One finding as it was found. `found`: days ago. `about`: the control that it is about, by reference."""

    title: str
    kind: str
    severity: str
    source: str
    name: str
    found: int
    about: str
    description: str
    key: str = ""
    exposed: bool = False
    exploited: bool = False
    owned: bool = True


SEEDS: dict[str, Seed] = {
    "openssl": Seed(
        title="OpenSSL in the API image has a known buffer overflow", kind="vulnerability", severity="critical",
        source="scan", name=SCAN, key="api-image/openssl", found=2, about="VUL-02", exposed=True, exploited=True,
        description="Base image of the public API. A fixed version is out.",
    ),
    "xml": Seed(
        title="XML parser of the import worker expands external entities", kind="vulnerability", severity="high",
        source="scan", name=SCAN, key="worker/lxml", found=46, about="VUL-02",
        description="The worker is not reachable from outside; customers' files pass through it.",
    ),
    "headers": Seed(
        title="Session cookie of the status page lacks the Secure flag", kind="vulnerability", severity="low",
        source="scan", name=DAST, key="status-page/cookie", found=75, about="CHG-05", exposed=True,
        description="The status page has no accounts, so the cookie opens nothing.",
    ),
    "redirect": Seed(
        title="Open redirect after signing out", kind="vulnerability", severity="medium", source="scan", name=PENTEST,
        key="PT-04", found=120, about="CHG-05", exposed=True, description="The parameter next takes other sites.",
    ),
    "rate": Seed(
        title="Sign-in is not limited by address", kind="vulnerability", severity="high", source="scan", name=PENTEST,
        key="PT-01", found=118, about="CHG-05", exposed=True, description="Passwords can be tried without end.",
    ),
    "leaver": Seed(
        title="A leaver kept access to the code host for eleven days", kind="deviation", severity="high",
        source="test", name=SELF_TEST, found=34, about="IAM-05",
        description="One of 12 leavers sampled. The other accounts were closed within a day; nothing was opened.",
    ),
    "review": Seed(
        title="The second quarter's access review has no sign-off for the data warehouse", kind="deviation",
        severity="medium", source="test", name=SELF_TEST, found=33, about="IAM-07",
        description="The review was done; who approved it is not on record.",
    ),
    "restore": Seed(
        title="The yearly restore test was done five weeks late", kind="exception", severity="medium", source="audit",
        name=REVIEW, found=88, about="BKP-02", description="Planned for the spring, done in the summer.",
    ),
    "approval": Seed(
        title="Two of 25 changes went out without a second approval", kind="deviation", severity="high",
        source="test", name=SELF_TEST, found=20, about="CHG-04",
        description="Both were hotfixes at night; neither was looked at afterwards.",
    ),
    "mfa": Seed(
        title="A service account can sign in without a second factor", kind="failed_check", severity="high",
        source="test", name="Configuration check, daily", key="idp/mfa/svc-billing", found=9, about="IAM-03",
        description="The exemption was meant for the migration and was never taken back.",
    ),
    "bucket": Seed(
        title="A bucket with build logs is readable by everybody", kind="failed_check", severity="critical",
        source="test", name="Configuration check, daily", key="storage/public/build-logs", found=210, about="VUL-03",
        exposed=True, description="Build logs hold no secrets; names of internal hosts are in them.",
    ),
    "laptop": Seed(
        title="Three laptops are not encrypted", kind="failed_check", severity="medium", source="test",
        name="Device management, weekly", key="devices/encryption", found=15, about="AST-02", owned=False,
        description="All three were enrolled this month.",
    ),
    "vendor": Seed(
        title="No current assurance report of the mail provider is on file", kind="audit_finding", severity="medium",
        source="audit", name=REVIEW, found=60, about="VEN-03", description="The last one covers the year before.",
    ),
    "alerts": Seed(
        title="Alerts of the staging cluster reach nobody at weekends", kind="exception", severity="low",
        source="person", name="On-call engineer", found=130, about="LOG-02",
        description="Staging holds no customer data.",
    ),
    "tls": Seed(
        title="An internal service still speaks TLS 1.1", kind="vulnerability", severity="medium", source="scan",
        name=SCAN, key="ledger/tls", found=95, about="CRY-01",
        description="Needed by an appliance until it is replaced.",
    ),
}  # fmt: skip


@transaction.atomic
def findings(*, compliance: User, manager: User) -> None:
    """Raise them all, and walk each to its state. `manager` verifies and accepts beside the compliance manager.

    The controls must be there before; a finding whose control the company does not have is about none.
    """
    controls = {control.ref: control for control in Control.objects.select_related("owner")}
    found = {name: raised(seed, controls.get(seed.about), compliance) for name, seed in SEEDS.items()}
    working(found, compliance)
    fixing(found, compliance, manager)
    accepting(found, compliance, manager)
    follow(found, compliance)


def raised(seed: Seed, control: Control | None, compliance: User) -> Finding:
    """One finding, by the door that scanners use, owned by whoever owns its control."""
    owner = control.owner if control and seed.owned else None
    about = [(control, "This is what the control is to prevent or to notice.")] if control else []
    return actions.raise_finding(
        actor=compliance, title=seed.title, kind=seed.kind, severity=seed.severity, source=seed.source,
        source_name=seed.name, key=seed.key, description=seed.description, detected_on=ago(seed.found),
        exposed=seed.exposed, exploited=seed.exploited, owner=owner, controls=about,
    )  # fmt: skip


def working(found: dict[str, Finding], compliance: User) -> None:
    """What somebody is busy with; one of them should have been done weeks ago."""
    for name, note in (
        ("openssl", "New image is being built; it goes out today."),
        ("xml", "The parser's vendor has no fix yet; we are moving to another one."),
        ("approval", "Talking to the teams about night-time hotfixes."),
    ):
        found[name] = actions.start(found[name], actor=by(found[name], compliance), note=note)


def fixing(found: dict[str, Finding], compliance: User, manager: User) -> None:
    """Fixed and waiting; verified and closed; and one that came back after it was closed."""
    fixed(found, "mfa", compliance, "The exemption had no end.", "Exemption removed; the job uses a key.", 1)
    fixed(found, "leaver", compliance, "The code host is not tied to the directory.", "Account closed.", 30)
    fixed(found, "redirect", compliance, "The parameter was never checked.", "Only our own addresses are taken.", 90)
    fixed(found, "rate", compliance, "Nobody had thought of one address, many names.", "Five tries a minute.", 105)
    fixed(found, "restore", compliance, "Nobody owned the date.", "The date is in the calendar of two people.", 40)
    fixed(found, "bucket", compliance, "The rule was copied from the public site.", "The bucket is closed.", 205)
    for name, note in (
        ("redirect", "Retest by the penetration testers: gone."),
        ("rate", "Tried it: the sixth try is refused."),
        ("restore", "Seen the two calendars and the next date."),
        ("bucket", "The check has been green for a week."),
    ):
        judge = manager if found[name].fixed_by_id == compliance.pk else compliance
        found[name] = actions.verify(found[name], actor=judge, note=note)
    seed = SEEDS["bucket"]
    found["bucket"] = actions.raise_finding(
        actor=compliance, title=seed.title, kind=seed.kind, severity=seed.severity, source=seed.source,
        source_name=seed.name, key=seed.key, detected_on=ago(1),
    )  # fmt: skip


def fixed(found: dict[str, Finding], name: str, compliance: User, cause: str, note: str, days: int) -> None:
    """One finding is fixed by its owner, some days ago."""
    one = found[name]
    found[name] = actions.fix(one, actor=by(one, compliance), root_cause=cause, note=note, fixed_on=ago(days))


def accepting(found: dict[str, Finding], compliance: User, manager: User) -> None:
    """Accepted for a while, with what stands in; and a request that waits for its answer."""
    for name, reason, days in (
        ("headers", "The status page has no accounts and is replaced in spring.", 120),
        ("tls", "The appliance goes in the new year; the service is reached from one network only.", 25),
    ):
        found[name] = actions.request_acceptance(
            found[name], actor=by(found[name], compliance), reason=reason, until=ago(-days)
        )
        asked = {found[name].acceptance_requested_by_id, found[name].owner_id}
        judge = manager if compliance.pk in asked else compliance
        found[name] = actions.accept(found[name], actor=judge, note="Agreed, until then and no longer.")
    if Control.objects.filter(ref="NET-01", operates_from__isnull=False).exists():
        follow_up.link_control(
            locked(found["alerts"]), actor=compliance, control="NET-01", part="compensating",
            reason="Nothing reaches staging from outside, at weekends neither.",
        )  # fmt: skip
    found["alerts"] = actions.request_acceptance(
        found["alerts"], actor=by(found["alerts"], compliance), until=ago(-180),
        reason="Staging holds no customer data, and nobody works there at weekends.",
    )  # fmt: skip


def follow(found: dict[str, Finding], compliance: User) -> None:
    """What is done so that it does not happen again: done, due, and one that outlives its finding."""
    for name, what, days in (
        ("leaver", "Tie the code host to the directory, so that closing one account closes both.", 21),
        ("approval", "Have hotfixes looked at on the next working day, and list those that were not.", 14),
        ("restore", "Plan all yearly tests a year ahead, each with a second person.", 60),
    ):
        finding = found[name]
        follow_up.plan_action(finding, actor=compliance, what=what, owner=by(finding, compliance), due_on=ago(-days))
    done = follow_up.plan_action(
        found["rate"], actor=compliance, what="Add sign-in limits to the checklist for new services.",
        owner=by(found["rate"], compliance), due_on=ago(-7),
    )  # fmt: skip
    follow_up.complete(done, actor=done.owner, note="It is item 14 of the checklist.")


def by(finding: Finding, compliance: User) -> User:
    """Who works on it: its owner; without one the compliance manager."""
    return finding.owner or compliance


def locked(finding: Finding) -> Any:
    """The finding as it is stored now."""
    return Finding.objects.get(pk=finding.pk)


def ago(days: int) -> datetime.date:
    """A day so long before today; below 0 after it."""
    return today() - datetime.timedelta(days=days)
