"""The pages of controls: what they show, what they refuse, where they lead, what they cost."""

import csv
import datetime
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from controls import actions
from controls.models import Applicability, Category, Control, Criterion, Mapping, Status
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.trail.keep import save
from foundation.trail.models import Entry
from tests.factories.controls import ControlFactory, link, small_framework


@pytest.fixture
def controls(owner: User, compliance: User, tmp_path):
    small_framework(tmp_path)
    actions.change_scope(Category.objects.get(slug="availability"), actor=compliance, in_scope=True, reason="Asked.")
    made = {
        "OWN": ControlFactory(ref="OWN", name="Owned", owner=owner, status=Status.IN_PROGRESS),
        "NIL": ControlFactory(ref="NIL", name="Nobody's", review_date=today() - datetime.timedelta(days=3)),
        "AVL": ControlFactory(ref="AVL", name="Uptime", owner=compliance, status=Status.IMPLEMENTED),
        "PRV": ControlFactory(ref="PRV", name="Notice", owner=compliance),
    }
    for ref, code in {"OWN": "CC1.1", "NIL": "CC1.2", "AVL": "A1.1", "PRV": "P1.1"}.items():
        link(made[ref], code)
    return made


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, control: Control | None = None, **query: Any) -> str:
    return reverse(f"controls:{name}", args=[control.pk] if control else [], query=query)


def last_verb() -> str:
    return Entry.objects.order_by("id").last().verb


def send(user: User, name: str, control: Control, **data):
    fresh = Control.objects.get(pk=control.pk)
    return signed_in(user).post(url(name, control), {"version": fresh.version, **data})


def test_an_owner_updates_a_status_in_one_step_and_comes_back(controls, owner: User):
    data = {"status": "implemented", "note": "Live since Monday.", "next": "/matrix/?state=weak"}
    answer = send(owner, "control-update-status", controls["OWN"], **data)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/matrix/?state=weak")
    control = Control.objects.get(ref="OWN")
    assert (control.status, control.status_note) == (Status.IMPLEMENTED, "Live since Monday.")
    assert last_verb() == "control.status_updated"


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "http:\\\\evil.example"]
)
def test_nobody_is_led_away(controls, owner: User, where):
    answer = send(owner, "control-update-status", controls["OWN"], status="planned", note="Back.", next=where)
    assert answer.headers["Location"] == controls["OWN"].get_absolute_url()


def test_htmx_gets_the_form_alone_and_then_the_status_alone(controls, owner: User):
    client, address = signed_in(owner), url("control-update-status", controls["OWN"])
    form = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<form" in form
    assert "<html" not in form
    data = {"status": "implemented", "note": "Done.", "version": controls["OWN"].version}
    done = client.post(address, data, headers={"HX-Request": "true"}).content.decode()
    assert "Implemented" in done
    assert "<html" not in done


def test_a_refused_form_says_why_and_changes_nothing(controls, owner: User):
    before = Entry.objects.filter(object_type="controls.control").count()
    answer = send(owner, "control-update-status", controls["OWN"], status="retired", note="Away.")
    assert answer.status_code == 422
    answer = send(owner, "control-update-status", controls["OWN"], status="implemented", note="")
    assert answer.status_code == 422
    stale = {"status": "implemented", "note": "Done.", "version": 99}
    answer = signed_in(owner).post(url("control-update-status", controls["OWN"]), stale)
    assert answer.status_code == 422
    assert "while you were reading" in answer.content.decode()
    assert Control.objects.get(ref="OWN").status == Status.IN_PROGRESS
    assert Entry.objects.filter(object_type="controls.control").count() == before


VERBS = [
    "control-update-status", "control-propose-not-applicable", "control-approve-not-applicable",
    "control-decline-not-applicable", "control-review", "control-reword", "control-map-criteria",
]  # fmt: skip


@pytest.mark.parametrize("name", VERBS)
def test_who_sees_a_control_without_the_verb_is_refused_and_who_does_not_see_it_finds_nothing(
    controls, colleague: User, employee: User, outsider: User, auditor: User, compliance: User, name
):
    def answers(user):
        client = signed_in(user)
        return client.get(url(name, controls["OWN"])).status_code, client.post(url(name, controls["OWN"])).status_code

    assert answers(colleague) == (403, 403)
    assert answers(auditor)[1] == 403
    assert answers(auditor)[0] == 403
    assert answers(employee) == (404, 404)
    assert answers(outsider) == (404, 404)
    assert answers(compliance) == (200, 422)


