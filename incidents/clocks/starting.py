"""Deciding on a clock that was suggested: the form of starting it, and of saying that it is not required, filled in.

What is filled in says where it comes from: nobody has confirmed it yet.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse

from foundation.accounts.access import get_allowed
from foundation.pages.act import act
from foundation.pages.forms import user_of
from incidents.clocks import rules
from incidents.clocks.forms import DeclineForm, StartForm
from incidents.clocks.suggest import time_for
from incidents.clocks.verbs import DECLINE, START
from incidents.command import require_response
from incidents.models import Incident, NotificationRule
from incidents.views import IncidentPages

UNKNOWN: Final = "No time of the incident tells this. Say when it was."


def start_by(request: HttpRequest, pk: int, rule: int) -> HttpResponse:
    """Start a clock by a rule that was suggested: the form with what is known already."""
    incident, wanted = asked_for(request, "start_clock", pk, rule)
    form: Callable[..., StartForm] = partial(suggested, rule=wanted)
    return act(request, IncidentPages, incident, replace(START, form=form), rule=wanted)  # type: ignore[arg-type]


def decline_by(request: HttpRequest, pk: int, rule: int) -> HttpResponse:
    """Say of a rule that was suggested that it is not required: the form with this one chosen."""
    incident, wanted = asked_for(request, "decline_clock", pk, rule)
    form: Callable[..., DeclineForm] = partial(chosen, rule=wanted)
    return act(request, IncidentPages, incident, replace(DECLINE, form=form), rule=wanted)  # type: ignore[arg-type]


def asked_for(request: HttpRequest, verb: str, pk: int, rule: int) -> tuple[Any, NotificationRule]:
    """The incident and the rule that an address names. Raises Http404, PermissionDenied."""
    incident: Any = get_allowed(user_of(request), verb, Incident, pk)
    require_response(user_of(request), incident)
    wanted = rules.in_force().filter(pk=rule).first()
    if wanted is None:
        raise Http404("No rule with this number is in force.")
    return incident, wanted


def suggested(*args: Any, target: Any, rule: NotificationRule, initial: Any = None, **kwargs: Any) -> StartForm:
    """The form of a start, filled in for a rule; what it counts from says from which of the incident's times it is."""
    name = time_for(rule, target)
    start = {"rule": rule.pk, "started_at": getattr(target, name) if name else None}
    form = StartForm(*args, **kwargs, target=target, initial=start | (initial or {}))
    form.fields["started_at"].help_text = taken_from(name, rule) if name else UNKNOWN
    return form


def taken_from(name: str, rule: NotificationRule) -> str:
    """Where a moment that is filled in comes from, in words."""
    time = str(Incident._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return (
        f"Filled in from the incident's record: when it was {time}. The rule counts from "
        f"“{rule.get_starts_display()}”, and nobody has confirmed that it was then."
    )


def chosen(*args: Any, rule: NotificationRule, initial: Any = None, **kwargs: Any) -> DeclineForm:
    """The form of a decision, with a rule chosen."""
    return DeclineForm(*args, **kwargs, initial={"rules": [rule.pk]} | (initial or {}))


start_by.pages = decline_by.pages = IncidentPages  # type: ignore[attr-defined]
