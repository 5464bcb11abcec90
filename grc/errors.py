"""The answers when something broke (a page that stands on nothing, with the number under which the log says what), and
when a request could not be read, or held more than is taken at once.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template import loader
from django.views.decorators.csrf import requires_csrf_token

from foundation.files.uploads import too_much
from foundation.trail.origin import current


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """413 for what is too much at once, and how much is taken; 400 for everything else."""
    words = too_much(exception)
    return render(request, "413.html" if words else "400.html", {"words": words}, status=413 if words else 400)


@requires_csrf_token
def server_error(_request: HttpRequest) -> HttpResponseServerError:
    """500. No request in the template's context: what surrounds the page might be what broke."""
    return HttpResponseServerError(loader.get_template("500.html").render({"reference": current().request_id}))
