"""Who may do what: the only file that answers. It follows the literal `table` in SQL; what that lacks is refused.

Roles come first, then expiring grants for exceptions. Before anything else is asked, auditors are read-only but for
what is their own in the engagement of their window (AUDITOR_WRITES).
A page asks `visible` and `allowed` (querysets), `can` and `which` (rows it has), `get_allowed` (one row, 404 or 403);
an action asks `apart` besides. Grounds: "Permissions" and "Decisions of our own" in docs/architecture.md.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, TypeGuard, TypeVar

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, Model, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.http import Http404
from django.utils import timezone

from foundation.accounts.duties import Duty
from foundation.accounts.models import AuditorWindow, DutyException, User
from foundation.accounts.paths import Paths, Via
from foundation.accounts.roles import Role, Scope
from foundation.accounts.table import AUDITOR_MAY, AUDITOR_WRITES, SIGNING, TABLE
from foundation.organisation.models import zone
from foundation.organisation.once import once
from foundation.trail import asof

# Paths of models in layers below this one, which cannot import Paths.
BELOW: Final[dict[str, Paths]] = {
    "jobs.job": Paths(owner=("requested_by",)),
    "trail.block": Paths(timeless=True),
}

Person = User | AnonymousUser
Row = TypeVar("Row", bound=Model)
_NOTHING: Final = Q(pk__in=())


def visible(user: Person, rows: QuerySet[Row] | type[Row], moment: datetime | None = None) -> QuerySet[Row]:
    """The rows that the person may see: of live rows, or of what `asof.rows(model, moment)` gave for a past moment.

    An unknown model, an inactive person or a person without a role sees nothing. Costs no query by itself, except
    that an auditor's open window is read.
    """
    return allowed(user, "view", rows, moment)


def visible_entries(user: Person, rows: QuerySet[Row], about: Collection[str]) -> QuerySet[Row]:
    """Those of these trail entries about the registers with these labels that the person may see.

    As `visible`, but what the person sees of the other registers is not asked, which for a whole trail costs most.
    """
    return _allowed(user, "view", rows.filter(object_type__in=about), None, about)


def sees_all(user: User, model: type[Model]) -> bool:
    """Whether the role shows the person every row of this register: then an empty list means that there is none."""
    return _reaches_all(user, "view", model)


def sees_own_alone(user: User, model: type[Model]) -> bool:
    """Whether the role shows the person their own rows of this register alone: what is computed from such rows, beside
    rows of another register of which they see more, has to be narrowed too.
    """
    return _scope(user, "view", model) is Scope.OWN


def allowed(user: Person, verb: str, rows: QuerySet[Row] | type[Row], moment: datetime | None = None) -> QuerySet[Row]:
    """The rows on which the person may do `verb`, as a queryset: ask once for a page instead of `can` for each row."""
    return _allowed(user, verb, rows, moment, TABLE)


def _allowed(
    user: Person, verb: str, rows: QuerySet[Row] | type[Row], moment: datetime | None, about: Collection[str]
) -> QuerySet[Row]:
    """`about`: of which registers the rows tell if they are trail entries."""
    found = rows._default_manager.all() if isinstance(rows, type) else rows
    model = register_of(found.model)
    if not _stands(user) or not _known(model, verb):
        return found.none()
    if user.role == Role.AUDITOR:
        return _allowed_to_auditor(user, verb, found, moment, about)
    if _reaches_all(user, verb, model):
        return found
    scope = _scope(user, verb, model)
    reach = Q() if scope is Scope.OPEN else _reach(user, scope, found, moment, about) | _granted(user, verb, found)
    return found.filter(reach, _unconfined(user, verb, model))


def can(user: Person, verb: str, target: Model | type[Model], moment: datetime | None = None) -> bool:
    """Whether the person may do `verb` on this row; or, given a model class, on any row at all.

    Costs no query where the role reaches every row. Separation of duties (`apart`) is asked by the action itself.
    """
    model = register_of(target if isinstance(target, type) else type(target))
    if not _stands(user) or not _known(model, verb):
        return False
    if _reaches_all(user, verb, model):
        return True
    if isinstance(target, type):
        return _can_anywhere(user, verb, model)
    rows = type(target)._default_manager.filter(pk=target.pk)
    return allowed(user, verb, rows, moment).exists()


def verbs_on(user: Person, verbs: Iterable[str], target: Model, moment: datetime | None = None) -> set[str]:
    """Those of the verbs that the person may do on this row: one query at most, where `can` would ask for each."""
    model, given = type(target), set()
    alike: dict[Any, list[str]] = {}  # verbs that reach the same rows are asked for by one of them
    for verb in verbs:
        if _reaches_all(user, verb, model):
            given.add(verb)
        else:
            alike.setdefault(_reached_as(user, verb, model), []).append(verb)
    asked = [
        allowed(user, same[0], model._default_manager.filter(pk=target.pk), moment)
        .order_by()
        .values_list(Value(same[0], CharField()), flat=True)
        for same in alike.values()
    ]
    found = set(asked[0].union(*asked[1:]) if asked else ())
    return given.union(*(same for same in alike.values() if same[0] in found))


def _reached_as(user: Person, verb: str, model: type[Model]) -> Any:
    """What decides which rows a verb reaches: its scope, where neither grants nor a closed record tell verbs apart."""
    paths = paths_of(register_of(model))
    spared = paths is not None and paths.confined is not None and verb in paths.confined.spares
    if not _stands(user) or user.role == Role.AUDITOR or spared or getattr(register_of(model), "grants", None):
        return verb
    return _scope(user, verb, register_of(model))


def which(user: Person, verb: str, targets: Iterable[Model]) -> set[Any]:
    """The ids of those live rows on which the person may do `verb`: one query at most, for a whole page."""
    rows = list(targets)
    if not rows:
        return set()
    model = type(rows[0])
    ids = [row.pk for row in rows]
    if _reaches_all(user, verb, model):
        return set(ids)
    return set(allowed(user, verb, model._default_manager.filter(pk__in=ids)).values_list("pk", flat=True))


def get_allowed(
    user: Person, verb: str, rows: QuerySet[Row] | type[Row], pk: Any, moment: datetime | None = None
) -> Row:
    """The row with this id, if the person may do `verb` on it.

    Raises Http404 for a row that does not exist or is not seen, PermissionDenied for one that is seen without the verb
    . `pk` is the original id for history rows too.
    """
    seen = visible(user, rows, moment)
    row = seen.filter(**{"id" if _is_history(seen.model) else "pk": pk}).first()
    if row is None:
        raise Http404
    if verb != "view" and not can(user, verb, row, moment):
        raise PermissionDenied
    return row


def get_shown(user: Person, verb: str, model: type[Row], pk: Any, *related: str) -> Row:
    """The row with this id as this person reads it without asking for a moment, if they may do `verb` on it.

    For everybody the live row; for an auditor whose period is over, as it stood then. Raises as `get_allowed`.
    """
    moment = moment_for(user, None, model)
    found: Row = asof.thaw(get_allowed(user, verb, asof.rows(model, moment).select_related(*related), pk, moment))
    return found


def require(user: Person, verb: str, target: Model | type[Model]) -> None:
    """Let only those through who may do `verb` on the row, or given a class on any row.

    Raises Http404 where the person does not even see it, PermissionDenied where the verb is missing.
    """
    if not can(user, "view", target):
        raise Http404
    if not can(user, verb, target):
        raise PermissionDenied


def open_to_auditor(model: type[Model], verb: str) -> bool:
    """Whether an auditor may do the verb on some row of this register at all: he reads, and writes what is his own."""
    return verb in AUDITOR_MAY or (model._meta.label_lower, verb) in AUDITOR_WRITES


def signs(verb: str, target: Model | type[Model]) -> bool:
    """Whether the verb, on this row or on rows of this class, signs or approves (SIGNING)."""
    return (register_of(target if isinstance(target, type) else type(target))._meta.label_lower, verb) in SIGNING


def apart(actor: User, others: Iterable[int | None], duty: Duty, target: Model | None = None) -> DutyException | None:
    """Keep the two steps of a duty with two people: raises PermissionDenied if the actor is among the ids `others`.

    Roles and grants never lift it. An exception in force does, if the duty knows any: it is returned, and the action
    names it in its entry (`refs_of`). Actions call it: requester and approver, performer and tester, and so on.
    """
    if actor.pk not in set(others):
        return None
    exception = _exception(actor, duty, target)
    if exception is None:
        raise PermissionDenied(duty.rule)
    return exception


def are_apart(actor: User, others: Iterable[int | None], duty: Duty, target: Model | None = None) -> bool:
    """Whether `apart` would let the actor through: for pages that offer the second step."""
    return actor.pk not in set(others) or _exception(actor, duty, target) is not None


def refs_of(exception: DutyException | None) -> dict[str, Any]:
    """What the entry of an action says of the exception that it was done under."""
    return {"dutyexception": exception.pk} if exception else {}


def open_window(user: Person) -> AuditorWindow | None:
    """The auditor's one open window. None for anybody else; and none if, against the rules, two are open.

    Read once a request, but the clock is asked each time.
    """
    if not _stands(user) or user.role != Role.AUDITOR:
        return None
    now = timezone.now()

    def read() -> AuditorWindow | None:
        found = list(AuditorWindow.objects.filter(user=user, opens_at__lte=now, closes_at__gt=now)[:2])
        return found[0] if len(found) == 1 else None

    window = once(("window", user.pk), read)
    return window if window is not None and window.is_open(now) else None


def moment_for(user: Person, asked: datetime | None, model: type[Model] | None = None) -> datetime | None:
    """The moment as of which a person reads (rows of `model`): what was asked, or None for the live rows.

    An auditor is kept inside the period of the open window: before it means its first moment, after it (or now, once
    it is over) its last. A moment that has not come yet is the present. What is timeless (Paths) he reads live.
    """
    window = open_window(user)
    if window is None:
        return asked
    if model is not None and _timeless(model):
        return None
    now, (first, last) = timezone.now(), period_of(window)
    moment = min(max(asked or now, first), last)
    return None if moment >= now else moment


def pinned_for(user: Person, pin: datetime, model: type[Model] | None = None) -> datetime | None:
    """As `moment_for`, for what is made as of one moment for good: what is timeless is read as of that, too."""
    if open_window(user) is not None and model is not None and _timeless(model):
        return pin
    return moment_for(user, pin, model)


def period_of(window: AuditorWindow) -> tuple[datetime, datetime]:
    """The first and the last moment of a window's period, in the organisation's time zone."""
    here = zone()
    first = datetime.combine(window.period_from, time.min, here)
    return first, datetime.combine(window.period_to + timedelta(days=1), time.min, here) - timedelta(microseconds=1)


def seen_entries(user: User) -> Q:
    """The trail entries about what the person sees, as a condition: whose values he may read."""
    return _entries(user, Scope.SEEN, TABLE)


def _exception(actor: User, duty: Duty, target: Model | None) -> DutyException | None:
    """The exception that lifts the duty for this person on this record now, in one query; None if there is none."""
    if not duty.may_be_excepted:
        return None
    where = Q(object_type="")
    if target is not None:
        where |= Q(object_type=register_of(type(target))._meta.label_lower, object_id=str(target.pk))
    found = DutyException.objects.in_force().filter(where, beneficiary=actor, duty=duty.id)
    exception: DutyException | None = found.order_by("id").first()
    return exception


def register_of(model: type[Model]) -> type[Model]:
    """The register that a model belongs to: itself, or the one whose history it keeps."""
    return getattr(model, "instance_type", model)


def paths_of(model: type[Model]) -> Paths | None:
    """Where a register says its owners and categories are; None if it says nothing: then no scope reaches it."""
    return BELOW.get(model._meta.label_lower) or getattr(model, "access", None)


def _stands(user: Person) -> TypeGuard[User]:
    return bool(user.is_authenticated and user.is_active)


def _known(model: type[Model], verb: str) -> bool:
    return verb in TABLE.get(model._meta.label_lower, {})


def _timeless(model: type[Model]) -> bool:
    paths = paths_of(model)
    return paths is not None and paths.timeless


def _is_history(model: type[Model]) -> bool:
    return register_of(model) is not model


def _scope(user: User, verb: str, model: type[Model]) -> Scope | None:
    return TABLE.get(model._meta.label_lower, {}).get(verb, {}).get(user.role)


def _reaches_all(user: Person, verb: str, model: type[Model]) -> bool:
    """Whether the role alone gives the verb on every row, so that none need be read. Never for an auditor.

    Who reads the whole trail reads it but for what is told of records that are closed to them.
    """
    if not _stands(user) or user.role == Role.AUDITOR or _scope(user, verb, model) is not Scope.ALL:
        return False
    return model._meta.label_lower != "trail.entry" or not _closed_to(user)


def _closed_to(user: User) -> list[str]:
    """The labels of the registers of which some records can be closed to this person."""
    confined = (label for label in TABLE if (paths := paths_of(apps.get_model(label))) and paths.confined)
    return [label for label in confined if not _reaches_all(user, "view", apps.get_model(label))]


def _allowed_to_auditor(
    user: User, verb: str, rows: QuerySet[Row], moment: datetime | None, about: Collection[str]
) -> QuerySet[Row]:
    """Refused every verb that is no auditor's, everything while no window is open, and any time but the period.

    What he writes reaches live rows of his window's engagement alone: no history, no grant, no row that any window
    shows.
    """
    window = open_window(user) if open_to_auditor(register_of(rows.model), verb) else None
    if window is None or not _in_period(window, register_of(rows.model), moment):
        return rows.none()
    scope = _scope(user, verb, register_of(rows.model))
    paths = paths_of(register_of(rows.model))
    if verb not in AUDITOR_MAY and not _writes_here(scope, paths, rows.model, moment):
        return rows.none()
    if scope is Scope.WINDOW and paths is not None:
        if paths.within is not None:
            rows = rows.filter(paths.within(window, moment))
        if paths.category is None:
            return rows.filter(_unconfined(user, verb, register_of(rows.model)))
        reach = _leads(paths.category, window.category_codes, moment)
    else:
        reach = _reach(user, scope, rows, moment, about)
    return rows.filter(reach | _granted(user, verb, rows), _unconfined(user, verb, register_of(rows.model)))


def _writes_here(scope: Scope | None, paths: Paths | None, model: type[Model], moment: datetime | None) -> bool:
    """Whether what an auditor writes can be told to be his engagement's, and is as it stands now."""
    live = moment is None and not _is_history(model)
    return live and scope is Scope.WINDOW and paths is not None and paths.within is not None


