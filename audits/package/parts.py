"""The parts of a package, each a path, a title and a function that gives its bytes.

Every part is made by itself, so that one which was made need not be made again after a worker was killed.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404
from django.template.loader import render_to_string

from audits.freezing import about
from audits.models import Engagement, Snapshot
from audits.models.packages import Package
from audits.models.requests import RequestEvidence
from audits.package.archive import Sink
from audits.package.contents import PROVEN, reports_of
from audits.package.records import lines_of
from audits.scope import document
from evidence.models import Evidence, Population
from foundation.accounts.access import pinned_for, visible
from foundation.files.download import CHARACTERS
from foundation.files.spool import Spool
from foundation.jobs.job import JobError
from foundation.organisation.models import begin_of, organisation
from foundation.pages.exports import table_for
from foundation.pages.paper import Paper, PaperRefused, html_for, paper_for, pdf_for, pinned_cover
from foundation.pages.sheets import lines as csv_lines
from foundation.trail import bundle, sight
from foundation.trail.asof import rows, thaw
from foundation.trail.models import Entry
from foundation.trail.search import microseconds
from policies.models import Policy, PolicyVersion

FORMAT: Final = "countersign-package/1"
FREEZING: Final = ("engagement.fieldwork_begun", "engagement.scope_refrozen", "engagement.report_issued")
UNSEEN: Final = "the auditor does not see it"
HERE: Final = Path(__file__).parent.parent / "offline"
# What the folder of the archive's root holds beside the records: the scripts by which anybody verifies it.
SCRIPTS: Final = (
    HERE / "verify.py", bundle.SCRIPT, Path(__file__).parents[2] / "evidence" / "offline" / "draw_sample.py",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One file to be made."""

    path: str
    title: str
    make: Callable[[], Iterable[bytes]]


def parts_of(package: Package) -> Iterator[Part]:
    """Every part but the evidence itself, what lists the others last."""
    engagement = package.engagement
    for report, page, file in reports_of(engagement):
        stem = f"{report.folder}/{report.folder}"
        if page:
            yield Part(f"{stem}.pdf", report.title, partial(paper, package, page))
        if file:
            yield Part(f"{stem}.csv", f"{report.title}, as a table", partial(table, package, file))
    for snapshot in snapshots(package):
        yield Part(f"scope/{snapshot.kind}-{snapshot.number}.json", f"Frozen: {snapshot}", partial(document, snapshot))
    for version in policies(package):
        yield Part(
            f"policies/{Policy.ref_of(version.policy_id)}-{version.major}.{version.minor}.md",
            f"Policy: {version.title} {version.major}.{version.minor}", partial(policy_text, version),
        )  # fmt: skip
    yield Part("evidence/files.json", "Evidence, file by file", partial(evidence_list, package))
    for model in PROVEN:
        words = str(model._meta.verbose_name_plural).capitalize()
        yield Part(
            f"records/{model._meta.label_lower}.jsonl", f"{words}, record by record", partial(records, package, model)
        )
    yield Part("trail/period.zip", "Audit trail of the time examined, and since", partial(trail_period, package))
    yield Part("trail/records.zip", "Proof of each record's entry", partial(trail_records, package))
    yield Part("package.json", "What this package is", partial(head, package))
    for script in SCRIPTS:
        yield Part(script.name, "How to verify it offline", partial(script_bytes, script))


# ---- reports -------------------------------------------------------------------------------------------------------


def paper(package: Package, page: str) -> Iterable[bytes]:
    """A page on paper, as the reader sees it as of the checkpoint. Raises JobError where it cannot be made."""
    try:
        found = paper_for(page, package.reader, package.pinned_at)
    except (Http404, PermissionDenied, PaperRefused) as error:
        raise JobError(f"{page.partition('?')[0]} cannot be printed: {str(error) or UNSEEN}") from error
    return printed(package, found)


def printed(package: Package, found: Paper) -> Iterable[bytes]:
    """The PDF with the checkpoint on its cover instead of the clock."""
    cover = pinned_cover(package.block)
    yield pdf_for(html_for(found, cover), cover.made_at, organisation())


