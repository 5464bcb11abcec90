"""The API of a register does what its pages do: same rows, same judgement, same save path, same trail."""

from functools import partial

import pytest
from django.test import Client

from audits.models import Engagement
from controls.models import Control
from foundation.accounts.models import User
from foundation.trail.models import Entry
from tests.everywhere.world import World
from tests.factories.controls import ControlFactory
from tests.factories.tokens import Caller, caller, named

LIST = "/api/v1/controls/"


@pytest.fixture
def manage(compliance: User) -> Caller:
    """The compliance manager by a token that may do everything a token may."""
    return caller(compliance)


def at(control: Control) -> str:
    return f"{LIST}{control.pk}/"


def test_a_list_says_count_next_previous_and_results(world: World, manage: Caller):
    for _ in range(4):
        ControlFactory()
    first = manage.get(LIST, page_size="2").json()
    assert set(first) == {"count", "next", "previous", "results"}
    assert (first["count"], len(first["results"]), first["previous"]) == (5, 2, None)
    second = manage.get(first["next"].removeprefix("http://testserver")).json()
    assert second["previous"]
    assert not {row["id"] for row in first["results"]} & {row["id"] for row in second["results"]}
    assert manage.get(LIST, page="9").status_code == 404


def test_filters_order_and_fields_are_those_of_the_page(world: World, manage: Caller):
    ControlFactory(ref="ZZZ-01", name="Last of all")
    assert [row["ref"] for row in manage.get(LIST, ordering="-ref").json()["results"]] == ["ZZZ-01", "IAM-01"]
    assert [row["ref"] for row in manage.get(LIST, q="last").json()["results"]] == ["ZZZ-01"]
    assert manage.get(LIST, fields="ref,criteria", q="access").json()["results"] == [
        {"id": world.control.pk, "ref": "IAM-01", "criteria": ["CC6.1"]}
    ]


@pytest.mark.parametrize(
    "query",
    [{"ordering": "criteria"}, {"status": "forged"}, {"ownr": "3"}, {"fields": "password"}, {"page": "x"},
     {"page_size": "201"}, {"as_of": "yesterday"}, {"as_of": "2999-01-01"}, {"page": "9" * 5000}],
)  # fmt: skip
def test_what_a_list_does_not_know_is_refused_by_name(world: World, manage: Caller, query: dict):
    answer = manage.get(LIST, **query)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid", list(query))


def test_a_record_carries_its_version_and_can_be_read_as_it_stood(world: World, manage: Caller):
    from django.utils import timezone

    before = timezone.now()
    answer = manage.get(at(world.control))
    assert answer["ETag"] == '"1"'
    assert answer.json()["owner"] == {"id": world.control.owner_id, "name": "Oskar Owner"}
    assert manage.patch(at(world.control), {"name": "Renamed"}, version=1).status_code == 200
    then = manage.get(at(world.control), as_of=before.isoformat())
    assert (then.json()["name"], "ETag" in then) == ("Access request and approval", False)


def test_creating_leaves_what_the_page_leaves(world: World, manage: Caller, compliance: User):
    answer = manage.post(LIST, {"ref": "NEW-01", "name": "New", "owner": world.people["owner"].pk})
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    control = Control.objects.get(ref="NEW-01")
    assert answer["Location"] == at(control)
    entry = Entry.objects.first()
    assert (entry.verb, entry.actor_kind, entry.actor_id, entry.via) == (
        "control.created",
        "token",
        compliance.pk,
        "api",
    )
    assert entry.facts["refs"] == {"token": manage.token.pk}
    assert control.history.get().history_user_id == compliance.pk


@pytest.mark.parametrize(
    ("body", "field"),
    [({"name": "No ref"}, "ref"), ({"ref": "iam-01", "name": "Twice"}, "all"), ({"ref": {}, "name": "x"}, "ref"),
     ({"ref": "A", "name": "x", "owner": 10**30}, "owner"),
     ({"ref": "A", "name": "x", "review_date": "soon"}, "review_date"),
     ({"ref": "A", "name": "x", "status": "implemented"}, "status"), ({"ref": "A", "name": "x\x00y"}, "name"),
     ({"ref": "A", "name": "x", "kind": "forged"}, "kind"), ({"ref": "A", "name": "x" * 201}, "name"),
     ({"ref": "A", "name": "  " + "x" * 199}, "name")],  # counted as sent: the description says at most 200
)  # fmt: skip
def test_what_the_form_refuses_is_refused_by_field(world: World, manage: Caller, body: dict, field: str):
    before = Entry.objects.count(), Control.objects.count()
    answer = manage.post(LIST, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field]), answer.json()
    assert (Entry.objects.count(), Control.objects.count()) == before