def _unconfined(user: User, verb: str, model: type[Model]) -> Q:
    """The rows that are not closed to this person, as the record stands now: also for rows of the past."""
    paths = paths_of(model)
    shut = paths.confined if paths is not None else None
    if shut is None or verb in shut.spares:
        return Q()
    open_to = Q(**{shut.flag: False})
    for path in shut.insiders:
        open_to |= _leads(path, [user.pk], None)
    records = apps.get_model(shut.model)._default_manager.filter(open_to).order_by()
    return Q(**{f"{shut.key}__in": records.values("id")})


def _in_period(window: AuditorWindow, model: type[Model], moment: datetime | None) -> bool:
    """Whether rows of this moment (None: live ones) lie in the period: a page that forgot moment_for shows none."""
    if not hasattr(model, "history") or _timeless(model):
        return True  # jobs are the auditor's own, and trail entries carry their time
    now = timezone.now()
    if moment is None and now.date() < window.period_to - timedelta(days=1):
        return True  # in every time zone: the usual case, without asking for the organisation's
    first, last = period_of(window)
    return now <= last if moment is None else first <= moment <= last


def _can_anywhere(user: User, verb: str, model: type[Model]) -> bool:
    """Whether the verb is given on some row: by the role, or by a grant that holds now."""
    if user.role == Role.AUDITOR:
        if not open_to_auditor(model, verb) or open_window(user) is None:
            return False
        if verb not in AUDITOR_MAY:
            return _writes_here(_scope(user, verb, model), paths_of(model), model, None)
    grants = _live_grants(user, verb, model)
    by_role = _scope(user, verb, model) is not None
    if by_role or grants is None:
        return by_role
    return once(("grant", user.pk, verb, model), grants.exists)


