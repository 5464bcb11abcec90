"""The pages of requests for each role: list, page, answering, judging, the files, the engagement's tab, My work."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audits.models import Engagement
from audits.models.requests import Request, RequestComment, RequestEvidence
from audits.requests import actions, news
from audits.requests.work import requests_work
from evidence.models import Evidence
from foundation.accounts.models import AuditorWindow, User
from foundation.jobs.models import Job
from foundation.organisation.models import today
from foundation.trail.models import Entry
from tests.factories.evidence import evidence
from tests.factories.people import EngagementFactory, UserFactory, admitted
from tests.factories.requests import a_request, closed
from tests.factories.tokens import caller

pytestmark = pytest.mark.django_db
LIST = "/audits/requests/"


def signed_in(user: User) -> Client:
    """Somebody's browser."""
    client = Client()
    client.force_login(user)
    return client


def version(request: Request) -> dict[str, Any]:
    """The version as a form carries it."""
    request.refresh_from_db()
    return {"version": str(request.version)}


def page(request: Request, verb: str = "") -> str:
    """The address of a request, or of a verb on it."""
    return f"{LIST}{request.pk}/{verb and verb + '/'}"


def test_an_owner_answers_with_files_evidence_and_a_note(engagement: Engagement, owner: User, auditor: User):
    request = a_request(engagement, owner=owner)
    known = evidence(actor=owner)
    client = signed_in(owner)
    assert client.get(page(request, "respond")).status_code == 200
    sent = version(request) | {
        "file": [SimpleUploadedFile("a.csv", b"a,b\n1,2\n"), SimpleUploadedFile("b.csv", b"c,d\n3,4\n")],
        "source_system": "Okta", "kind": "export", "evidence": known.ref, "note": "All of it.", "submit": "on",
    }  # fmt: skip
    assert client.post(page(request, "respond"), sent).status_code == 302
    request.refresh_from_db()
    assert request.state == "submitted"
    assert RequestEvidence.objects.filter(request=request).count() == 3
    shown = signed_in(auditor).get(page(request)).content.decode()
    assert "a.csv" in shown
    assert "All of it." in shown


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"submit": "on"},
        {"note": "\0"},
        {"evidence": "EV-0, EV-99999999999999999999999"},
        {"note": "x", "period_from": "0001-01-01", "period_to": "9999-12-31"},
        {"note": "x", "period_from": "2026-02-01"},
        {"note": "x", "kind": "nonsense"},
        {"note": "x" * 5000},
        {"note": "x", "version": "0"},
        {"note": "x", "version": "99999999999999999999"},
    ],
)
def test_bad_answers_change_nothing(engagement: Engagement, owner: User, said: dict[str, str]):
    request = a_request(engagement, owner=owner)
    assert signed_in(owner).post(page(request, "respond"), version(request) | said).status_code == 422
    request.refresh_from_db()
    assert (request.state, RequestComment.objects.count(), RequestEvidence.objects.count()) == ("open", 0, 0)


def test_a_file_says_where_it_comes_from(engagement: Engagement, owner: User):
    request = a_request(engagement, owner=owner)
    sent = version(request) | {"file": SimpleUploadedFile("a.csv", b"a,b\n"), "submit": "on"}
    answer = signed_in(owner).post(page(request, "respond"), sent)
    assert (answer.status_code, Evidence.objects.count()) == (422, 0)
    sent["file"] = SimpleUploadedFile("a.csv", b"\x7fELF" + bytes(300))
    answer = signed_in(owner).post(page(request, "respond"), sent | {"source_system": "Okta"})
    assert (answer.status_code, Evidence.objects.count()) == (422, 0)


def test_the_auditor_asks_comments_returns_and_accepts(engagement: Engagement, owner: User, auditor: User):
    client = signed_in(auditor)
    sent: dict[str, Any] = {
        "engagement": engagement.pk,
        "title": "List of leavers",
        "kind": "population",
        "sending": "one",
    }
    assert client.post(f"{LIST}new/", sent).status_code == 302
    assert client.post(f"{LIST}new/", sent).status_code == 422, "sent twice"
    request = Request.objects.get()
    assert (request.raised_by, request.owner) == (auditor, None)
    assert client.post(page(request, "comment"), version(request) | {"text": "With dates."}).status_code == 302
    about = RequestComment.objects.get()
    assert f'href="/audits/{engagement.pk}/requests/"' in client.get(page(request)).content.decode()
    sent = version(request) | {"text": "From HR.", "answers": str(about.pk)}
    assert client.post(page(request, "comment"), sent).status_code == 302
    request = actions.submit(request, actor=UserFactory(role="compliance_manager"), note="Here.")
    sent = version(request) | {"reason": "No dates."}
    assert client.post(page(request, "return"), sent).status_code == 302
    assert client.post(page(request, "return"), sent).status_code == 422, "as somebody else saw it"
    request.refresh_from_db()
    request = actions.submit(request, actor=UserFactory(role="compliance_manager"), note="With dates.")
    assert client.post(page(request, "accept"), version(request)).status_code == 302
    assert client.post(page(request, "withdraw"), version(request) | {"reason": "No."}).status_code == 422


