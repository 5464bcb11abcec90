"""`Pages`: the pages that every register has. A page that only one register has is a plain function beside it.

One flat class. A register subclasses it, names its model, form, filter, columns and verbs, and puts `urls()` into its
urls.py. `Pages` decides once: who sees and may do what, the transaction and trail entry of a save, edit conflicts,
point in time, sorting, paging, CSV, JSON and paper. A subclass fills `attach` and `detail_context`; where saving,
archiving or a verb has rules of its own, `keep` (with `edit_refused`), `put_away` and `act_on`, which hand over to an
action. What wants more is a function.
"""

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods

from foundation.accounts import fresh
from foundation.accounts.access import (
    can,
    get_allowed,
    moment_for,
    require,
    sees_all,
    sees_own_alone,
    verbs_on,
    visible,
    which,
)
from foundation.accounts.models import User
from foundation.pages.act import VerbPage, act
from foundation.pages.columns import Column, Row, shown_to
from foundation.pages.exports import FORMS, Form, Table, send
from foundation.pages.filters import RegisterFilter
from foundation.pages.forms import RegisterForm, sent, user_of
from foundation.pages.history import Link, timeline
from foundation.pages.imports.importer import Importer
from foundation.pages.imports.views import import_start
from foundation.pages.listing import Listing
from foundation.pages.moment import asked_moment, at, correction
from foundation.pages.panels import PanelOf, Tab, panels_for
from foundation.pages.paper import Paper, PaperRefused
from foundation.pages.sending import for_the_first_time
from foundation.trail.asof import rows, thaw
from foundation.trail.keep import Stale, save
from foundation.trail.models import Register
from foundation.trail.record import record as write_entry
from foundation.trail.views import trail_of

READING = ["GET", "HEAD"]
WRITING = [*READING, "POST"]
CONFIRM = "pages/confirm.html"
UNREADABLE = "A filter has a value that this list does not know. Set it again."
READ_ONLY = {"list", "csv", "json", "detail", "tab", "history", "trail"}


