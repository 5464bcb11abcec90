"""The deciding page: one by one, together, taken back, refused; as reviewer, delegate, approver, auditor and others."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accessreviews import deciding
from accessreviews.models import Assignment, Choice, Decision, Known, ReviewItem
from foundation.accounts.roles import Role
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.listings import a_listing, a_person, a_system, account_of, administrator, an_account
from tests.factories.people import EngagementFactory, UserFactory, admitted
from tests.factories.reviews import a_manager, decided, items_of, launched, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def compliance():
    return UserFactory(name="Cora Vale", role=Role.COMPLIANCE_MANAGER)


@pytest.fixture
def reviewer():
    return a_manager("Rhea Stone")


@pytest.fixture
def approver():
    return a_manager("Abel Frost")


@pytest.fixture
def part(compliance, reviewer, approver):
    """Four accounts of one system: two of people, one flagged for lacking a second factor, one of nobody known."""
    system = a_system(name="GitHub")
    ada, ben = a_person("Ada Moss"), a_person("Ben Reed")
    a_listing(system, [
        account_of(ada), account_of(ben, roles=("User", "Writer")), account_of(a_person("Cy Holt"), mfa=Known.NO),
        an_account("ghost"),
    ])  # fmt: skip
    launched([system], actor=compliance, approver=approver, reviewer=reviewer)
    return Assignment.objects.get()


def page(part, name="decide"):
    return reverse(f"accessreviews:{name}", args=[part.pk])


def item(part, key):
    return ReviewItem.objects.select_related("account").get(assignment=part, account__key__icontains=key)


def send(client, part, one, choice, **values):
    said = {"item": one.pk, "seen": 0, "choice": choice, **values}
    return client.post(page(part), said)


def test_the_flagged_come_first_and_the_page_shows_why(client, part, reviewer):
    client.force_login(reviewer)
    answer = client.get(part.get_absolute_url())
    assert answer.status_code == 200
    text = answer.content.decode()
    assert part.flagged_count == 2
    assert [one.flagged for one in items_of(part)] == [True, True, False, False]
    assert "Orphaned" in text
    assert "No MFA" in text
    assert "4 accounts are undecided." in text


def test_a_decision_is_kept_with_its_words_and_in_the_trail(client, part, reviewer):
    client.force_login(reviewer)
    one = item(part, "ghost")
    assert send(client, part, one, "remove", reason="Nobody knows it.").status_code == 302
    decision = Decision.objects.get(item=one)
    assert (decision.choice, decision.reason, decision.decided_by) == ("remove", "Nobody knows it.", reviewer)
    entry = Entry.objects.get(verb="decision.removed")
    assert entry.actor_id == reviewer.pk
    assert entry.facts["reason"] == "Nobody knows it."
    assert entry.facts["refs"] == {"review": part.review_id, "account": one.account_id}


@pytest.mark.parametrize(
    ("key", "choice", "values", "words"),
    [
        ("ghost", "keep", {}, "It is flagged"),
        ("ada", "remove", {}, "Say why you remove it."),
        ("ben", "change", {"reason": "Less."}, "Say which roles remain."),
        ("ben", "change", {"reason": "Less.", "roles_after": "writer, user"}, "These are the roles that it has."),
        ("ada", "", {}, "required"),
        ("ada", "destroy", {}, "not one of the available choices"),
        ("ada", "undo", {}, "Nothing is decided"),
    ],
)
def test_what_says_too_little_is_refused_beside_the_account(client, part, reviewer, key, choice, values, words):
    client.force_login(reviewer)
    one = item(part, key)
    answer = send(client, part, one, choice, **values)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    row = client.post(
        page(part), {"item": one.pk, "seen": 0, "choice": choice, **values}, headers={"HX-Request": "true"}
    )
    assert row.status_code == 422
    assert words in row.content.decode()
    assert f'id="a{one.pk}"' in row.content.decode()
    assert not Decision.objects.exists()


def test_a_change_says_what_remains(client, part, reviewer):
    client.force_login(reviewer)
    assert send(client, part, item(part, "ben"), "change", reason="Reads only.", roles_after="User").status_code == 302
    assert Decision.objects.get().roles_after == ["User"]


def test_htmx_gets_the_row_and_the_progress(client, part, reviewer):
    client.force_login(reviewer)
    one = item(part, "ada")
    answer = client.post(page(part), {"item": one.pk, "seen": 0, "choice": "keep"}, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert text.lstrip().startswith("<tr")
    assert 'hx-swap-oob="true"' in text
    assert "1 of 4" in text


def test_two_who_decide_at_once_the_second_is_told(client, part, reviewer):
    client.force_login(reviewer)
    one = item(part, "ada")
    assert send(client, part, one, "keep").status_code == 302
    late = send(client, part, one, "remove", reason="Too late.")
    assert late.status_code == 409
    assert "A colleague decided" in late.content.decode()
    assert Decision.objects.get().choice == Choice.KEEP


def test_undo_until_signed(client, part, reviewer):
    client.force_login(reviewer)
    one = item(part, "ada")
    send(client, part, one, "keep")
    assert send(client, part, one, "undo", seen=1).status_code == 302
    assert Decision.objects.get().choice == ""
    assert Entry.objects.filter(verb="decision.undone").count() == 1
    assert send(client, part, one, "keep", seen=2).status_code == 302


def test_together_only_without_flags_and_all_or_nothing(client, part, reviewer):
    client.force_login(reviewer)
    plain, flagged = [item(part, "ada").pk, item(part, "ben").pk], item(part, "ghost").pk
    refused = client.post(page(part, "keep-together"), {"pk": [*plain, flagged]})
    assert refused.status_code == 422
    assert "one by one" in refused.content.decode()
    assert not Decision.objects.exists()
    assert client.post(page(part, "keep-together"), {"pk": []}).status_code == 422
    assert client.post(page(part, "keep-together"), {"pk": plain}).status_code == 302
    assert [one.in_bulk for one in Decision.objects.all()] == [True, True]
    assert Entry.objects.filter(verb="decision.kept").count() == 2


def test_only_who_it_was_assigned_to_decides(client, part, compliance, approver):
    one = item(part, "ada")
    for person, status in ((compliance, 403), (approver, 403), (UserFactory(role=Role.EMPLOYEE), 404)):
        client.force_login(person)
        assert send(client, part, one, "keep").status_code == status
        assert client.post(page(part, "keep-together"), {"pk": [one.pk]}).status_code == status
    assert not Decision.objects.exists()


def test_nobody_decides_on_their_own_account(client, compliance, reviewer, approver):
    """It goes to the reviewer's manager by rule; and where the roster learns it only afterwards, it is refused."""
    boss = a_manager("Bo Kline")
    reviewer.manager = boss
    save(reviewer, actor=SYSTEM, verb="user.updated")
    own, late = a_person(reviewer.name, user=reviewer), a_person("Late Tie")
    system = a_system()
    a_listing(system, [account_of(own), account_of(late), account_of(a_person("Ann Else"))])
    launched([system], actor=compliance, approver=approver, reviewer=reviewer)
    mine = Assignment.objects.get(reviewer=reviewer)
    theirs = Assignment.objects.get(reviewer=boss)
    assert {one.account.name for one in items_of(theirs)} == {own.name}
    assert "own accounts" in theirs.why
    assert mine.item_count == 2
    own.user = None
    save(own, actor=SYSTEM, verb="person.updated")
    late.user = reviewer
    save(late, actor=SYSTEM, verb="person.updated")
    client.force_login(reviewer)
    assert send(client, mine, item(mine, "late"), "keep").status_code == 403
    assert "Yours, or in your care" in client.get(mine.get_absolute_url()).content.decode()