def test_whoever_judges_an_answer_sees_what_was_handed_in(engagement: Engagement, owner: User, auditor: User):
    request = a_request(engagement, owner=owner)
    item = evidence(actor=owner, title="Leavers of the quarter")
    request = actions.respond(request, actor=owner, evidence=item.ref, note="All of them.", submit=True)
    for verb in ("accept", "return"):
        words = signed_in(auditor).get(page(request, verb)).content.decode()
        assert "Leavers of the quarter" in words
        assert f"/{RequestEvidence.objects.get().pk}/file/" in words
        assert "Take back" not in words


def test_what_is_managements_is_refused_to_the_auditor(engagement: Engagement, owner: User, auditor: User):
    request = a_request(engagement, owner=owner)
    item = evidence(actor=owner)
    actions.respond(request, actor=owner, evidence=item.ref, note="More will come.")
    link = RequestEvidence.objects.get()
    client, count = signed_in(auditor), Entry.objects.filter(outcome="ok").count()
    for verb in ("edit", "respond", "submit", "assign", "remind", "link-control", "link-criterion"):
        assert client.post(page(request, verb), version(request) | {"note": "x"}).status_code == 403, verb
    assert client.post(f"{LIST}evidence/{link.pk}/unlink/", {"version": "1", "reason": "x"}).status_code == 403
    for verb in ("accept", "return", "comment", "withdraw"):
        answer = client.post(f"/api/v1/requests/{request.pk}/{verb}/", {}, "application/json")
        assert answer.status_code == 403, verb
    assert client.post("/api/v1/requests/", {}, "application/json").status_code == 403
    assert Entry.objects.filter(outcome="ok").count() == count


def test_an_auditor_of_another_engagement_meets_nothing(engagement: Engagement, owner: User):
    request = a_request(engagement, owner=owner)
    item = evidence(actor=owner)
    actions.respond(request, actor=owner, evidence=item.ref, note="Here.")
    link, about = RequestEvidence.objects.get(), RequestComment.objects.get()
    client = signed_in(admitted(EngagementFactory(), UserFactory(role="auditor")))
    assert request.title not in client.get(LIST).content.decode()
    for verb in ("", "history", "trail", "comment", "accept", "return", "withdraw"):
        assert client.get(page(request, verb)).status_code == 404, verb
    for verb in ("comment", "accept", "return", "withdraw"):
        sent = version(request) | {"text": "x", "reason": "x", "answers": str(about.pk)}
        assert client.post(page(request, verb), sent).status_code == 404, verb
    assert client.get(f"{LIST}evidence/{link.pk}/file/").status_code == 404
    assert client.get(f"/api/v1/requests/{request.pk}/").status_code == 404
    sent = {"engagement": engagement.pk, "title": "x", "kind": "sample"}
    assert client.post(f"{LIST}new/", sent).status_code == 422


def test_the_day_after_expiry_the_auditor_is_out(engagement: Engagement, auditor: User):
    request = a_request(engagement, state="submitted")
    window = AuditorWindow.objects.get(user=auditor)
    with time_machine.travel(window.closes_at + timedelta(days=1)):
        client = signed_in(auditor)
        assert client.get(page(request)).status_code == 404
        assert client.get(LIST).status_code == 404
        assert client.post(page(request, "accept"), version(request)).status_code == 404
        assert client.post(f"{LIST}new/", {"title": "x"}).status_code == 404
    request.refresh_from_db()
    assert request.state == "submitted"


def test_the_auditor_opens_what_was_handed_in_whatever_it_is_linked_to(
    engagement: Engagement, owner: User, auditor: User, employee: User
):
    request = a_request(engagement, owner=owner)
    item = evidence(actor=owner, content=b"the very bytes")
    actions.respond(request, actor=owner, evidence=item.ref, note="Here.")
    link = RequestEvidence.objects.get()
    address = f"{LIST}evidence/{link.pk}/file/"
    client = signed_in(auditor)
    assert client.get(f"/evidence/{item.pk}/download/").status_code == 404, "it is linked to no control of his"
    assert b"".join(client.get(address).streaming_content) == b"the very bytes"
    assert Entry.objects.filter(verb="file.downloaded", actor_id=auditor.pk).count() == 1
    assert signed_in(employee).get(address).status_code == 404
    link.refresh_from_db()
    actions.unlink(link, actor=owner, reason="The wrong one.")
    assert client.get(address).status_code == 404


