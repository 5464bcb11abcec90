"""The views that serve every register: printing. (The steps of an import are in imports/views.py.)"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from foundation.pages import jobs
from foundation.pages.forms import user_of
from foundation.pages.paper import PaperRefused, paper_for


@require_POST
def print_page(request: HttpRequest) -> HttpResponse:
    """Ask for a page of this site on paper, as the person sees it; a job makes it and shows how far it is."""
    page = request.POST.get("page", "")
    try:
        paper = paper_for(page, user_of(request))
    except PaperRefused as error:
        messages.error(request, str(error))
        return redirect(page)  # paper_for resolved it: a path of ours
    job = jobs.print_page.enqueue(actor=request.user, title=f"PDF: {paper.title}", page=page, user_id=request.user.pk)
    return redirect(job)
