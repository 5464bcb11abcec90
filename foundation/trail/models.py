"""The trail's entries, and what every stored thing builds on: history, a version, and no way round the save path."""

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from django.db import models
from simple_history.models import HistoricalRecords

from foundation.trail import leaf, log  # noqa: F401 - the tables of the sealed log belong to this app

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
Row = TypeVar("Row", bound=models.Model)


class Entry(models.Model):
    """One thing that somebody did, or was refused. Append-only: the database itself refuses every other write.

    The columns of the leaf come first, in leaf order; `private`, `ip` and `mac` lie outside it.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.BigIntegerField(help_text="When, in microseconds since 1970-01-01 UTC, by the server's clock (R3.5).")
    actor_kind = models.CharField(max_length=10, help_text="user, token, system, anonymous or guest.")
    actor_id = models.BigIntegerField(null=True, help_text="The account's number; never a name or an address.")
    via = models.CharField(max_length=10, help_text="The door: page, api, job, command or import.")
    verb = models.CharField(max_length=60, help_text="What was done: a key of VERBS.")
    object_type = models.CharField(max_length=60, blank=True, help_text='"controls.control", or "".')
    object_id = models.CharField(max_length=60, blank=True)
    outcome = models.CharField(max_length=10, help_text="ok, refused or failed.")
    request_id = models.CharField(max_length=40, blank=True)
    detail = models.TextField(help_text="Canonical JSON: changes, reason, refs, history, private.")

    private = models.TextField(
        null=True, help_text="JSON with the salt, address, user agent and personal values; erasable to null."
    )
    ip = models.GenericIPAddressField(null=True, help_text="A copy of the private address to search by; erasable.")
    mac = models.CharField(max_length=64, help_text="Keyed hash of the leaf without id, hex.")

    class Meta:
        db_table = "trail_entry"
        ordering = ("-at", "-id")
        verbose_name_plural = "entries"
        indexes = (
            models.Index(fields=["at", "id"], name="trail_entry_at"),
            models.Index(fields=["actor_id", "at", "id"], name="trail_entry_actor"),
            models.Index(fields=["object_type", "object_id", "at", "id"], name="trail_entry_object"),
            models.Index(fields=["object_type", "at", "id"], name="trail_entry_register"),
            models.Index(fields=["ip", "at", "id"], name="trail_entry_ip"),
            models.Index(fields=["verb", "at", "id"], name="trail_entry_verb"),
            models.Index(fields=["at", "id"], name="trail_entry_not_ok", condition=~models.Q(outcome="ok")),
        )

    def __str__(self) -> str:
        return f"#{self.pk} {self.verb}"

    def leaf_hash(self) -> bytes:
        """The RFC 6962 hash of this entry's leaf."""
        return leaf.leaf_hash(self)

    @property
    def moment(self) -> datetime.datetime:
        """`at` as an aware datetime in UTC."""
        return EPOCH + datetime.timedelta(microseconds=self.at)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """`detail`, read: changes, reason, refs, history, private; what was not said is absent."""
        facts: dict[str, Any] = json.loads(self.detail)
        return facts

    @cached_property
    def hidden(self) -> dict[str, Any]:
        """`private`, read; nothing once it was erased."""
        hidden: dict[str, Any] = json.loads(self.private) if self.private else {}
        return hidden


class Unaudited(RuntimeError):
    """A bulk write on a tracked table outside `audited_bulk(reason)`: it would leave neither history nor trail."""


_bulk_reason: ContextVar[str] = ContextVar("trail_bulk_reason", default="")


@contextmanager
def audited_bulk(reason: str) -> Iterator[None]:
    """Allow bulk writes in a block that writes history and entries itself; `reason` says why it is needed."""
    if not reason:
        raise ValueError("A bulk write needs its reason.")
    token = _bulk_reason.set(reason)
    try:
        yield
    finally:
        _bulk_reason.reset(token)


def _audited(word: str) -> None:
    if not _bulk_reason.get():
        raise Unaudited(f"{word}() on a tracked table leaves no history and no trail: save through trail.keep.")


