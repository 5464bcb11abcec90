"""The API of the evidence of incidents, by what is said of it; files are had from their pages."""

from rest_framework.serializers import CharField, IntegerField

from foundation.pages.api.register import RegisterApi
from foundation.pages.api.shapes import FileAddress
from incidents.custody.views import CustodyItemPages


class CustodyItemApi(RegisterApi):
    """What was collected in incidents: its transfers and hash checks are recorded here."""

    pages, writes = CustodyItemPages, False
    computed = {
        "ref": CharField(help_text="As CI-3."),
        "file": FileAddress("incidents:custodyitem-file"),
        "holder": CharField(source="holder_words", help_text="In whose hands it is."),
        "last_transfer": IntegerField(help_text="The number of its last transfer, 0 for none: what `after` says."),
        "checked": CharField(source="check_words", help_text="What the last check of its hash found."),
    }
