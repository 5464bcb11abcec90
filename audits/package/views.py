"""The register of packages, and the archive as a download."""

import datetime
from operator import attrgetter
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from audits.models import Engagement
from audits.models.packages import PACKAGE_TONES, Package, PackageState
from audits.package import actions
from audits.package.forms import PackageFilter, PackageForm
from foundation.accounts.access import can, get_allowed, visible
from foundation.accounts.models import User
from foundation.files.download import open_file
from foundation.pages.columns import Column
from foundation.pages.forms import user_of
from foundation.pages.pages import Pages
from foundation.pages.panels import Panel, Tab
from foundation.pages.sheets import file_name
from foundation.trail.asof import rows, thaw

MOST = 10  # packages on the engagement's tab; the list has them all


class PackagePages(Pages):
    """Packages. One is asked for, and never changed."""

    model = Package
    form_class, filter_class = PackageForm, PackageFilter
    columns = (
        Column("ref", "Ref", sort="id", kind="ref"),
        Column("engagement", "Engagement", sort="engagement__name", kind="title"),
        Column("state", "State", sort="state", kind="badge", tones=PACKAGE_TONES),
        Column("pinned_at", "As of", sort="pinned_at", kind="moment"),
        Column("file_count", "Files", sort="file_count", kind="number"),
        Column(
            "size",
            "Size",
            sort="size",
            kind="number",
            get=lambda one: filesizeformat(one.size),
            data=attrgetter("size"),
        ),
        Column("asked_by", "Asked for by", kind="person"),
        Column("sha256", "SHA-256", more=True),
    )
    facts = (
        *columns[1:],
        Column("reader", "As seen by", kind="person"),
    )
    related = ("engagement", "asked_by")
    facts_related = ("reader",)
    ordering = ("-id",)
    left_out = ("edit", "archive", "restore")
    prefilled = ("engagement",)
    intro = (
        "Everything of an engagement as one archive, as of one checkpoint of the audit trail, with the script that "
        "verifies it offline."
    )

    def new_words(self) -> str:
        """It is not written, but built."""
        return "Build package"

    def keep(self, form: Any, participle: str) -> Package:
        """Ask for it; a job builds it."""
        return actions.ask(form.save(commit=False), actor=self.user, earlier=form.cleaned_data["earlier"])

    def detail_context(self, target: Package, moment: datetime.datetime | None) -> dict[str, Any]:
        """How far it is, and whether this person may take it."""
        ready = target.state == PackageState.READY and moment is None
        job = actions.job_of(target) if target.state == PackageState.BUILDING and moment is None else None
        return {
            "may_download": ready and can(self.user, "download", target),
            "job": job,
            "mine": job is not None and job.requested_by_id == self.user.pk,
        }


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The archive, for whoever sees the package; the trail says who took it before the first byte leaves."""
    package = get_allowed(request.user, "download", Package, pk)
    if package.state != PackageState.READY:
        raise Http404("It is not ready.")
    return open_file(user_of(request), package, name=file_name(f"{package.engagement}-{package.ref}", "zip"))


def packages_panel(user: User, engagement: Engagement, moment: datetime.datetime | None) -> Panel | None:
    """The newest packages of an engagement, and the way to another. One query, and one for each right."""
    if not can(user, "view", Package):
        return None
    found = visible(user, rows(Package, moment), moment).filter(engagement_id=engagement.pk)
    newest = [thaw(row) for row in found.select_related("asked_by").order_by("-id")[:MOST]]
    live = moment is None and engagement.archived_at is None
    return Panel("audits/packages_panel.html", {"packages": newest, "may_add": live and can(user, "add", Package)})


PACKAGES_TAB = Tab("packages", "Packages", (packages_panel,))


def package_routes() -> list[URLPattern]:
    """Everything under `packages/`."""
    return [path("<int:pk>/archive.zip", download, name="package-download"), *PackagePages.urls()]