def test_a_closed_engagement_offers_and_takes_nothing(engagement: Engagement, owner: User, compliance: User):
    request = a_request(engagement, owner=owner)
    tab = f"/audits/{engagement.pk}/requests/"
    assert "Going on" in signed_in(compliance).get(tab).content.decode()
    closed(engagement, compliance)
    left = signed_in(compliance).get(tab).content.decode()
    assert "Left open" in left
    assert "Going on" not in left
    shown = signed_in(owner).get(page(request)).content.decode()
    assert "/respond/" not in shown
    assert "/comment/" not in shown
    sent = version(request) | {"note": "Here.", "submit": "on"}
    assert signed_in(owner).post(page(request, "respond"), sent).status_code == 422
    assert signed_in(compliance).get(page(request, "edit")).status_code == 403
    assert requests_work(owner) == []


def test_my_work_is_each_ones_own(engagement: Engagement, owner: User, compliance: User, auditor: User):
    returned = a_request(engagement, owner=owner, state="returned", auditor=auditor)
    loose = a_request(engagement, due_on=today() - timedelta(days=1))
    waits = a_request(engagement, owner=owner, state="submitted")
    a_request(EngagementFactory(), state="submitted")
    assert [(item.ref, item.kind) for item in requests_work(owner)] == [(returned.ref, "Returned by the auditor")]
    assert [(item.ref, item.kind) for item in requests_work(compliance)] == [(loose.ref, "Not assigned")]
    assert [item.ref for item in requests_work(auditor)] == [waits.ref, returned.ref, loose.ref]
    assert waits.title in signed_in(auditor).get("/").content.decode()


def test_people_are_told(engagement: Engagement, owner: User, compliance: User, auditor: User):
    stranger = admitted(EngagementFactory(), UserFactory(role="auditor"))
    request = a_request(engagement, owner=owner)
    telling = news.assigned.find(request.pk)
    assert telling is not None
    assert list(telling.people) == [owner]
    assert news.submitted.find(request.pk) is None
    actions.remind(request, actor=compliance)
    request = actions.submit(request, actor=owner, note="Here.")
    telling = news.submitted.find(request.pk)
    assert telling is not None
    assert list(telling.people) == [auditor], f"and not {stranger}"
    actions.give_back(request, actor=auditor, reason="No dates.")
    assert news.returned.find(request.pk) is not None
    closed(engagement, compliance)
    assert news.returned.find(request.pk) is None, "nobody can answer it any more"
    assert Job.objects.filter(title=f"Tell of request {request.pk}").count() == 4


def test_the_list_is_narrowed(engagement: Engagement, owner: User, compliance: User):
    late = a_request(engagement, owner=owner, due_on=today() - timedelta(days=3), kind="sample")
    loose, waits = a_request(engagement), a_request(engagement, state="submitted")
    client = signed_in(compliance)

    def found(asked: str) -> set[str]:
        shown = client.get(f"{LIST}{asked}").content.decode()
        return {one.ref for one in (late, loose, waits) if one.title in shown}

    assert found("") == {late.ref, loose.ref, waits.ref}
    assert found("?due=late") == {late.ref}
    assert found("?due=judge") == {waits.ref}
    assert found(f"?owner={owner.pk}") == {late.ref}
    assert found("?owner=nobody&due=answer") == {loose.ref}
    assert found("?kind=sample") == {late.ref}
    assert found(f"?q={waits.ref}") == {waits.ref}
    assert client.get(f"{LIST}?state=nonsense").status_code == 422


def test_a_token_answers_by_the_api(engagement: Engagement, owner: User):
    request = a_request(engagement, owner=owner)
    ask = caller(owner, "read", "write")
    answer = ask.post(f"/api/v1/requests/{request.pk}/submit/", {"note": "Here."}, request.version)
    assert (answer.status_code, answer.json()["state"]) == (200, "submitted")


def test_queries_do_not_grow(engagement: Engagement, owner: User, compliance: User, auditor: User):
    def asked(user: User, address: str) -> int:
        client = signed_in(user)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
            assert (answer.status_code, answer.getvalue() != b"") == (200, True)  # a file asks while it is read
        return len(queries)

    def grow(count: int) -> None:
        for _ in range(count):
            request = a_request(engagement, by=compliance, owner=owner)
            said = actions.comment(request, actor=owner, text="One.")
            actions.comment(request, actor=compliance, text="Two.", answers=said.pk)
        one = Request.objects.order_by("id").first()
        for _ in range(count):
            item = evidence(actor=owner)
            one.refresh_from_db()
            actions.respond(one, actor=owner, evidence=item.ref, note="More.")

    grow(3)
    first = Request.objects.order_by("id").first()
    pages = (LIST, f"{LIST}export.csv", page(first), f"/audits/{engagement.pk}/requests/")
    seen = [(user, one) for user in (compliance, auditor) for one in pages] + [(owner, LIST), (owner, page(first))]
    few = [asked(user, one) for user, one in seen]
    grow(27)
    assert [asked(user, one) for user, one in seen] == few
