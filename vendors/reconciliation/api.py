"""The API of reconciliations: pushed as a file, read with their names, closed."""

from typing import Any, ClassVar

from django.urls import URLPattern, reverse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField

from foundation.accounts.access import get_shown, require
from foundation.pages.api.base import PAGE, PAGE_SIZE, ask
from foundation.pages.api.errors import Problem, refused
from foundation.pages.api.register import RegisterApi
from foundation.pages.api.shapes import FileAddress, Shape, asked_by
from vendors.models import Reconciliation
from vendors.reconciliation.forms import BringForm
from vendors.reconciliation.names_page import SHOWS, Chosen, show_of
from vendors.reconciliation.views import ReconciliationPages, brought

SHOW = ask("show", "Names that turned out to be this.", {"type": "string", "enum": [show for show, _ in SHOWS]})


class NameShape(serializers.Serializer[Any]):
    """One name on a list, with what it turned out to be."""

    id = serializers.IntegerField()
    line = serializers.IntegerField()
    name = CharField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    currency = CharField()
    found = serializers.SerializerMethodField(help_text="unknown, ended, known or none.")
    vendor = serializers.IntegerField(source="vendor_id", allow_null=True)
    by_hand = serializers.BooleanField()
    note = CharField()

    def get_found(self, row: Any) -> str:
        return show_of(row)


class ReconciliationApi(RegisterApi):
    """Reconciliations: pushed as a file, read with their names, closed. What a name is, a person says on screen."""

    pages, writes = ReconciliationPages, False
    computed: ClassVar[dict[str, serializers.Field[Any, Any, Any, Any]]] = {
        "ref": CharField(help_text="As RC-2."),
        "file": FileAddress("vendors:reconciliation-file"),
    }

    @classmethod
    def urls(cls) -> list[URLPattern]:
        """As every register's, the push, and the names of one."""
        actions: dict[str, Any] = {"get": "read_all", "post": "create"}
        pushing = cls.route("", "reconciliation-list", actions, parser_classes=(MultiPartParser,))
        names = cls.route("<int:pk>/names/", "reconciliation-names", {"get": "read_names"})
        return [pushing, names, *[route for route in super().urls() if route.name != "reconciliation-list"]]

    def create(self, request: Request) -> Response:
        """Push a list as a file; all of it is taken, or nothing."""
        require(self.user, "add", Reconciliation)
        if unknown := sorted(set(self.request.data) - set(BringForm.base_fields)):
            raise Problem(400, errors={name: ["There is no such field here."] for name in unknown})
        form = BringForm(self.request.POST, self.request.FILES)
        target = brought(form, self.user) if form.is_valid() else None
        if target is None:
            raise Problem(413) if form.too_large else refused(form)
        response = self.one(target.pk, status=201)
        response["Location"] = reverse("api:reconciliation-detail", args=[target.pk])
        return response

    def read_names(self, request: Request, pk: int) -> Response:
        """The names on a list, those first that somebody has to look at."""
        params = self.asked()
        target = get_shown(self.user, "view", Reconciliation, pk)
        found, around = self.numbered(Chosen.of(params).names(target, self.moment(Reconciliation)))
        return Response({**around, "results": NameShape(found, many=True).data})

    def takes(self) -> Shape | None:
        return asked_by(BringForm, "NewReconciliation") if self.action == "create" else super().takes()

    def gives(self) -> Shape:
        shape: Any = NameShape if self.action == "read_names" else super().gives()
        return shape

    def parameters(self) -> list[OpenApiParameter]:
        return [PAGE, PAGE_SIZE, SHOW] if self.action == "read_names" else super().parameters()

    def in_short(self) -> str:
        words = {"create": "Push a list", "read_names": "List the names of a reconciliation"}
        return words.get(self.action) or super().in_short()
