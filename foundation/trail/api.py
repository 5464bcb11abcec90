"""The trail by the API: the same search, the same sight, pages by key."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.accounts.access import require
from foundation.pages.api.base import FIELDS, MOST, PAGE_SIZE, SIZE, Api, Numbered, ask
from foundation.pages.api.errors import Problem, refused
from foundation.trail import search
from foundation.trail.models import Entry
from foundation.trail.search import EntrySearch
from foundation.trail.sight import lines
from foundation.trail.views import sees_everybody

BEFORE = ask("before", "The key of an entry: older ones follow. Take it from `next`.")
AFTER = ask("after", "The key of an entry: newer ones follow. Take it from `previous`.")


class ChangeShape(serializers.Serializer[Any]):
    """One field before and after, in words. `withheld`: why they are not shown (personal, erased)."""

    label = serializers.CharField()  # type: ignore[assignment]  # the property, not the option
    before = serializers.CharField()
    after = serializers.CharField()
    withheld = serializers.CharField()


class EntryShape(serializers.Serializer[Any]):
    """One entry, as far as whoever asks may see it."""

    id = serializers.IntegerField(source="entry.pk")
    at = serializers.DateTimeField(source="entry.moment")
    actor_kind = serializers.CharField(source="entry.actor_kind")
    actor_id = serializers.IntegerField(source="entry.actor_id", allow_null=True)
    who = serializers.CharField()
    via = serializers.CharField(source="entry.via")
    verb = serializers.CharField(source="entry.verb")
    words = serializers.CharField()
    register = serializers.CharField(source="entry.object_type", help_text="As controls.control; empty: about none.")
    record_id = serializers.CharField(source="entry.object_id")
    record = serializers.CharField(source="target")
    outcome = serializers.CharField(source="entry.outcome")
    reason = serializers.CharField()
    changes = ChangeShape(many=True)
    address = serializers.CharField(help_text="Masked for who may not see where others come from.")
    request_id = serializers.CharField(source="entry.request_id")
    leaf_hash = serializers.CharField(help_text="Of the entry's leaf, in hex; empty where its values are not seen.")


class Keyed(Numbered):
    """A list by key: nobody counts ten million entries."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """As every list, and whether the count stops before the end."""
        said = super().get_paginated_response_schema(schema)
        words = f"There are more than `count`, which stops at {search.MOST}."
        said["properties"]["count_is_capped"] = {"type": "boolean", "description": words}
        said["required"].append("count_is_capped")
        return said


class TrailApi(Api):
    """Entries of the trail, newest first."""

    pagination_class = Keyed
    summary: ClassVar[Mapping[str, str]] = {
        "read_all": "Search the trail",
        "read": "One entry of the trail",
    }

    def read_all(self, request: Request) -> Response:
        """The entries asked for, among those that one sees."""
        require(self.user, "view", Entry)
        params = self.asked()
        form = EntrySearch(params, user=self.user, addresses=sees_everybody(self.user))
        found = form.entries()
        if form.errors:
            raise refused(form)
        for name in ("before", "after"):
            if (text := params.get(name, "")) and search.parsed(text) is None:
                raise Problem(400, errors={name: ["This is no key of an entry. Take it from `next` or `previous`."]})
        left_out = self.chosen(EntryShape)
        page = search.page(found, params, self.number("page_size", SIZE, MOST))
        count = found.order_by()[: search.MOST + 1].count()
        return Response(
            {
                "count": min(count, search.MOST),
                "count_is_capped": count > search.MOST,
                "next": self.link(before=page.older, after="") if page.older else None,
                "previous": self.link(after=page.newer, before="") if page.newer else None,
                "results": self.shaped(EntryShape, lines(self.user, page.entries), left_out),
            }
        )

    def read(self, request: Request, pk: int) -> Response:
        """One entry."""
        self.asked()
        entry = search.get_entry(self.user, pk)
        [line] = lines(self.user, [entry])
        return Response(self.shaped(EntryShape, line, self.chosen(EntryShape)))

    def parameters(self) -> list[OpenApiParameter]:
        """The search's fields; the address only for who may search by it."""
        if self.action == "read":
            return [FIELDS]
        asked = [ask(name, str(field.label or name)) for name, field in EntrySearch.base_fields.items()]
        return [*asked, BEFORE, AFTER, FIELDS, PAGE_SIZE]

    def gives(self) -> type[serializers.Serializer[Any]]:
        """An entry."""
        return EntryShape
