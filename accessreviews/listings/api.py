"""The API of listings and account matches: pushing a listing as a file or as rows, and reading its accounts."""

from typing import Any, ClassVar

from django import forms
from django.urls import URLPattern, reverse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField

from accessreviews.listings import bring
from accessreviews.listings.accounts import Chosen, whole
from accessreviews.listings.forms import FileForm, ToldForm
from accessreviews.listings.shapes.reading import Unrecognised
from accessreviews.listings.views import AccountMatchPages, ListingPages
from accessreviews.models import Flag, Listing, Standing
from evidence.actions import as_file
from foundation.accounts.access import get_shown, require
from foundation.pages.api.base import PAGE, PAGE_SIZE, ask
from foundation.pages.api.body import JSONBody
from foundation.pages.api.errors import Problem, refused
from foundation.pages.api.register import RegisterApi
from foundation.pages.api.shapes import Shape, SomebodyShape, Text
from foundation.pages.imports.table import Unreadable

FLAG = ask("flag", "Accounts with this flag; “flagged”: with any that has to be judged alone.",
           {"type": "string", "enum": ["flagged", *Flag.values]})  # fmt: skip
STANDING = ask("standing", "Accounts of this standing.", {"type": "string", "enum": list(Standing.values)})
WORDS = ask("q", "Words in account, name or e-mail.")


class RowsForm(ToldForm):
    """What a program says of the rows that it sends."""

    connector = forms.CharField(
        max_length=120, required=False, help_text="The program that pulled it, if no person did."
    )


class PushFileForm(FileForm):
    """A file that a program sends. Columns that are not known are mapped once on the page."""


class ListedFlagShape(serializers.Serializer[Any]):
    """A flag and its reason."""

    flag = CharField(source="0")
    why = CharField(source="1")

    def to_representation(self, instance: Any) -> dict[str, str]:
        return {"flag": instance[0], "why": instance[1]}


class ListedAccountShape(serializers.Serializer[Any]):
    """One account of a listing."""

    id = serializers.IntegerField()
    line = serializers.IntegerField()
    account = CharField(source="key")
    name = CharField()
    email = CharField()
    external_id = CharField()
    roles = serializers.ListField(child=CharField())
    enabled = CharField(help_text="yes, no or unknown.")
    mfa = CharField(help_text="yes, no or unknown.")
    machine = CharField(help_text="yes, no or unknown: by the source.")
    sign_in = CharField(help_text="known, never or unknown.")
    last_sign_in = serializers.DateField(allow_null=True)
    created_on = serializers.DateField(allow_null=True)
    standing = CharField()
    person = serializers.IntegerField(source="person_id", allow_null=True)
    owner = SomebodyShape(allow_null=True)
    flagged = serializers.BooleanField(help_text="It has to be judged by itself.")
    privileged = serializers.BooleanField()
    flags = ListedFlagShape(many=True)


class AccountIn(serializers.Serializer[Any]):
    """One account as a program sends it. What is left out is unknown."""

    account = Text(help_text="What the system calls it; once in a listing.")
    name = Text(required=False)
    email = Text(required=False)
    external_id = Text(required=False)
    roles = serializers.ListField(child=Text(), required=False)
    enabled = serializers.BooleanField(required=False, allow_null=True)
    mfa = serializers.BooleanField(required=False, allow_null=True)
    machine = serializers.BooleanField(required=False, allow_null=True)
    last_sign_in = Text(required=False, allow_null=True, help_text="A day or moment, or “never”.")
    created_on = Text(required=False, allow_null=True)
    owner = Text(required=False, help_text="E-mail address of who answers for it.")


class ListingIn(serializers.Serializer[Any]):
    """A listing as a program sends it in JSON, up to 1 MB; larger ones go as a file."""

    system = serializers.IntegerField()
    source = Text()  # type: ignore[assignment]  # the field is called so
    query = Text()
    environment = Text(required=False)
    pulled_at = serializers.DateTimeField()
    source_total = serializers.IntegerField()
    connector = Text(required=False)
    accounts = AccountIn(many=True)


