"""Who may do what, in words and from the code itself: the facts of the page of roles. Decides nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db.models import Count, Model
from django.utils import timezone
from django.utils.text import capfirst

from foundation.accounts.access import open_to_auditor, which
from foundation.accounts.exceptions import name_records
from foundation.accounts.grants import ObjectGrant
from foundation.accounts.models import AuditorWindow, DutyException, User
from foundation.accounts.roles import Role, Scope
from foundation.accounts.table import SIGNING, TABLE

SCOPES: Final[dict[Scope, str]] = {
    Scope.ALL: "all",
    Scope.OWN: "own",
    Scope.FOR: "own and meant for them",
    Scope.TEAM: "own and team's",
    Scope.OPEN: "unrestricted",
    Scope.WINDOW: "in the window",
    Scope.SEEN: "about what one sees",
}
ROLES: Final[Sequence[Role]] = tuple(Role)


@dataclass(frozen=True)
class Permission:
    """One verb on one register, and how far it reaches for each role, in the order of ROLES ("" = not at all)."""

    register: str
    verb: str
    signs: bool
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Grant:
    """One person's permission on one record for a while. `record`: its name, or its number for who does not see it."""

    person: str
    verb: str
    record: str
    grant: ObjectGrant


def permissions() -> list[Permission]:
    """Every verb of table.TABLE: register by register, in the table's own order."""
    return [
        Permission(
            register=words_of(label),
            verb=verb.replace("_", " "),
            signs=(label, verb) in SIGNING,
            scopes=tuple(scope_words(label, verb, role, scopes.get(role)) for role in ROLES),
        )
        for label, verbs in TABLE.items()
        for verb, scopes in verbs.items()
    ]


def scope_words(label: str, verb: str, role: str, scope: Scope | None) -> str:
    """How far a verb reaches for a role. An auditor's is nothing but what is open to him, whatever the table says."""
    if scope is None or (role == Role.AUDITOR and not open_to_auditor(apps.get_model(label), verb)):
        return ""
    return SCOPES[scope]


def words_of(label: str) -> str:
    """A register's name in words."""
    return capfirst(str(apps.get_model(label)._meta.verbose_name_plural))


def holders() -> list[tuple[Role, int]]:
    """How many active people hold each role."""
    counted = dict(User.objects.active().values_list("role").annotate(Count("id")).order_by())
    return [(role, counted.get(role, 0)) for role in ROLES]


def grants(user: User) -> list[Grant]:
    """Every object grant that holds now or will, of every register that knows any."""
    tables = [model for model in apps.get_models() if issubclass(model, ObjectGrant)]
    return [grant for table in tables for grant in _grants_of(table, user)]


def _grants_of(table: type[ObjectGrant], user: User) -> Iterable[Grant]:
    related = ("user", "permission", "granted_by", "content_object")
    live = list(table.objects.filter(expires_at__gt=timezone.now()).select_related(*related).order_by("expires_at"))
    records: list[Model] = [getattr(grant, "content_object") for grant in live]  # noqa: B009 - each subclass has its own
    seen = which(user, "view", records)
    for grant, record in zip(live, records, strict=True):
        name = str(record) if record.pk in seen else f"{record._meta.verbose_name} {record.pk}"
        verb = grant.permission.codename.rpartition("_")[0].replace("_", " ")
        yield Grant(str(grant.user), verb, name, grant)


def windows() -> list[AuditorWindow]:
    """Every auditor's window that is open or will be."""
    live = AuditorWindow.objects.filter(closes_at__gt=timezone.now())
    return list(live.select_related("user").order_by("closes_at", "id"))


def exceptions_in_force(user: User) -> list[Any]:
    """Every exception from the separation of duties that has effect now, with what `user` sees of its record."""
    found = list(DutyException.objects.in_force().select_related("beneficiary", "approver").order_by("expires_at"))
    name_records(found, user)
    return found
