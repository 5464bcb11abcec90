"""Inviting, changing, shutting out and letting in people; what trail and history then hold, and never hold."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from foundation.accounts import actions
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.accounts.tokens import ResetTokens, invitation_path, invited_by
from foundation.jobs.models import Job
from foundation.jobs.worker import run_all
from foundation.trail import asof
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry, Unaudited
from foundation.trail.record import SYSTEM
from tests.factories.people import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
NEW = "quite another sentence"


def entry(verb: str) -> Entry:
    return Entry.objects.get(verb=verb)


def detail(verb: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(entry(verb).detail)
    return found


def invite(actor: User, **changes: Any) -> User:
    values = {"email": "Nina.Novak@Example.com", "name": "Nina Novak", "role": Role.CONTROL_OWNER, **changes}
    return actions.invite(actor=actor, **values)


def token_of(user: User) -> str:
    return invitation_path(user).rstrip("/").rsplit("/", 1)[-1]


def test_invite_mails_a_link_and_keeps_no_secret(admin: User, mailoutbox: list[Any], settings: Any) -> None:
    settings.PUBLIC_URL = "https://grc.example.com"
    user = invite(admin)
    assert user.email == "nina.novak@example.com"
    assert not user.has_usable_password()
    assert entry("user.invited").actor_id == admin.pk
    assert entry("user.invited").object_id == str(user.pk)
    assert "nina" not in entry("user.invited").detail.lower()
    assert Job.objects.get().args == {"user_id": user.pk}
    assert mailoutbox == []
    run_all()
    (mail,) = mailoutbox
    assert mail.to == ["nina.novak@example.com"]
    link = next(line for line in mail.body.splitlines() if line.startswith("https://grc.example.com"))
    assert invited_by(link.rstrip("/").rsplit("/", 1)[-1]) == user
    assert entry("mail.sent").object_id == str(user.pk)


def test_invite_refuses_a_taken_address_in_any_case_and_an_unknown_role(admin: User) -> None:
    with pytest.raises(ValidationError, match="Another account has this e-mail address"):
        invite(admin, email="ADMIN@example.com")
    for role in ("", "superuser"):
        with pytest.raises(ValidationError, match="Choose a role"):
            invite(admin, role=role)
    assert User.objects.count() == 1
    assert not Job.objects.exists()


def test_an_invitation_works_once(admin: User) -> None:
    user = invite(admin)
    token = token_of(user)
    before = timezone.now()
    assert user.standing() == "Invited"
    assert actions.accept_invitation(token, NEW) == user
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert user.standing() == "Active"
    assert asof.rows(User, before).get(id=user.pk).instance.standing() == "Invited", "the list as of then says so too"
    assert entry("auth.invitation_accepted").actor_id == user.pk
    assert actions.accept_invitation(token, "a third sentence, later") is None
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_an_invitation_lasts_seven_days(admin: User) -> None:
    token = token_of(invite(admin))
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23), tick=False):
        assert invited_by(token) is not None
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        assert invited_by(token) is None


def test_a_second_invitation_replaces_the_first(admin: User) -> None:
    user = invite(admin)
    first = token_of(user)
    actions.resend_invitation(user, actor=admin)
    assert invited_by(first) is None
    assert invited_by(token_of(user)) == user
    assert entry("user.invitation_resent").actor_id == admin.pk


def test_an_invitation_is_not_sent_again_to_somebody_with_a_password(admin: User, owner: User) -> None:
    with pytest.raises(ValidationError):
        actions.resend_invitation(owner, actor=admin)


@pytest.mark.parametrize("token", ["", "x", "WzEsMl0:1abc:forged", "é"])
def test_a_forged_invitation_is_nothing(token: str) -> None:
    assert invited_by(token) is None


def test_deactivation_kills_an_invitation(admin: User) -> None:
    user = invite(admin)
    token = token_of(user)
    actions.deactivate(user, actor=admin, reason="Never started")
    assert invited_by(token) is None


def test_change_role(admin: User, owner: User) -> None:
    before = owner.get_session_auth_hash()
    actions.change_role(owner, Role.MANAGER, actor=admin, reason="Promoted")
    owner.refresh_from_db()
    assert owner.role == Role.MANAGER
    assert owner.get_session_auth_hash() != before
    assert detail("user.role_changed")["changes"] == {"role": ["control_owner", "manager"]}
    assert detail("user.role_changed")["reason"] == "Promoted"


def test_change_role_wants_a_reason_and_a_real_role(admin: User, owner: User) -> None:
    with pytest.raises(ValidationError, match="Say why"):
        actions.change_role(owner, Role.MANAGER, actor=admin, reason="  ")
    with pytest.raises(ValidationError, match="Choose a role"):
        actions.change_role(owner, "", actor=admin, reason="x")
    owner.refresh_from_db()
    assert owner.role == Role.CONTROL_OWNER


def test_nobody_changes_their_own_standing(admin: User) -> None:
    UserFactory(role=Role.ADMINISTRATOR)
    with pytest.raises(PermissionDenied):
        actions.change_role(admin, Role.COMPLIANCE_MANAGER, actor=admin, reason="x")
    with pytest.raises(PermissionDenied):
        actions.deactivate(admin, actor=admin, reason="x")


def test_the_last_administrator_stays(admin: User, compliance: User) -> None:
    with pytest.raises(ValidationError, match="last administrator"):
        actions.deactivate(admin, actor=compliance, reason="x")
    with pytest.raises(ValidationError, match="last administrator"):
        actions.change_role(admin, Role.EMPLOYEE, actor=compliance, reason="x")
    second = UserFactory(role=Role.ADMINISTRATOR)
    actions.deactivate(admin, actor=second, reason="Left")
    with pytest.raises(ValidationError, match="last administrator"):
        actions.deactivate(second, actor=compliance, reason="x")


def test_deactivate_and_reactivate(admin: User, owner: User) -> None:
    before, link = owner.get_session_auth_hash(), ResetTokens().make_token(owner)
    actions.deactivate(owner, actor=admin, reason="On leave")
    assert not ResetTokens().check_token(User.objects.get(pk=owner.pk), link)
    with pytest.raises(ValidationError, match="not active"):
        actions.set_password(owner, NEW, verb="auth.password_reset")
    actions.reactivate(owner, actor=admin, reason="Back")
    owner.refresh_from_db()
    assert owner.is_active
    assert owner.check_password(PASSWORD)
    assert owner.get_session_auth_hash() != before, "a session from before must not come back to life"
    assert not ResetTokens().check_token(owner, link)
    assert detail("user.deactivated")["changes"] == {"is_active": [True, False]}


def test_a_password_leaves_no_trace_but_that_it_changed(owner: User) -> None:
    hashes = [owner.password]
    actions.set_password(owner, NEW, verb="auth.password_changed")
    hashes.append(User.objects.get(pk=owner.pk).password)
    assert entry("auth.password_changed").actor_id == owner.pk
    assert "changes" not in detail("auth.password_changed")
    for stored in Entry.objects.all():
        assert not any(secret in f"{stored.detail}{stored.private}" for secret in hashes)
    columns = {field.name for field in User.history.model._meta.fields}
    assert columns.isdisjoint({"password", "session_epoch"})


def test_a_copy_read_before_a_password_change_cannot_bring_the_old_one_back(owner: User) -> None:
    stale = User.objects.get(pk=owner.pk)
    actions.set_password(owner, NEW, verb="auth.password_changed")
    stale.title = "Engineer"
    with pytest.raises(Stale):
        save(stale, actor=owner, verb="user.updated")
    assert User.objects.get(pk=owner.pk).check_password(NEW)


def test_a_reset_link_works_once(owner: User) -> None:
    link = ResetTokens().make_token(owner)
    assert ResetTokens().check_token(owner, link)
    actions.set_password(owner, NEW, verb="auth.password_reset")
    assert not ResetTokens().check_token(User.objects.get(pk=owner.pk), link)


@pytest.mark.parametrize(
    "broken",
    [{"is_superuser": True}, {"role": "god"}, {"email": "OWNER@Example.com"}, {"email": "admin@example.com"}],
)
def test_the_database_refuses(broken: dict[str, Any], admin: User, owner: User) -> None:
    for name, value in broken.items():
        setattr(owner, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        save(owner, actor=SYSTEM, verb="user.updated")


def test_nobody_is_their_own_manager_or_deleted(owner: User) -> None:
    owner.manager = owner
    with pytest.raises(IntegrityError), transaction.atomic():
        save(owner, actor=SYSTEM, verb="user.updated")
    with pytest.raises(Unaudited):
        owner.delete()
    with pytest.raises(Unaudited):
        User.objects.all().delete()
    with pytest.raises(Unaudited):
        User.objects.update(role=Role.ADMINISTRATOR)


def test_names_and_addresses_stay_out_of_the_leaf(owner: User) -> None:
    owner.name = "Olga Olsen"
    save(owner, actor=owner, verb="user.updated")
    found = entry("user.updated")
    assert "Olga" not in found.detail
    assert "Olga Olsen" in (found.private or "")
