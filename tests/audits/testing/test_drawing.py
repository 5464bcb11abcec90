"""An auditor draws from frozen populations; the company hands in for each item; nothing drawn is ever edited."""

import csv
import io
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction
from django.test import Client

from audits.models import Engagement
from audits.models.requests import Request, RequestEvidence
from audits.models.testing import AuditSample, ItemEvidence, SampleItem
from audits.requests import actions as requests
from audits.testing import drawing, lines
from controls.models import Control
from evidence.actions import Source, withdraw
from evidence.models import PopulationItem, Sample
from evidence.sampling.actions import draw, redrawn
from evidence.sampling.drawing import random_sample
from foundation.accounts.models import User
from foundation.trail.guards import lifted
from foundation.trail.models import Entry, audited_bulk
from tests.factories.assessments import fresh
from tests.factories.controls import ControlFactory
from tests.factories.evidence import evidence
from tests.factories.people import EngagementFactory, UserFactory, admitted
from tests.factories.requests import closed
from tests.factories.testing import a_population, a_test, drawn, in_fieldwork
from tests.factories.tokens import caller

pytestmark = pytest.mark.django_db
GITHUB = {"title": "Merges", "kind": "export", "source": Source(system="GitHub")}


@pytest.fixture
def control(engagement: Engagement, owner: User) -> Control:
    return in_fieldwork(engagement, owner=owner)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_auditor_draws_and_the_company_is_asked_for_each_item(
    engagement: Engagement, control: Control, auditor: User
):
    ours = drawn(engagement, control, auditor, size=5)
    sample, request = ours.sample, ours.request
    assert (sample.purpose, sample.drawn_by, sample.seed) == ("audit", auditor, "the auditor's own")
    keys = list(sample.population.items().values_list("key", flat=True))
    assert [line.item.key for line in ours.items.all()] == [pick.key for pick in random_sample(keys, 5, sample.seed)]
    assert (request.kind, request.engagement, request.owner, request.state) == ("sample", engagement, None, "open")
    assert [link.control for link in request.control_links.all()] == [control]
    assert redrawn(sample) is True


def test_management_never_draws_for_an_engagement_and_its_own_draw_is_a_self_test(
    engagement: Engagement, control: Control, auditor: User, compliance: User, owner: User
):
    found = a_population(control)
    for person in (compliance, owner):
        with pytest.raises(PermissionDenied):
            drawing.draw_for(engagement, found, actor=person, method="random", size=2, seed="s")
    own = draw(found, actor=compliance, method="random", size=2, seed="s")
    assert own.purpose == "self_test"
    ours = drawing.draw_for(engagement, found, actor=auditor, method="random", size=2, seed="s")
    assert ours.sample.redraws is None, "management's self-test is not drawn again by the auditor"


def test_list_files_and_api_say_whose_draw_it_is(
    engagement: Engagement, control: Control, auditor: User, compliance: User
):
    ours = drawn(engagement, control, auditor)
    own = draw(ours.sample.population, actor=compliance, method="random", size=2, seed="s")
    client, api = signed_in(compliance), caller(compliance, "read")
    page = client.get("/evidence/samples/?purpose=audit").content.decode()
    assert "Drawn by the auditor" in page
    assert own.get_absolute_url() not in page
    assert own.get_absolute_url() in client.get("/evidence/samples/").content.decode()
    body = b"".join(client.get("/evidence/samples/export.csv").streaming_content).decode("utf-8-sig")
    told = {row["For"] for row in csv.DictReader(io.StringIO(body))}
    assert told == {"Drawn by the auditor", "Management self-test"}
    assert api.get(f"/api/v1/samples/{ours.sample_id}/").json()["purpose"] == "audit"
    assert api.get(f"/api/v1/audit-samples/{ours.pk}/").json()["ref"] == ours.ref


