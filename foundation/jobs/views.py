"""Pages of the jobs that a person asked for: how far each is, its result, and taking back one that still waits."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from foundation.accounts.access import get_allowed, visible
from foundation.files.download import open_file
from foundation.jobs.models import Job, State
from foundation.jobs.queue import cancel as cancel_job
from foundation.trail.record import record

PER_PAGE = 50
REFRESH_SECONDS = 3  # for browsers without scripts; with them the panel asks every second


def mine(request: HttpRequest) -> QuerySet[Job]:
    """The jobs of this person, none once access ended. Nobody sees another's: results hold what that one may see."""
    return visible(request.user, Job)


@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(mine(request), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/job_list.html", {"page": page})


@require_safe
def job_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the job; htmx asks for the moving part alone, and stops asking when the job has ended."""
    job = get_object_or_404(mine(request), pk=pk)
    is_part = request.headers.get("HX-Request") == "true"
    if is_part and request.GET.get("seen") == job.stand:
        return HttpResponse(status=204)  # nothing moved: what is on the screen stays, and so does the focus on it
    template = "jobs/job_detail.html#panel" if is_part else "jobs/job_detail.html"
    response = render(request, template, {"job": job, "refresh_seconds": REFRESH_SECONDS})
    response["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def job_download(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """Hand the result to the person who asked for it; the trail says so before the first byte leaves."""
    done = Job.objects.filter(state=State.DONE).exclude(result="")
    job = get_allowed(request.user, "download", mine(request).filter(pk__in=done), pk)
    return open_file(request.user, job, "result", name=job.result_name)  # type: ignore[arg-type]  # nobody else gets here


@require_POST
def job_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a job off the queue while it waits."""
    job = get_object_or_404(mine(request), pk=pk)
    with transaction.atomic():
        cancelled = cancel_job(job)
        if cancelled:
            record("job.cancelled", request.user, job)
    if cancelled:
        messages.success(request, "The job was cancelled.")
    else:
        messages.error(request, "It is too late to cancel: the job no longer waits.")
    return redirect(job)