def test_the_api_complains_in_the_words_of_the_page(world: World, manage: Caller, compliance: User):
    page = Client()
    page.force_login(compliance)
    for sent in (
        {"ref": "", "name": ""},
        {"ref": "IAM-01", "name": "Twice"},
        {"ref": "A", "name": "x", "kind": "forged"},
    ):
        shown = page.post("/controls/new/", sent).context["form"].errors
        told = manage.post(LIST, sent).json()["errors"]
        assert {name.replace("__all__", "all"): list(found) for name, found in shown.items()} == told


def test_a_change_names_the_version_it_builds_on(world: World, manage: Caller):
    address = at(world.control)
    assert manage.patch(address, {"name": "A"}).status_code == 428
    assert manage.patch(address, {"name": "A"}, version=7).status_code == 412
    assert manage.client.patch(address, "{}", "application/json", headers={"If-Match": "*"}).status_code == 428
    answer = manage.patch(address, {"name": "A"}, version=1)
    assert (answer.status_code, answer["ETag"], answer.json()["name"]) == (200, '"2"', "A")
    assert answer.json()["owner"]["id"] == world.control.owner_id  # what was not sent stays
    before = Entry.objects.count()
    assert manage.patch(address, {"name": "A"}, version=2).status_code == 200  # nothing changes, nothing is told
    assert Entry.objects.count() == before


def test_archiving_takes_a_reason_and_can_be_asked_twice(world: World, manage: Caller):
    address = at(world.control)
    assert list(manage.post(f"{address}archive/", {}, version=1).json()["errors"]) == ["reason"]
    assert manage.post(f"{address}archive/", {"reason": "Gone."}, version=1).json()["archived_at"]
    assert manage.post(f"{address}archive/", {"reason": "Gone."}, version=2).status_code == 200
    assert manage.patch(address, {"name": "A"}, version=2).status_code == 409
    assert manage.post(f"{address}restore/", {"reason": "Back."}, version=2).json()["archived_at"] is None
    verbs = list(Entry.objects.filter(object_type="controls.control").values_list("verb", flat=True)[:2])
    assert verbs == ["control.restored", "control.archived"]


def test_an_engagement_is_not_archived_while_an_auditor_has_access(world: World, manage: Caller):
    version = Engagement.objects.get(pk=world.engagement.pk).version
    answer = manage.post(f"/api/v1/engagements/{world.engagement.pk}/archive/", {"reason": "Done."}, version=version)
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"all": ["End the auditors' access first."]}


def test_the_owner_updates_the_status(world: World):
    by = caller(world.people["owner"], "read", "write:status")
    address = f"{at(world.control)}status/"
    assert list(by.post(address, {"status": "retired", "note": "x"}, version=1).json()["errors"]) == ["status"]
    answer = by.post(address, {"status": "in_progress", "note": "Begun."}, version=1)
    assert (answer.status_code, answer.json()["status"], answer["ETag"]) == (200, "in_progress", '"2"')
    entry = Entry.objects.first()
    assert (entry.verb, entry.facts["reason"]) == ("control.status_updated", "Begun.")
    assert by.post(address, {"status": "implemented", "note": "x"}, version=1).status_code == 412


def test_no_token_signs(world: World, manage: Caller):
    owner = caller(world.people["owner"])
    address = f"{at(world.control)}not-applicable/"
    assert owner.post(address, {"reason": "Not here."}, version=1).status_code == 200
    answer = manage.post(f"{address}approve/", {}, version=2)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "no token" in answer.json()["detail"]
    assert Control.objects.get(pk=world.control.pk).approved_by is None


def test_a_proposal_is_declined_in_a_browser_as_on_its_page(world: World, manage: Caller, compliance: User):
    address = f"{at(world.control)}not-applicable/"
    caller(world.people["owner"]).post(address, {"reason": "Not here."}, version=1)
    assert manage.post(f"{address}decline/", {"reason": "It is."}, version=2).status_code == 403  # a token
    browser = Client()
    browser.force_login(compliance)
    send = partial(browser.post, f"{address}decline/", content_type="application/json", headers=named(2))
    assert list(send({}).json()["errors"]) == ["reason"]
    answer = send({"reason": "It does apply."})
    assert (answer.status_code, answer.json()["proposed_by"]) == (200, None)
    entry = Entry.objects.first()
    assert (entry.verb, entry.facts["reason"]) == ("control.not_applicable_declined", "It does apply.")
    assert (entry.actor_kind, entry.via) == ("user", "api")


BODIES = [
    (b"[1]", 400), (b'"x"', 400), (b"{", 400), (b"[" * 200_000, 400), (b'{"ref": "\\ud800", "name": "x"}', 400),
    (b"\xff", 400), (b'{"ref": ' + b"9" * 5000 + b"}", 400), (b'{"ref": NaN}', 400), (b" " * (1024**2 + 1), 413),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "status"), BODIES)
