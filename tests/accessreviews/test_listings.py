"""A listing is frozen whole with its proof, or not at all; whose each account is, and what changed since the last."""

import datetime
import hashlib
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accessreviews.listings.diff import changes, difference
from accessreviews.listings.rows import AccountRow
from accessreviews.models import (
    Campaign,
    Known,
    ListedAccount,
    Listing,
    Review,
    ReviewState,
    Standing,
)
from evidence.models import Evidence, EvidenceLink
from foundation.accounts.actions import deactivate
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.actions import change_setting
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.listings import a_listing, a_match, a_person, a_system, account_of, an_account, day
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
HOUR = datetime.timedelta(hours=1)


def accounts(listing: Listing) -> dict[str, ListedAccount]:
    """The accounts of a listing, by key."""
    return {account.key: account for account in ListedAccount.objects.filter(listing=listing)}


def flags(account: ListedAccount) -> list[str]:
    """The flags of an account without their words."""
    return [flag for flag, _ in account.flags]


# ---- freezing ------------------------------------------------------------------------------------------------------


def test_freezing_keeps_the_file_the_accounts_and_one_entry(owner: User) -> None:
    system = a_system(owner=owner)
    rows = [an_account("Ada", roles=("Admin",), mfa=Known.NO), an_account("bob", enabled=Known.NO)]
    listing = a_listing(system, rows, actor=owner, content=b"a,b\n1,2\n", name="users.csv")
    assert listing.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert (listing.row_count, listing.source_total, listing.frozen_by) == (2, 2, owner)
    assert listing.counts == {
        "standing": {"unmatched": 2},
        "flags": {"no_mfa": 1, "orphaned": 1, "privileged": 1},
        "enabled": {"no": 1, "yes": 1},
        "mfa": {"no": 1, "yes": 1},
        "sign_in": {"known": 2},
        "flagged": 1,
        "privileged": 1,
    }
    evidence = listing.evidence
    with evidence.file.open() as kept:
        assert kept.read() == b"a,b\n1,2\n"
    assert (evidence.kind, evidence.name, evidence.row_count) == ("export", "users.csv", 2)
    assert evidence.captured_at == listing.pulled_at
    assert not EvidenceLink.objects.filter(evidence=evidence).exists()
    entry = Entry.objects.get(verb="listing.frozen")
    assert (entry.actor_id, entry.object_id) == (owner.pk, str(listing.pk))
    assert entry.facts["refs"] == {
        "system": system.pk, "evidence": evidence.pk, "accounts": 2, "flagged": 1, "sha256": listing.sha256,
    }  # fmt: skip
    assert {one.pk for one in ListedAccount.objects.filter(listing=listing, flagged=True)} == {
        accounts(listing)["Ada"].pk
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source_total": 4}, "The source counts 4 and the list holds 3. Find what is missing."),
        ({"query": "  "}, "Say by which report, query or menu anybody gets the same list again."),
        ({"source": " "}, "Say from where it was pulled."),
        ({"rows": [], "source_total": 0}, "There is no account in it. A listing of nobody proves nothing."),
        ({"pulled_at": timezone.now() + 24 * HOUR}, "It cannot have been pulled in the future."),
        ({"content": b""}, "This file is empty: 0 bytes prove nothing."),
        ({"environment": "x" * 121}, "Ensure this value has at most 120 characters (it has 121)."),
    ],
)
def test_what_is_no_whole_list_is_refused_and_nothing_kept(values: dict[str, Any], words: str) -> None:
    system = a_system()
    with pytest.raises(ValidationError) as refused:
        a_listing(system, **{"rows": 3, **values})
    assert refused.value.messages == [words]
    assert not Listing.objects.exists()
    assert not ListedAccount.objects.exists()
    assert not Evidence.objects.exists()


def test_lines_are_named() -> None:
    rows = [
        an_account("Ada", line=2), an_account("ADA", line=3), an_account("x" * 201, line=5),
        an_account("eve", line=6, last_sign_in=day(9)),
    ]  # fmt: skip
    rows.append(AccountRow(line=4, key=""))
    with pytest.raises(ValidationError) as refused:
        a_listing(a_system(), rows)
    assert refused.value.messages == [
        "Line 3: “ADA” stands in line 2 already.",
        "Line 5: the key is longer than 200 characters.",
        f"Line 6: the last sign-in, {day(9)}, lies after the listing was pulled.",
        "Line 4 has no account name.",
    ]


