"""Work on any register that takes longer than a person waits at a page: printing it, applying a file to it."""

import hashlib

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from foundation.accounts.access import can
from foundation.accounts.models import User
from foundation.jobs.job import JobError, Progress, job
from foundation.organisation.models import organisation, today, zone
from foundation.pages.imports.actions import Changed, apply_import, pages_of
from foundation.pages.imports.table import Unreadable
from foundation.pages.models import Import
from foundation.pages.paper import PaperRefused, cover_for, html_for, paper_for, pdf_for
from foundation.pages.sheets import file_name
from foundation.trail.origin import origin
from foundation.trail.record import record


@job(retries=1)
def print_page(progress: Progress, *, page: str, user_id: int) -> None:
    """Make the PDF of `page` as this person sees it at the moment of printing; the trail says that it was made."""
    user = User.objects.get(pk=user_id)
    if not user.is_active:
        raise JobError("This account is no longer active.")
    with timezone.override(zone()):
        try:
            paper = paper_for(page, user)
        except (Http404, PermissionDenied) as error:
            raise JobError("You may no longer see this page.") from error
        except PaperRefused as error:
            raise JobError(str(error)) from error
        rows = f"{paper.rows:,} rows" if paper.rows else "the page"
        progress.set(0, 3, f"Reading {rows}")
        cover = cover_for(user)
        html = html_for(paper, cover)
        progress.set(1, 3, f"Laying out {rows}")
        pdf = pdf_for(html, cover.made_at, organisation())
    progress.set(2, 3, "Keeping the PDF")
    with transaction.atomic():
        refs = {"title": paper.title, "rows": paper.rows, "sha256": hashlib.sha256(pdf).hexdigest()}
        record("report.printed", user, refs=refs, private={"page": page})
    progress.attach(file_name(f"{paper.title}-{today()}", "pdf"), "application/pdf", pdf)
    progress.set(3, 3, "Done")


@job(retries=2)
def run_import(progress: Progress, *, import_id: int) -> None:
    """Apply an import that was agreed to; run a second time, it finds that done."""
    one = Import.objects.select_related("uploaded_by").get(pk=import_id)
    if not can(one.uploaded_by, "import", pages_of(one).model):
        raise JobError("You may no longer import into this register.")
    progress.set(0, 2, f"Checking {one.name}, then saving all of it at once")
    try:
        with origin(via="import", request_id=str(progress.job.pk)):
            done = apply_import(one, actor=one.uploaded_by)
    except (Changed, Unreadable) as error:
        progress.link(reverse("pages:import-preview", args=[one.pk]))
        raise JobError(str(error)) from error
    progress.set(2, 2, "{new:,} new, {changed:,} changed, {unchanged:,} unchanged".format(**done.counts))
    progress.link(done.get_absolute_url())