def _reach(user: User, scope: Scope | None, rows: QuerySet[Any], moment: datetime | None, about: Collection[str]) -> Q:
    """The rows within a scope that is narrower than ALL, as a condition."""
    model = register_of(rows.model)
    if model._meta.label_lower == "trail.entry":
        return _entries(user, scope, about)
    paths, reach = paths_of(model), _NOTHING
    if paths is None:
        return reach
    if scope in (Scope.OWN, Scope.TEAM, Scope.FOR):
        for path in paths.owner:
            reach |= _leads(path, [user.pk], None)
    if scope is Scope.TEAM:
        for path in paths.managers():
            reach |= _leads(path, [user.pk], None)
    if scope is Scope.FOR and paths.meant is not None:
        reach |= paths.meant(user, moment)
    return reach


def _leads(path: str | Via, ends: Sequence[Any], moment: datetime | None) -> Q:
    """The rows from which a path leads to one of `ends`, by the links that stood at the moment."""
    if isinstance(path, str):
        return Q(**{f"{path}__in": ends})
    link = apps.get_model(path.link)
    links = asof.rows(link, moment).filter(_leads(path.slug, ends, moment))
    if any(field.name == "archived_at" for field in link._meta.fields):
        links = links.filter(archived_at__isnull=True)
    return Q(**{f"{path.row}__in": links.values(path.key)})


