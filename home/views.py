"""My work and search: the two pages that read every register. The wiring hands them the registers' functions."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from foundation.accounts.access import open_window
from foundation.accounts.models import AuditorWindow, User
from foundation.accounts.roles import Role
from foundation.organisation.models import today
from foundation.organisation.settings import setting
from foundation.pages.search import Finder, find
from foundation.pages.work import WorkItem

Work = Callable[[User], list[WorkItem]]
NEVER = date.max  # what has no date waits behind what has one


@require_safe
def my_work(request: HttpRequest, work: Sequence[Work]) -> HttpResponse:
    """Everything that waits for the person who is signed in: what is on now, then in three heaps by due date."""
    user: Any = request.user
    if user.is_auditor and open_window(user) is None:
        return shut_out(request, user)
    items = sorted((item for waiting in work for item in waiting(user)), key=lambda item: (item.due or NEVER, item.ref))
    day = today()
    soon = day + timedelta(days=setting("review_due_soon_days"))
    later = [item for item in items if not item.now]
    heaps = [
        ("Now", [item for item in items if item.now]),
        ("Overdue", [item for item in later if item.due and item.due < day]),
        ("Due soon", [item for item in later if item.due and day <= item.due <= soon]),
        ("Waiting", [item for item in later if not item.due or item.due > soon]),
    ]
    return render(request, "home/my_work.html", {"heaps": heaps, "count": len(items), "today": day})


def shut_out(request: HttpRequest, user: User) -> HttpResponse:
    """Tell an auditor who may look at nothing now when the access ended or begins, and whom to ask."""
    now = timezone.now()
    windows = list(AuditorWindow.objects.filter(user=user).order_by("opens_at"))
    context = {
        "ended": max((window.closes_at for window in windows if window.closes_at <= now), default=None),
        "opens": min((window.opens_at for window in windows if window.opens_at > now), default=None),
        "people": User.objects.in_role(Role.COMPLIANCE_MANAGER).order_by("name"),
    }
    return render(request, "home/shut_out.html", context)


@require_safe
def search(request: HttpRequest, search: Sequence[Finder]) -> HttpResponse:
    """Any record that this person may see, by ref or words."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]  # PostgreSQL has no NUL in its text
    user: Any = request.user
    return render(request, "home/search.html", {"words": words, "hits": find(search, user, words)})
