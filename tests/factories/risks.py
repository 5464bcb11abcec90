"""Risks made for tests, by the actions that people use."""

import datetime
from typing import Any

from controls.models import Control
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM
from foundation.trail.steps import tie
from risks import acceptance, actions
from risks.methods import name_executive
from risks.models import Acceptance, Category, Executive, Risk, RiskControl, RiskVendor
from risks.rating import Level, rate
from vendors.models import Vendor


def a_risk(**values: Any) -> Risk:
    """A security risk that was identified today, not yet rated."""
    said: dict[str, Any] = {"title": "Accounts are taken over", "category": Category.SECURITY, "identified_on": today()}
    return actions.register(Risk(**{**said, **values}), actor=values.get("owner") or SYSTEM)


def held_by(risk: Risk, *controls: Control, effectiveness: str = "strong") -> list[RiskControl]:
    """Link these controls to a risk."""
    reason = "It makes it less likely."
    return [actions.tie_control(risk, control, effectiveness, reason, actor=SYSTEM) for control in controls]


def about_vendor(risk: Risk, name: str = "Northwind Mail") -> RiskVendor:
    """Link a vendor of this name to a risk."""
    vendor = Vendor.objects.filter(name=name).first()
    if vendor is None:
        vendor = save(Vendor(name=name), actor=SYSTEM, verb="vendor.created")
    link = RiskVendor(risk=risk, vendor=vendor, reason="It holds the data.")
    return tie(link, actor=SYSTEM, reason="It holds the data.")


def level(likelihood: int, impact: int, why: str = "As the workshop saw it.") -> Level:
    """A rating with a reason."""
    return Level(likelihood, impact, why)


def rated(
    *controls: Control, inherent: tuple[int, int] = (4, 4), residual: tuple[int, int] | None = None,
    target: tuple[int, int] | None = None, actor: Any = SYSTEM, risk: Risk | None = None, **values: Any,
) -> Risk:  # fmt: skip
    """A rated risk: high by default, residual as inherent. Below it, hand in a control that operates (R5.1)."""
    found = risk or a_risk(**values)
    held_by(found, *controls)
    return rate(
        found, actor=actor, inherent=level(*inherent), residual=level(*(residual or inherent)),
        target=level(*target) if target else None,
    )  # fmt: skip


def an_executive(user: User) -> Executive:
    """Name a manager to accept critical risks."""
    return name_executive(actor=SYSTEM, user=user, reason="Answers for the company.")


def asked(risk: Risk, *, actor: User, days: int = 60) -> Acceptance:
    """A request to accept a rated risk that waits."""
    return acceptance.request_acceptance(
        Risk.objects.get(pk=risk.pk), actor=actor, reason="It costs more than it could.", compensating="We watch it.",
        until=today() + datetime.timedelta(days=days),
    )  # fmt: skip


def accepted(risk: Risk, *, actor: User, approver: User, days: int = 60) -> Acceptance:
    """An acceptance in force."""
    return acceptance.approve(asked(risk, actor=actor, days=days), actor=approver)
