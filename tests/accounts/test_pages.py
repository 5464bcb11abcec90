"""The accounts pages: who may open them, what they do, what an auditor is refused whatever page forgot to ask."""

import json
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse
from django.utils import timezone

from audits.actions import end_access
from foundation.accounts.middleware import OWN_ROUTES
from foundation.accounts.models import AuditorWindow, User
from foundation.accounts.roles import Role
from foundation.jobs.worker import run_all
from foundation.organisation.actions import found
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def careless(request: HttpRequest) -> HttpResponse:
    """A page whose author forgot to ask access.py."""
    return HttpResponse("done")


urlpatterns = [path("careless/", careless, name="careless")]


@pytest.fixture
def as_admin(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def test_an_administrator_invites_somebody(as_admin: Client, manager: User, mailoutbox: list[Any]) -> None:
    form = {
        "name": "Nina Novak",
        "email": "Nina.Novak@example.com",
        "title": "Engineer",
        "role": Role.CONTROL_OWNER,
        "manager": manager.pk,
    }
    response = as_admin.post(reverse("accounts:user-create"), form)
    user = User.objects.get(email="nina.novak@example.com")
    assert response.url == reverse("accounts:user-detail", args=(user.pk,))
    assert (user.manager, user.role, user.standing()) == (manager, Role.CONTROL_OWNER, "Invited")
    run_all()
    assert mailoutbox[0].to == [user.email]
    page = as_admin.get(response.url).content.decode()
    assert "Send the invitation again" in page
    assert "nina.novak@example.com" in page
    as_admin.post(reverse("accounts:user-resend-invitation", args=(user.pk,)))
    run_all()
    assert len(mailoutbox) == 2


def test_a_refused_invitation_says_why_and_leaves_nothing(as_admin: Client, owner: User) -> None:
    before = User.objects.count()
    form = {"name": "Twin", "email": "OWNER@example.com", "role": Role.EMPLOYEE}
    response = as_admin.post(reverse("accounts:user-create"), form)
    assert response.status_code == 422
    assert "Another account has this e-mail address" in response.content.decode()
    response = as_admin.post(reverse("accounts:user-create"), {**form, "email": "twin@example.com", "role": ""})
    assert response.status_code == 422
    assert User.objects.count() == before


def test_editing_never_changes_the_role(as_admin: Client, owner: User) -> None:
    url = reverse("accounts:user-edit", args=(owner.pk,))
    form = {"name": "Oskar O.", "email": owner.email, "role": Role.ADMINISTRATOR, "version": owner.version}
    assert as_admin.post(url, {**form, "is_superuser": "1", "is_active": ""}).status_code == 302
    owner.refresh_from_db()
    assert (owner.name, owner.role, owner.is_active, owner.is_superuser) == (
        "Oskar O.",
        Role.CONTROL_OWNER,
        True,
        False,
    )


def test_change_role_on_its_page(as_admin: Client, owner: User) -> None:
    url = reverse("accounts:user-change-role", args=(owner.pk,))
    assert as_admin.get(url).status_code == 200
    assert as_admin.post(url, {"role": Role.MANAGER, "reason": "", "version": owner.version}).status_code == 422
    owner.refresh_from_db()
    assert owner.role == Role.CONTROL_OWNER
    assert as_admin.post(url, {"role": Role.MANAGER, "reason": "Promoted", "version": owner.version}).status_code == 302
    owner.refresh_from_db()
    assert owner.role == Role.MANAGER
    response = as_admin.post(url, {"role": Role.EMPLOYEE, "reason": "Again", "version": owner.version - 1})
    assert response.status_code == 422
    assert "Somebody changed this account" in response.content.decode()


@pytest.mark.parametrize("verb", ["change-role", "deactivate", "reactivate"])
def test_nobody_is_asked_about_their_own_account(as_admin: Client, admin: User, verb: str) -> None:
    answer = as_admin.get(reverse(f"accounts:user-{verb}", args=(admin.pk,)))
    assert answer.status_code == 403
    assert "Nobody does this to their own account." in answer.content.decode()


def test_deactivate_and_reactivate_on_their_pages(as_admin: Client, owner: User) -> None:
    url = reverse("accounts:user-deactivate", args=(owner.pk,))
    assert as_admin.post(url, {"reason": "Left", "version": owner.version}).status_code == 302
    owner.refresh_from_db()
    assert not owner.is_active
    listing = reverse("accounts:user-list")
    assert owner not in as_admin.get(listing).context["page"].object_list
    assert as_admin.get(f"{listing}?show=deactivated").context["page"].object_list == [owner]
    assert owner in as_admin.get(f"{listing}?show=all").context["page"].object_list
    url = reverse("accounts:user-reactivate", args=(owner.pk,))
    assert as_admin.post(url, {"reason": "Back", "version": owner.version}).status_code == 302
    owner.refresh_from_db()
    assert owner.is_active


def test_nobody_deactivates_themselves_or_the_last_administrator(as_admin: Client, admin: User) -> None:
    url = reverse("accounts:user-deactivate", args=(admin.pk,))
    assert as_admin.post(url, {"reason": "x", "version": admin.version}).status_code == 403
    admin.refresh_from_db()
    assert admin.is_active


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("admin", 200),
        ("compliance", 403),
        ("manager", 404),
        ("owner", 404),
        ("employee", 404),
        ("outsider", 404),
        ("auditor", 403),
    ],
)
def test_who_may_manage_accounts(who: str, status: int, client: Client, request: pytest.FixtureRequest) -> None:
    target = UserFactory()
    client.force_login(request.getfixturevalue(who))
    names = ("user-edit", "user-change-role", "user-deactivate", "user-reactivate")
    for url in (reverse(f"accounts:{name}", args=(target.pk,)) for name in names):
        assert client.get(url).status_code == status, url
        if status != 200:
            assert client.post(url, {"reason": "x", "version": 1}).status_code in {status, 403}, url
    assert User.objects.get(pk=target.pk).version == 1
    new = 403 if who == "employee" else status  # who sees an own account sees that there are accounts
    assert client.get(reverse("accounts:user-create")).status_code == new


