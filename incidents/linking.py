"""What an incident has to do with systems, controls, risks, vendors and findings: one way to link and unlink them.

Whoever links names a record that they see themselves. Each link and its end stand in the timeline.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from controls.models import Control
from findings.models import Finding
from foundation.accounts.access import visible
from foundation.accounts.models import User
from foundation.trail.steps import locked, tie, untie
from incidents import timeline
from incidents.command import require_response
from incidents.models import (
    EntryKind,
    Incident,
    IncidentControl,
    IncidentFinding,
    IncidentRisk,
    IncidentSystem,
    IncidentVendor,
)
from risks.models import Risk
from systems.models import System
from vendors.models import Vendor


def _tied(incident: Incident, link: Any, named: str, *, actor: User, reason: str) -> Any:
    """Link it, and say so in the timeline. Raises Stale, PermissionDenied, ValidationError."""
    incident = locked(incident)
    require_response(actor, incident)
    kept = tie(link, actor=actor, reason=reason)
    facts = {"link": link._meta.model_name, "id": kept.pk}
    timeline.add(incident, EntryKind.LINK, f"Linked: {named}. {reason}", actor=actor, facts=facts)
    return kept


@transaction.atomic
def link_system(incident: Incident, *, actor: User, system: str, reason: str) -> IncidentSystem:
    """Link the system with this name or reference (SYS-3). Raises ValidationError for one that is not seen."""
    number, seen = System.number_in(system), visible(actor, System).filter(archived_at=None)
    found = (seen.filter(name__iexact=system.strip()) if number is None else seen.filter(pk=number)).first()
    if found is None:
        raise ValidationError({"system": "There is no such system, as SYS-3 or by its name."})
    link = IncidentSystem(incident=incident, system=found, reason=reason)
    kept: IncidentSystem = _tied(incident, link, str(found), actor=actor, reason=reason)
    return kept


@transaction.atomic
def link_control(incident: Incident, *, actor: User, control: str, role: str, reason: str) -> IncidentControl:
    """Link the control with this reference, and how it did: failed, held, concerned. Raises ValidationError."""
    found = visible(actor, Control).filter(ref__iexact=control.strip(), archived_at=None).first()
    if found is None:
        raise ValidationError({"control": "There is no control with this reference."})
    if role not in IncidentControl.Role.values:
        raise ValidationError({"role": "Failed, held or concerned."})
    link = IncidentControl(incident=incident, control=found, role=role, reason=reason)
    kept: IncidentControl = _tied(incident, link, f"{found.ref} ({role})", actor=actor, reason=reason)
    return kept


@transaction.atomic
def link_risk(incident: Incident, *, actor: User, risk: str, reason: str) -> IncidentRisk:
    """Link the risk with this reference (R-3). Raises ValidationError for one that is not seen."""
    number = Risk.number_in(risk)
    found = None if number is None else visible(actor, Risk).filter(pk=number, archived_at=None).first()
    if found is None:
        raise ValidationError({"risk": "There is no such risk, as R-3."})
    link = IncidentRisk(incident=incident, risk=found, reason=reason)
    kept: IncidentRisk = _tied(incident, link, found.ref, actor=actor, reason=reason)
    return kept


@transaction.atomic
def link_vendor(incident: Incident, *, actor: User, vendor: str, reason: str) -> IncidentVendor:
    """Link the vendor with this reference (V-3) or name. Raises ValidationError for one that is not seen."""
    number, seen = Vendor.number_in(vendor), visible(actor, Vendor).filter(archived_at=None)
    found = (seen.filter(name__iexact=vendor.strip()) if number is None else seen.filter(pk=number)).first()
    if found is None:
        raise ValidationError({"vendor": "There is no such vendor, as V-3 or by its name."})
    link = IncidentVendor(incident=incident, vendor=found, reason=reason)
    kept: IncidentVendor = _tied(incident, link, str(found), actor=actor, reason=reason)
    return kept


@transaction.atomic
def link_finding(incident: Incident, *, actor: User, finding: str, reason: str) -> IncidentFinding:
    """Link the finding with this reference (F-3). Raises ValidationError for one that is not seen."""
    number = Finding.number_in(finding)
    found = None if number is None else visible(actor, Finding).filter(pk=number, archived_at=None).first()
    if found is None:
        raise ValidationError({"finding": "There is no such finding, as F-3."})
    link = IncidentFinding(incident=incident, finding=found, reason=reason)
    kept: IncidentFinding = _tied(incident, link, found.ref, actor=actor, reason=reason)
    return kept


@transaction.atomic
def unlink(row: Any, *, actor: User, reason: str) -> Any:
    """Take a link away, with a reason. Raises Stale, PermissionDenied, ValidationError."""
    incident = Incident.objects.select_for_update().get(pk=row.incident_id)
    require_response(actor, incident)
    kept = untie(row, actor=actor, reason=reason)
    facts = {"link": row._meta.model_name, "id": row.pk}
    timeline.add(incident, EntryKind.LINK, f"Unlinked: {row}. {reason}", actor=actor, facts=facts)
    return kept
