"""The API of vendors and of what belongs to them. What signs (approve) a person does, and no token."""

from rest_framework.serializers import BooleanField, CharField

from foundation.pages.api.register import RegisterApi
from foundation.pages.api.shapes import FileAddress
from vendors.paper_views import ContractPages, VendorDocumentPages
from vendors.review_views import VendorControlPages, VendorReviewPages
from vendors.views import VendorPages
from vendors.work_views import ConditionPages, ExitStepPages


class VendorApi(RegisterApi):
    """Vendors, with the verbs on one."""

    pages = VendorPages
    computed = {"ref": CharField(help_text="As V-12.")}


class VendorDocumentApi(RegisterApi):
    """Documents of vendors, by what is said of them; the files are had from their pages."""

    pages = VendorDocumentPages
    computed = {
        "ref": CharField(help_text="As VD-12."),
        "file": FileAddress("vendors:vendordocument-file"),
        "superseded": BooleanField(source="is_superseded", help_text="Whether there is a newer version."),
    }


class ContractApi(RegisterApi):
    """Contracts with vendors."""

    pages = ContractPages
    computed = {"ref": CharField(help_text="As VC-12.")}


class ConditionApi(RegisterApi):
    """Conditions under which vendors are used."""

    pages = ConditionPages
    computed = {"ref": CharField(help_text="As VN-12.")}


class ExitStepApi(RegisterApi):
    """Steps of ending vendors."""

    pages, writes = ExitStepPages, False
    computed = {"ref": CharField(help_text="As VX-12.")}


class VendorReviewApi(RegisterApi):
    """Reviews of vendors: begun on their vendor, answered here question by question."""

    pages = VendorReviewPages
    computed = {"ref": CharField(help_text="As VR-12.")}


class VendorControlApi(RegisterApi):
    """For which controls the work with vendors is evidence."""

    pages = VendorControlPages
    computed = {"control_ref": CharField(source="control.ref", help_text="As VEN-02.")}