def test_two_people_take_a_control_out(controls, owner: User, compliance: User):
    send(owner, "control-propose-not-applicable", controls["OWN"], reason="No office.")
    assert Control.objects.get(ref="OWN").awaits_second_person
    page = signed_in(compliance).get(controls["OWN"].get_absolute_url()).content.decode()
    assert url("control-approve-not-applicable", controls["OWN"]) in page
    answer = send(compliance, "control-approve-not-applicable", controls["OWN"], note="")
    assert answer.status_code == 302
    assert Control.objects.get(ref="OWN").status == Status.NOT_APPLICABLE


def test_the_proposer_cannot_approve_not_even_by_hand(controls, compliance: User):
    send(compliance, "control-propose-not-applicable", controls["OWN"], reason="No office.")
    page = signed_in(compliance).get(controls["OWN"].get_absolute_url()).content.decode()
    assert url("control-approve-not-applicable", controls["OWN"]) not in page
    assert send(compliance, "control-approve-not-applicable", controls["OWN"], note="").status_code == 403
    assert Control.objects.get(ref="OWN").status == Status.IN_PROGRESS


def test_criteria_are_changed_with_a_rationale_each(controls, compliance: User):
    control, one, two = controls["OWN"], *(Criterion.objects.get(code=code) for code in ("CC1.1", "CC2.1"))
    links = sum(Mapping.objects.filter(control=control).values_list("version", flat=True))
    ticks = {f"link_{two.pk}": "on", f"why_{two.pk}": "It informs.", "reason": "Moved."}
    assert (
        send(compliance, "control-map-criteria", control, links=links, **ticks | {f"why_{two.pk}": ""}).status_code
        == 422
    )
    assert send(compliance, "control-map-criteria", control, links=links + 1, **ticks).status_code == 422
    assert send(compliance, "control-map-criteria", control, links=links, **ticks).status_code == 302
    live = Mapping.objects.live().filter(control=control)
    assert [(link.criterion, link.rationale) for link in live] == [(two, "It informs.")]
    assert Mapping.objects.get(control=control, criterion=one).archived_at is not None


def test_a_wording_starts_from_the_one_in_force(controls, compliance: User):
    words = {"who": "The lead", "what": "looks", "how_often": "daily", "on_what": "on it", "reason": "New."}
    send(compliance, "control-reword", controls["OWN"], effective_from=today().isoformat(), **words)
    page = signed_in(compliance).get(url("control-reword", controls["OWN"])).content.decode()
    assert 'value="The lead"' in page
    assert (
        "The lead looks, daily, on it."
        in signed_in(compliance).get(controls["OWN"].get_absolute_url()).content.decode()
    )


def test_ticked_controls_change_all_or_none(controls, compliance: User, owner: User, colleague: User, auditor: User):
    client, address = signed_in(compliance), url("control-assign-owner")
    pks = [controls["NIL"].pk, controls["AVL"].pk]
    asked = client.post(address, {"pk": pks})
    assert asked.status_code == 200
    assert "Nobody&#x27;s" in asked.content.decode()
    assert Control.objects.get(ref="NIL").owner is None
    data = {"pk": pks, "confirmed": "1", "owner": colleague.pk, "reason": "Reorganised."}
    assert client.post(address, data).status_code == 302
    assert {c.owner for c in Control.objects.filter(pk__in=pks)} == {colleague}

    assert client.post(address, {**data, "pk": [*pks, 999999]}).status_code == 404
    assert client.post(address, {**data, "pk": ["x"]}).status_code == 404
    assert client.post(address, {**data, "owner": auditor.pk}).status_code == 422
    assert client.get(address).status_code == 405
    assert signed_in(owner).post(address, data).status_code == 403

    day = (today() + datetime.timedelta(days=9)).isoformat()
    later = {"pk": pks, "confirmed": "1", "review_date": day, "reason": "Moved."}
    assert client.post(url("control-change-review-date"), later).status_code == 302
    assert {c.review_date.isoformat() for c in Control.objects.filter(pk__in=pks)} == {day}
    past = client.post(url("control-change-review-date"), {**later, "review_date": today().isoformat()})
    assert past.status_code == 422
    assert past.context["form"].errors["review_date"] == ["The next review must lie ahead."]