def test_a_body_that_is_no_json_object_is_refused(world: World, manage: Caller, sent: bytes, status: int):
    answer = manage.client.post(LIST, sent, "application/json")
    assert (answer.status_code, set(answer.json())) == (status, {"code", "detail", "errors"})


@pytest.mark.parametrize(
    ("how", "status"),
    [({"path": "/api/v1/nothing/"}, 404), ({"path": f"{LIST}{10**30}/"}, 404), ({"method": "delete"}, 405),
     ({"method": "options"}, 405), ({"headers": {"Accept": "text/html"}}, 406), ({"path": "/api/v1/controls"}, 404),
     ({"method": "post", "data": "a=b", "content_type": "application/x-www-form-urlencoded"}, 415),
     ({"path": f"{LIST}?as_of=0001-01-01"}, 400)],
)  # fmt: skip
def test_every_error_has_one_shape(world: World, manage: Caller, how: dict, status: int):
    method, path = how.pop("method", "get"), how.pop("path", LIST)
    answer = getattr(manage.client, method)(path, **how)
    if status == 404 and path.endswith("controls"):
        assert answer.status_code in (301, 404)
        return
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    assert set(answer.json()) == {"code", "detail", "errors"}


def test_nobody_is_answered_without_a_token_or_a_session(world: World):
    answer = Client().get(LIST)
    assert (answer.status_code, answer["WWW-Authenticate"], answer.json()["code"]) == (
        401,
        "Bearer",
        "not_authenticated",
    )


def test_a_browser_that_is_signed_in_may_ask_and_writes_with_its_csrf_token(world: World, compliance: User):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(compliance)
    assert browser.get(LIST).status_code == 200
    assert browser.post(LIST, {"ref": "A", "name": "x"}, "application/json").status_code == 403
    browser.get("/controls/new/")
    token = browser.cookies["csrf"].value
    sent = browser.post(LIST, {"ref": "A", "name": "x"}, "application/json", headers={"X-CSRFToken": token})
    assert sent.status_code == 201
    assert Entry.objects.first().actor_kind == "user"


def test_the_matrix_is_that_of_the_page(world: World, manage: Caller):
    rows = manage.get("/api/v1/matrix/", page_size="200").json()
    assert rows["count"] == len(rows["results"])
    filled = [row for row in rows["results"] if row["control"]]
    assert [(row["code"], row["control"]["ref"], row["state"]) for row in filled] == [("CC6.1", "IAM-01", "weak")]
    assert manage.get("/api/v1/matrix/", state="forged").status_code == 400


def test_the_trail_is_searched_by_key(world: World, manage: Caller):
    for _ in range(5):
        ControlFactory()
    asked = {"verb": "control.created", "page_size": "2"}
    first = manage.get("/api/v1/trail/", **asked).json()
    assert (first["count"], first["count_is_capped"], first["previous"]) == (6, False, None)
    second = manage.get(first["next"].removeprefix("http://testserver")).json()
    third = manage.get(second["next"].removeprefix("http://testserver")).json()
    ids = [row["id"] for page in (first, second, third) for row in page["results"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), third["next"]) == (6, None)
    back = manage.get(third["previous"].removeprefix("http://testserver")).json()
    assert back["results"] == second["results"]
    assert manage.get(f"/api/v1/trail/{ids[0]}/").json() == first["results"][0]
    assert manage.get("/api/v1/trail/", q="words").status_code == 400
    for name in ("before", "after"):
        assert list(manage.get("/api/v1/trail/", **{name: "12"}).json()["errors"]) == [name]


def test_me_says_whose_token_it_is(compliance: User):
    by = caller(compliance, "read")
    said = by.get("/api/v1/me/").json()
    assert (said["email"], said["token"]["id"], said["token"]["scopes"]) == (compliance.email, by.token.pk, ["read"])


def test_criteria_and_mappings_are_read(world: World, manage: Caller):
    criteria = manage.get("/api/v1/criteria/", page_size="200").json()
    assert criteria["count"] == 61
    assert [row["code"] for row in criteria["results"][:2]] == ["CC1.1", "CC1.2"]
    assert manage.get("/api/v1/criteria/", category="privacy").json()["count"] == 18
    [link] = manage.get("/api/v1/mappings/", criterion="CC6.1").json()["results"]
    assert (link["control_ref"], link["criterion_code"], link["rationale"]) == ("IAM-01", "CC6.1", "It helps.")
    assert manage.get("/api/v1/mappings/", control=str(world.control.pk)).json()["count"] == 1
    for number in ("99999999999999999999", "1.5", "NaN", "-1", "9" * 5000):
        assert list(manage.get("/api/v1/mappings/", control=number).json()["errors"]) == ["control"], number
    assert manage.post("/api/v1/mappings/", {}).status_code == 405
