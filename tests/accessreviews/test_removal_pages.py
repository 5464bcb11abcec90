"""The register of removals: its list, one removal with its story, the verbs on it, CSV, paper and API."""

import csv
import datetime
import io

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accessreviews import removals
from accessreviews.models import Assignment, Removal
from accessreviews.removal_pages import RemovalPages
from accessreviews.standing import RemovalState, standing, stands
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.models import Entry
from tests.factories.listings import a_person, a_system, account_of, an_account, day
from tests.factories.reviews import a_manager, approved, decided, signed
from tests.factories.rounds import BOSS, a_part, a_removal, fresh, listed_later

NOTE = {"ticket": "OPS-123", "note": "Taken out of the group."}


@pytest.fixture
def part(compliance: User, manager: User, owner: User) -> Assignment:
    return a_part(compliance, manager, system=a_system(name="Git", owner=owner))


@pytest.fixture
def removal(part: Assignment) -> Removal:
    found = a_removal(part)
    approved(part.review)
    return found


def page(client: Client, person: User, name: str, *args: object, **params: str) -> str:
    client.force_login(person)
    response = client.get(reverse(f"accessreviews:removal-{name}", args=args), params)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_words_and_conditions_say_the_same(part: Assignment, owner: User, compliance: User):
    removal = a_removal(part)
    found = []

    def look(expected: RemovalState, on: datetime.date | None = None) -> None:
        on = on or today()
        one = fresh(removal)
        assert standing(one, on) == expected
        matching = [state for state in RemovalState if Removal.objects.filter(stands(state, on)).exists()]
        assert matching == [expected]
        found.append(expected)

    look(RemovalState.TODO)
    look(RemovalState.OVERDUE, day(30))
    removals.complete(fresh(removal), actor=owner, **NOTE)
    look(RemovalState.DONE, day(30))
    removals.request_exception(fresh(removal), actor=compliance, reason="Needed.", until=day(10))
    removals.except_(fresh(removal), actor=a_manager("Eve"))
    look(RemovalState.EXCEPTED, day(10))
    look(RemovalState.DONE, day(11))
    with time_machine.travel(timezone.now() + datetime.timedelta(days=11)):
        removals.lapse()
    listed_later(part.review.system, [an_account("other")], pulled_by=owner)
    look(RemovalState.SHOWN)
    removals.confirm(fresh(removal), actor=compliance, note="Looked.")
    look(RemovalState.PROVED, day(400))
    assert len(set(found)) == 6


def test_the_list_filters_by_state_system_owner_and_campaign(client: Client, removal: Removal, compliance: User):
    text = page(client, compliance, "list")
    assert all(words in text for words in (removal.ref, "Git", "To do", "Oskar Owner"))
    review = removal.review
    shown = {"state": "todo", "system": str(review.system_id), "campaign": str(review.campaign_id)}
    for name, value in (shown | {"owner": str(removal.owner_id), "kind": "privileged"}).items():
        assert removal.ref in page(client, compliance, "list", **{name: value})
    for name, value in {"state": "proved", "owner": "nobody", "kind": "other", "q": "nothing like it"}.items():
        assert removal.ref not in page(client, compliance, "list", **{name: value})


def test_owners_see_their_own_and_colleagues_do_not(client: Client, removal: Removal, owner: User, colleague: User):
    assert removal.ref in page(client, owner, "list")
    assert removal.ref not in page(client, colleague, "list")
    client.force_login(colleague)
    assert client.get(removal.get_absolute_url()).status_code == 404


def test_its_page_tells_the_whole_story(client: Client, removal: Removal, owner: User, manager: User):
    removals.complete(fresh(removal), actor=owner, **NOTE)
    listed_later(removal.review.system, [an_account(BOSS)])
    text = page(client, manager, "detail", removal.pk)
    told = ("Not needed any more.", "OPS-123", "asked for it by signing", "It was not gone when it should have been.")
    assert all(words in text for words in told)
    assert "Mark as done" not in page(client, a_manager("Other"), "list")
    assert "Mark as done" in page(client, owner, "detail", removal.pk)


def test_it_is_done_by_form_and_confirmed_by_another(client: Client, removal: Removal, owner: User, manager: User):
    client.force_login(owner)
    address = reverse("accessreviews:removal-complete", args=[removal.pk])
    assert client.post(address, {"version": fresh(removal).version, "ticket": "", "note": "x"}).status_code == 422
    done = client.post(address, NOTE | {"version": fresh(removal).version}, follow=True)
    assert "is done; the next listing shows it" in done.content.decode()
    listed_later(removal.review.system, [an_account("other")], days=0.001, pulled_by=owner)
    assert "Confirm that it is gone" not in page(client, owner, "detail", removal.pk)
    assert "Confirm that it is gone" in page(client, manager, "detail", removal.pk)


def test_csv_and_paper_have_what_the_list_has(client: Client, removal: Removal, compliance: User):
    client.force_login(compliance)
    body = b"".join(client.get(reverse("accessreviews:removal-csv")).streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(body))
    assert (row["Ref"], row["System"], row["State"], row["To be done"]) == (removal.ref, "Git", "To do", "Remove")
    assert RemovalPages.list_paper(compliance, client.request().wsgi_request.GET, None).rows == 1
    assert Entry.objects.filter(verb="list.exported").count() == 1


def test_the_list_takes_the_same_queries_for_few_and_many(client: Client, compliance: User, manager: User):
    taken = []
    for count in (3, 30):
        part = a_part(compliance, manager, rows=[account_of(a_person(), roles=("Admin",)) for _ in range(count)])
        decided(part, "remove")
        signed(fresh(part))
        client.force_login(compliance)
        client.get(reverse("accessreviews:removal-list"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("accessreviews:removal-list"), {"campaign": str(part.review.campaign_id)})
        taken.append(len(queries))
    assert taken[0] == taken[1]


def test_the_api_tells_what_is_asked_and_takes_that_it_is_done(client: Client, removal: Removal, owner: User):
    client.force_login(owner)
    (one,) = client.get("/api/v1/removals/").json()["results"]
    told = (one["ref"], one["standing"], one["key"], one["roles"], one["reason"])
    assert told == (removal.ref, "To do", BOSS, ["Admin"], "Not needed any more.")
    read = client.get(f"/api/v1/removals/{removal.pk}/")
    done = client.post(
        f"/api/v1/removals/{removal.pk}/complete/", NOTE, "application/json", headers={"If-Match": read["ETag"]}
    )
    assert (done.status_code, done.json()["standing"]) == (200, "Done, to be proved")