def test_a_review_day_that_has_passed_stays_but_is_not_set(controls, compliance: User):
    control, client = controls["NIL"], signed_in(compliance)
    address = url("control-edit", control)
    data = {"ref": "NIL", "name": "Renamed", "review_date": control.review_date, "version": control.version}
    past = client.post(address, {**data, "review_date": today().isoformat()})
    assert past.status_code == 422
    assert past.context["form"].errors["review_date"] == ["The next review must lie ahead."]
    assert client.post(address, data).status_code == 302


def refs(client: Client, **query: Any) -> list[str]:
    answer = client.get(url("control-list", **query))
    assert answer.status_code == (422 if "nonsense" in query.values() else 200)
    return [row.name.split()[0] for row in answer.context["table"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["AVL", "NIL", "OWN", "PRV"]),
        ({"q": "uptime"}, ["AVL"]),
        ({"status": "in_progress"}, ["OWN"]),
        ({"owner": "nobody"}, ["NIL"]),
        ({"category": "security"}, ["NIL", "OWN"]),
        ({"gap": "owner"}, ["NIL"]),
        ({"gap": "review"}, ["NIL"]),
        ({"gap": "wording"}, ["AVL", "NIL", "OWN", "PRV"]),
        ({"gap": "criteria"}, []),
        ({"sort": "-ref"}, ["PRV", "OWN", "NIL", "AVL"]),
        ({"status": "nonsense"}, []),
    ],
)
def test_the_list_is_narrowed_live_and_as_it_stood(controls, compliance: User, query, expected):
    client = signed_in(compliance)
    assert refs(client, **query) == expected
    then = timezone.now().isoformat()
    words = {"who": "She", "what": "looks", "how_often": "daily", "on_what": "on it", "reason": "New."}
    for control in Control.objects.all():
        actions.set_criteria(control, {}, actor=compliance, reason="Gone.")
        actions.reword(control, actor=compliance, effective_from=today() - datetime.timedelta(days=9), **words)
    actions.assign_owner([Control.objects.get(ref="NIL")], actor=compliance, owner=compliance, reason="Hers.")
    actions.review(Control.objects.get(ref="NIL"), actor=compliance, note="Seen.")
    actions.update_status(Control.objects.get(ref="OWN"), actor=compliance, status="implemented", note="Done.")
    assert refs(client, as_of=then, **query) == expected


def test_the_list_is_narrowed_to_a_series_or_a_criterion(controls, compliance: User):
    client, criterion = signed_in(compliance), Criterion.objects.get(code="CC1.2")
    assert refs(client, criterion=f"criterion-{criterion.pk}") == ["NIL"]
    assert refs(client, criterion=f"series-{criterion.series_id}") == ["NIL", "OWN"]


def test_an_auditor_sees_the_controls_of_his_categories(controls, auditor: User):
    client = signed_in(auditor)
    assert refs(client) == ["AVL", "NIL", "OWN"]
    assert client.get(controls["PRV"].get_absolute_url()).status_code == 404


def test_the_csv_holds_data_where_the_page_holds_words(controls, compliance: User, owner: User):
    client = signed_in(compliance)
    page = client.get(reverse("controls:control-list")).content.decode()
    assert "No owner" in page
    assert f"{controls['NIL'].review_date} overdue" in page
    rows = list(csv.DictReader(io.StringIO(client.get(url("control-csv")).getvalue().decode("utf-8-sig"))))
    nil, own = (next(row for row in rows if row["Ref"] == ref) for ref in ("NIL", "OWN"))
    assert (nil["Owner"], nil["Next review"], nil["Status"]) == ("", str(controls["NIL"].review_date), "Planned")
    assert (own["Owner"], own["Next review"]) == ("Oskar Owner", "")
    owner.is_active = False
    save(owner, actor=compliance, verb="user.deactivated")
    assert "Oskar Owner (deactivated)" in client.get(reverse("controls:control-list")).content.decode()
    assert b"(deactivated)" not in client.get(url("control-csv")).getvalue()


