"""What goes out and what comes in, derived: a record's shape from its model, what may be sent from its form.

The form stays the only judge of what is valid. What is derived from it here describes it, and refuses what is not even
of the right JSON type, so that nothing reaches a form that no page could have sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db import models
from django.urls import reverse
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from foundation.trail.models import Tracked

Shape = type[serializers.Serializer[Any]]
LARGEST = 2**63 - 1  # of a record's number


class SomebodyShape(serializers.Serializer[Any]):
    """A person, as records name one."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="__str__")


class FileAddress(serializers.CharField):
    """Where a record's bytes are had, "" where it holds none; what its `file` says is a name of the store's, which no
    shape shows.
    """

    def __init__(self, route: str) -> None:
        self.route = route
        words = "The page that gives the bytes to a person who is signed in; empty where there is no file."
        super().__init__(source="*", read_only=True, help_text=words)

    def to_representation(self, value: Any) -> str:
        return reverse(self.route, args=[value.pk]) if value.file else ""


class Text(serializers.CharField):
    """Text on its way to a form. `among` is described, and judged by the form; `most` characters are counted here, as
    they were sent: the form counts what is left without the spaces around them.
    """

    def __init__(self, *, most: int | None = None, among: Sequence[str] = (), **kwargs: Any) -> None:
        self.most, self.among = most, among
        super().__init__(allow_blank=True, trim_whitespace=False, max_length=most, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """A moment on its way to a form; one that no time zone can hold, as in the first year, is refused here."""

    def enforce_timezone(self, value: Any) -> Any:
        try:
            return super().enforce_timezone(value)
        except OverflowError:
            self.fail("overflow")


class TextScheme(OpenApiSerializerFieldExtension):
    """How the API's description says it."""

    target_class = Text

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        said: dict[str, Any] = {"type": "string"}
        if self.target.most:
            said["maxLength"] = self.target.most
        if self.target.among:
            said["enum"] = [*self.target.among, *([None] if self.target.allow_null else [])]
        return said


def people_of(model: type[models.Model]) -> list[str]:
    """The foreign keys of a model that lead to accounts."""
    return [field.name for field in model._meta.concrete_fields if field.related_model is get_user_model()]


def shape_of(model: type[Tracked], computed: Mapping[str, serializers.Field[Any, Any, Any, Any]]) -> Shape:
    """The shape of a record: what its history shows (never an `unrecorded` field), and then what is computed.

    A file is shown where `computed` says its address.
    """
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.FileField)]
    names = [field.name for field in fields if field.name not in model.unrecorded]
    names += [name for name in computed if name not in names]
    meta = type("Meta", (), {"model": model, "fields": names, "read_only_fields": names})
    people = {name: SomebodyShape(read_only=True, allow_null=True) for name in people_of(model)}
    words = {field.name: chosen_of(field) for field in model._meta.concrete_fields if field.choices}
    own = {"Meta": meta, **people, **words, **computed, "__doc__": ""}
    return type(f"{model.__name__}Shape", (serializers.ModelSerializer,), own)


def chosen_of(field: models.Field[Any, Any]) -> "Text":
    """A choice going out: one of its values, or nothing where it may be left open."""
    blank = [""] if field.blank and "" not in dict(field.flatchoices) else []
    among = [*map(str, dict(field.flatchoices)), *blank]
    return Text(read_only=True, among=among, allow_null=field.null, help_text=str(field.help_text))


@cache
def asked_by(form: type[forms.BaseForm], name: str, *, partial: bool = False) -> Shape:
    """The shape of what may be sent to a form. `partial`: any part of it (PATCH)."""
    fields = {
        key: json_field(field, needed=field.required and field.initial is None and not partial)
        for key, field in form.base_fields.items()  # type: ignore[attr-defined]
        if key != "version"  # it comes with If-Match
    }
    return type(f"{name}Shape", (serializers.Serializer,), {**fields, "__doc__": ""})


def json_field(field: forms.Field, *, needed: bool) -> serializers.Field[Any, Any, Any, Any]:  # noqa: C901, PLR0911 - one answer a kind
    """What JSON a form's field takes. Raises TypeError for a kind of field that no register has had so far."""
    said: dict[str, Any] = {"required": needed, "help_text": str(field.help_text)}
    optional = said | {"allow_null": not field.required}
    match field:
        case forms.ModelMultipleChoiceField():
            return serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=LARGEST), **said)
        case forms.ModelChoiceField():
            return serializers.IntegerField(min_value=1, max_value=LARGEST, **optional)
        case forms.MultipleChoiceField():
            return serializers.ListField(child=Text(among=choices(field)), **said)
        case forms.ChoiceField():
            return Text(among=choices(field), **said)
        case forms.BooleanField():
            return serializers.BooleanField(**said)
        case forms.IntegerField():
            return serializers.IntegerField(**optional)
        case forms.DateField():
            return serializers.DateField(**optional)
        case forms.DateTimeField():
            return Moment(**optional)
        case forms.FileField():
            return serializers.FileField(**said)
        case forms.CharField():
            return Text(most=field.max_length, **said)
    raise TypeError(f"{type(field).__name__}: say in json_field which JSON it takes.")


def choices(field: forms.ChoiceField) -> list[str]:
    """The values of a choice that are the same for everybody; none where a form finds them when it is made."""
    return [str(value) for value, _ in field.choices] if isinstance(field.choices, Iterable) else []


def sent_to(form: forms.BaseForm, said: Mapping[str, Any]) -> dict[str, Any]:
    """A form's data: what was said, and for the rest what the form would show."""
    shown = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {**shown, **said}
