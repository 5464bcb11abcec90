"""The API of vendors and of what belongs to them. What signs (approve) a person does, and no token."""

from typing import Any

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, CharField

from foundation.pages.api.base import AS_OF, READING
from foundation.pages.api.register import RegisterApi
from foundation.pages.api.shapes import FileAddress, Shape
from vendors.models import VendorReview
from vendors.paper_views import ContractPages, VendorDocumentPages
from vendors.review_views import VendorControlPages, VendorReviewPages, items_of
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


class QuestionShape(serializers.Serializer[Any]):
    """One question of a review, with what was found."""

    key = CharField(help_text="By which it is answered.")
    question = CharField()
    is_required = serializers.BooleanField(source="required", help_text="Whether the review waits for it.")
    answer = CharField(help_text="yes, no or na; empty while nobody looked.")
    note = CharField()
    document = serializers.IntegerField(source="document_id", allow_null=True, help_text="Where it is seen.")
    finding = CharField(help_text="The reference of the finding that was raised from it, if any.")


class QuestionsShape(serializers.Serializer[Any]):
    """The questions of a review, in its order."""

    results = QuestionShape(many=True)


class VendorReviewApi(RegisterApi):
    """Reviews of vendors: begun on their vendor, answered here question by question."""

    pages = VendorReviewPages
    computed = {"ref": CharField(help_text="As VR-12.")}

    @classmethod
    def urls(cls) -> list[URLPattern]:
        """As every register's, and the questions of one."""
        return [cls.route("<int:pk>/questions/", "vendorreview-asked", {"get": "read_questions"}), *super().urls()]

    def read_questions(self, request: Request, pk: int) -> Response:
        """What a review asks, in its order, with what was found."""
        self.asked()
        moment = self.moment(VendorReview)
        review = self.on_page().fetch(pk, moment)
        found = []
        for item, _, finding, _ in items_of(review, self.user, moment):
            item.finding = finding
            found.append(item)
        return Response(QuestionsShape({"results": found}).data)

    def parameters(self) -> list[OpenApiParameter]:
        return [AS_OF] if self.action == "read_questions" else super().parameters()

    def gives(self) -> Shape:
        shape: Any = QuestionsShape if self.action == "read_questions" else super().gives()
        return shape

    def refuses(self) -> tuple[int, ...]:
        return READING if self.action == "read_questions" else super().refuses()

    def in_short(self) -> str:
        return "List the questions of a review" if self.action == "read_questions" else super().in_short()


class VendorControlApi(RegisterApi):
    """For which controls the work with vendors is evidence."""

    pages = VendorControlPages
    computed = {"control_ref": CharField(source="control.ref", help_text="As VEN-02.")}
