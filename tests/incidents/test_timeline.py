"""A long timeline, page by page: the newest first seen, each entry on its page, as many queries as a short one."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from foundation.accounts.models import User
from foundation.trail.keep import save_many
from foundation.trail.record import SYSTEM
from incidents import actions
from incidents.models import Incident, TimelineEntry
from incidents.panels import A_PAGE, ORPHANS
from tests.factories.incidents import HOUR, an_incident
from tests.incidents.clocks.acts import signed_in

pytestmark = pytest.mark.django_db


def written(incident: Incident, count: int, *, start: int = 0) -> list[TimelineEntry]:
    """So many notes, a second apart; each says its number."""
    first = timezone.now() - 2 * HOUR
    entries = []
    for number in range(start, start + count):
        moment = first + datetime.timedelta(seconds=number)
        entries.append(TimelineEntry(incident=incident, happened_at=moment, at=moment, text=f"Note {number}."))
    save_many(
        entries, actor=SYSTEM, verb_created="timelineentry.created", verb_updated="timelineentry.created", reason="long"
    )
    return list(TimelineEntry.objects.filter(incident=incident).order_by("happened_at", "id"))


def shown(user: User, address: str, **query: Any) -> tuple[list[str], str, Any]:
    """The texts on a page of the timeline, its HTML, and its page."""
    response = signed_in(user).get(address, query)
    assert response.status_code == 200
    [panel] = response.context["panels"]
    return [line["entry"].text for line in panel["lines"]], response.content.decode(), panel["page"]


def test_a_short_timeline_is_on_one_page(owner: User):
    incident = an_incident(commander=owner)
    entries = written(incident, A_PAGE + ORPHANS)
    texts, html, page = shown(owner, f"/incidents/{incident.pk}/timeline/")
    assert texts == [one.text for one in entries]
    assert page.paginator.num_pages == 1
    assert "from the beginning" in html
    assert "Earlier entries" not in html


def test_a_long_timeline_opens_with_its_newest_page(owner: User):
    incident = an_incident(commander=owner)
    entries = [one.text for one in written(incident, 2 * A_PAGE + ORPHANS + 1)]
    address = f"/incidents/{incident.pk}/timeline/"
    texts, html, page = shown(owner, address)
    assert (page.number, texts) == (3, entries[2 * A_PAGE :])
    assert f"101 to {len(entries)} of {len(entries)}, in the order of time" in html
    assert 'rel="prev" href="?page=2"' in html
    whole: list[str] = []
    for number in (1, 2, 3):
        whole += shown(owner, address, page=number)[0]
    assert whole == entries
    assert "Earlier entries" not in shown(owner, address, page=1)[1]
    for odd, number in (("0", 3), ("-1", 3), ("x", 1), ("9" * 40, 3), ("a\0b", 1)):
        assert shown(owner, address, page=odd)[2].number == number, odd


def test_an_entry_is_found_on_its_page(owner: User):
    incident, other = an_incident(commander=owner), an_incident(commander=owner)
    entries = written(incident, 3 * A_PAGE)
    [foreign] = written(other, 1)
    for place, number in ((0, 1), (A_PAGE - 1, 1), (A_PAGE, 2), (3 * A_PAGE - 1, 3)):
        entry = entries[place]
        page = shown(owner, entry.get_absolute_url())[2]
        assert (page.number, entry.pk in {one.pk for one in page.object_list}) == (number, True)
    address = f"/incidents/{incident.pk}/timeline/"
    for odd in (foreign.pk, 0, -1, "x", "9" * 40, "1\0", "²"):
        assert shown(owner, address, entry=odd)[2].number == 3, odd
    assert shown(owner, address, entry=entries[0].pk, page=2)[2].number == 2  # the pager goes on from an entry
    fixed = actions.correct_entry(entries[0], actor=owner, text="Otherwise.", happened_at=timezone.now())
    last, first = shown(owner, fixed.get_absolute_url()), shown(owner, entries[0].get_absolute_url())
    assert f'href="{address}?entry={entries[0].pk}#entry-{entries[0].pk}"' in last[1]
    assert f'href="{address}?entry={fixed.pk}#entry-{fixed.pk}"' in first[1]


def test_after_a_correction_one_is_back_at_the_entry(owner: User):
    incident = an_incident(commander=owner)
    entry = actions.add_entry(incident, actor=owner, kind="note", text="It began.")
    said = {"version": entry.version, "text": "It went on."}
    done = signed_in(owner).post(f"/incidents/timeline/{entry.pk}/correct/", said)
    assert (done.status_code, done["Location"]) == (302, entry.get_absolute_url())


def test_a_past_timeline_is_paged_as_it_stood(owner: User, compliance: User):
    incident = an_incident(commander=owner)
    written(incident, A_PAGE)
    then = timezone.now()
    written(incident, A_PAGE, start=A_PAGE)
    address = f"/incidents/{incident.pk}/timeline/"
    before, now = shown(compliance, address, as_of=then.isoformat()), shown(compliance, address)
    assert (before[2].paginator.count, now[2].paginator.count) == (A_PAGE, 2 * A_PAGE)
    assert "as_of=" in shown(compliance, address, as_of=timezone.now().isoformat(), page=2)[1]


def test_a_page_of_the_timeline_costs_the_same_however_long_it_is(owner: User):
    few, many = an_incident(commander=owner), an_incident(commander=owner)
    written(few, 3)
    written(many, 5 * A_PAGE)
    client = signed_in(owner)

    def queries(incident: Incident, query: str = "") -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/incidents/{incident.pk}/timeline/{query}").status_code == 200
        return len(captured)

    queries(few)  # a session's first request writes when it was seen
    assert queries(few) == queries(many) == queries(many, "?page=2") <= 11
    entry = TimelineEntry.objects.filter(incident=many).earliest("happened_at")
    assert queries(many, f"?entry={entry.pk}") <= 13