def test_an_auditor_draws_for_the_engagement_of_his_window_alone(engagement: Engagement, control: Control):
    stranger = admitted(EngagementFactory(), UserFactory(role="auditor"))
    with pytest.raises(PermissionDenied):
        drawing.draw_for(engagement, a_population(control), actor=stranger, method="random", size=2, seed="s")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"seed": " "}, "seed"),
        ({"size": None}, "size"),
        ({"size": 0}, "size"),
        ({"size": 13}, "size"),
        ({"method": "haphazard", "keys": ["PR-9999"], "reason": "Large ones."}, "keys"),
        ({"method": "targeted", "keys": ["PR-0001"]}, "reason"),
    ],
)
def test_what_is_no_draw_is_refused(
    engagement: Engagement, control: Control, auditor: User, said: dict[str, Any], field: str
):
    with pytest.raises(ValidationError) as refused:
        drawing.draw_for(
            engagement, a_population(control), actor=auditor, **({"method": "random", "size": 2, "seed": "s"} | said)
        )
    assert field in refused.value.message_dict
    assert not Request.objects.filter(kind="sample").exists()


def test_nothing_is_drawn_from_what_was_withdrawn_altered_or_is_of_another_engagement(
    engagement: Engagement, control: Control, auditor: User, compliance: User
):
    said = {"actor": auditor, "method": "random", "size": 2, "seed": "s"}
    gone = a_population(control)
    withdraw(gone.evidence, actor=compliance, reason="Filtered.")
    with pytest.raises(ValidationError, match="freeze another"):
        drawing.draw_for(engagement, gone, **said)
    altered = a_population(control, query="is:merged base:main")
    with lifted(connection):
        PopulationItem.objects.filter(population=altered, position=1).update(key="PR-0000")
    with pytest.raises(ValidationError, match="hash differs"):
        drawing.draw_for(engagement, altered, **said)
    elsewhere = a_population(ControlFactory(ref="OUT-01"))
    with pytest.raises(ValidationError, match="not about this engagement"):
        drawing.draw_for(engagement, elsewhere, **said)


def test_drawing_again_takes_a_reason_and_makes_another(engagement: Engagement, control: Control, auditor: User):
    ours = drawn(engagement, control, auditor)
    again = {"actor": auditor, "method": "random", "size": 7, "seed": "another"}
    with pytest.raises(ValidationError, match="stands already"):
        drawing.draw_for(engagement, ours.sample.population, **again)
    more = drawing.draw_for(engagement, ours.sample.population, reason="One exception in five.", **again)
    assert more.sample.redraws == ours.sample


