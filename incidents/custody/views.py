"""The register of evidence collected in incidents: its chain, its download, and the verbs on one item."""

import datetime
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from foundation.accounts.access import can, get_shown, verbs_on, visible
from foundation.accounts.models import User
from foundation.files.download import open_file
from foundation.pages.act import VerbPage, act
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.moment import at
from foundation.pages.pages import Pages
from foundation.pages.panels import Panel
from foundation.trail.asof import rows, thaw
from incidents.command import require_response, responds
from incidents.custody import actions
from incidents.custody.columns import CHECK_TONES, COLUMNS, FACTS, attach_custody
from incidents.custody.forms import CheckForm, CollectForm, TransferForm
from incidents.custody.hands import breaks, holder, last_of
from incidents.models import CustodyItem, CustodyKind, CustodyTransfer, HashCheck, Incident

# The verb on an incident by which evidence is collected. A file goes by the page alone.
COLLECT = VerbPage(
    "add_custody", actions.collect, "Collect evidence", "It is recorded.", CollectForm, path="custody/new",
    scope=None, tab="custody",
)  # fmt: skip


class CustodyFilter(RegisterFilter):
    """Evidence of incidents."""

    search_fields = ("description", "where", "name", "incident__title")
    hint = "CI-3 or words"
    archives = False

    incident = django_filters.CharFilter(label="Incident", method="by_incident", max_length=30)
    kind = django_filters.ChoiceFilter(choices=CustodyKind.choices, empty_label="Any")

    class Meta:
        model = CustodyItem
        fields = ("kind",)

    def by_incident(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """What was collected in one incident, by its reference."""
        number = Incident.number_in(value)
        return queryset.filter(incident_id=number) if number else queryset.none()


class CustodyItemPages(Pages):
    """What was collected as evidence of incidents, and through whose hands it went."""

    model = CustodyItem
    form_class, filter_class = RegisterForm, CustodyFilter
    columns, facts, ordering = COLUMNS, FACTS, ("-id",)
    related = ("collected_by", "recorded_by", "copy_of")
    links = (Link("Transfer", CustodyTransfer, "item"), Link("Hash check", HashCheck, "item"))
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = (
        "What was collected as evidence of incidents, through whose hands it went, and whether it is still the same."
    )
    verbs: ClassVar = (
        VerbPage("transfer", actions.transfer, "Record transfer", "The transfer is recorded.", TransferForm),
        VerbPage("check_hash", actions.check_hash, "Check hash", "The hash of {0.ref} was taken again.", CheckForm),
    )
    attach = staticmethod(attach_custody)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its chain and its checks, and the verbs that make sense now."""
        transfers = visible(self.user, rows(CustodyTransfer, moment), moment).filter(item_id=target.pk)
        checks = visible(self.user, rows(HashCheck, moment), moment).filter(item_id=target.pk)
        live = moment is None and responds(self.user, target.incident)
        given = verbs_on(self.user, ("transfer", "check_hash"), target) if live else set()
        steps = transfers.select_related("giver", "receiver", "by").order_by("happened_at", "id")
        chain = [thaw(row) for row in steps]
        return {
            "chain": list(zip(chain, breaks(target, chain), strict=True)),
            "checks": [thaw(row) for row in checks.select_related("by").order_by("-id")],
            "may_open": bool(target.file) and can(self.user, "download", target, moment),
            "verbs": {
                "transfer": "transfer" in given,
                "check_hash": "check_hash" in given and target.kind == CustodyKind.FILE,
            },
        }

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """Only whoever responds: anybody else is told so before any form. It says who holds it."""
        require_response(self.user, target.incident)
        return act(self.request, type(self), target, verb, holder=holder(target, last_of(target)))


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file as it was collected; the trail says who had it."""
    item = get_shown(user_of(request), "download", CustodyItem, pk)
    return open_file(user_of(request), item, name=item.name)


download.pages = CustodyItemPages  # type: ignore[attr-defined]


def custody_panel(user: User, incident: Any, moment: datetime.datetime | None) -> Panel:
    """What was collected in an incident, with the hand that each is in now. Constant queries."""
    seen = visible(user, rows(CustodyItem, moment), moment).filter(incident_id=incident.pk)
    found = [thaw(row) for row in seen.select_related("collected_by").order_by("id")]
    attach_custody(found, user, moment)
    lines = [(one, CHECK_TONES[one.check_words]) for one in found]
    live = moment is None and bool(verbs_on(user, ("add_custody",), incident)) and responds(user, incident)
    return Panel("incidents/custody_panel.html", {"lines": lines, "at": at(moment), "may_add": live})
