"""My work and search: the two pages that read every register. The wiring hands them the registers' functions."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.work import SearchHit, WorkItem

Work = Callable[[User], list[WorkItem]]
Search = Callable[[User, str], list[SearchHit]]
NEVER = date.max  # what has no date waits behind what has one


@require_safe
def my_work(request: HttpRequest, work: Sequence[Work]) -> HttpResponse:
    """Everything that waits for the person who is signed in, the most urgent first, in three heaps by due date."""
    user: Any = request.user
    items = sorted((item for waiting in work for item in waiting(user)), key=lambda item: (item.due or NEVER, item.ref))
    now = today()
    soon = now + timedelta(days=setting("review_due_soon_days"))
    heaps = [
        ("Overdue", [item for item in items if item.due and item.due < now]),
        ("Due soon", [item for item in items if item.due and now <= item.due <= soon]),
        ("Waiting", [item for item in items if not item.due or item.due > soon]),
    ]
    return render(request, "home/my_work.html", {"heaps": heaps, "count": len(items), "today": now})


@require_safe
def search(request: HttpRequest, search: Sequence[Search]) -> HttpResponse:
    """Any record that this person may see, by ref or words."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]  # PostgreSQL has no NUL in its text
    user: Any = request.user
    hits = [hit for find in search for hit in find(user, words)] if words else []
    return render(request, "home/search.html", {"words": words, "hits": hits})