@pytest.mark.parametrize(
    ("who", "count"),
    [("admin", 3), ("compliance", 3), ("employee", 1), ("auditor", 3), ("owner", None), ("outsider", None)],
)
def test_who_sees_whom(who: str, count: int | None, client: Client, request: pytest.FixtureRequest) -> None:
    person = request.getfixturevalue(who)
    while User.objects.count() < 3:
        UserFactory()
    client.force_login(person)
    response = client.get(reverse("accounts:user-list"))
    if count is None:
        assert response.status_code == 404
        return
    assert len(response.context["page"].object_list) == (count if count == 1 else User.objects.count())
    assert client.get(reverse("accounts:user-detail", args=(person.pk,))).status_code == 200


def test_auditors_see_names_and_roles_but_no_addresses(client: Client, auditor: User, compliance: User) -> None:
    client.force_login(auditor)
    detail = reverse("accounts:user-detail", args=(compliance.pk,))
    listing, record = (client.get(url).content.decode() for url in (reverse("accounts:user-list"), detail))
    for page in (listing, record):
        assert "Cora Compliance" in page
        assert "compliance@example.com" not in page
    assert client.get(reverse("accounts:user-history", args=(compliance.pk,))).status_code == 403
    trail = client.get(reverse("accounts:user-trail", args=(compliance.pk,)))
    assert trail.status_code == 200
    assert "compliance@example.com" not in trail.content.decode()
    found = client.get(reverse("accounts:user-list") + "?q=compliance@example.com")
    assert not found.context["page"].object_list


def test_auditors_see_names_roles_and_status_and_no_more(client: Client, auditor: User, manager: User) -> None:
    person = UserFactory(name="Tess Titled", title="Head of Nothing", manager=manager)
    client.force_login(auditor)
    listing, detail = reverse("accounts:user-list"), reverse("accounts:user-detail", args=(person.pk,))
    shown = client.get(f"{listing}?column=title&sort=title").context["listing"]
    assert [column.label for column in shown.columns] == ["Name", "Role", "Status", "Second factor"]
    assert shown.order() == ["name", "id"]
    assert [label for label, _ in client.get(detail).context["facts"]] == ["Name", "Role", "Status", "Second factor"]
    csv = b"".join(client.get(reverse("accounts:user-csv")).streaming_content).decode()
    for page in (client.get(listing).content.decode(), client.get(detail).content.decode(), csv):
        assert "Tess Titled" in page
        assert "Head of Nothing" not in page
        assert "Last sign-in" not in page
    assert not client.get(f"{listing}?q=Nothing").context["page"].object_list


def test_the_last_sign_in_is_not_told_of_a_past_moment(as_admin: Client, admin: User) -> None:
    page = reverse("accounts:user-detail", args=(admin.pk,))
    now = timezone.now().isoformat().replace("+", "%2B")
    assert as_admin.get(page).context["object"].last_sign_in
    past = as_admin.get(f"{page}?as_of={now}").context
    assert past["moment"]
    assert past["object"].last_sign_in is None


