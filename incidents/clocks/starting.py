"""Starting a clock that was suggested: the form of the verb with what is known filled in."""

import datetime
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from foundation.accounts.access import get_allowed
from foundation.pages.act import act
from foundation.pages.forms import user_of
from incidents.clocks import rules
from incidents.clocks.forms import StartForm
from incidents.clocks.suggest import since
from incidents.clocks.verbs import START
from incidents.command import require_response
from incidents.models import Incident, NotificationRule
from incidents.views import IncidentPages


def start_by(request: HttpRequest, pk: int, rule: int) -> HttpResponse:
    """Start a clock by a rule that was suggested: the form with what is known already."""
    incident: Any = get_allowed(user_of(request), "start_clock", Incident, pk)
    require_response(user_of(request), incident)
    wanted = rules.in_force().filter(pk=rule).first()
    if wanted is None:
        raise Http404("No rule with this number is in force.")
    known = since(wanted, incident)
    form: Callable[..., StartForm] = partial(suggested, rule=wanted, since=known)
    return act(request, IncidentPages, incident, replace(START, form=form), rule=wanted)  # type: ignore[arg-type]


def suggested(
    *args: Any, rule: NotificationRule, since: datetime.datetime | None, initial: Any = None, **kwargs: Any
) -> StartForm:
    """The form of a start, filled in for a rule."""
    start = {"rule": rule.pk, "started_at": since}
    return StartForm(*args, **kwargs, initial=start | (initial or {}))


start_by.pages = IncidentPages  # type: ignore[attr-defined]
