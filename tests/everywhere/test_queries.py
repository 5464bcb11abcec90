"""Each list, detail, matrix and trail page asks the database as often for thirty records as for three."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from foundation.trail.models import Entry
from grc.wiring import SEARCH
from tests.everywhere.world import World
from tests.factories.controls import ControlFactory, link
from tests.factories.evidence import evidence, requirement
from tests.factories.people import UserFactory
from tests.factories.tokens import caller

MOST = 12
MOST_OF_WORK = 65  # My work asks every register once or twice
MOST_OF_JOINED = {  # pages that several registers fill
    "/overview/": 64,  # readiness, the tallies, and each register's dates
    "/matrix/": 15,  # + what each control lowers, and what proves it
    "/controls/{pk}/links/": 23,  # criteria, policies, risks, incidents, findings, CUECs
    "/controls/{pk}/evidence/": 14,  # evidence, access reviews, vendors, incidents, populations
}
FOR_AUDITORS = 2  # their window, and the entry that says what they read
PAGES = (
    "/", "/overview/", "/controls/", "/controls/?q=access&status=planned", "/controls/{pk}/", "/controls/{pk}/history/",
    "/controls/{pk}/evidence/", "/controls/{pk}/links/", "/controls/{pk}/trail/", "/matrix/", "/coverage/",
    "/readiness/", "/search/?q=control", "/trail/", "/trail/?verb=control.created",
    "/accounts/", "/accounts/{person}/trail/", "/audits/", "/jobs/", "/organisation/", "/organisation/holidays/",
    "/evidence/populations/", "/evidence/samples/", "/systems/", "/access-reviews/listings/",
    "/access-reviews/account-matches/",
    "/controls/scope/", "/evidence/", "/evidence/?q=list&due=judge", "/evidence/{item}/",
    "/access-reviews/", "/access-reviews/{campaign}/", "/access-reviews/reviews/", "/access-reviews/reviews/{review}/",
    "/access-reviews/parts/{part}/", "/access-reviews/removals/", "/access-reviews/report/",
    "/evidence/requirements/", "/evidence/exemptions/", "/accounts/roles/", "/accounts/exceptions/",
    "/controls/export.csv", "/controls/export.json", "/evidence/export.csv", "/accounts/export.csv",
)  # fmt: skip


@pytest.mark.parametrize("person", ["owner", "manager", "compliance", "admin", "auditor"])
def test_queries_do_not_grow_with_the_records(world: World, person: str):
    client = Client()
    client.force_login(world.people[person])
    grow(world, 3)
    few = {page: queries(client, page, world) for page in PAGES}
    grow(world, 27)
    many = {page: queries(client, page, world) for page in PAGES}
    most = MOST + (FOR_AUDITORS if person == "auditor" else 0)
    every = few.pop("/trail/")  # of every register; later fewer kinds of entries are on its first page
    kinds = Entry.objects.exclude(object_type="").values("object_type").distinct().count()
    assert many.pop("/trail/") <= every <= most + kinds  # each is asked once for what is seen of it
    assert many == few
    assert many.pop("/") <= MOST_OF_WORK
    assert many.pop("/search/?q=control") <= len(SEARCH) + most - MOST + 4  # each register is asked once
    most_of = {page: count + most - MOST for page, count in MOST_OF_JOINED.items()}
    assert {page: count for page, count in many.items() if count > most_of.get(page, most)} == {}


def grow(world: World, count: int) -> None:
    """More controls with owners, criteria and entries, and more people."""
    for _ in range(count):
        owner = UserFactory(role="control_owner", manager=world.people["manager"])
        link(ControlFactory(name="Access control", owner=owner), "CC6.1", "A1.1")
        own = ControlFactory(name="Mine", owner=world.people["owner"])
        link(own, "CC6.2")
        evidence(own, world.control, actor=owner, collected_by=owner)
        requirement(world.control)


def queries(client: Client, page: str, world: World) -> int:
    """How many queries a page takes once its caches are warm."""
    item, person = world.arguments["evidence"]["pk"], world.arguments["accounts"]["pk"]
    known = {name: world.arguments[f"accessreviews:{name}"]["pk"] for name in ("campaign", "review")}
    part = world.arguments["accessreviews"]["pk"]
    path = page.format(pk=world.control.pk, person=person, item=item, part=part, **known)
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
        response.getvalue()  # of a download, too
    asked = [one for one in captured.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    return len(asked) if response.status_code == 200 else 0


@pytest.mark.parametrize(
    "path", ["controls/", "mappings/", "criteria/", "matrix/", "coverage/", "readiness/", "trail/?verb=control.created"]
)
def test_the_api_asks_no_more_for_thirty_records_than_for_three(world: World, path: str):
    client = caller(world.people["compliance"]).client
    grow(world, 3)
    few = queries(client, f"/api/v1/{path}", world)
    grow(world, 27)
    assert 0 < queries(client, f"/api/v1/{path}", world) == few
