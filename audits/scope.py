"""What an engagement covers, as people read it: on its tab, on paper, and as the file that gives the hash."""

import datetime
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.views.decorators.http import require_safe

from audits.freezing import changes_since, gaps_in, is_intact, lines_of, scope_lines
from audits.models import Engagement, FrozenLine, Snapshot, SnapshotKind, Sort
from controls.models import Applicability, Category, Frequency, Kind, Nature
from controls.models import Status as ControlStatus
from foundation.accounts.access import can, get_allowed, get_shown
from foundation.accounts.models import User
from foundation.pages.forms import user_of
from foundation.pages.moment import at
from foundation.pages.panels import Panel
from foundation.pages.paper import Paper
from foundation.pages.sheets import json_file
from foundation.trail.asof import rows, thaw
from foundation.trail.record import record

FORMAT: Final = "countersign engagement snapshot 1"
A_PAGE: Final = 50
SCOPE: Final = (Sort.ENGAGEMENT, Sort.CRITERION, Sort.CONTROL, Sort.WORDING)
NAMED: Final = 50  # changes since the scope was frozen: more are counted
APPLIES, STATUS, FREQUENCY, KIND, NATURE = (
    {one.value: str(one.label) for one in words} for words in (Applicability, ControlStatus, Frequency, Kind, Nature)
)


def scope_panel(user: User, engagement: Any, moment: datetime.datetime | None, asked: QueryDict) -> Panel:
    """The scope: as it was frozen (`?edition=2` an earlier one), or as it would be. Nine queries, whatever its size."""
    editions = editions_of(engagement, moment)
    chosen = next(
        (one for one in editions if str(one.number) == asked.get("edition")), editions[0] if editions else None
    )
    latest = next((one for one in editions if one.kind == SnapshotKind.SCOPE), None)
    manages = moment is None and not engagement.archived_at and can(user, "begin_fieldwork", engagement)
    open_still = engagement.status not in ("planned", "closed")
    changes = changes_since(engagement, latest) if manages and open_still and latest else []
    evidence = None
    if chosen is not None and chosen.kind == SnapshotKind.REPORT:
        evidence = Paginator(chosen.lines.filter(sort=Sort.EVIDENCE), A_PAGE).get_page(asked.get("page"))
    shown = {
        "editions": editions, "edition": chosen, "intact": chosen is None or is_intact(chosen), "at": at(moment),
        "unfrozen": chosen is None and moment is not None, "changes": changes[:NAMED],
        "more_changes": max(0, len(changes) - NAMED), "may_freeze": manages and open_still, "evidence": evidence,
        **({} if chosen is None and moment is not None else told_of(engagement, chosen)),
    }  # fmt: skip
    return Panel("audits/scope_panel.html", shown)


def editions_of(engagement: Any, moment: datetime.datetime | None) -> list[Snapshot]:
    """What was frozen of it by a moment (None: ever), the latest first. One query."""
    found = Snapshot.objects.filter(engagement=engagement.pk).select_related("taken_by").order_by("-number")
    return list(found if moment is None else found.filter(taken_at__lte=moment))


def told_of(engagement: Any, snapshot: Snapshot | None) -> dict[str, Any]:
    """Criteria and controls in words: of a snapshot, or, where there is none, as they stand now."""
    if snapshot is None:
        lines: list[Any] = scope_lines(engagement)
    else:
        lines = list(snapshot.lines.filter(sort__in=SCOPE).order_by("position"))
    controls = [line.facts for line in lines if line.sort == Sort.CONTROL]
    numbers = {one["owner_id"] for one in controls} - {None}
    owners = {user.pk: str(user) for user in User.objects.filter(pk__in=numbers)}
    met: dict[str, list[str]] = defaultdict(list)
    for one in controls:
        for code in one["criteria"]:
            met[code].append(one["ref"])
    worded: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        if line.sort == Sort.WORDING:
            worded[line.facts["control"]].append(line.facts)
    criteria = [line.facts for line in lines if line.sort == Sort.CRITERION]
    return {
        "gaps": gaps_in(lines),
        "criteria": [
            {
                "facts": one, "applies": APPLIES[one["applicability"]], "controls": met[one["code"]],
                "gap": one["applicability"] != Applicability.NOT_RELEVANT and not met[one["code"]],
            }
            for one in criteria
        ],
        "controls": [
            {
                "facts": one, "owner": owners.get(one["owner_id"], ""), "status": STATUS[one["status"]],
                "frequency": FREQUENCY.get(one["frequency"], ""), "kind": KIND.get(one["kind"], ""),
                "nature": NATURE.get(one["nature"], ""), "wordings": worded[one["ref"]],
            }
            for one in controls
        ],
    }  # fmt: skip


# ---- the snapshot as a file --------------------------------------------------------------------------------------


@require_safe
def snapshot_json(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """The very lines that were hashed, and the hash: anybody can compute it again. The trail says who took it."""
    user = user_of(request)
    engagement = get_shown(user, "view", Engagement, pk)
    snapshot = Snapshot.objects.filter(engagement=engagement.pk, number=number).first()
    if snapshot is None:
        raise Http404
    with transaction.atomic():
        refs = {"snapshot": snapshot.number, "sha256": snapshot.sha256}
        record("engagement.snapshot_downloaded", user, engagement, refs=refs)
    return json_file(f"{engagement.name}-{snapshot.kind}-{snapshot.number}", document(snapshot))


def document(snapshot: Snapshot) -> Iterator[bytes]:
    """The JSON: a head, then the lines in their order, one to a line of the file."""
    head = {
        "format": FORMAT, "engagement": snapshot.engagement_id, "edition": snapshot.number, "kind": snapshot.kind,
        "taken_at": snapshot.taken_at.isoformat(), "taken_by": snapshot.taken_by_id, "reason": snapshot.reason,
        "count": snapshot.line_count, "sha256": snapshot.sha256,
    }  # fmt: skip
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "lines": ['
    before = b"\n"
    for line in lines_of(snapshot):
        yield before + line.rstrip(b"\n")
        before = b",\n"
    yield b"\n]}\n"


# ---- on paper ------------------------------------------------------------------------------------------------------


def engagement_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """An engagement on paper: what was frozen last, or, before fieldwork, what would be. Raises Http404, 403."""
    target = thaw(get_allowed(user, "view", rows(Engagement, moment).select_related("report", "issued_by"), pk, moment))
    editions = editions_of(target, moment)
    latest = editions[0] if editions else None
    evidence = latest.lines.filter(sort=Sort.EVIDENCE) if latest else FrozenLine.objects.none()
    told = {} if latest is None and moment is not None else told_of(target, latest)
    names = dict(Category.objects.values_list("slug", "name"))
    return Paper(
        title=f"SOC 2 {target.get_type_display()} engagement",
        template="pdf/engagement.html",
        context={
            "object": target, "editions": editions, "edition": latest, "intact": latest is None or is_intact(latest),
            "evidence": evidence.iterator, "evidence_count": evidence.count(), **told,
        },
        scope=(target.name, ", ".join(names.get(slug, slug) for slug in target.categories)),
        period=target.time(),
        as_of=moment,
        landscape=True,
        rows=latest.line_count if latest else len(told.get("controls", ())),
    )  # fmt: skip
