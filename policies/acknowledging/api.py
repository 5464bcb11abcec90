"""The API of acknowledgements: who acknowledged what. Acknowledging is done by a person who reads, and by no token."""

from rest_framework.serializers import CharField

from foundation.pages.api.register import RegisterApi
from policies.acknowledging.views import AcknowledgementPages


class AcknowledgementApi(RegisterApi):
    """Acknowledgements of policies; what was signed on paper is recorded here."""

    pages = AcknowledgementPages
    computed = {
        "ref": CharField(source="policy_version.ref", help_text="The version, as POL-3 2.1."),
        "title": CharField(source="policy_version.title"),
    }
