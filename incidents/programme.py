"""The register of the controls that the response programme operates: what is approved there fills their squares."""

import datetime
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet

from controls.models import Control
from foundation.accounts.access import verbs_on, visible
from foundation.accounts.models import User
from foundation.pages.act import VerbPage
from foundation.pages.columns import Column
from foundation.pages.fields import text_area
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm
from foundation.pages.moment import at
from foundation.pages.pages import Pages
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from incidents import proofs
from incidents.models import IncidentControlLink


class LinkForm(RegisterForm):
    """For which control a part of the work with incidents is evidence."""

    class Meta:
        model = IncidentControlLink
        fields = ("part", "control", "reason")
        widgets = {"reason": text_area(2)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered: Any = self.fields["control"]
        offered.queryset = visible(self.user, Control).filter(archived_at=None).order_by("ref")

    def clean(self) -> dict[str, Any]:
        """Linked once; a link that was taken away comes back."""
        said = super().clean() or self.cleaned_data
        same = IncidentControlLink.objects.live().filter(part=said.get("part"), control=said.get("control"))
        if not self.errors and same.exists():
            self.add_error("control", "It is linked already. Unlink it first to say something else of it.")
        return said

    def validate_unique(self) -> None:
        """A link that was taken away is no obstacle: saving brings it back."""

    def validate_constraints(self) -> None:
        """As `validate_unique`; the database holds them all the same."""


class LinkFilter(RegisterFilter):
    """For which controls the work with incidents is evidence."""

    search_fields = ("reason", "control__ref", "control__name")
    archives = False

    part = django_filters.ChoiceFilter(choices=IncidentControlLink.Part.choices, empty_label="Any", label="Work")

    class Meta:
        model = IncidentControlLink
        fields = ("part",)

    def unasked(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """The links that stand."""
        return found.filter(archived_at=None)


COLUMNS = (
    Column("part", "Work", sort="part", kind="title"),
    Column(
        "control", "Control", sort="control__ref", get=lambda one: str(one.control),
        url=lambda one: one.control.get_absolute_url(),
    ),
    Column("reason", "What it proves"),
)  # fmt: skip


class IncidentControlLinkPages(Pages):
    """For which controls the work with incidents is evidence."""

    model = IncidentControlLink
    form_class, filter_class = LinkForm, LinkFilter
    columns, facts = COLUMNS, COLUMNS
    related: ClassVar = ("control",)
    ordering: ClassVar = ("part",)
    left_out: ClassVar = ("edit", "archive", "restore")
    intro = "For which controls plans, exercises and post-incident reviews are evidence, once they are approved."
    verbs: ClassVar = (VerbPage("unlink", proofs.unlink_control, "Unlink", "It is unlinked.", tone="danger"),)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Whether this person may unlink it."""
        live = moment is None and not target.archived_at
        return {"may_unlink": live and bool(verbs_on(self.user, ("unlink",), target))}

    def keep(self, form: RegisterForm, participle: str) -> IncidentControlLink:
        """A link that was taken away comes back."""
        return proofs.link_control(form.save(commit=False), actor=self.user)


def control_panel(user: User, control: Control, moment: datetime.datetime | None) -> Panel | None:
    """What the work with incidents proves about a control; None where it proves nothing. One query."""
    seen = visible(user, rows(IncidentControlLink, moment), moment).filter(control_id=control.pk, archived_at=None)
    lines = [thaw(row) for row in seen.order_by("part", "id")]
    return Panel("incidents/programme_panel.html", {"lines": lines, "at": at(moment)}) if lines else None