def test_no_address_is_in_an_auditors_csv(client: Client, auditor: User, compliance: User) -> None:
    client.force_login(auditor)
    csv = b"".join(client.get(reverse("accounts:user-csv")).streaming_content)
    assert b"Cora Compliance" in csv
    assert b"@example.com" not in csv


def test_the_list_knows_the_last_sign_in(as_admin: Client, admin: User, owner: User) -> None:
    rows = as_admin.get(reverse("accounts:user-list")).context["page"].object_list
    assert {row.name: bool(row.last_sign_in) for row in rows}["Ada Admin"]
    assert not {row.name: row.last_sign_in for row in rows}["Oskar Owner"]


def test_the_list_tells_moments_in_the_organisations_zone(as_admin: Client, admin: User) -> None:
    found(name="Fernwood", actor=admin, time_zone="Asia/Kolkata")
    page = as_admin.get(reverse("accounts:user-list")).content.decode()
    assert " UTC+5:30</td>" in page
    assert " UTC</td>" not in page


def test_the_list_costs_the_same_for_many(as_admin: Client, django_assert_max_num_queries: Any) -> None:
    url = reverse("accounts:user-list")
    as_admin.get(url)
    with django_assert_max_num_queries(12) as few:
        as_admin.get(url)
    for _ in range(30):
        UserFactory(manager=UserFactory())
    with django_assert_max_num_queries(12) as many:
        as_admin.get(url)
    assert len(few) == len(many)


def test_profile(client: Client, employee: User) -> None:
    client.force_login(employee)
    url = reverse("accounts:profile")
    page = client.get(url).content.decode()
    assert "employee@example.com" in page
    assert client.post(url, {"name": "", "title": ""}).status_code == 422
    form = {"name": "Emil E.", "title": "Support", "role": Role.ADMINISTRATOR, "email": "x@example.com"}
    assert client.post(url, form).status_code == 422  # the version that its reader saw is missing
    form["version"] = str(employee.version)
    assert client.post(url, form).status_code == 302
    employee.refresh_from_db()
    assert (employee.name, employee.title) == ("Emil E.", "Support")
    assert (employee.role, employee.email) == (Role.EMPLOYEE, "employee@example.com")
    assert Entry.objects.get(verb="user.updated").actor_id == employee.pk
    late = client.post(url, {**form, "title": "Sales"})
    assert late.status_code == 422
    assert "Somebody changed this account" in late.content.decode()
    employee.refresh_from_db()
    assert employee.title == "Support"


@pytest.mark.parametrize("who", ["auditor", "outsider"])
def test_auditors_and_people_without_a_role_do_not_rename_themselves(
    who: str, client: Client, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(who)
    client.force_login(person)
    url = reverse("accounts:profile")
    assert "Save profile" not in client.get(url).content.decode()
    assert client.post(url, {"name": "A. N. Other", "version": person.version}).status_code == 403
    assert User.objects.get(pk=person.pk).name == person.name


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_an_auditor_is_refused_what_a_page_forgot_to_refuse(
    method: str, client: Client, auditor: User, owner: User, settings: Any
) -> None:
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "OPTIONS": {}, "DIRS": []}]  # the frame's links are not routed here
    client.force_login(auditor)
    assert getattr(client, method)("/careless/").status_code == 403
    entry = Entry.objects.get(verb="access.refused")
    assert (entry.actor_id, entry.outcome) == (auditor.pk, "refused")
    assert json.loads(entry.detail)["refs"]["route"] == "careless"
    assert client.get("/careless/").status_code == 200
    if method == "post":  # pages know no other for anybody: tests/everywhere/test_table.py
        client.force_login(owner)
        assert client.post("/careless/").status_code == 200


def test_what_an_auditor_may_send_exists() -> None:
    from django.urls import get_resolver

    def names(resolver: Any, space: str = "") -> set[str]:
        found = set()
        for pattern in resolver.url_patterns:
            if hasattr(pattern, "url_patterns"):
                found |= names(pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space)
            elif pattern.name:
                found.add(f"{space}{pattern.name}")
        return found

    assert names(get_resolver()) >= OWN_ROUTES


def test_a_window_that_is_closed_between_two_requests_is_closed_to_the_second(client: Client, auditor: User) -> None:
    """What a request has read once is not kept for the next."""
    client.force_login(auditor)
    url = reverse("accounts:user-list")
    assert client.get(url).status_code == 200
    end_access(AuditorWindow.objects.get(user=auditor), actor=SYSTEM, reason="Done")
    assert client.get(url).status_code == 404
