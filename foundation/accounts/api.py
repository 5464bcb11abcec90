"""Who asks, as the API sees it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, DateTimeField, EmailField, IntegerField, ListField, Serializer

from foundation.accounts.models import Token
from foundation.pages.api.base import Api


class TokenShape(Serializer[Any]):
    """The token that was sent."""

    id = IntegerField()
    name = CharField()
    scopes = ListField(child=CharField())
    expiry = DateTimeField()


class MeShape(Serializer[Any]):
    """The account behind the request. `token` is null in a browser."""

    id = IntegerField()
    name = CharField()
    email = EmailField()
    role = CharField(allow_blank=True)
    token = TokenShape(allow_null=True)


class MeApi(Api):
    """Whose token this is, and what it is for."""

    summary: ClassVar[Mapping[str, str]] = {"read": "Who am I?"}

    def read(self, request: Request) -> Response:
        """The account, its role, and the token."""
        self.asked()
        user, token = self.user, request.auth if isinstance(request.auth, Token) else None
        said = {"id": user.pk, "name": user.name, "email": user.email, "role": user.role, "token": token}
        return Response(MeShape(said).data)

    def parameters(self) -> list[OpenApiParameter]:
        """None."""
        return []

    def gives(self) -> type[Serializer[Any]]:
        """The account."""
        return MeShape
