"""The certificate of a signed review, its paper, and the full list from which anybody computes the hashes again."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accessreviews import certificate
from accessreviews.deciding import decide, delegate
from accessreviews.models import Assignment, Choice
from foundation.accounts.models import User
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.models import Entry
from tests.factories.listings import a_person, a_system, account_of, an_account
from tests.factories.reviews import STATEMENT, a_manager, approved, decided, signed
from tests.factories.rounds import BOSS, a_part, a_removal, approved_review, fresh, item, listed_later

DOCS = Path(__file__).parents[2] / "docs" / "access-reviews.md"


@pytest.fixture
def part(compliance: User, manager: User, owner: User) -> Assignment:
    """Of an approved review: an orphan kept with a reason by a delegate, the boss removed, two kept."""
    rows = [account_of(a_person()), account_of(a_person()), an_account("ci-bot"), an_account(BOSS, roles=("Admin",))]
    part = a_part(compliance, manager, system=a_system(name="Git", owner=owner), rows=rows)
    helper = a_manager("Hal Helper")
    delegate(part, actor=part.reviewer, delegate=helper, reason="Away.")
    decide(item(part, "ci-bot"), actor=helper, choice=Choice.KEEP, reason="Builds – “nightly” – need it.")
    a_removal(fresh(part))
    approved(part.review)
    return fresh(part)


def get(client: Client, person: User, name: str, pk: int, status: int = 200) -> bytes:
    client.force_login(person)
    response = client.get(reverse(f"accessreviews:review-{name}", args=[pk]))
    assert response.status_code == status
    return b"".join(response.streaming_content) if response.streaming else response.content


TOLD = (
    "Git", "Users &gt; Export", "The source counts 4 accounts, the listing holds 4, the review 4.", "Hal Helper (1)",
    "Mara Lind (3)", "Named as the reviewer of the system.", STATEMENT, "nightly", "Orphaned", "Not needed any more.",
)  # fmt: skip


def test_it_says_all_that_an_auditor_asks(client: Client, part: Assignment, compliance: User):
    text = get(client, compliance, "certificate", part.review_id).decode()
    listing = part.review.listing
    hashes = (listing.sha256, part.decisions_sha256, part.review.decisions_sha256)
    assert [words for words in (*TOLD, *hashes) if words not in text] == []
    assert text.count(STATEMENT) == 2  # both signatures
    proof = listed_later(part.review.system, [an_account("ci-bot")])
    assert f"Proved by {proof.ref}" in get(client, compliance, "certificate", part.review_id).decode()


def test_its_paper_says_the_same(part: Assignment, compliance: User):
    address = reverse("accessreviews:review-certificate", args=[part.review_id])
    text = html_for(paper_for(address, compliance), cover_for(compliance))
    assert [words for words in (*TOLD, part.review.decisions_sha256) if words not in text] == []


def test_there_is_none_before_the_reviewers_signed(client: Client, compliance: User, manager: User):
    part = a_part(compliance, manager)
    decided(part)
    for name in ("certificate", "decisions-csv", "decisions-json"):
        get(client, compliance, name, part.review_id, 404)
    signed(fresh(part))
    assert "Not approved yet." in get(client, compliance, "certificate", part.review_id).decode()


def test_who_does_not_see_the_review_sees_none_of_it(client: Client, part: Assignment, colleague: User, owner: User):
    for name in ("certificate", "decisions-csv", "decisions-json"):
        get(client, colleague, name, part.review_id, 404)
        get(client, owner, name, part.review_id)  # of the system
    exported = Entry.objects.filter(verb="review.exported", outcome="ok")
    assert [one.facts["refs"]["format"] for one in exported.order_by("id")] == ["csv", "json"]


def test_long_lists_are_cut_and_say_where_the_rest_is(part: Assignment, compliance: User, monkeypatch):
    monkeypatch.setattr(certificate, "ON_PAPER", 0)
    address = reverse("accessreviews:review-certificate", args=[part.review_id])
    paper = paper_for(address, compliance)
    said = paper.context["said"]
    assert (said.exceptions_left, said.removals_left, paper.rows) == (1, 1, 0)
    text = render_to_string(paper.template, paper.context | {"paper": paper, "cover": cover_for(compliance)})
    assert "No flagged account is kept." not in text


def test_it_takes_the_same_queries_for_few_and_many(client: Client, compliance: User, manager: User):
    taken = []
    for count in (3, 30):
        rows = [an_account(roles=("Admin",)) for _ in range(count)]
        review = approved_review(a_part(compliance, manager, rows=rows))
        get(client, compliance, "certificate", review.pk)
        with CaptureQueriesContext(connection) as queries:
            get(client, compliance, "certificate", review.pk)
        taken.append(len(queries))
    assert taken[0] == taken[1]


# ---- the full list -------------------------------------------------------------------------------------------------


def test_the_csv_has_every_account(client: Client, part: Assignment, compliance: User):
    text = get(client, compliance, "decisions-csv", part.review_id).decode("utf-8-sig")
    found = {row["Account"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(found) == 4
    boss, bot = found[BOSS], found["ci-bot"]
    assert (boss["Decision"], boss["Decided by"], boss["Privileged"]) == ("Remove", "Mara Lind", "yes")
    assert (bot["Decision"], bot["Decided by"], bot["Reviewer"]) == ("Keep", "Hal Helper", "Mara Lind")
    assert bot["Flags"].startswith("Orphaned: ")


def script() -> str:
    """The program that the documentation prints."""
    (found,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert len(found.splitlines()) <= 25
    return str(found)


def checked(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", script(), str(path)], check=False, capture_output=True, text=True
    )


def test_the_documented_program_computes_the_hashes_again(
    client: Client, part: Assignment, compliance: User, tmp_path: Path
):
    path = tmp_path / "decisions.json"
    path.write_bytes(get(client, compliance, "decisions-json", part.review_id))
    told = json.loads(path.read_text())
    assert [len(one["lines"]) for one in told["parts"]] == [4]
    assert told["decisions_sha256"] == part.review.decisions_sha256
    assert (checked(path).returncode, checked(path).stdout.split()[-1]) == (0, "match")
    for change in (("“nightly”", "“daily”"), ('"choice":"keep"', '"choice":"remove"')):
        altered = tmp_path / "altered.json"
        altered.write_text(path.read_text().replace(*change, 1))
        assert checked(altered).returncode == 1


def test_it_is_streamed_in_few_queries_whatever_its_size(client: Client, compliance: User, manager: User):
    taken = []
    for count in (3, 30):
        rows = [account_of(a_person()) for _ in range(count)]
        review = approved_review(a_part(compliance, manager, rows=rows))
        for name in ("decisions-json", "decisions-csv"):
            get(client, compliance, name, review.pk)
            with CaptureQueriesContext(connection) as queries:
                get(client, compliance, name, review.pk)
            taken.append(len(queries))
    assert taken[:2] == taken[2:]


def test_paper_takes_no_filter(part: Assignment, compliance: User):
    said = certificate.certificate_paper(compliance, QueryDict("q=x"), None, pk=part.review_id)
    assert said.period == part.review.campaign.period()