def test_the_scope_is_read_by_many_and_changed_by_one(controls, compliance: User, owner: User, outsider: User):
    categories = {category.slug: category for category in Category.objects.all()}
    seen = " ".join(f"{c.pk}:{c.version}" for c in sorted(categories.values(), key=lambda c: c.position))
    data = {f"category_{categories['privacy'].pk}": "on", "reason": "Customers ask.", "seen": seen}
    assert signed_in(owner).get(url("scope")).status_code == 200
    assert signed_in(owner).post(url("scope"), data).status_code == 403
    assert signed_in(outsider).get(url("scope")).status_code == 404
    assert signed_in(compliance).post(url("scope"), data).status_code == 302
    assert {c.slug for c in Category.objects.filter(in_scope=True)} == {"security", "privacy"}
    again = signed_in(compliance).post(url("scope"), data)
    assert again.status_code == 422
    assert "while you were reading" in again.content.decode()


def test_a_criterion_s_applicability_is_changed(controls, compliance: User, owner: User):
    criterion = Criterion.objects.get(code="CC1.1")
    address = reverse("controls:criterion-change-applicability", args=[criterion.pk])
    carved = {"applicability": "carved_out", "reason": "They run the rooms.", "version": criterion.version}
    assert signed_in(owner).post(address, carved).status_code == 403
    assert signed_in(compliance).post(address, carved).status_code == 422
    assert signed_in(compliance).post(address, {**carved, "subservice_organisation": "A host"}).status_code == 302
    assert Criterion.objects.get(code="CC1.1").applicability == Applicability.CARVED_OUT
    stale = {"applicability": "applicable", "reason": "Back.", "version": criterion.version}
    assert signed_in(compliance).post(address, stale).status_code == 422


def test_the_matrix_page_and_its_csv_show_the_same(controls, compliance: User, outsider: User):
    client = signed_in(compliance)
    page = client.get(reverse("matrix")).content.decode()
    for words in ("CC1.1", "No control in scope.", "No owner", "None recorded"):
        assert words in page
    answer: Any = client.get(reverse("matrix-csv"))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert [line.split(",")[1] for line in io.StringIO(text).readlines()] == [
        "Criterion",
        "CC1.1",
        "CC1.2",
        "CC2.1",
        "A1.1",
    ]
    assert last_verb() == "matrix.exported"
    assert signed_in(outsider).get(reverse("matrix")).status_code == 404
    assert signed_in(outsider).get(reverse("matrix-csv")).status_code == 404


def test_the_matrix_offers_the_status_only_to_whom_it_is_given(controls, owner: User, auditor: User):
    page = signed_in(owner).get(reverse("matrix")).content.decode()
    assert url("control-update-status", controls["OWN"]) in page
    assert url("control-update-status", controls["NIL"]) not in page
    assert "/status/" not in signed_in(auditor).get(reverse("matrix")).content.decode()
    past = signed_in(owner).get(reverse("matrix", query={"as_of": "2020-01-01"})).content.decode()
    assert "/status/" not in past


@pytest.mark.parametrize("page", ["list", "detail", "matrix", "scope"])
def test_a_page_costs_the_same_for_three_controls_and_thirty(
    controls, page, compliance: User, owner: User, auditor: User, django_assert_max_num_queries
):
    addresses = {
        "list": url("control-list"),
        "detail": controls["OWN"].get_absolute_url(),
        "matrix": reverse("matrix"),
        "scope": url("scope"),
    }

    def cost(user):
        client = signed_in(user)
        client.get(addresses[page])
        with django_assert_max_num_queries(99) as queries:
            assert client.get(addresses[page]).status_code == 200
        return len(queries)

    few = [cost(user) for user in (compliance, owner, auditor)]
    for _ in range(27):
        control = ControlFactory(owner=owner)
        link(control, "CC1.1", "CC2.1")
    assert [cost(user) for user in (compliance, owner, auditor)] == few
    assert max(few[:2]) <= (16 if page == "matrix" else 12)  # the matrix asks two more registers for their columns
