"""`RegisterApi`: the endpoints of a register, derived from its `Pages`. What the pages refuse, they refuse.

A register names its Pages, and at most what its shape shows beyond the model's fields (`computed`). Each of the Pages'
verbs is `POST <record>/<address>/` with what its form takes; where that makes a record (`actions/new/`), `actions/`.
"""

import datetime
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.accounts import fresh
from foundation.accounts.access import get_allowed, require, signs
from foundation.accounts.models import Token
from foundation.pages.act import VerbPage
from foundation.pages.api.base import AS_OF, CHANGING, FIELDS, IF_MATCH, PAGE, PAGE_SIZE, READING, WRITING, Api, ask
from foundation.pages.api.errors import Problem, refused
from foundation.pages.api.shapes import Shape, asked_by, people_of, sent_to, shape_of
from foundation.pages.columns import shown_to
from foundation.pages.forms import ReasonForm
from foundation.pages.listing import Listing
from foundation.pages.pages import Pages

READS = {"read_all", "read"}


class RegisterApi(Api):
    """The endpoints of one register. All class attributes; an instance lives for one request.

    `writes`: whether records are created, changed, archived and restored here, as their form does it; what the Pages
    leave out is not here either.
    """

    pages: ClassVar[type[Pages]]
    computed: ClassVar[Mapping[str, serializers.Field[Any, Any, Any, Any]]] = {}
    writes: ClassVar[bool] = True

    shape: ClassVar[Shape]
    verb: VerbPage | None = None  # which one the route is for

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.shape = shape_of(cls.pages.model, cls.computed)

    # ---- routes ----------------------------------------------------------------------------------------------------

    @classmethod
    def urls(cls) -> list[URLPattern]:
        """The routes of this register, named `<model>-<action>`."""
        name = cls.pages.name()
        creates = {"post": "create"} if cls.does("create") else {}
        changes = {"patch": "change"} if cls.does("edit") else {}
        routes = [
            cls.route("", f"{name}-list", {"get": "read_all"} | creates),
            cls.route("<int:pk>/", f"{name}-detail", {"get": "read"} | changes),
        ]
        if cls.does("archive"):
            routes.append(cls.route("<int:pk>/archive/", f"{name}-archive", {"post": "archive"}))
            routes.append(cls.route("<int:pk>/restore/", f"{name}-restore", {"post": "restore"}))
        for one in (verb for verb in cls.pages.verbs if verb.scope):
            place = one.address.removesuffix("/new")
            routes.append(cls.route(f"<int:pk>/{place}/", f"{name}-{one.slug}", {"post": "carry_out"}, verb=one))
        return routes

    @classmethod
    def does(cls, page: str) -> bool:
        """Whether what this page of the register does is done here too."""
        return cls.writes and page not in cls.pages.left_out

    @classmethod
    def route(cls, address: str, name: str, actions: dict[str, Any], **options: Any) -> URLPattern:
        """One route; its view carries the `pages` class, by which the trail knows which record a refusal is about."""
        view = cls.as_view(actions, **options)
        view.pages = cls.pages  # type: ignore[attr-defined]
        return path(address, view, name=name)

    # ---- reading ---------------------------------------------------------------------------------------------------

    def read_all(self, request: Request) -> Response:
        """The register, filtered and sorted as on its page."""
        model = self.pages.model
        require(self.user, "view", model)
        listing = Listing(self.pages, self.user, self.sorted(self.asked()), self.moment(model))
        if not listing.filter.is_valid():
            raise refused(listing.filter.form)
        left_out = self.chosen(self.shape, self.hidden())
        found, around = self.numbered(listing.rows.select_related(*self.pages.related, *people_of(model)))
        return Response({**around, "results": self.shaped(self.shape, listing.ready(found), left_out)})

    def read(self, request: Request, pk: int) -> Response:
        """One record, live or as it stood. Its ETag is what a change of it has to name."""
        self.asked()
        return self.one(pk, self.moment(self.pages.model))

    # ---- writing ---------------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Response:
        """A new record, judged by the form of its page."""
        require(self.user, "add", self.pages.model)
        self.may_sign("add", self.pages.model)
        form_class, said = self.pages.form_class, self.said()
        form = form_class(sent_to(form_class(user=self.user), said), user=self.user)
        if not form.is_valid():
            raise refused(form)
        target = self.on_page().keep(form, "created")
        response = self.one(target.pk, status=201)
        response["Location"] = reverse(f"api:{self.pages.name()}-detail", args=[target.pk])
        return response

    def change(self, request: Request, pk: int) -> Response:
        """Some fields of a record, judged by the form of its page."""
        target = self.target("change", pk)
        if getattr(target, "archived_at", None) is not None:
            raise Problem(409, f"{target} is archived. Restore it first.")
        form_class, said = self.pages.form_class, self.said()
        shown = form_class(instance=target, user=self.user)
        if gone := sorted(set(said) - set(shown.fields)):  # told only when a record is new
            raise Problem(400, errors={name: ["A record that is there takes this by no change."] for name in gone})
        form = form_class(sent_to(shown, said) | {"version": target.version}, instance=target, user=self.user)
        if not form.is_valid():
            raise refused(form)
        self.on_page().keep(form, "updated")
        return self.one(pk)

    def archive(self, request: Request, pk: int) -> Response:
        """Out of use, with a reason. Nothing is deleted. What is archived already stays as it is."""
        return self.put_away(pk, "archived", timezone.now())

    def restore(self, request: Request, pk: int) -> Response:
        """Into use again, with a reason. What is in use already stays as it is."""
        return self.put_away(pk, "restored", None)

    def put_away(self, pk: int, participle: str, archived_at: datetime.datetime | None) -> Response:
        """The save path of archiving and restoring, as on the page."""
        target = self.target("archive", pk)
        form = ReasonForm(self.said() | {"version": target.version}, target=target)
        if not form.is_valid():
            raise refused(form)
        if (target.archived_at is None) != (archived_at is None):
            target.archived_at = archived_at
            self.on_page().put_away(target, participle, form.cleaned_data["reason"])
        return self.one(pk)

    def carry_out(self, request: Request, pk: int) -> Response:
        """One of the register's verbs."""
        verb = self.the_verb()
        target = self.target(verb.verb, pk)
        form = verb.form(self.said() | {"version": target.version}, target=target)
        if not form.is_valid():
            raise refused(form)
        verb.action(target, actor=self.user, **form.said())
        return self.one(pk)

    # ---- what these are made of ------------------------------------------------------------------------------------

    def on_page(self) -> Pages:
        """The register's pages for this request: their save path is the API's."""
        return self.pages(self.request._request)  # noqa: SLF001 - DRF's own name for Django's request

    def one(self, pk: int, moment: datetime.datetime | None = None, status: int = 200) -> Response:
        """One record as this person sees it, with its version as ETag."""
        target = self.on_page().fetch(pk, moment)
        self.pages.attach([target], self.user, moment)
        left_out = self.chosen(self.shape, self.hidden()) if self.request.method in ("GET", "HEAD") else self.hidden()
        headers = {} if moment else {"ETag": f'"{target.version}"'}
        return Response(self.shaped(self.shape, target, left_out), status, headers=headers)

    def target(self, verb: str, pk: int) -> Any:
        """The record to change, if this person may (404 unseen, 403 otherwise) and names its present version."""
        target: Any = get_allowed(self.user, verb, self.pages.model, pk)
        self.may_sign(verb, target)
        named = self.request.headers.get("If-Match", "").strip()
        if named in ("", "*"):
            raise Problem(428)
        if named.removeprefix("W/").strip('"') != str(target.version):
            raise Problem(412)
        return target

    def may_sign(self, verb: str, target: Any) -> None:
        """What signs or approves takes a person who proved a moment ago who they are; a token cannot."""
        if not signs(verb, target):
            return
        if isinstance(self.request.auth, Token):
            raise PermissionDenied("This signs or approves something: a person does it, signed in, and no token.")
        if not fresh.is_fresh(self.request._request):  # noqa: SLF001
            raise PermissionDenied("This signs or approves something: confirm first that it is you, on its page.")

    def said(self) -> dict[str, Any]:
        """What was sent, of the right types and with no field that is not there. Raises Problem."""
        shape = self.takes()
        assert shape is not None  # noqa: S101 - what writes takes something
        known = shape._declared_fields  # noqa: SLF001 - DRF's own
        data = self.request.data
        if unknown := sorted(set(data) - set(known)):
            raise Problem(400, errors={name: ["There is no such field here."] for name in unknown})
        serializer = shape(data=data)
        serializer.is_valid(raise_exception=True)
        return {name: "" if value is None else value for name, value in serializer.validated_data.items()}

    def sorted(self, params: QueryDict) -> QueryDict:
        """The query string in the words of the page. Raises Problem for an order that no column allows."""
        ordering = params.get("ordering", "")
        if "ordering" in params and ordering.removeprefix("-") not in self.orders(shown_only=True):
            raise Problem(400, errors={"ordering": [f"Order by one of: {', '.join(self.orders(shown_only=True))}."]})
        found = params.copy()
        found["sort"] = ordering
        return found

    def orders(self, *, shown_only: bool = False) -> list[str]:
        """The names of the columns by which the register can be sorted."""
        columns = shown_to(self.user, self.pages.model, self.pages.columns) if shown_only else self.pages.columns
        return [column.name for column in columns if column.sort]

    def hidden(self) -> set[str]:
        """The properties of columns that this person is not shown."""
        shown = {column.name for column in shown_to(self.user, self.pages.model, self.pages.columns)}
        return {column.name for column in self.pages.columns if column.name not in shown}

    def the_verb(self) -> VerbPage:
        """The verb that the route is for."""
        assert self.verb is not None  # noqa: S101 - set by `urls`
        return self.verb

    # ---- what the description asks ---------------------------------------------------------------------------------

    def in_short(self) -> str:
        meta = self.pages.model._meta
        if self.action == "carry_out":
            return self.the_verb().slug.replace("-", " ").capitalize()
        words = {"read_all": f"List {meta.verbose_name_plural}", "read": f"Read one {meta.verbose_name}"}
        return words.get(self.action, f"{self.action.capitalize()} a record")

    def in_words(self) -> str:
        if self.action != "carry_out":
            return ""
        words = inspect.getdoc(self.the_verb().action) or ""
        return words.partition("\n")[0]

    def parameters(self) -> list[OpenApiParameter]:
        if self.action == "read_all":
            orders = [sign + name for name in self.orders() for sign in ("", "-")]
            ordering = ask(
                "ordering", "By which column; - in front turns it round.", {"type": "string", "enum": orders}
            )
            filters = [ask(name, str(one.label or name)) for name, one in self.pages.filter_class.base_filters.items()]
            return [*filters, ordering, AS_OF, FIELDS, PAGE, PAGE_SIZE]
        return {"read": [AS_OF, FIELDS], "create": []}.get(self.action, [IF_MATCH])

    def takes(self) -> Shape | None:
        name = self.pages.model.__name__
        match self.action:
            case "create":
                return asked_by(self.pages.form_class, f"New{name}")
            case "change":
                return asked_by(self.pages.form_class, f"Changed{name}", partial=True)
            case "archive" | "restore":
                return asked_by(ReasonForm, "Reason")
            case "carry_out":
                words = self.the_verb().slug.title().replace("-", "")
                return asked_by(self.the_verb().form, f"{name}{words}")
        return None

    def gives(self) -> Shape:
        return self.shape

    def refuses(self) -> tuple[int, ...]:
        return READING if self.action in READS else WRITING if self.action == "create" else CHANGING

    def needed_scope(self) -> str | None:
        return self.the_verb().scope if self.action == "carry_out" else super().needed_scope()