def test_the_database_keeps_what_was_drawn(engagement: Engagement, control: Control, auditor: User):
    ours = drawn(engagement, control, auditor)
    for rows, change in (
        (AuditSample.objects.filter(pk=ours.pk), {"engagement": EngagementFactory().pk}),
        (SampleItem.objects.filter(audit_sample=ours), {"number": 99}),
        (Sample.objects.filter(pk=ours.sample_id), {"purpose": "self_test"}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), audited_bulk("test"):
            rows.update(**change)


# ---- replacing -----------------------------------------------------------------------------------------------------


def test_a_replaced_item_gives_way_to_the_next_of_the_same_order(
    engagement: Engagement, control: Control, auditor: User
):
    ours = drawn(engagement, control, auditor, size=5)
    keys = list(ours.sample.population.items().values_list("key", flat=True))
    order = [pick.key for pick in random_sample(keys, len(keys), ours.sample.seed)]
    new = drawing.replace_item(ours, actor=auditor, item=2, reason="The repository is gone.")
    assert (new.number, new.item.key, new.replaces.number) == (6, order[5], 2)
    again = drawing.replace_item(ours, actor=auditor, item=6, reason="This one, too.")
    assert again.item.key == order[6]
    assert SampleItem.objects.filter(audit_sample=ours).count() == 7
    with pytest.raises(ValidationError, match="replaced already"):
        drawing.replace_item(ours, actor=auditor, item=2, reason="Again.")
    assert Entry.objects.filter(verb="sampleitem.replaced").count() == 2


def test_of_a_picked_sample_the_auditor_names_what_comes_instead(
    engagement: Engagement, control: Control, auditor: User
):
    ours = drawn(
        engagement,
        control,
        auditor,
        size=None,
        seed="",
        method="haphazard",
        keys=["PR-0003", "PR-0005"],
        reason="Spread.",
    )
    for key in ("", "PR-0003", "PR-9999"):
        with pytest.raises(ValidationError):
            drawing.replace_item(ours, actor=auditor, item=1, reason="Gone.", key=key)
    assert drawing.replace_item(ours, actor=auditor, item=1, reason="Gone.", key="PR-0004").item.key == "PR-0004"


def test_only_the_auditor_replaces_and_only_with_a_reason_while_there_is_another(
    engagement: Engagement, control: Control, auditor: User, compliance: User
):
    ours = drawn(engagement, control, auditor, size=12)
    with pytest.raises(PermissionDenied):
        drawing.replace_item(ours, actor=compliance, item=1, reason="Awkward.")
    with pytest.raises(ValidationError):
        drawing.replace_item(ours, actor=auditor, item=1, reason=" ")
    with pytest.raises(ValidationError, match="no other"):
        drawing.replace_item(ours, actor=auditor, item=1, reason="Gone.")


# ---- handing in ----------------------------------------------------------------------------------------------------


def test_one_move_hands_in_for_several_items(engagement: Engagement, control: Control, auditor: User, owner: User):
    ours = drawn(engagement, control, auditor, size=4)
    requests.assign(ours.request, actor=owner, owner=owner)
    lines.hand_in_for(ours, actor=owner, items=[1, 2, 3], files=[ContentFile(b"a\n1\n", "a.csv")], **GITHUB)
    link = RequestEvidence.objects.get(request=ours.request)
    assert [one.item.number for one in ItemEvidence.objects.order_by("id")] == [1, 2, 3]
    lines.hand_in_for(ours, actor=owner, items=[3, 4], evidence=link.evidence.ref, submit=True)
    assert [one.item.number for one in ItemEvidence.objects.order_by("id")] == [1, 2, 3, 4]
    ours.request.refresh_from_db()
    assert ours.request.state == "submitted"
    with pytest.raises(ValidationError):
        lines.hand_in_for(ours, actor=owner, items=[1], evidence=link.evidence.ref)


@pytest.mark.parametrize("said", [{}, {"items": [1]}, {"items": [99], "evidence": "{ev}"}, {"evidence": "{ev}"}])
def test_what_is_handed_in_for_nothing_is_refused(
    engagement: Engagement, control: Control, auditor: User, owner: User, said: dict[str, Any]
):
    ours = drawn(engagement, control, auditor)
    said = {"items": []} | {
        name: value.format(ev=evidence(actor=owner).ref) if value == "{ev}" else value for name, value in said.items()
    }
    with pytest.raises(ValidationError):
        lines.hand_in_for(ours, actor=owner, **said)
    assert not RequestEvidence.objects.exists()


def test_what_was_handed_in_is_taken_back_until_it_is_submitted(
    engagement: Engagement, control: Control, auditor: User, owner: User
):
    ours = drawn(engagement, control, auditor, size=2)
    lines.hand_in_for(ours, actor=owner, items=[1, 2], evidence=evidence(actor=owner).ref)
    first, second = ItemEvidence.objects.order_by("id")
    lines.take_back(first, actor=owner, reason="It shows another.")
    requests.submit(ours.request, actor=owner)
    with pytest.raises(ValidationError):
        lines.take_back(second, actor=owner, reason="It shows another.")


# ---- pages ---------------------------------------------------------------------------------------------------------


def test_the_auditor_draws_on_the_engagements_tab(
    engagement: Engagement, control: Control, auditor: User, compliance: User
):
    found = a_population(control)
    tab, address = f"/audits/{engagement.pk}/tests/", f"/audits/{engagement.pk}/populations/{found.pk}/draw/"
    assert address in signed_in(auditor).get(tab).content.decode()
    assert address not in signed_in(compliance).get(tab).content.decode()
    assert signed_in(compliance).get(address).status_code == 403
    client = signed_in(auditor)
    form = client.get(address)
    assert form.context["form"]["seed"].value() == "", "the seed is his: none is offered"
    sent = {"version": "1", "method": "random", "size": "3", "reason": ""}
    assert client.post(address, sent | {"seed": ""}).status_code == 422
    answer = client.post(address, sent | {"seed": "4711", "due_on": "2030-01-15"})
    ours = AuditSample.objects.get()
    assert answer.headers["Location"] == ours.get_absolute_url()
    assert str(ours.request.due_on) == "2030-01-15"
    shown = client.get(ours.get_absolute_url()).content.decode()
    assert "Drawn by the auditor" in shown
    assert "the same keys" in shown


def test_management_s_page_neither_draws_nor_replaces_and_the_auditor_s_hands_in_nothing(
    engagement: Engagement, control: Control, auditor: User, compliance: User
):
    ours = drawn(engagement, control, auditor)
    home = ours.get_absolute_url()
    for verb, kept_out in (("replace-item", compliance), ("hand-in", auditor)):
        assert signed_in(kept_out).get(f"{home}{verb}/").status_code == 403
        assert (
            signed_in(kept_out).post(f"{home}{verb}/", {"version": "1", "item": "1", "reason": "x"}).status_code == 403
        )
    form = signed_in(auditor).get(f"{home}replace-item/").context["form"]
    assert form["item"].value() is None, "no item is chosen for him"
    assert next(iter(form.fields["item"].choices)) == ("", "Choose")
    assert signed_in(auditor).post(f"{home}replace-item/", {"version": "1", "reason": "x"}).status_code == 422
    assert signed_in(compliance).get(f"{home}hand-in/").status_code == 200
    page = signed_in(compliance).post(
        f"{home}hand-in/",
        {"version": "1", "items": ["1", "2"], "evidence": evidence(actor=compliance).ref, "note": "", "submit": ""},
    )
    assert page.status_code == 302, page.content.decode()[:3000]
    assert ItemEvidence.objects.count() == 2
    shown = signed_in(auditor).get(home).content.decode()
    assert "2 with evidence" in shown


def test_the_lines_and_the_rows_are_had_as_files(engagement: Engagement, control: Control, auditor: User):
    ours = drawn(engagement, control, auditor, size=3)
    drawing.replace_item(ours, actor=auditor, item=1, reason="Gone.")
    body = b"".join(signed_in(auditor).get(f"{ours.get_absolute_url()}lines.csv").streaming_content).decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(body)))
    assert [(row["number"], row["replaces"], row["replaced by"]) for row in table] == [
        ("1", "", "4"), ("2", "", ""), ("3", "", ""), ("4", "1", "")
    ]  # fmt: skip
    rows = signed_in(auditor).get(f"{ours.get_absolute_url()}population.csv")
    assert b"PR-0001" in b"".join(rows.streaming_content)
    assert Entry.objects.filter(verb="auditsample.downloaded").count() == 1


