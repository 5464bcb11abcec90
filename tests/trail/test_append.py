"""An entry is stored by one plain INSERT: what the ORM would have done besides must hold without it."""

import contextlib

import pytest
from django.db import IntegrityError, transaction

from foundation.organisation.models import Holiday
from foundation.trail import leaf
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.origin import origin
from foundation.trail.record import SYSTEM, append, draft, record

pytestmark = pytest.mark.django_db


def test_columns_stand_in_the_order_in_which_draft_names_them():
    columns = [field.column for field in Entry._meta.concrete_fields]
    assert columns == [*leaf.COLUMNS, "private", "ip", "mac"]


def test_one_query_an_entry(django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1):
        record("demo.loaded", SYSTEM, refs={"n": 1})


def test_what_is_returned_is_what_is_stored():
    with origin(via="page", request_id="r1", ip="2001:db8::1", user_agent="x"), transaction.atomic():
        entry = record("access.refused", SYSTEM, reason="Grün", refs={"n": 1}, outcome="refused")
    read = Entry.objects.get(pk=entry.pk)
    assert [getattr(read, field.column) for field in Entry._meta.concrete_fields] == [
        getattr(entry, field.column) for field in Entry._meta.concrete_fields
    ]
    assert not entry._state.adding
    assert leaf.mac_of(read) == read.mac


@transaction.atomic
def swallow(broken):
    save(Holiday(name="New year", day="2027-01-01"), actor=SYSTEM, verb="holiday.created")
    with contextlib.suppress(IntegrityError):
        append(broken)
    save(Holiday(name="Epiphany", day="2027-01-06"), actor=SYSTEM, verb="holiday.created")


@pytest.mark.django_db(transaction=True)
def test_whoever_swallows_a_failed_entry_still_commits_nothing():
    broken = draft("demo.loaded", SYSTEM)
    broken.mac = None  # type: ignore[assignment]
    with pytest.raises(transaction.TransactionManagementError):
        swallow(broken)
    assert not Holiday.objects.exists()
    assert not Entry.objects.filter(verb="holiday.created").exists()
