"""Searching the trail: every filter, words only where their finder may read, pages by key."""

import datetime

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone

from foundation.trail import search
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.origin import origin
from foundation.trail.record import SYSTEM, record
from foundation.trail.search import EntrySearch
from foundation.trail.sight import lines
from tests.factories.controls import ControlFactory

pytestmark = pytest.mark.django_db


def found(user, query, *, addresses=True):
    form = EntrySearch(QueryDict(query), user=user, addresses=addresses)
    return list(form.entries())


def tell(verb, actor, target=None, **kwargs):
    with transaction.atomic():
        return record(verb, actor, target, **kwargs)


@pytest.fixture
def control(compliance):
    control = ControlFactory(ref="IAM-03", name="Access review")
    control.objective = "Accounts of leavers are gone"
    return save(control, actor=compliance, verb="control.updated")


def test_each_filter_finds_its_own(admin, compliance, control):
    with origin(ip="203.0.113.7"):
        refused = tell("access.refused", compliance, control, outcome="refused")
    failed = tell("auth.sign_in_failed", None, outcome="failed")
    assert found(admin, "outcome=refused") == [refused]
    assert found(admin, "outcome=failed") == [failed]
    assert refused not in found(admin, "outcome=ok")
    assert found(admin, "verb=access.refused") == [refused]
    assert found(admin, "address=203.0.113.7") == [refused]
    assert found(admin, "who=anonymous") == [failed]
    assert {entry.actor_id for entry in found(admin, f"who={compliance.pk}")} == {compliance.pk}
    assert {entry.object_type for entry in found(admin, "register=controls.control")} == {"controls.control"}
    assert {entry.object_id for entry in found(admin, "record=iam-03")} == {str(control.pk)}
    numbered = found(admin, f"record={control.pk}&register=controls.control")
    assert {entry.verb for entry in numbered} == {"control.created", "control.updated", "access.refused"}
    assert found(admin, "record=IAM-99") == []


def test_a_time_range_holds_whole_days_in_the_readers_zone(admin, time_machine):
    told = []
    for hour in (22, 23):
        time_machine.move_to(datetime.datetime(2026, 3, 1, hour, 30, tzinfo=datetime.UTC), tick=False)
        told.append(tell("list.exported", admin))
    assert found(admin, "verb=list.exported&since=2026-03-01&until=2026-03-01") == told[::-1]
    assert found(admin, "verb=list.exported&since=2026-03-01T23:00") == told[1:]
    assert found(admin, "verb=list.exported&until=2026-03-01T23:30:00") == told[::-1]
    assert found(admin, "verb=list.exported&since=2026-03-02") == []
    with timezone.override("Europe/Berlin"):
        assert found(admin, "verb=list.exported&until=2026-03-01") == told[:1]
        assert found(admin, "verb=list.exported&since=2026-03-02") == told[1:]


def test_words_need_a_time_range(admin, control):
    form = EntrySearch(QueryDict("q=leavers"), user=admin, addresses=True)
    assert not form.entries()
    assert "since" in form.errors
    assert [entry.verb for entry in found(admin, "q=LEAVERS&since=2020-01-01")] == ["control.updated"]


def test_words_are_found_however_json_spells_them(admin, control):
    for words in ('the "IT" lead', "a\\b", "100 %_", "Grün"):
        control.objective = f"Said by {words}, yes"
        told = save(control, actor=SYSTEM, verb="control.updated")
        query = QueryDict(mutable=True)
        query.update({"q": words, "since": "2020-01-01"})
        assert [entry.facts["changes"]["objective"][1] for entry in found(admin, query.urlencode())][:1] == [
            told.objective
        ]


def test_words_find_nothing_that_their_finder_may_not_read(admin, compliance, engagement):
    engagement.firm = "Xylophone LLP"
    save(engagement, actor=SYSTEM, verb="engagement.updated")
    assert len(found(compliance, "q=xylophone&since=2020-01-01")) == 1
    assert found(admin, "q=xylophone&since=2020-01-01") == []
    assert len(found(admin, "register=audits.engagement")) == 2


def test_words_are_found_in_entries_without_a_record_by_who_sees_them(admin, employee, owner):
    told = tell("list.exported", employee, refs={"register": "xylophones"})
    assert found(admin, "q=xylophones&since=2020-01-01") == [told]
    assert found(employee, "q=xylophones&since=2020-01-01") == [told]
    assert found(owner, "q=xylophones&since=2020-01-01") == []


def test_words_are_not_looked_for_in_details_that_are_withheld(admin, auditor, employee):
    employee.title = "Xylophonist"
    save(employee, actor=admin, verb="user.updated")
    assert len(found(admin, "q=xylophonist&since=2020-01-01")) == 1
    assert len(found(employee, "q=xylophonist&since=2020-01-01")) == 0  # sees only what he did himself
    assert found(auditor, "q=xylophonist&since=2020-01-01") == []
    assert found(auditor, "verb=user.updated") != []