class TrackedQuerySet(models.QuerySet[Row]):
    """A queryset that refuses to write past the save path: also where it would only perhaps write."""

    def create(self, **values: Any) -> Row:
        _audited("create")
        return super().create(**values)

    def get_or_create(self, *args: Any, **kwargs: Any) -> tuple[Row, bool]:
        _audited("get_or_create")
        return super().get_or_create(*args, **kwargs)

    def update_or_create(self, *args: Any, **kwargs: Any) -> tuple[Row, bool]:
        _audited("update_or_create")
        return super().update_or_create(*args, **kwargs)

    def select_for_update(
        self, nowait: bool = False, skip_locked: bool = False, of: Sequence[str] = (), no_key: bool = True
    ) -> Self:
        """Lock the rows against other writers, but not (as by default) against rows that only refer to them.

        Every history row refers to its actor's account: with whole locks two people who change each other's accounts
        would deadlock on PostgreSQL. Keys never change here.
        """
        return super().select_for_update(nowait, skip_locked, of, no_key)

    def update(self, **values: Any) -> int:
        _audited("update")
        return super().update(**values)

    def bulk_create(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> list[Row]:
        _audited("bulk_create")
        return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(self, objs: Iterable[Row], fields: Iterable[str], batch_size: int | None = None) -> int:
        _audited("bulk_update")
        return super().bulk_update(objs, fields, batch_size)

    def delete(self) -> NoReturn:
        raise Unaudited("Nothing is deleted: archive it.")

    def live(self) -> Self:
        """The rows that are not archived."""
        return self.filter(archived_at=None)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a row is saved: the save path puts it on the instance, and the history row that follows takes it."""

    user_id: int | None = None
    reason: str = ""
    at: datetime.datetime | None = None


class History(HistoricalRecords):
    """simple-history with a reason of any length, without `unrecorded` fields, and with no ambient person.

    A save without the save path still leaves a row, with nobody's name; a save of nothing but unrecorded fields none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("history_change_reason_field", models.TextField(null=True))
        super().__init__(*args, **kwargs)

    def fields_included(self, model: Any) -> list[Any]:
        return [field for field in super().fields_included(model) if field.name not in model.unrecorded]

    def post_save(self, instance: models.Model, created: bool, using: str | None = None, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        if fields and set(fields) <= set(instance.unrecorded):  # type: ignore[attr-defined]
            return
        super().post_save(instance, created, using=using, **kwargs)

    def create_historical_record(self, instance: "Tracked", history_type: str, using: str | None = None) -> None:
        """Store the row and leave it on the instance, where the save path picks it up for the entry."""
        version = version_of(instance, history_type, instance.__dict__.pop("_cause", Cause()))
        version.save(force_insert=True, using=using)
        instance.version_row = version


@cache
def history_of(model: "type[Tracked]") -> Any:
    """The history model of a tracked model; asking simple-history each time is a tenth of a whole save."""
    return model.history.model


def version_of(instance: "Tracked", kind: str, cause: Cause) -> Any:
    """The history row of `instance` as it is now, not stored yet. `kind` is "+" or "~"."""
    model = history_of(type(instance))
    return model(
        history_date=cause.at or datetime.datetime.now(datetime.UTC),
        history_type=kind,
        history_user_id=cause.user_id,
        history_change_reason=cause.reason or None,
        **{field.attname: getattr(instance, field.attname) for field in model.tracked_fields},
    )


class Tracked(models.Model):
    """A stored thing with a history. It is saved through `trail.keep.save`, archived, and never deleted.

    `personal` names the fields whose values identify a person: they stay out of the leaf and can be erased.
    `details` names the fields that take the permission `view_details` to be seen beside the rest.
    `unrecorded` names the fields that neither history nor trail may ever hold, such as the hash of a password.
    """

    version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Counts the saves; guards against stale forms."
    )
    history: ClassVar[Any] = History(inherit=True)
    personal: ClassVar[tuple[str, ...]] = ()
    details: ClassVar[tuple[str, ...]] = ()
    unrecorded: ClassVar[tuple[str, ...]] = ()

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    version_row: Any  # the history row that the last save left

    class Meta:
        abstract = True
        base_manager_name = "objects"  # `parent.children.add()` writes through it; every subclass inherits it

    @property
    def is_over(self) -> bool:
        """Whether it was signed, closed or called off, so that no page offers to edit it. Its actions refuse that."""
        return False

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unaudited("Nothing is deleted: archive it.")


class Register(Tracked):
    """A tracked thing with pages of its own: it is archived and restored."""

    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(Tracked.Meta):
        abstract = True