class Pages:
    """The pages of one register. All class attributes; an instance lives for one request.

    `verbs`: what is done to one record beyond changing, archiving and restoring it; the API takes them from here.
    `related`: foreign keys that the columns read, joined in every list. `facts`: what the detail page lists;
    `facts_related`: foreign keys that only that page and the verbs read, joined there alone. `links`: link models whose
    versions belong to the record's history. `selectable`: the list has checkboxes (its template has the verbs).
    """

    model: ClassVar[type[Register]]
    form_class: ClassVar[type[RegisterForm]]
    filter_class: ClassVar[type[RegisterFilter]]
    columns: ClassVar[Sequence[Column]]
    verbs: ClassVar[Sequence[VerbPage]] = ()
    related: ClassVar[Sequence[str]] = ()
    facts_related: ClassVar[Sequence[str]] = ()
    ordering: ClassVar[Sequence[str]] = ("ref",)
    facts: ClassVar[Sequence[Column]] = ()
    links: ClassVar[Sequence[Link]] = ()
    importer: ClassVar[type[Importer] | None] = None
    selectable: ClassVar[bool] = False
    prefilled: ClassVar[Sequence[str]] = ()  # fields of a new record that the address may fill in: ?control=7
    left_out: ClassVar[Sequence[str]] = ()  # pages of `urls` that this register does not have
    row_verb: ClassVar[tuple[str, str, str] | None] = None  # (verb, page, words), offered on the rows where allowed
    intro: ClassVar[str] = ""
    # What registers above show of a record: on its overview, and on tabs of their own. `urls` is handed them.
    panels: ClassVar[Sequence[PanelOf]] = ()
    tabs: ClassVar[Sequence[Tab]] = ()

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user = user_of(request)

    # ---- hooks for what is shown; those for what is done are `keep`, `put_away` and `act_on` below ------------------

    @staticmethod
    def attach(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
        """Put onto the rows of one page or chunk what the columns need beside fields, as far as `user` may see it.

        In a constant number of queries, whatever the number of rows.
        """

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """What this register's detail page shows beyond `facts`, live or at `moment`."""
        return {}

    # ---- routes ----------------------------------------------------------------------------------------------------

    @classmethod
    def urls(cls, panels: Sequence[PanelOf] = (), tabs: Sequence[Tab] = ()) -> list[URLPattern]:
        """The routes of this register, named `<model>-<page>`; with the panels and tabs of the registers above."""
        cls.panels, cls.tabs, name = panels or cls.panels, tabs or cls.tabs, cls.name()
        routes = [
            path("", cls.view("list", paper=cls.list_paper), name=f"{name}-list"),
            path("export.csv", cls.view("csv"), name=f"{name}-csv"),
            path("export.json", cls.view("json"), name=f"{name}-list-json"),
            path("new/", cls.view("create"), name=f"{name}-create"),
            path("<int:pk>/", cls.view("detail"), name=f"{name}-detail"),
            path("<int:pk>/edit/", cls.view("edit"), name=f"{name}-edit"),
            path("<int:pk>/archive/", cls.view("archive"), name=f"{name}-archive"),
            path("<int:pk>/restore/", cls.view("restore"), name=f"{name}-restore"),
            path("<int:pk>/history/", cls.view("history"), name=f"{name}-history"),
            path("<int:pk>/trail/", cls.view("trail"), name=f"{name}-trail"),
        ]
        routes += [
            path(f"<int:pk>/{verb.address}/", cls.view("verb"), {"verb": verb}, name=f"{name}-{verb.slug}")
            for verb in cls.verbs
        ]
        routes += [
            path(f"<int:pk>/{tab.slug}/", cls.view("tab"), {"tab": tab}, name=f"{name}-{tab.slug}") for tab in tabs
        ]
        if cls.importer:
            routes.append(path("import/", cls.view("import"), name=f"{name}-import"))
        return [route for route in routes if str(route.name).removeprefix(f"{name}-") not in cls.left_out]

    @classmethod
    def view(cls, page: str, paper: Callable[..., Paper] | None = None) -> Callable[..., HttpResponseBase]:
        """The view function of one page; it carries its `pages` class and, where it can be printed, its `paper`."""

        @require_http_methods(READING if page in READ_ONLY else WRITING)
        def run(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase = getattr(cls(request), f"{page}_page")(**kwargs)
            return response

        run.pages = cls  # type: ignore[attr-defined]
        run.paper = paper  # type: ignore[attr-defined]
        run.table = cls.list_table if page in FORMS else None  # type: ignore[attr-defined]
        return run

    @classmethod
    def name(cls) -> str:
        """The model's name in lower case: the first half of URL names and trail verbs."""
        return str(cls.model._meta.model_name)

    @classmethod
    def url(cls, page: str, *args: Any) -> str:
        return reverse(f"{cls.model._meta.app_label}:{cls.name()}-{page}", args=args)

    @classmethod
    def urls_of(cls, page: str) -> Callable[[int], str]:
        """The URL of one page for many records: resolved once, for a number that no record has."""
        before, _, after = cls.url(page, 0).rpartition("0")
        return lambda pk: f"{before}{pk}{after}"

    # ---- pages -----------------------------------------------------------------------------------------------------

    def list_page(self) -> HttpResponse:
        """The register, filtered, sorted and paged; `?as_of=` shows it as it stood."""
        require(self.user, "view", self.model)
        moment = self.moment()
        listing = Listing(type(self), self.user, self.request.GET, moment)
        page = listing.page()
        may_import = self.importer is not None and can(self.user, "import", self.model)
        found = page.object_list if self.row_verb and moment is None else []
        may_verb = which(self.user, self.row_verb[0], found) if self.row_verb else set()
        table = list(self.rows_of(listing, list(page.object_list), may_verb))
        status = 200 if listing.filter.is_valid() else 422
        return self.render(
            "list",
            status=status,
            listing=listing,
            page=page,
            table=table,
            moment=moment,
            may_import=may_import,
            picking=self.selectable and moment is None,
            acting=self.row_verb is not None and moment is None,
        )

    def rows_of(self, listing: Listing, found: list[Any], may_verb: set[Any]) -> Iterator[Row]:
        """The lines of one page of a list: the links keep the moment, the verb leads back to this page."""
        record, kept = self.urls_of("detail"), at(listing.moment)
        verb, back = self.urls_of(self.row_verb[1] if self.row_verb else "detail"), self.request.get_full_path()
        back = f"?{urlencode({'next': back})}"
        labels = [column.card_label for column in listing.columns]
        for one in found:
            here = f"{record(one.pk)}{kept}"
            yield Row(
                pk=str(one.pk),
                name=str(one),
                verb_url=f"{verb(one.pk)}{back}" if one.pk in may_verb else "",
                archived=getattr(one, "archived_at", None) is not None,
                cells=[
                    (c.text, c.look, c.tone, here if c.leads else c.url, label)
                    for c, label in zip(listing.cells(one), labels, strict=True)
                ],
            )

    def csv_page(self) -> HttpResponseBase:
        """Every row of the list as filtered and sorted, streamed as CSV."""
        return self.export_page("csv")

    def json_page(self) -> HttpResponseBase:
        """The same rows and columns as JSON."""
        return self.export_page("json")

    def export_page(self, form: Form) -> HttpResponseBase:
        """The list as a download; the trail is told before the first byte leaves."""
        require(self.user, "view", self.model)
        try:
            table = self.list_table(self.user, self.request.GET, self.moment())
        except PaperRefused:
            return self.list_page()  # which says what is wrong with the filter; an empty file would not
        refs = {"register": self.model._meta.label_lower, "format": form}
        with transaction.atomic():
            write_entry("list.exported", self.user, refs=refs, private={"query": self.request.GET.urlencode()})
        return send(table, form, self.user)

    @classmethod
    def list_table(cls, user: User, params: QueryDict, moment: datetime.datetime | None) -> Table:
        """The list as filtered and sorted, for a file. Raises PaperRefused for a filter that cannot be read."""
        require(user, "view", cls.model)
        listing = Listing(cls, user, params, moment)
        if not listing.filter.is_valid():
            raise PaperRefused(UNREADABLE)
        columns = listing.exported()
        return Table(
            title=cls.title(),
            name=f"{cls.plural()}-{timezone.localdate()}",
            header=[column.label for column in columns],
            chunks=([[column.export(row) for column in columns] for row in chunk] for chunk in listing.chunks()),
            filters=listing.filter.narrowed,
            period=listing.filter.period,
            as_of=listing.moment,
        )

    @classmethod
    def list_paper(cls, user: User, params: QueryDict, moment: datetime.datetime | None) -> Paper:
        """The list as filtered and sorted, for the printer job."""
        require(user, "view", cls.model)
        listing = Listing(cls, user, params, moment)
        if not listing.filter.is_valid():
            raise PaperRefused(UNREADABLE)
        title = capfirst(str(cls.model._meta.verbose_name_plural))
        return Paper(
            title=title,
            template="pdf/list.html",
            context={"columns": listing.columns, "table": listing.table},
            scope=tuple(f"{label}: {value}" for label, value in listing.filter.narrowed),
            period=listing.filter.period,
            as_of=moment,
            landscape=True,
            rows=listing.rows.count(),
        )

    def detail_page(self, pk: int) -> HttpResponse:
        """One record, live or as it stood, with what the registers above show of it."""
        moment = self.moment()
        return self.show(self.fetch(pk, moment), moment=moment)

    def tab_page(self, pk: int, tab: Tab) -> HttpResponse:
        """What the registers above show of a record on one of their tabs."""
        moment = self.moment()
        target = self.fetch(pk, moment)
        panels = panels_for(tab.panels, self.user, target, moment, self.request.GET)
        return self.record("tab", target, moment=moment, shown_tab=tab, panels=panels)

    def show(
        self, target: Any, /, *, moment: datetime.datetime | None = None, status: int = 200, **context: Any
    ) -> HttpResponse:
        """The detail page of `target`; verbs that refused a form call it again with that form and status 422."""
        type(self).attach([target], self.user, moment)
        facts = [(fact.label, fact.cell(target)) for fact in shown_to(self.user, self.model, self.facts)]
        panels = panels_for(self.panels, self.user, target, moment, self.request.GET)
        shown = {"facts": facts, "panels": panels, **self.detail_context(target, moment), **context}
        return self.record("detail", target, moment=moment, status=status, **shown)

    @classmethod
    def again(cls, request: HttpRequest, target: Any, **context: Any) -> HttpResponse:
        """The record's page after a verb's form was refused: the form with its errors, nothing lost."""
        return cls(request).show(target, status=422, **context)

    def create_page(self) -> HttpResponse:
        require(self.user, "add", self.model)
        fresh.require(self.request, "add", self.model)
        asked = {name: self.request.GET[name] for name in self.prefilled if name in self.request.GET}
        form = self.form_class(*sent(self.request), user=self.user, initial=asked | fresh.typed(self.request))
        if form.is_valid() and for_the_first_time(self.request, form):
            return self.saved(self.keep(form, "created"), "created")
        return self.render("form", form=form, status=422 if form.errors else 200)

    def edit_page(self, pk: int) -> HttpResponse:
        target: Any = get_allowed(self.user, "change", self.model, pk)
        if words := self.edit_refused(target):
            raise PermissionDenied(words)
        if getattr(target, "archived_at", None) is not None:
            messages.error(self.request, f"{target} is archived. Restore it first.")
            return redirect(self.url("detail", pk))
        fresh.require(self.request, "change", target)
        form = self.form_class(*sent(self.request), instance=target, user=self.user, initial=fresh.typed(self.request))
        conflict: list[Any] = []
        if form.is_valid():
            try:
                return self.saved(self.keep(form, "updated"), "saved")
            except Stale as stale:
                target = stale.stored
                conflict = self.since(target, form.cleaned_data["version"])
                form.accept_version(target.version)
        status = 409 if conflict else 422 if form.errors else 200
        return self.render("form", form=form, object=target, conflict=conflict, status=status)

    def archive_page(self, pk: int) -> HttpResponse:
        """Take a record out of use, with a reason. Nothing is deleted (it can be restored)."""
        return self.put_away_page(pk, "archived", timezone.now())

    def restore_page(self, pk: int) -> HttpResponse:
        return self.put_away_page(pk, "restored", None)

    def history_page(self, pk: int) -> HttpResponse:
        """Every version with what it changed."""
        moment = self.moment()
        target = self.fetch(pk, moment)
        versions = timeline(target, self.user, self.links, moment)
        return self.record("history", target, moment=moment, versions=versions)

    def trail_page(self, pk: int) -> HttpResponse:
        """Who did what to this record and its links: their entries in the audit trail."""
        moment = self.moment()
        target = self.fetch(pk, moment)
        told = trail_of(self.user, target, self.request.GET, self.links, until=moment)
        return self.record("trail", target, moment=moment, **told)

    def verb_page(self, pk: int, verb: VerbPage) -> HttpResponse:
        """One of `verbs` on one record."""
        target = get_allowed(self.user, verb.verb, self.model.objects.select_related(*self.whole()), pk)
        return self.act_on(target, verb)

    def import_page(self) -> HttpResponse:
        require(self.user, "import", self.model)
        return import_start(self.request, type(self))

    # ---- what the pages are made of --------------------------------------------------------------------------------

    def moment(self) -> datetime.datetime | None:
        """The moment asked for, within what this person may see; None is now.

        One that cannot be read is ignored, one out of reach is moved to the nearest; either is said.
        """
        text = self.request.GET.get("as_of", "")
        try:
            asked = asked_moment(text)
        except ValueError as error:
            messages.error(self.request, str(error))
            text, asked = "", None
        shown = moment_for(self.user, asked, self.model)
        if words := correction(text, asked, shown):
            messages.warning(self.request, words)
        return shown

    def fetch(self, pk: int, moment: datetime.datetime | None) -> Any:
        """The record as this person sees it, live or at `moment`. Http404 where it is unseen or was not there."""
        if moment is None:
            return get_allowed(self.user, "view", self.model.objects.select_related(*self.whole()), pk)
        found = visible(self.user, rows(self.model, moment), moment).filter(id=pk)
        row = found.select_related(*self.whole()).first()
        if row is None:
            raise Http404(f"No {self.model._meta.verbose_name} with this number at that moment.")
        return thaw(row)

    @classmethod
    def whole(cls) -> tuple[str, ...]:
        """The foreign keys that one record is read with: those of its columns and those of its facts."""
        return (*cls.related, *cls.facts_related)

    def keep(self, form: RegisterForm, participle: str) -> Any:
        """The save path of every form: the row, its history and its trail entry, or nothing. Raises Stale."""
        return save(form.save(commit=False), actor=self.user, verb=f"{self.name()}.{participle}")

    def put_away(self, target: Any, participle: str, reason: str) -> Any:
        """The save path of archiving and restoring. Raises Stale."""
        return save(target, actor=self.user, verb=f"{self.name()}.{participle}", reason=reason)

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """A verb on a record on which it is allowed. A register that looks first, before any form, does so here."""
        return act(self.request, type(self), target, verb)

    def edit_refused(self, target: Any) -> str:
        """Why this person may not change the record after all, where the table alone does not say; "" where they may.

        Asked before any form, and where Edit is offered; `keep` refuses the same.
        """
        return ""

    def since(self, target: Any, version: int) -> list[Any]:
        """The versions that others stored since `version`: what the person whose save was refused must know."""
        return [entry for entry in timeline(target, self.user) if entry.number > version]

    def saved(self, target: Any, word: str) -> HttpResponse:
        messages.success(self.request, f"{target} {word}.")
        return redirect(self.url("detail", target.pk))

    def put_away_page(self, pk: int, participle: str, archived_at: datetime.datetime | None) -> HttpResponse:
        target: Any = get_allowed(self.user, "archive", self.model, pk)
        if (target.archived_at is None) == (archived_at is None):
            messages.info(self.request, f"{target} is {'in use' if archived_at is None else 'archived'} already.")
            return redirect(self.url("detail", target.pk))
        archiving, home = archived_at is not None, self.url("detail", target.pk)

        def put_away(target: Any, *, actor: User, reason: str) -> None:
            target.archived_at = archived_at
            self.put_away(target, participle, reason)

        words = f"{'Archive' if archiving else 'Restore'} {self.noun()}", f"{{}} {participle}."
        page = VerbPage("archive", put_away, *words, tone="danger" if archiving else "primary", template=CONFIRM)
        return act(self.request, type(self), target, page, home=home, archiving=archiving)

    def record(self, tab: str, target: Any, /, **context: Any) -> HttpResponse:
        """One of a record's pages, with what its frame (pages/record.html) asks."""
        given = verbs_on(self.user, ("change", "archive"), target)
        may_change = "change" in given and not target.is_over and not self.edit_refused(target)
        verbs = {"may_change": may_change, "may_archive": "archive" in given}
        return self.render(tab, tab=tab, object=target, **verbs, **context)

    def render(self, page: str, /, *, status: int = 200, **context: Any) -> HttpResponse:
        """The register's own template for `page` if there is one, else the common one."""
        own = f"{self.model._meta.app_label}/{self.name()}_{page}.html"
        context |= {"pages": self, "may_add": can(self.user, "add", self.model)}
        return render(self.request, [own, f"pages/{page}.html"], context, status=status)

    def sees_all(self) -> bool:
        """Whether the list would hold every record: an empty one then says that there is none."""
        return sees_all(self.user, self.model)

    def sees_own_alone(self) -> bool:
        """Whether it holds the person's own records alone."""
        return sees_own_alone(self.user, self.model)

    # ---- words for the templates -----------------------------------------------------------------------------------

    @classmethod
    def title(cls) -> str:
        return capfirst(str(cls.model._meta.verbose_name_plural))

    def noun(self) -> str:
        return str(self.model._meta.verbose_name)

    @classmethod
    def plural(cls) -> str:
        return str(cls.model._meta.verbose_name_plural)

    def new_words(self) -> str:
        """What making a record is called, on its button and above its form."""
        return f"New {self.noun()}"

    def list_url(self) -> str:
        return self.url("list")

    def csv_url(self) -> str:
        return self.url("csv")

    def json_url(self) -> str:
        return self.url("list-json")

    def create_url(self) -> str:
        return self.url("create")

    def import_url(self) -> str:
        return self.url("import")
