"""The API of worksheets, with their lines, and of the user controls in them."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.serializers import CharField

from foundation.pages.api.register import RegisterApi
from vendors.worksheets.views import CuecPages, WorksheetPages


class WorksheetApi(RegisterApi):
    """Worksheets, with the verbs on one. What signs (approve) a person does, and no token."""

    pages = WorksheetPages
    computed: ClassVar[dict[str, serializers.Field[Any, Any, Any, Any]]] = {
        "ref": CharField(help_text="As WS-3."),
        "vendor_name": CharField(source="vendor.name"),
        "gap_days": serializers.IntegerField(source="stands.gap", help_text="Days since its period ended."),
        "stale": serializers.BooleanField(source="stands.stale"),
    }


class CuecApi(RegisterApi):
    """User controls: noted and answered on their worksheet."""

    pages, writes = CuecPages, False
    computed: ClassVar[dict[str, serializers.Field[Any, Any, Any, Any]]] = {
        "vendor_name": CharField(source="worksheet.vendor.name"),
    }