def test_who_became_an_administrator_decides_on_nothing(client, part, reviewer):
    administrator(part.review.system, reviewer)
    client.force_login(reviewer)
    assert send(client, part, item(part, "ada"), "keep").status_code == 403


def test_a_delegate_decides_and_the_reviewer_signs(client, part, reviewer, approver):
    helper = a_manager("Dee Lamb")
    deciding.delegate(part, actor=reviewer, delegate=helper, reason="On leave.")
    client.force_login(helper)
    assert send(client, part, item(part, "ada"), "keep").status_code == 302
    assert client.get(reverse("accessreviews:assignment-sign", args=[part.pk])).status_code == 403
    assert Decision.objects.get().decided_by == helper
    client.force_login(approver)
    assert client.get(part.get_absolute_url()).status_code == 200


def test_after_the_signature_every_decision_is_refused(client, part, reviewer):
    decided(part)
    signed(Assignment.objects.get())
    client.force_login(reviewer)
    one = item(part, "ada")
    answer = send(client, part, one, "remove", reason="Now?", seen=1)
    assert answer.status_code == 422
    assert "It is signed" in answer.content.decode()
    assert Decision.objects.get(item=one).choice == Choice.KEEP
    assert (
        "<form"
        not in client.get(part.get_absolute_url())
        .content.decode()
        .split('class="card flush review"')[1]
        .split("</table>")[0]
        .split("</form>", 1)[1]
    )


