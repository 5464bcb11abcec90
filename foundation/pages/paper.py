"""Any page on paper: which view prints what, its cover, and the PDF, made by a child process that can do no more."""

import base64
import datetime as dt
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, QueryDict
from django.template.loader import render_to_string
from django.urls import ResolverMatch, resolve
from django.utils import timezone

from foundation.accounts.access import moment_for, pinned_for
from foundation.accounts.models import User
from foundation.organisation.models import Organisation, organisation
from foundation.pages.moment import asked_moment
from foundation.trail.log import Block
from foundation.trail.models import Entry
from foundation.trail.seal import head

MOST_ROWS = 6000  # about 1 GB and a minute in the child process; a longer register is a CSV or a filtered list
PATIENCE = 600  # seconds of wall time for one PDF on a busy machine, after which the child is killed
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "DYLD_FALLBACK_LIBRARY_PATH", "LD_LIBRARY_PATH")
LONGEST = 2000  # characters of an address: more than any filter of ours makes
# Lists that begin at another number than 1: only in what people wrote themselves. The layout follows `start` on demand,
# since it then looks at the attributes of each cell.
NUMBERED = re.compile(r"<ol [^>]*\bstart=")
LOGO = "own:logo"  # the one address, besides static:, that the child process serves


class PaperRefused(Exception):
    """This page cannot be printed as asked; the message tells the person what to do instead."""


class PaperFailed(Exception):
    """The child process made no PDF; the message says why, for the log."""


@dataclass(frozen=True)
class Paper:
    """What a view puts on paper: the same rows and filters that it shows on screen.

    template: extends pdf/base.html. scope: lines for the cover (filters, categories, what was left out).
    context: may hold functions, which the template calls when it prints; so asking for a PDF costs a count and no rows.
    period: the period reported on, in words, or "". as_of: the recorded time shown, None = now. rows: how many rows
    the body holds, for honest progress and the limit.
    """

    template: str
    title: str
    context: Mapping[str, Any] = field(default_factory=dict)
    scope: Sequence[str] = ()
    period: str = ""
    as_of: dt.datetime | None = None
    landscape: bool = False
    rows: int = 0


class PaperFunction(Protocol):
    """A view's `.paper`: visible() and can() decide what `user` may print; Http404 and PermissionDenied as the page."""

    def __call__(self, user: User, params: QueryDict, moment: dt.datetime | None, /, **kwargs: Any) -> Paper: ...


@dataclass(frozen=True)
class Cover:
    """What every PDF says about itself. `checkpoint`: the trail's newest, signed, so that paper is a copy outside too.

    Until something is sealed, the trail's last entry and its hash. pinned: made as of that checkpoint for good, so that
    the same records give the same document, whoever makes it and when.
    """

    organisation: str
    logo: str
    demo: bool
    made_by: str
    made_at: dt.datetime
    entry_id: int | None
    entry_hash: str
    checkpoint: str
    pinned: bool = False


def paper_for(page: str, user: User, pin: dt.datetime | None = None) -> Paper:
    """What `user` gets when he prints `page` (a path of this site with its query string).

    pin: the moment as of which it is made for good, instead of the one that the address names. Raises Http404 when no
    such page exists, it cannot be printed, or the person may not see it; PermissionDenied from the page's own rules;
    PaperRefused for a list too long for paper or a moment that is none.
    """
    match = match_for(page)
    function: PaperFunction | None = getattr(match.func, "paper", None)
    if function is None:
        raise Http404("This page has no printed form.")
    params = QueryDict(urlsplit(page).query)
    paper = function(user, params, moment_of(match, params, user, pin), **match.kwargs)
    if paper.rows > MOST_ROWS:
        raise PaperRefused(
            f"{paper.rows:,} rows are more than a PDF can hold ({MOST_ROWS:,}). Filter the list, or take the CSV."
        )
    return paper


def moment_of(match: ResolverMatch, params: QueryDict, user: User, pin: dt.datetime | None) -> dt.datetime | None:
    """As of when a page is made: of the pin, or of what its address asks. Raises PaperRefused for no moment."""
    model = getattr(getattr(match.func, "pages", None), "model", None)
    if pin is not None:
        return pinned_for(user, pin, model)
    try:
        return moment_for(user, asked_moment(params.get("as_of", "")), model)
    except ValueError as error:
        raise PaperRefused(str(error)) from error


def match_for(page: str) -> ResolverMatch:
    """The view behind a path of this site; Http404 for anything else, other sites' addresses included."""
    try:
        parts = urlsplit(page)
    except ValueError as error:  # “//[” and the like
        raise Http404("Not an address.") from error
    ours = parts.path.startswith("/") and not parts.scheme and not parts.netloc
    if not ours or not page.isprintable() or len(page) > LONGEST:
        raise Http404("Not a page of this site.")
    return resolve(parts.path)


def cover_for(user: User) -> Cover:
    """The facts of a cover, as of this moment."""
    ours = organisation()
    last, block = Entry.objects.order_by("-id").first(), head()
    return Cover(
        organisation=ours.name,
        logo=LOGO if ours.logo else "",
        demo=ours.is_demo,
        made_by=str(user),
        made_at=timezone.now(),
        entry_id=last.id if last else None,
        entry_hash=last.leaf_hash().hex() if last else "",
        checkpoint=block.note if block else "",
    )


def pinned_cover(block: Block) -> Cover:
    """The cover of what is made as of one checkpoint: it names that instead of a person and the clock."""
    ours = organisation()
    return Cover(
        organisation=ours.name, logo=LOGO if ours.logo else "", demo=ours.is_demo, made_by="", made_at=block.moment,
        entry_id=None, entry_hash="", checkpoint=block.note, pinned=True,
    )  # fmt: skip


def html_for(paper: Paper, cover: Cover) -> str:
    """The document that the child process lays out; templates get `paper`, `cover` and the paper's own context."""
    return render_to_string(paper.template, {**paper.context, "paper": paper, "cover": cover})


def pdf_for(html: str, made_at: dt.datetime, ours: Organisation) -> bytes:
    """The PDF of `html`: tagged, the same bytes for the same document and time. Raises PaperFailed."""
    order = {
        "html": html,
        "identifier": hashlib.sha256(html.encode()).hexdigest()[:32],
        "hints": bool(NUMBERED.search(html)),
        "roots": [str(root) for root in static_roots()],
        "files": {LOGO: base64.b64encode(logo_bytes(ours)).decode()} if ours.logo else {},
    }
    # The child gets the one moment that it prints and how to find its fonts: none of our keys and addresses.
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment = {**kept, "SOURCE_DATE_EPOCH": str(int(made_at.timestamp()))}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "foundation.pages.paper_render"],
            input=json.dumps(order).encode(),
            capture_output=True,
            cwd=settings.BASE_DIR,
            env=environment,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PaperFailed(f"no PDF after {PATIENCE} s") from error
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        raise PaperFailed(f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def static_roots() -> list[Path]:
    """The folders that hold our own style sheets and fonts: the only files that a PDF may use."""
    return [Path(root) for root in settings.STATICFILES_DIRS]


def logo_bytes(ours: Organisation) -> bytes:
    """The organisation's logo."""
    with ours.logo.open("rb") as logo:
        return logo.read()
