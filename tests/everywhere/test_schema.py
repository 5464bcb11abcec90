"""The whole API, asked what its description allows and forbids, by every role: no fault, no undeclared answer.

Schemathesis makes the requests from the description (derandomized: each run asks the same) and judges the answers.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client
from django.urls import resolve
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from controls.models import Control
from foundation.pages.api.schema import description
from foundation.trail.models import Entry
from tests.everywhere.world import World
from tests.factories.tokens import caller

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
# Each role's answers stand in the table: here it is what is sent that differs. So the compliance manager, who is let in
# the furthest, asks every endpoint; the others each kind of endpoint.
BY_TOKEN = ("owner", "compliance", "admin")
IN_A_BROWSER = ("auditor",)  # who has no tokens
MANY, FEW = 8, 2  # examples an endpoint: for who may do most, and for everybody else


@pytest.fixture
def api(world: World, settings: Any) -> Any:
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    return schemathesis.openapi.from_wsgi("/api/schema/", in_the_transaction(get_wsgi_application()))


def in_the_transaction(application: Any) -> Any:
    """The program without its habit of closing old connections, as Django's own test client calls it: the test's
    transaction lives on the connection.
    """

    def answer(environ: Any, start_response: Any) -> list[bytes]:
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        response = application(environ, start_response)
        try:
            return [b"".join(response)]
        finally:
            response.close()
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)

    return answer


def test_what_the_description_allows_and_forbids_is_answered_as_it_says(api: Any, world: World):
    for person in (*BY_TOKEN, *IN_A_BROWSER, "anonymous"):
        who = sent_by(world, person)
        answered: Counter[int] = Counter()
        for operation, mode in operations(api, every=person == "compliance"):
            answered += run(operation, mode, who, world, person)
        # the run reaches what lies behind the first refusals, and what is forbidden is refused
        assert (answered[200] > 0) is (person != "anonymous"), answered
        assert person != "compliance" or min(answered[code] for code in (200, 400, 404, 428)) > 0, answered


def operations(api: Any, *, every: bool) -> Iterator[tuple[Any, GenerationMode]]:
    """Each endpoint, or one for each piece of code that answers some; with good requests and, where its description
    forbids anything, with bad ones.
    """
    found = [one.ok() for one in api.get_all_operations()]
    for operation in found if every else {answered_by(one): one for one in reversed(found)}.values():
        for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
            yield operation, mode


def answered_by(operation: Any) -> tuple[str, str]:
    """The function that answers an endpoint: most are of RegisterApi, whichever register is asked."""
    view: Any = resolve(re.sub(r"{\w+}", "1", operation.path)).func
    method = operation.method.lower()
    return method, getattr(view.cls, view.actions[method]).__qualname__


def run(
    operation: Any, mode: GenerationMode, who: dict[str, dict[str, str]], world: World, person: str
) -> Counter[int]:
    """Send a few made-up requests, every other one about a record that is there, on the version that is there.

    Returns how often each status was answered. A record that a request changes is as it was before the next.
    """
    turns, answered = count(), Counter[int]()

    @settings(
        max_examples=MANY if person == "compliance" else FEW, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        real, turn = {"id": number(operation.path, world)}, next(turns)
        if turn % 2 and "id" in (case.path_parameters or {}):
            case.path_parameters = case.path_parameters | real
        headers = who["headers"] | ({"If-Match": '"1"'} if turn % 4 == 1 else {})  # with and without
        with transaction.atomic():
            response = case.call(headers=headers, cookies=who["cookies"])
            answered[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)
            if mode is GenerationMode.NEGATIVE and person == "compliance" and not turn % 2:
                case.validate_response(response, checks=[negative_data_rejection])
            transaction.set_rollback(True)

    ask()
    return answered


def number(path: str, world: World) -> int:
    """A record of the register that the address is about."""
    name = path.removeprefix("/api/v1/").partition("/")[0]
    keys = {"controls": "control", "criteria": "criterion", "mappings": "mapping", "engagements": "engagement"}
    return world.arguments[f"api:{keys.get(name, 'entry')}"]["pk"]


def sent_by(world: World, person: str) -> dict[str, dict[str, str]]:
    """The headers and cookies that make a request this person's."""
    user = world.people[person]
    if user is None:
        return {"headers": {}, "cookies": {}}
    if person in BY_TOKEN:
        return {"headers": {"Authorization": f"Bearer {caller(user).secret}"}, "cookies": {}}
    browser = Client()
    browser.force_login(user)
    browser.get("/account/password/")  # a page with a form, which brings the CSRF cookie
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    return {"headers": {"X-CSRFToken": cookies["csrf"]}, "cookies": cookies}


@pytest.mark.any_database
@pytest.mark.parametrize("path", ["/api/v1/readiness/", "/api/v1/coverage/", "/api/v1/matrix/", "/api/v1/controls/"])
def test_what_a_request_may_leave_out_is_described_as_certain_nowhere(path: str):
    """`?fields=` chooses among the properties of a record, whichever endpoint described its shape first."""
    said = description()
    answer = said["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    page = said["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
    row = page["properties"]["results"]["items"]["$ref"].rpartition("/")[2]
    assert said["components"]["schemas"][row]["properties"]
    assert "required" not in said["components"]["schemas"][row]


def test_the_run_would_notice_a_fault(api: Any, world: World, monkeypatch: pytest.MonkeyPatch):
    """A field that the description does not know, and an answer that is no JSON, are found."""
    operation = api["/api/v1/controls/{id}/"]["GET"]
    monkeypatch.setattr(Control, "ref", property(lambda _: {"not": "text"}), raising=False)
    case = operation.Case(path_parameters={"id": world.control.pk})
    response = case.call(**sent_by(world, "compliance"))
    assert response.status_code in (200, 500)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - a group of failures, of schemathesis's own kinds
        case.validate_response(response, checks=CHECKS)
    assert Entry.objects.exists()
