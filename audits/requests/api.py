"""The API of requests. Files are handed in on screen; evidence that is there already, and all other verbs, here too."""

from rest_framework.serializers import CharField, IntegerField

from audits.requests.views import RequestPages
from foundation.pages.api.register import RegisterApi


class RequestApi(RegisterApi):
    """Requests, with the verbs on one. An auditor judges on screen: his account has no tokens."""

    pages = RequestPages
    computed = {
        "ref": CharField(help_text="As REQ-12."),
        "handed_in": IntegerField(help_text="How many items of evidence were handed in."),
    }