def test_who_answers_for_the_lines_has_not_every_row(
    engagement: Engagement, control: Control, auditor: User, employee: User, owner: User, compliance: User
):
    ours = drawn(engagement, control, auditor)
    home, rows = ours.get_absolute_url(), f"{ours.get_absolute_url()}population.csv"
    for person, opens in ((employee, 403), (owner, 200)):
        requests.assign(fresh(ours.request), actor=compliance, owner=person)
        client = signed_in(person)
        assert client.get(rows).status_code == opens, person
        assert (rows in client.get(home).content.decode()) is (opens == 200)
        assert client.get(f"{home}lines.csv").status_code == 200
    assert signed_in(auditor).get(rows).status_code == 200


def test_a_closed_engagement_draws_and_takes_nothing_more(
    engagement: Engagement, control: Control, auditor: User, owner: User, compliance: User
):
    ours = drawn(engagement, control, auditor)
    a_test(engagement, control, auditor, ours)
    closed(engagement, compliance)
    with pytest.raises(ValidationError):
        drawing.replace_item(ours, actor=auditor, item=1, reason="Gone.")
    with pytest.raises(ValidationError):
        lines.hand_in_for(ours, actor=owner, items=[1], evidence=evidence(actor=owner).ref)
    with pytest.raises(ValidationError):
        drawing.draw_for(
            engagement, ours.sample.population, actor=auditor, method="random", size=2, seed="s", reason="x"
        )