def _entries(user: User, scope: Scope | None, about: Collection[str]) -> Q:
    """Trail entries: one's own actions, or those about what one sees of these registers (an auditor: in the period)."""
    if scope is Scope.OWN:
        return Q(actor_kind__in=("user", "token"), actor_id=user.pk)
    if scope is Scope.ALL:
        closed = _closed_to(user)
        reach = ~Q(object_type__in=closed)
        for label in closed:
            if label in about:
                reach |= _entries_about(user, label)
        return reach
    if scope is not Scope.SEEN:
        return _NOTHING
    reach = _NOTHING
    for label in TABLE:
        if label != "trail.entry" and label in about:
            reach |= _entries_about(user, label)
    window = open_window(user)
    if window is not None:
        first, last = period_of(window)
        reach &= Q(at__gte=_microseconds(first), at__lte=_microseconds(last))
    return reach


def _entries_about(user: User, label: str) -> Q:
    model = apps.get_model(label)
    if _reaches_all(user, "view", model):
        return Q(object_type=label)
    if not can(user, "view", model):
        return _NOTHING
    moment = moment_for(user, None, model) if hasattr(model, "history") else None
    ids = visible(user, asof.rows(model, moment), moment).annotate(as_text=Cast("id", CharField()))
    return Q(object_type=label, object_id__in=ids.values("as_text"))


def _microseconds(moment: datetime) -> int:
    """The trail's clock: microseconds since 1970 in UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _live_grants(user: User, verb: str, model: type[Model]) -> QuerySet[Any] | None:
    """The grants of this verb to this person that hold now, or None where the register knows no grants.

    Never guardian's has_perm, which answers yes for an expired row: the expiry stands in this query.
    """
    table = getattr(model, "grants", "")
    if not table:
        return None
    now = timezone.now()
    return apps.get_model(table)._default_manager.filter(
        user=user,
        permission__codename=f"{verb}_{model._meta.model_name}",
        permission__content_type__app_label=model._meta.app_label,
        opens_at__lte=now,
        expires_at__gt=now,
    )


def _granted(user: User, verb: str, rows: QuerySet[Any]) -> Q:
    grants = _live_grants(user, verb, register_of(rows.model))
    return _NOTHING if grants is None else Q(id__in=grants.values("content_object"))