class ListingApi(RegisterApi):
    """Listings: pushed as a file (multipart) or as rows (JSON), read with their accounts. Never changed."""

    pages, writes = ListingPages, False
    computed: ClassVar = {
        "ref": CharField(help_text="As L-12."),
        "system_name": CharField(source="system.name"),
    }

    @classmethod
    def urls(cls) -> list[URLPattern]:
        """As every register's, the push, and the accounts of one."""
        actions: dict[str, Any] = {"get": "read_all", "post": "create"}
        pushing = cls.route("", "listing-list", actions, parser_classes=(JSONBody, MultiPartParser))
        accounts = cls.route("<int:pk>/accounts/", "listing-accounts", {"get": "read_accounts"})
        return [pushing, accounts, *[route for route in super().urls() if route.name != "listing-list"]]

    def create(self, request: Request) -> Response:
        """Push a listing: JSON with its accounts, or multipart/form-data with the file. 200 for a frozen one."""
        require(self.user, "add", Listing)
        try:
            listing, new = self.from_file() if self.request.FILES else self.from_rows()
        except Unrecognised as error:
            words = f"{error.messages[0]} Bring it in on the page first."
            raise Problem(400, errors={"file": [words]}) from error
        except Unreadable as error:
            raise Problem(400, errors={"file" if self.request.FILES else "accounts": [str(error)]}) from error
        response = self.one(listing.pk, status=201 if new else 200)
        response["Location"] = reverse("api:listing-detail", args=[listing.pk])
        return response

    def from_file(self) -> tuple[Listing, bool]:
        """The listing in a file that was sent, and whether it is new."""
        data = self.request.data
        if unknown := sorted(set(data) - set(PushFileForm.base_fields)):
            raise Problem(400, errors={name: ["There is no such field here."] for name in unknown})
        form = PushFileForm(self.request.POST, self.request.FILES, user=self.user)
        if not form.is_valid():
            raise Problem(413) if form.too_large else refused(form)
        told, sent = form.told(), form.cleaned_data["file"]
        file, sha256 = as_file(sent, sent.name or "accounts.csv")
        if earlier := bring.same_again(told["system"], sha256, told["pulled_at"]):
            return earlier, False
        name = file.name or "accounts.csv"
        return bring.bring_file(file, name, actor=self.user, told=told, how=form.how()), True

    def from_rows(self) -> tuple[Listing, bool]:
        """The listing in rows that were sent, and whether it is new."""
        data: Any = self.request.data
        known = set(RowsForm.base_fields)
        if unknown := sorted(set(data) - known - {"accounts"}):
            raise Problem(400, errors={name: ["There is no such field here."] for name in unknown})
        rows = data.get("accounts")
        form = RowsForm({name: data[name] for name in known if name in data}, user=self.user)
        if not form.is_valid():
            raise refused(form)
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            raise Problem(400, errors={"accounts": ["Send an array of objects, one for each account."]})
        connector = form.cleaned_data["connector"]
        return bring.bring_rows(rows, actor=self.user, told=form.told(), connector=connector)

    def read_accounts(self, request: Request, pk: int) -> Response:
        """The accounts of a listing, in the order of their source."""
        params = self.asked()
        listing = get_shown(self.user, "view", Listing, pk, "system")
        found, around = self.numbered(whole(Chosen.of(params).accounts(listing)))
        return Response({**around, "results": ListedAccountShape(found, many=True).data})

    def takes(self) -> Shape | None:
        return ListingIn if self.action == "create" else super().takes()

    def gives(self) -> Shape:
        return ListedAccountShape if self.action == "read_accounts" else super().gives()

    def parameters(self) -> list[OpenApiParameter]:
        if self.action == "read_accounts":
            return [PAGE, PAGE_SIZE, FLAG, STANDING, WORDS]
        return super().parameters()

    def in_short(self) -> str:
        words = {"create": "Push a listing", "read_accounts": "List the accounts of a listing"}
        return words.get(self.action) or super().in_short()


class AccountMatchApi(RegisterApi):
    """Whose accounts are, as somebody said. `person` takes a reference or an e-mail address."""

    pages = AccountMatchPages
    computed: ClassVar = {"system_name": CharField(source="system.name")}
