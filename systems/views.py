"""The register of systems, and who administers each."""

import datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse

from foundation.accounts.access import can, get_allowed, verbs_on, visible
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.trail.asof import rows, thaw
from systems import actions
from systems.columns import COLUMNS, FACTS
from systems.forms import NameAdministratorForm, SystemFilter, SystemForm
from systems.imports import SystemImporter
from systems.models import System, SystemAdministrator


class SystemPages(Pages):
    """The inventory of systems."""

    model = System
    form_class, filter_class, importer = SystemForm, SystemFilter, SystemImporter
    columns, facts = COLUMNS, FACTS
    related: ClassVar = ("owner",)
    ordering: ClassVar = ("name",)
    links: ClassVar = (Link("Administrator", SystemAdministrator, "system"),)
    verbs: ClassVar = (
        VerbPage(
            "name_administrator", actions.name_administrator, "Name administrator", "An administrator is named.",
            NameAdministratorForm, path="administrators/new",
        ),
    )  # fmt: skip
    intro = "What the company runs on, who answers for each system, and how often the access to it is reviewed."

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Who administers it, and whether this person may name somebody."""
        found = visible(self.user, rows(SystemAdministrator, moment), moment)
        links = found.filter(system_id=target.pk, archived_at=None).select_related("user").order_by("user__name", "id")
        live = moment is None and not target.archived_at
        return {
            "administrators": [thaw(row) for row in links],
            "may_name": live and "name_administrator" in verbs_on(self.user, ("name_administrator",), target),
            "may_unlink": live and can(self.user, "unlink", SystemAdministrator),
        }


UNLINK = VerbPage("unlink", actions.unlink, "Remove administrator", "Removed as administrator.", tone="danger")


def unlink_administrator(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that somebody administers a system no longer; `pk` is the link's."""
    return act(request, SystemPages, get_allowed(user_of(request), "unlink", SystemAdministrator, pk), UNLINK)
