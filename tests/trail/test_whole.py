"""What holds of the whole trail after a company has been made through the product's own actions."""

import json

import pytest
from django.apps import apps

from foundation.accounts.models import User
from foundation.trail import leaf
from foundation.trail.keep import history_sha256
from foundation.trail.models import Entry, Tracked

pytestmark = pytest.mark.django_db


def test_history_and_trail_cover_each_other_and_every_hash_holds(world):
    histories = {model.history.model._meta.db_table: model.history.model for model in tracked()}
    told = set()
    for entry in Entry.objects.all():
        assert leaf.mac_of(entry) == entry.mac
        assert entry.detail == leaf.canonical(json.loads(entry.detail))
        assert entry.facts.get("private") == (leaf.sha256(entry.private) if entry.private else None)
        assert entry.ip == entry.hidden.get("ip")
        if history := entry.facts.get("history"):
            version = histories[history["table"]]._base_manager.get(pk=history["id"])
            assert history_sha256(version, entry.hidden.get("salt", "")) == history["sha256"]
            told.add((history["table"], history["id"]))
    stored = {
        (name, pk) for name, model in histories.items() for pk in model._base_manager.values_list("pk", flat=True)
    }
    assert stored == told  # no version without its entry, no entry without its version
    assert len(stored) > 100


def test_no_name_and_no_address_stands_where_it_cannot_be_erased(world):
    words = [word for person in User.objects.all() for word in (person.name, person.email)]
    assert len(words) >= 14
    for entry in Entry.objects.all():
        for column in ("detail", "verb", "object_id", "request_id"):
            assert not [word for word in words if word in getattr(entry, column)], (entry.verb, column)


def tracked():
    return [model for model in apps.get_models() if issubclass(model, Tracked)]