def test_the_auditor_reads_and_changes_nothing(client, part, reviewer):
    decided(part)
    auditor = admitted(EngagementFactory(), UserFactory(role=Role.AUDITOR))
    client.force_login(auditor)
    shown = client.get(f"{part.get_absolute_url()}?show=all")
    assert shown.status_code == 200
    assert "Needed for the job." in shown.content.decode()
    assert 'name="choice"' not in shown.content.decode()
    one = item(part, "ada")
    assert send(client, part, one, "remove", reason="No.", seen=1).status_code == 403
    story = reverse("accessreviews:account", args=[part.pk, one.pk])
    assert client.get(story).status_code == 200
    assert client.post(story, {"words": "Hm."}).status_code == 403


def test_comments_and_the_story_of_an_account(client, part, reviewer, approver):
    client.force_login(reviewer)
    one = item(part, "ghost")
    send(client, part, one, "remove", reason="Nobody knows it.")
    send(client, part, one, "undo", seen=1)
    story = reverse("accessreviews:account", args=[part.pk, one.pk])
    client.post(story, {"words": "<b>Whose is it?</b>"})
    assert client.post(story, {"words": " "}).status_code == 422
    client.force_login(approver)
    text = client.get(story).content.decode()
    assert "&lt;b&gt;Whose is it?" in text
    assert "Nobody knows it." in text
    assert "Taken back" in text


@pytest.mark.parametrize(
    "query", ["?show=nonsense", "?show=remove", "?page=999", "?q=%00", "?flag=x", "?per_page=7", "?as_of=x"]
)
def test_any_address_gives_a_page(client, part, reviewer, query):
    client.force_login(reviewer)
    assert client.get(part.get_absolute_url() + query).status_code == 200


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "9" * 30, "999999"])
def test_an_account_of_no_part_is_not_found(client, part, reviewer, number):
    client.force_login(reviewer)
    assert client.post(page(part), {"item": number, "seen": 0, "choice": "keep"}).status_code == 404


def test_a_part_goes_to_another_reviewer(client, part, reviewer, compliance):
    other = a_manager("Nell Voss")
    client.force_login(compliance)
    address = reverse("accessreviews:assignment-reassign", args=[part.pk])
    said = {"version": part.version, "reviewer": other.pk, "reason": "She has left."}
    assert client.post(address, said).status_code == 302
    assert Entry.objects.get(verb="assignment.reassigned").facts["reason"] == "She has left."
    client.force_login(reviewer)
    assert send(client, part, item(part, "ada"), "keep").status_code == 404
    client.force_login(other)
    assert send(client, part, item(part, "ada"), "keep").status_code == 302


def test_whoever_has_an_account_among_them_takes_no_part_over(part, compliance):
    other = a_manager("Nell Voss")
    person = item(part, "ada").account.person
    person.user = other
    save(person, actor=SYSTEM, verb="person.updated")
    with pytest.raises(ValidationError, match="is among these"):
        deciding.reassign(part, actor=compliance, reviewer=other, reason="On leave.")


def test_the_queries_do_not_grow_with_the_accounts(client, compliance, reviewer, approver):
    client.force_login(reviewer)
    counted = []
    for count in (3, 30):
        system = a_system()
        a_listing(system, [account_of(a_person(f"Worker {count} {number}")) for number in range(count)])
        launched([system], actor=compliance, approver=approver, reviewer=reviewer)
        one = Assignment.objects.latest("pk")
        decided(one)
        address = f"{one.get_absolute_url()}?show=all"
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        counted.append(len([q for q in captured.captured_queries if "SAVEPOINT" not in q["sql"]]))
    assert counted[0] == counted[1] <= 12 + 4  # the signature's blocks look at all accounts, once all are decided
