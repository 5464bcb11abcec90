"""Freezing, drawing and reading on screen and by the API."""

import csv
import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evidence.actions import accept
from evidence.models import Evidence, Population, Sample
from evidence.sampling.actions import draw
from foundation.accounts.models import User
from foundation.trail.models import Entry
from tests.factories.evidence import evidence, operating
from tests.factories.people import UserFactory
from tests.factories.populations import population
from tests.factories.tokens import caller

SHEET = b"number,merged,title\n7,2026-07-14,Pay\n9,2026-08-02,=cmd\n8,2026-07-15,Log\n"
SAID = {
    "title": "Changes deployed", "kind": "changes", "origin": "file", "period_from": "2026-07-01",
    "period_to": "2026-09-30", "key_column": "Number", "day_column": "merged", "source_system": "GitHub",
    "query": "is:merged base:main", "source_total": "3",
}  # fmt: skip
NEW = "/evidence/populations/new/"

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sheet(content: bytes = SHEET, name: str = "changes.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "text/csv")


def test_a_file_is_frozen_and_told_with_its_proof(owner: User):
    control = operating("per_event", owner=owner)
    client = signed_in(owner)
    answer = client.post(NEW, SAID | {"file": sheet(), "controls": [control.pk], "reason": "All deployed."})
    made = Population.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, made.get_absolute_url())
    assert (made.key_column, made.columns, made.gaps["missing"]) == ("Number", ["title"], 0)
    page = client.get(made.get_absolute_url()).content.decode()
    for words in ("is:merged base:main", made.sha256, control.ref, "Equal", "business days without a row"):
        assert words in page
    rows = client.get(f"/evidence/populations/{made.pk}/rows.csv")
    assert rows.getvalue().decode().splitlines()[:2] == ["key,day,title", "7,2026-07-14,Pay"]
    assert Entry.objects.filter(verb="file.downloaded", object_type="evidence.population").count() == 1


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"source_total": "4"}, "source_total", "counts 4 and the list holds 3"),
        ({"source_total": ""}, "source_total", "whether the list is whole"),
        ({"query": ""}, "query", "whether the list is whole"),
        ({"key_column": "nr"}, "key_column", "The file has: number, merged, title"),
        ({"day_column": "title"}, None, "Line 2: “Pay” is no day"),
        ({"period_to": "2026-07-31"}, None, "Line 3: 2026-08-02 lies outside"),
        ({"period_to": "2026-06-01"}, "period_to", "ends before"),
        ({"file": None}, "file", "Choose the file"),
        ({"origin": "empty"}, "file", "has no file"),
        ({"origin": "elsewhere"}, "origin", "Select a valid choice"),
        ({"file": b"number,title\n1,a\n1,b\n", "day_column": "", "source_total": "2"}, None, "line 2 already"),
        ({"file": b"%PDF-1.7"}, "file", "This is a PDF"),
        ({"file": b"number\n"}, "file", "no rows below"),
    ],
)
def test_what_is_not_whole_is_refused_beside_its_field(owner: User, wrong: dict[str, Any], field: str, words: str):
    content = wrong.pop("file", SHEET) if "file" in wrong else SHEET
    data = SAID | wrong | ({"file": sheet(content)} if content else {})
    answer = signed_in(owner).post(NEW, data)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert any(words in error for error in form.errors.get(field or "__all__", [])), form.errors
    assert not Population.objects.exists()
    assert not Evidence.objects.exists()


def test_a_register_of_ours_is_frozen_by_whoever_sees_all_of_it(compliance: User, owner: User):
    operating(owner=owner)
    said = {"title": "Controls", "kind": "records", "origin": "controls"}
    client = signed_in(compliance)
    days = {name: client.get(NEW).context["form"][name].value() for name in ("period_from", "period_to")}
    assert client.post(NEW, said | days).status_code == 302
    made = Population.objects.get()
    assert (made.source_system, made.row_count, made.evidence.stamped) == ("Countersign", 1, True)
    assert made.evidence.connector == "Countersign: controls"


def test_a_register_proves_nothing_about_another_kind(compliance: User):
    """Incidents that found nothing are no proof that no vendor was approved."""
    client = signed_in(compliance)
    days = {name: client.get(NEW).context["form"][name].value() for name in ("period_from", "period_to")}
    for origin, kind in (("incidents", "vendors"), ("vendors_approved", "incidents"), ("controls", "other")):
        answer = client.post(NEW, {"title": "Nothing", "kind": kind, "origin": origin} | days)
        assert answer.status_code == 422
        assert "These rows are of the kind" in str(answer.context["form"].errors["kind"])
    assert not Population.objects.exists()
    assert not Evidence.objects.exists()
    assert client.post(NEW, {"title": "None", "kind": "incidents", "origin": "incidents"} | days).status_code == 302


def test_people_freeze_for_controls_of_their_own(owner: User):
    theirs = operating(owner=UserFactory(role="control_owner"))
    answer = signed_in(owner).post(NEW, SAID | {"file": sheet(), "controls": [theirs.pk], "reason": "Mine?"})
    assert answer.status_code == 422
    assert "controls" in answer.context["form"].errors