def test_of_many_faults_twenty_lines_are_named() -> None:
    rows = [an_account("same", line=line) for line in range(2, 32)]
    with pytest.raises(ValidationError) as refused:
        a_listing(a_system(), rows)
    assert len(refused.value.messages) == 21
    assert refused.value.messages[-1] == "And 9 more."


def test_an_older_listing_or_the_same_again_is_refused() -> None:
    system, moment = a_system(), timezone.now() - HOUR
    first = a_listing(system, pulled_at=moment, content=b"one")
    with pytest.raises(ValidationError, match=f"{first.ref} was pulled later"):
        a_listing(system, pulled_at=moment - HOUR)
    with pytest.raises(ValidationError, match=f"{first.ref} is this very list"):
        a_listing(system, pulled_at=moment, content=b"one")
    a_listing(a_system(), pulled_at=moment - HOUR)  # another system's is nothing to this one
    assert a_listing(system, content=b"one").sha256 == first.sha256  # the same accounts again, pulled later


def test_an_archived_system_is_not_listed() -> None:
    system = a_system(archived_at=timezone.now())
    with pytest.raises(ValidationError, match="is archived"):
        a_listing(system)


@pytest.mark.parametrize("table", ["accessreviews_listing", "accessreviews_listedaccount"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET id = id + 1000", "DELETE FROM {}"])
def test_the_database_refuses_to_change_a_listing(table: str, sql: str) -> None:
    a_listing()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(table))


def test_freezing_takes_the_same_queries_for_few_and_many() -> None:
    system = a_system()
    taken = []
    for number in (3, 30):
        rows = [account_of(a_person()) for _ in range(number)]
        with CaptureQueriesContext(connection) as queries:
            a_listing(system, rows)
        taken.append(len(queries))
    assert taken[0] == taken[1]


# ---- whose it is ---------------------------------------------------------------------------------------------------


def test_accounts_are_matched_by_number_address_and_alias() -> None:
    ada = a_person("Ada King", external_id="E-7", aliases="ADA@lovelace.example.com\n")
    gone = a_person("Gone Lang", ends_on=day(-10))
    hired = a_person("Hired Soon", starts_on=day(10))
    agency = a_person("Con Tractor", kind="contractor")
    rows = [
        an_account("a1", external_id="e-7"), an_account("a2", email="Ada.KING@example.com"),
        an_account("ada@Lovelace.example.com"), account_of(gone), account_of(hired), account_of(agency),
        an_account("nobody", email="nobody@example.com"), an_account("ci", machine=Known.YES),
    ]  # fmt: skip
    found = accounts(a_listing(rows=rows))
    assert {key: (account.standing, account.person) for key, account in found.items()} == {
        "a1": (Standing.ACTIVE, ada),
        "a2": (Standing.ACTIVE, ada),
        "ada@Lovelace.example.com": (Standing.ACTIVE, ada),
        gone.email: (Standing.LEFT, gone),
        hired.email: (Standing.FUTURE, hired),
        agency.email: (Standing.CONTRACTOR, agency),
        "nobody": (Standing.UNMATCHED, None),
        "ci": (Standing.MACHINE, None),
    }
    assert found["a2"].email == "ada.king@example.com"
    assert flags(found[gone.email]) == ["left_active"]
    assert found[gone.email].flags[0][1] == f"Its person left on {day(-10)}, and it is enabled."


def test_an_alias_of_two_people_finds_neither_and_an_archived_person_is_not_found() -> None:
    a_person(aliases="desk@example.com")
    a_person(aliases="desk@example.com")
    a_person("Arch Ived", archived_at=timezone.now())
    found = accounts(
        a_listing(rows=[an_account("a", email="desk@example.com"), an_account("b", email="arch.ived@example.com")])
    )
    assert {account.standing for account in found.values()} == {Standing.UNMATCHED}


def test_what_was_said_of_an_account_is_remembered(owner: User) -> None:
    system = a_system()
    ada = a_person("Ada King")
    a_match(system, "OPS", kind="shared", owner=owner)
    a_match(system, "al", kind="person", person=ada)
    a_match(a_system(), "ci", kind="machine", owner=owner)  # of another system: nothing to this one
    found = accounts(a_listing(system, [an_account("ops"), an_account("al"), an_account("ci")]))
    assert (found["ops"].standing, found["ops"].owner) == (Standing.SHARED, owner)
    assert (found["al"].standing, found["al"].person) == (Standing.ACTIVE, ada)
    assert found["ci"].standing == Standing.UNMATCHED


def test_the_owner_of_a_machine_is_whom_the_source_names(admin: User) -> None:
    helper = UserFactory(role=Role.MANAGER)
    rows = [an_account("ci", machine=Known.YES, owner_said=helper.email.upper())]
    account = accounts(a_listing(rows=rows))["ci"]
    assert (account.owner, flags(account), account.flagged) == (helper, ["service"], False)
    deactivate(helper, actor=admin, reason="Left.")
    account = accounts(a_listing(rows=rows))["ci"]
    assert flags(account) == ["service", "owner_unknown"]
    assert account.flagged


def test_dormancy_is_the_settings(compliance: User) -> None:
    rows = [account_of(a_person(), last_sign_in=day(-50))]
    system = a_system()
    assert a_listing(system, rows).counts["flags"] == {}
    change_setting("dormant_days", 30, actor=compliance, reason="Our policy.")
    assert a_listing(system, rows).counts["flags"] == {"dormant": 1}


def approved(listing: Listing, manager: User) -> None:
    """An approved review of a listing, as far as flags ask for one."""
    campaign = Campaign(name="Q3", period_from=day(-90), period_to=day(-1), due_on=day(10), approver=manager)
    save(campaign, actor=SYSTEM, verb="campaign.created")
    review = Review(
        campaign=campaign, system=listing.system, listing=listing, state=ReviewState.APPROVED, approved_by=manager,
        approved_at=timezone.now(), decisions_sha256="0" * 64, statement="Reviewed.",
    )  # fmt: skip
    save(review, actor=SYSTEM, verb="review.approved")


def test_new_and_grown_are_told_against_the_last_approved_review(manager: User) -> None:
    system, ada, bob = a_system(), a_person(), a_person()
    reviewed = a_listing(system, [account_of(ada, key="Ada")])
    between = a_listing(system, [account_of(ada, key="Ada"), account_of(bob, key="bob")])
    assert between.earlier is None
    assert between.counts["flags"] == {}
    approved(reviewed, manager)
    listing = a_listing(system, [account_of(ada, key="ada", roles=("User", "Billing")), account_of(bob, key="bob")])
    found = accounts(listing)
    assert listing.earlier == reviewed
    assert flags(found["ada"]) == ["grew"]
    assert flags(found["bob"]) == ["new"]
    assert found["bob"].flags[0][1] == f"It is not in {reviewed.ref} of {day(0)}, which was reviewed last."


# ---- what changed --------------------------------------------------------------------------------------------------


def test_the_difference_names_what_came_went_and_changed() -> None:
    system = a_system()
    stays = an_account("Stays")
    first = a_listing(system, [stays, an_account("ada"), an_account("gone"), an_account("off")])
    second = a_listing(
        system,
        [
            an_account("stays", mfa=Known.NO), an_account("ADA", roles=("Admin", "Billing")), an_account("new"),
            an_account("off", enabled=Known.NO),
        ],
    )  # fmt: skip
    found = difference(second, first)
    assert found.counts() == {"added": 1, "removed": 1, "changed": 2}
    assert [change.account.key for change in changes(found.added)] == ["new"]
    assert [change.account.key for change in changes(found.removed)] == ["gone"]
    ada, off = changes(found.changed)
    assert (ada.gained, ada.lost, ada.enabled) == (["Admin", "Billing"], ["User"], "")
    assert (off.gained, off.lost, off.enabled) == ([], [], "enabled → disabled")


def test_the_difference_takes_two_queries_and_one_system() -> None:
    system = a_system()
    first, second = a_listing(system), a_listing(system, 40)
    with CaptureQueriesContext(connection) as queries:
        difference(second, first)
    assert len(queries) == 2
    with pytest.raises(ValueError, match="two systems"):
        difference(second, a_listing())
