"""The answer when something broke: a page that stands on nothing, with the number under which the log says what."""

from django.http import HttpRequest, HttpResponseServerError
from django.template import loader
from django.views.decorators.csrf import requires_csrf_token

from foundation.trail.origin import current


@requires_csrf_token
def server_error(_request: HttpRequest) -> HttpResponseServerError:
    """500. No request in the template's context: what surrounds the page might be what broke."""
    return HttpResponseServerError(loader.get_template("500.html").render({"reference": current().request_id}))
