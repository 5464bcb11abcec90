"""The API of management's texts. An assertion is signed on screen: that signs."""

from rest_framework.serializers import CharField, ListField

from audits.texts.views import AssertionPages, CsocPages, CuecPages, OrganisationPages, SectionPages
from foundation.pages.api.register import RegisterApi

CRITERIA = ListField(child=CharField(), help_text="Codes: CC6.1.")
CONTROLS = ListField(child=CharField(), help_text="References: IAM-01.")


class SectionApi(RegisterApi):
    """Sections of system descriptions."""

    pages = SectionPages


class UserEntityControlApi(RegisterApi):
    """CUECs."""

    pages = CuecPages
    computed = {"ref": CharField(help_text="As CUEC-2."), "criteria": CRITERIA, "controls": CONTROLS}


class SubserviceOrganisationApi(RegisterApi):
    """Subservice organisations."""

    pages = OrganisationPages
    computed = {"ref": CharField(help_text="As SUB-2."), "criteria": CRITERIA}


class SubserviceControlApi(RegisterApi):
    """CSOCs."""

    pages = CsocPages
    computed = {"ref": CharField(help_text="As CSOC-2."), "criteria": CRITERIA}


class AssertionApi(RegisterApi):
    """Assertions, with how each stands."""

    pages = AssertionPages
    computed = {"ref": CharField(help_text="As MA-2."), "standing": CharField(help_text="In words, as on its page.")}