def table(package: Package, page: str) -> Iterable[bytes]:
    """A register's rows as CSV. Raises JobError where it cannot be made."""
    try:
        found = table_for(page, package.reader, package.pinned_at)
    except (Http404, PermissionDenied, PaperRefused) as error:
        raise JobError(f"{page.partition('?')[0]} cannot be read: {str(error) or UNSEEN}") from error
    return csv_lines(found.header, found.chunks)


# ---- what was frozen, and policies in force ------------------------------------------------------------------------


def snapshots(package: Package) -> QuerySet[Snapshot]:
    """What was frozen of the engagement by the checkpoint."""
    taken = Snapshot.objects.filter(engagement=package.engagement_id, taken_at__lte=package.pinned_at)
    return taken.order_by("number")


def policies(package: Package) -> Iterator[PolicyVersion]:
    """Every version that was in force on a day of the engagement, as far as the reader sees it."""
    first, last = package.engagement.days
    moment = pinned_for(package.reader, package.pinned_at, PolicyVersion)
    found = visible(package.reader, rows(PolicyVersion, moment), moment).filter(in_force_from__lte=last)
    found = found.filter(Q(in_force_until=None) | Q(in_force_until__gt=first))
    return (thaw(row) for row in found.order_by("policy_id", "major", "minor", "id"))


def policy_text(version: PolicyVersion) -> Iterable[bytes]:
    """The text, in Markdown, under its title."""
    until = version.in_force_until or "further notice"
    yield f"# {version.title} {version.major}.{version.minor}\n\nIn force from {version.in_force_from} ".encode()
    yield f"until {until}. SHA-256 of what was approved: {version.sha256}\n\n{version.text}\n".encode(errors="replace")


# ---- evidence ------------------------------------------------------------------------------------------------------


def evidence_of(package: Package) -> QuerySet[Any]:
    """The items whose bytes the package holds: about a day of the engagement, a population's rows, or handed in.

    Of those that the reader sees, as of the checkpoint, and that were not withdrawn.
    """
    engagement, reader, pin = package.engagement, package.reader, package.pinned_at
    moment = pinned_for(reader, pin, Evidence)
    seen = visible(reader, rows(Evidence, moment), moment).filter(about(engagement)).values("id")
    handed_in = visible(reader, rows(RequestEvidence, pin), pin).filter(archived_at=None).values("evidence_id")
    wanted = Q(id__in=seen) | Q(id__in=population_items(package)) | Q(id__in=handed_in)
    return rows(Evidence, pin).filter(wanted).exclude(state="withdrawn").order_by("id")


def population_items(package: Package) -> QuerySet[Any]:
    """The numbers of the items that hold the rows of the populations which the reader sees."""
    moment = pinned_for(package.reader, package.pinned_at, Population)
    return visible(package.reader, rows(Population, moment), moment).values("evidence_id")


def path_of(item: Any) -> str:
    """Where an item's bytes are in the archive: in a folder of its own, under the name that its file had."""
    name = item.name.translate(CHARACTERS).strip(". ")[-120:] or "file"
    return f"evidence/{Evidence.ref_of(item.id)}/{name}"


def evidence_list(package: Package) -> Iterable[bytes]:
    """Which file of the archive is which item of evidence."""
    yield b"["
    before = b"\n"
    for item in evidence_of(package).iterator(chunk_size=500):
        said = {"id": item.id, "path": path_of(item), "sha256": item.sha256, "size": item.size, "title": item.title}
        yield before + json.dumps(said, ensure_ascii=False, sort_keys=True).encode(errors="replace")
        before = b",\n"
    yield b"\n]\n"


# ---- records and the trail -----------------------------------------------------------------------------------------


