"""The register of events and incidents, with the verbs on one."""

import datetime
from typing import Any

from foundation.pages.forms import RegisterForm
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from incidents import actions
from incidents.columns import COLUMNS, FACTS, attach_incident
from incidents.filters import IncidentFilter
from incidents.forms import IncidentForm
from incidents.models import (
    Incident,
    IncidentControl,
    IncidentFinding,
    IncidentPerson,
    IncidentRisk,
    IncidentSystem,
    IncidentVendor,
    TimelineEntry,
)


class IncidentPages(Pages):
    """The pages that every register has, for events and incidents. Nothing is archived: what is none is dismissed."""

    model = Incident
    form_class, filter_class = IncidentForm, IncidentFilter
    columns, facts, related, ordering = COLUMNS, FACTS, ("commander", "reporter", "dismissed_by"), ("-id",)
    left_out = ("archive", "restore")
    links = (
        Link("Person", IncidentPerson, "incident"),
        Link("System", IncidentSystem, "incident"),
        Link("Control", IncidentControl, "incident"),
        Link("Risk", IncidentRisk, "incident"),
        Link("Vendor", IncidentVendor, "incident"),
        Link("Finding", IncidentFinding, "incident"),
        Link("Timeline entry", TimelineEntry, "incident"),
    )
    intro = "What happened or nearly did: reported by anybody, declared or dismissed, led to its end, and learnt from."
    attach = staticmethod(attach_incident)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Nothing besides the facts and the panels."""
        return {}

    def keep(self, form: RegisterForm, participle: str) -> Incident:
        """A report begins the timeline; a change of what is known stands in it."""
        if participle == "created":
            sensitive = form.cleaned_data.get("sensitive", False)
            return actions.report(form.save(commit=False), actor=self.user, sensitive=sensitive)
        return actions.change(form.save(commit=False), actor=self.user, changed=form.changed_data)
