"""The end of an access review of 100,000 accounts: launching, signing, approving, its certificate and full list.

    .venv/bin/python benchmarks/reviews.py [ACCOUNTS]

Makes its own data in a temporary folder (SQLite), as benchmarks/listings.py does, and decides on every account at once:
one in fifty is removed, the rest kept, with a reason. Each step runs in a process of its own; memory is the most that
process held, its imports included. "+" is what ten million additions take right then, about 0.5 s on an idle machine.
"""

import datetime
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from listings import apart, export, freeze, prepare
from serving import ROOT


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    count = numbers[0] if numbers else 100_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder, "COUNTERSIGN_LOCAL": "true", "DJANGO_SETTINGS_MODULE": "grc.settings",
            "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        sys.path.insert(0, str(ROOT))
        apart(prepare, count)
        file = Path(folder) / "first.csv"
        file.write_bytes(export(count, 0))
        apart(freeze, file, 2)
        for step in (launch, decide, sign, approve, certificate, paper, as_csv, as_json):
            apart(step)


def launch() -> str:
    """A campaign with its people, launched."""
    from accessreviews.campaigns import launch, plan, set_reviewer
    from accessreviews.models import Campaign, ReviewItem
    from foundation.accounts.models import User
    from foundation.accounts.roles import Role
    from foundation.organisation.models import today
    from foundation.trail.keep import save
    from foundation.trail.record import SYSTEM

    who = [
        save(User(email=f"{name}@example.com", name=name, role=role), actor=SYSTEM, verb="user.created")
        for name, role in (("c", Role.COMPLIANCE_MANAGER), ("r", Role.MANAGER), ("a", Role.MANAGER))
    ]
    day = today()
    campaign = Campaign(name="Q", period_from=day - datetime.timedelta(days=30), period_to=day, due_on=day)
    campaign.approver = who[2]
    plan(campaign, actor=who[0])
    set_reviewer(campaign.reviews.get(), actor=who[0], reviewer=who[1], by="reviewer")
    launch(Campaign.objects.get(), actor=who[0])
    return f"launch, {ReviewItem.objects.count():,} accounts assigned"


def decide() -> str:
    """Every account decided, as the actions would: their rows, histories and entries."""
    from django.utils import timezone

    from accessreviews.models import Assignment, Choice, Decision, ReviewItem
    from foundation.trail.keep import save_many

    part = Assignment.objects.select_related("reviewer").get()
    made = [
        Decision(
            item_id=number, assignment=part, choice=Choice.KEEP if place % 50 else Choice.REMOVE, seconds=7,
            reason="Needed for the job." if place % 50 else "Not needed.", decided_by=part.reviewer,
            decided_at=timezone.now(),
        )
        for place, number in enumerate(ReviewItem.objects.order_by("id").values_list("pk", flat=True))
    ]  # fmt: skip
    kept = {"verb_created": "decision.kept", "verb_updated": "decision.kept", "reason": ""}
    save_many(made, actor=part.reviewer, **kept)
    return "decide on all at once"


def sign() -> str:
    """The reviewer's signature."""
    from accessreviews.models import Assignment, Removal
    from accessreviews.signing import sign

    part = Assignment.objects.select_related("reviewer").get()
    sign(part, actor=part.reviewer, statement="I looked.")
    return f"sign, {Removal.objects.count():,} removals"


def approve() -> str:
    """The approver's signature."""
    from accessreviews.models import Review
    from accessreviews.signing import approve

    review = Review.objects.select_related("campaign__approver").get()
    approve(review, actor=review.campaign.approver, statement="I looked, too.")
    return "approve"


def certificate() -> str:
    """The page, by a client."""
    from django.urls import reverse

    body = b"".join(fetched(reverse("accessreviews:review-certificate", args=[1])))
    return f"certificate, page of {len(body) / 1000:.0f} kB"


def paper() -> str:
    """The PDF as the printer's job makes it."""
    from django.urls import reverse

    from foundation.accounts.models import User
    from foundation.organisation.models import organisation
    from foundation.pages.paper import cover_for, html_for, paper_for, pdf_for

    user = User.objects.get(name="c")
    paper = paper_for(reverse("accessreviews:review-certificate", args=[1]), user)
    cover = cover_for(user)
    pdf = pdf_for(html_for(paper, cover), cover.made_at, organisation())
    return f"certificate, PDF of {paper.rows:,} rows, {len(pdf) / 1e6:.1f} MB"


def as_csv() -> str:
    """The full list."""
    from django.urls import reverse

    size = sum(map(len, fetched(reverse("accessreviews:review-decisions-csv", args=[1]))))
    return f"full list, CSV of {size / 1e6:.1f} MB"


def as_json() -> str:
    """The lines that were hashed."""
    from django.urls import reverse

    size = sum(map(len, fetched(reverse("accessreviews:review-decisions-json", args=[1]))))
    return f"full list, JSON of {size / 1e6:.1f} MB"


def fetched(address: str) -> Any:
    """What the view answers the compliance manager, piece by piece."""
    from django.test import RequestFactory
    from django.urls import resolve

    from foundation.accounts.models import User

    found = resolve(address)
    request = RequestFactory().get(address)
    request.user = User.objects.get(name="c")
    response = found.func(request, **found.kwargs)
    return response.streaming_content if response.streaming else iter([response.content])


if __name__ == "__main__":
    main()