def records(package: Package, model: Any) -> Iterator[bytes]:
    """The records of one register that the reader sees; of evidence besides those whose bytes the package holds.

    And of populations that were withdrawn, so that it is proven why their rows are missing.
    """
    block = package.block
    moment = pinned_for(package.reader, package.pinned_at, model)
    seen = visible(package.reader, rows(model, moment), moment)
    if model is Evidence:
        gone = rows(Evidence, package.pinned_at).filter(id__in=population_items(package), state="withdrawn")
        for held in (evidence_of(package), gone.order_by("id")):
            yield from lines_of(model, held, block)
            seen = seen.exclude(id__in=held.values("id"))
    yield from lines_of(model, seen.order_by("id"), block)


def trail_records(package: Package) -> Iterable[bytes]:
    """The entries that the records name and those that tell what was frozen, each with its proof under the checkpoint.

    They are handed out whole, also where they are older than the time examined, or the freezing younger: without them
    nobody could prove how a record that the reader sees stood.
    """
    about = Entry.objects.filter(object_type=Engagement._meta.label_lower, object_id=str(package.engagement_id))
    frozen = about.filter(verb__in=FREEZING, at__lte=package.block.sealed_at, id__lte=package.block.max_id)
    ids = set(frozen.values_list("id", flat=True))
    for part in package.parts.filter(path__startswith="records/"):
        with part.file.open("rb") as file:
            ids.update(json.loads(line)["entry"] for line in file)
    return in_passing(partial(bundle.export_entries, ids=ids, under=package.block))


def trail_period(package: Package) -> Iterable[bytes]:
    """The trail from the first day of the engagement to the checkpoint: what the reader may not see is counted."""
    since = microseconds(begin_of(package.engagement.days[0]))
    shown = partial(may_be_shown, package)
    until = package.block.sealed_at + 1
    return in_passing(partial(bundle.export_period, since=since, until=until, under=package.block, shown=shown))


def may_be_shown(package: Package, ids: Sequence[int]) -> set[int]:
    """Of these entries, those whose every value the reader may read."""
    near = Entry.objects.filter(id__gte=ids[0], id__lte=ids[-1]) if ids else Entry.objects.none()
    seen = list(visible(package.reader, near))
    known = sight.sight_of(package.reader, sight.wanted_by(seen))
    return {entry.pk for entry in seen if sight.is_open(entry, known)}


def in_passing(write: Callable[[Any], object]) -> Iterator[bytes]:
    """What a function writes to a file; on disk it waits sealed. Raises JobError for what is no leaf yet."""
    with Spool() as spool:
        try:
            write(Sink(spool))
        except bundle.NotSealed as error:
            raise JobError(f"{error} Ask again in a moment.") from error
        spool.finish()
        yield from spool.plain()


# ---- what the package says of itself -------------------------------------------------------------------------------


def head(package: Package) -> Iterable[bytes]:
    """The engagement, and the checkpoint that everything is made as of. Nothing of who asked, or when."""
    engagement, ours = package.engagement, organisation()
    first, last = engagement.days
    said = {
        "format": FORMAT, "organisation": ours.name, "demo": ours.is_demo, "checkpoint": package.block.note,
        "engagement": {
            "id": engagement.pk, "name": engagement.name, "type": engagement.type,
            "first": f"{first}", "last": f"{last}", "categories": engagement.categories, "firm": engagement.firm,
        },
    }  # fmt: skip
    yield json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def script_bytes(script: Path) -> Iterable[bytes]:
    """A script, as it stands in the product."""
    yield script.read_bytes()


def index(package: Package, listed: Sequence[Any], template: str) -> str:
    """The list of everything in the archive. `listed`: rows with path, title, size and sha256."""
    context = {
        "package": package, "engagement": package.engagement, "listed": listed, "organisation": organisation(),
        "checkpoint": package.block.note,
    }  # fmt: skip
    return render_to_string(template, context)


def index_paper(package: Package, listed: Sequence[Any]) -> Iterable[bytes]:
    """The same list on paper."""
    engagement = package.engagement
    return printed(
        package,
        Paper(
            template="pdf/package.html", title="Audit package", context={"listed": listed, "engagement": engagement},
            scope=(engagement.name,), period=engagement.time(), as_of=package.pinned_at, rows=len(listed),
        ),
    )  # fmt: skip
