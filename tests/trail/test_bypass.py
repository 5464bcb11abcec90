"""There is no way round the save path that leaves neither history nor trail."""

import asyncio

import pytest
from django.apps import apps

from controls.models import Control, Criterion, Mapping
from foundation.accounts.models import User
from foundation.organisation.models import Holiday, Setting
from foundation.trail.keep import save
from foundation.trail.models import Entry, Tracked, TrackedQuerySet, Unaudited, audited_bulk
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory, link, trust_services

pytestmark = pytest.mark.django_db


@pytest.fixture
def holiday():
    return save(Holiday(name="May day", day="2026-05-01"), actor=SYSTEM, verb="holiday.created")


WAYS = {
    "create": lambda rows: rows.create(name="New year", day="2027-01-01"),
    "get_or_create, new": lambda rows: rows.get_or_create(name="New year", day="2027-01-01"),
    "get_or_create, there": lambda rows: rows.get_or_create(name="May day", day="2026-05-01"),
    "update_or_create": lambda rows: rows.update_or_create(name="May day", defaults={"day": "2026-05-02"}),
    "update": lambda rows: rows.update(name="x"),
    "update of nothing": lambda rows: rows.none().update(name="x"),
    "update behind values": lambda rows: rows.values("id").update(name="x"),
    "bulk_create": lambda rows: rows.bulk_create([Holiday(name="New year", day="2027-01-01")]),
    "bulk_create, upsert": lambda rows: rows.bulk_create(
        [Holiday(pk=1, name="x", day="2027-01-01")], update_conflicts=True, unique_fields=["id"], update_fields=["name"]
    ),
    "bulk_update": lambda rows: rows.bulk_update(list(rows.all()), ["name"]),
    "delete": lambda rows: rows.delete(),
    "delete of one": lambda rows: rows.get().delete(),
    "async update": lambda rows: asyncio.run(rows.none().aupdate(name="x")),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("door", ["manager", "queryset"])
def test_each_way_is_refused_and_changes_nothing(holiday, way, door, monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    before, entries = list(Holiday.objects.values()), Entry.objects.count()
    rows = Holiday.objects if door == "manager" else Holiday.objects.filter(pk=holiday.pk)
    if door == "manager" and way.startswith("delete"):
        rows = Holiday.objects.all()  # managers have no delete()
    with pytest.raises(Unaudited):
        WAYS[way](rows)
    assert list(Holiday.objects.values()) == before
    assert (Entry.objects.count(), holiday.history.count()) == (entries, 1)


def test_related_managers_are_the_same_door(owner):
    trust_services()
    control = ControlFactory(owner=owner)
    [mapping] = link(control, "CC1.1")
    criterion = Criterion.objects.get(code="CC1.2")
    other = ControlFactory()
    with pytest.raises(Unaudited):
        control.mappings.create(criterion=criterion, rationale="x")
    with pytest.raises(Unaudited):
        other.mappings.add(mapping)
    with pytest.raises(Unaudited):
        control.mappings.update(rationale="x")
    with pytest.raises(Unaudited):
        owner.owned_controls.clear()
    assert Mapping.objects.get().control_id == control.pk
    assert Control.objects.get(pk=control.pk).owner_id == owner.pk


def test_every_tracked_model_refuses():
    """A register whose manager came from elsewhere would be an open door."""
    tracked = [model for model in apps.get_models() if issubclass(model, Tracked)]
    assert {User, Holiday, Setting, Control} <= set(tracked)
    for model in tracked:
        for manager in model._meta.managers:
            assert issubclass(manager.get_queryset().__class__, TrackedQuerySet), (model, manager)


def test_a_bulk_write_says_why(holiday):
    with pytest.raises(ValueError, match="reason"), audited_bulk(""):
        pass
    with audited_bulk("a migration of data"):
        assert Holiday.objects.update(name="Labour day") == 1
    with pytest.raises(Unaudited):
        Holiday.objects.update(name="x")


def test_the_permission_ends_with_its_block_even_when_it_fails():
    with pytest.raises(ZeroDivisionError), audited_bulk("a migration of data"):
        raise ZeroDivisionError
    with pytest.raises(Unaudited):
        Holiday.objects.update(name="x")


def test_a_plain_save_leaves_history_without_a_name(holiday):
    """Libraries save instances on their own: the row's history is whole, and shows that nobody answered for it."""
    holiday.name = "Labour day"
    holiday.save()
    version = holiday.history.first()
    assert (version.name, version.history_user_id, version.history_change_reason) == ("Labour day", None, None)


def test_saving_what_is_never_recorded_leaves_no_history(owner):
    """allauth stores a password again when its hash has become too cheap."""
    before = owner.history.count()
    owner.set_password("another long password")
    owner.save(update_fields=["password"])
    assert owner.history.count() == before
    owner.title = "CTO"
    owner.save(update_fields=["title", "password"])
    assert owner.history.count() == before + 1
    assert "password" not in {field.name for field in User.history.model._meta.get_fields()}