def test_looking_first_shows_what_drawing_then_draws(owner: User):
    made = population(*((f"CHG-{n}", "2026-07-14") for n in range(30)), actor=owner)
    client, path = signed_in(owner), f"/evidence/populations/{made.pk}/draw/"
    form = client.get(path).context["form"]
    assert form["size"].value() == 5
    data = {"version": 1, "method": "random", "size": 5, "seed": form["seed"].value()}
    looked = client.post(path, data | {"preview": "1"})
    assert looked.status_code == 200
    assert not Sample.objects.exists()
    assert client.post(path, data).status_code == 302
    sample = Sample.objects.get()
    assert sample.chosen == [list(pick) for pick in looked.context["found"]]
    page = client.get(sample.get_absolute_url()).content.decode()
    for words in ("Management self-test", "the same keys", data["seed"], "draw_sample.py", "hmac-sha256-rank/1"):
        assert words in page
    found = list(csv.reader(io.StringIO(client.get(f"/evidence/samples/{sample.pk}/items.csv").getvalue().decode())))
    assert [row[1] for row in found[1:]] == [key for _, key in sample.chosen]
    again = client.post(path, data)
    assert again.status_code == 422
    assert "drawn again" in str(again.context["form"].errors["reason"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"size": "31"}, "size"), ({"size": "0"}, "size"), ({"method": "targeted"}, "keys"),
        ({"keys": "CHG-1"}, "keys"), ({"method": "haphazard", "keys": "CHG-1"}, "reason"),
        ({"method": "targeted", "keys": "CHG-99", "reason": "Large."}, "keys"), ({"method": "dice"}, "method"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("look", [{}, {"preview": "1"}])
def test_a_draw_that_cannot_be_is_refused(owner: User, wrong: dict[str, str], field: str, look: dict[str, str]):
    made = population(*((f"CHG-{n}", "2026-07-14") for n in range(30)), actor=owner)
    data = {"version": 1, "method": "random", "size": "5", "seed": "s"} | wrong | look
    answer = signed_in(owner).post(f"/evidence/populations/{made.pk}/draw/", data)
    if look and field == "reason":
        assert answer.status_code == 200  # looking takes no reason
        return
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Sample.objects.exists()


def test_the_api_tells_the_proof_and_draws(owner: User):
    made = population(*((f"CHG-{n}", "2026-07-14") for n in range(30)), actor=owner)
    api = caller(owner)
    told = api.get(f"/api/v1/populations/{made.pk}/").json()
    assert (told["sha256"], told["source_total"], told["ref"]) == (made.sha256, 30, made.ref)
    assert api.post(f"/api/v1/populations/{made.pk}/draw/", {"method": "random", "seed": "abc"}).status_code == 428
    answer = api.post(f"/api/v1/populations/{made.pk}/draw/", {"method": "random", "seed": "abc"}, version=1)
    assert answer.status_code == 200, answer.content
    sample = api.get("/api/v1/samples/").json()["results"][0]
    assert (sample["seed"], sample["size"], len(sample["chosen"])) == ("abc", 5, 5)
    refused = api.post(f"/api/v1/populations/{made.pk}/draw/", {"method": "random"}, version=1)
    assert refused.status_code == 400
    assert "reason" in refused.json()["errors"]


def test_the_script_is_downloaded_as_it_is(owner: User):
    answer = signed_in(owner).get("/evidence/samples/draw_sample.py")
    assert answer["Content-Disposition"] == 'attachment; filename="draw_sample.py"'
    assert b"hmac" in answer.content


def test_pages_of_one_ask_as_often_for_many_rows(owner: User, manager: User):
    control = operating("per_event", owner=owner)
    counts = []
    for count in (3, 30):
        made = population(*((f"CHG-{count}-{n}", "2026-07-14") for n in range(count)), actor=owner, controls=[control])
        accept(made.evidence, actor=manager)
        sample = draw(made, actor=owner, method="random", size=count)
        client, asked = signed_in(owner), []
        for path in (made.get_absolute_url(), sample.get_absolute_url()):
            client.get(path)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(path).status_code == 200
            asked.append(len(captured))
        counts.append(asked)
    assert counts[0] == counts[1]
    assert max(counts[1]) <= 12


def test_a_control_and_the_evidence_lead_to_the_population(owner: User, manager: User):
    control = operating("per_event", owner=owner)
    made = population(("CHG-1", "2026-07-14"), actor=owner, controls=[control])
    for user in (owner, manager):
        client = signed_in(user)
        for page in (f"/controls/{control.pk}/evidence/", made.evidence.get_absolute_url()):
            assert made.get_absolute_url() in client.get(page).content.decode()
        hits = client.get("/search/", {"q": made.ref.lower()}).context["hits"]
        assert [(hit.register, hit.ref) for hit in hits] == [("Populations", made.ref)]
    form = signed_in(owner).get(f"{NEW}?control={control.pk}").context["form"]
    assert form["controls"].value() == [str(control.pk)]


def test_frozen_rows_take_no_new_version(owner: User):
    made = population(("CHG-1", "2026-07-14"), actor=owner)
    with pytest.raises(ValidationError, match="freeze another"):
        evidence(actor=owner, supersedes=made.evidence)
    assert Evidence.objects.count() == 1