def test_words_are_not_looked_for_in_what_is_personal(admin, employee):
    assert found(admin, "q=employee@example.com&since=2020-01-01") == []


@pytest.mark.parametrize(
    "query",
    [
        "who=nobody", "verb=x.y", "register=x", "outcome=x", "address=999.1.1.1", "since=x", "until=1",
        "since=2026-02-02&until=2026-02-01", "record=" + "9" * 61, "since=99999-01-01",
    ],
)  # fmt: skip
def test_a_wrong_filter_finds_nothing_rather_than_everything(admin, query):
    assert found(admin, query) == []


def test_addresses_are_searched_only_by_who_may_see_them(manager, control):
    with origin(ip="203.0.113.7"):
        save(control, actor=SYSTEM, verb="control.updated")
    form = EntrySearch(QueryDict("address=203.0.113.7"), user=manager, addresses=False)
    assert "address" not in form.fields
    assert len(form.entries()) == len(found(manager, "", addresses=False))


def pages(every, **params):
    """The ids of all pages, one list each, by following `older`."""
    page = search.page(every, params, size=10)
    yield [entry.pk for entry in page.entries]
    while page.older:
        page = search.page(every, {"before": page.older}, size=10)
        yield [entry.pk for entry in page.entries]


def test_pages_by_key_neither_skip_nor_repeat(admin, time_machine):
    """Many entries of one microsecond: the key must be (at, id), not at alone."""
    for hour in range(5):
        time_machine.move_to(datetime.datetime(2026, 3, 1, hour, tzinfo=datetime.UTC), tick=False)
        for _ in range(7):
            tell("list.exported", admin)
    every = Entry.objects.filter(verb="list.exported").order_by("-at", "-id")
    expected = list(every.values_list("pk", flat=True))
    got = list(pages(every))
    assert [len(page) for page in got] == [10, 10, 10, 5]
    assert [pk for page in got for pk in page] == expected


def test_newer_leads_back_to_the_page_before(admin):
    for _ in range(25):
        tell("list.exported", admin)
    every = Entry.objects.filter(verb="list.exported").order_by("-at", "-id")
    first = search.page(every, {}, size=10)
    second = search.page(every, {"before": first.older}, size=10)
    third = search.page(every, {"before": second.older}, size=10)
    assert (first.newer, third.older) == ("", "")
    assert search.page(every, {"after": third.newer}, size=10).entries == second.entries
    back = search.page(every, {"after": second.newer}, size=10)
    assert (back.entries, back.newer) == (first.entries, "")
    assert search.page(every, {"after": search.key(first.entries[0])}, size=10).entries == first.entries


@pytest.mark.parametrize("key", ["", "x", "1", "1-", "-1", "1-2-3", "²-1", "9" * 30 + "-1", "1-" + "9" * 30])
def test_a_wrong_key_is_the_first_page(admin, key):
    every = Entry.objects.order_by("-at", "-id")
    assert search.page(every, {"before": key}).entries == search.page(every, {"after": key}).entries == list(every[:50])


def test_chunks_hold_everything_once(admin, monkeypatch):
    monkeypatch.setattr(search, "CHUNK", 4)
    for _ in range(8):
        tell("list.exported", admin)
    every = Entry.objects.filter(verb="list.exported").order_by("-at", "-id")
    assert [len(chunk) for chunk in search.chunks(every)] == [4, 4]
    assert [entry for chunk in search.chunks(every) for entry in chunk] == list(every)


def test_nobody_counts_beyond_the_cap(admin, monkeypatch):
    monkeypatch.setattr(search, "MOST", 3)
    for number in range(1, 5):
        tell("list.exported", admin)
        assert search.count(Entry.objects.filter(verb="list.exported")) == ("3+" if number == 4 else str(number))


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "trail_entry_at"),
        ("since=2026-01-01&until=2026-02-01", "trail_entry_at"),
        ("verb=page.read", "trail_entry_verb"),
        ("who={admin}", "trail_entry_actor"),
        ("who={admin}&since=2026-01-01", "trail_entry_actor"),
        ("address=203.0.113.7", "trail_entry_ip"),
        ("outcome=refused", "trail_entry_not_ok"),
        ("register=controls.control", "trail_entry_register"),
        ("record=12&register=controls.control", "trail_entry_object"),
        ("record=12", "trail_entry_object"),
    ],
)
def test_each_filter_goes_by_an_index(admin, query, index):
    """On SQLite, whose planner needs no statistics to choose; PostgreSQL has the same indexes."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL reads small tables whole")
    rows = EntrySearch(QueryDict(query.format(admin=admin.pk)), user=admin, addresses=True).entries()[:50]
    plan = rows.explain()
    assert f"USING INDEX {index}" in plan
    assert "record" in query or "TEMP B-TREE" not in plan  # a record has few entries: they may be sorted


def test_lines_of_what_was_found(admin, control):
    assert [line.target for line in lines(admin, found(admin, "record=IAM-03"))] == [str(control)] * 2
