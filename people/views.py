"""The roster's pages."""

import datetime
from typing import Any

from foundation.accounts.access import can, visible
from foundation.pages.act import VerbPage
from foundation.pages.forms import RegisterForm
from foundation.pages.moment import day_of
from foundation.pages.pages import Pages
from foundation.trail.asof import rows, thaw
from people import actions
from people.columns import COLUMNS, FACTS, attach_items, attach_person
from people.filters import PersonFilter
from people.forms import PersonForm, StartChecklistForm
from people.imports import PersonImporter
from people.models import ChecklistRun, Person
from people.runs import start_checklist


class PersonPages(Pages):
    """The pages that every register has, for the roster."""

    model = Person
    form_class, filter_class, importer = PersonForm, PersonFilter, PersonImporter
    columns, facts, related, ordering = COLUMNS, FACTS, ("manager", "user"), ("name",)
    intro = "Everybody who works here, with first and last day. Access reviews match accounts to them."
    verbs = (
        VerbPage(
            "start_checklist", start_checklist, "Start a checklist", "The checklist has begun.", StartChecklistForm,
            path="checklists/new",
        ),
    )  # fmt: skip
    attach = staticmethod(attach_person)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Whom they lead, as far as this person sees them."""
        led = visible(self.user, rows(Person, moment), moment).filter(manager=target.pk, archived_at=None)
        day = day_of(moment)
        reports = [(one, one.standing(day).label) for one in map(thaw, led.order_by("name", "id"))]
        begun = visible(self.user, rows(ChecklistRun, moment), moment).filter(person_id=target.pk, archived_at=None)
        checklists = [thaw(run) for run in begun.select_related("checklist").order_by("-day", "id")]
        attach_items(checklists, self.user, moment)
        may_start = moment is None and target.archived_at is None and can(self.user, "start_checklist", target)
        return {
            "reports": reports,
            "standing": target.standing(day),
            "checklists": checklists,
            "may_start": may_start,
        }

    def keep(self, form: RegisterForm, participle: str) -> Person:
        """A person is saved with their account."""
        return actions.keep(form.save(commit=False), participle, actor=self.user)

    def put_away(self, target: Any, participle: str, reason: str) -> Any:
        """Nobody is archived who leads somebody."""
        return actions.put_away(target, participle, actor=self.user, reason=reason)
