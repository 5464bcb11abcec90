"""A register of 5,000 vendors with papers and reviews: queries and server time of its list and of one vendor's pages.

    .venv/bin/python benchmarks/vendors.py [VENDORS]

Makes its own data in a temporary folder (SQLite). Each page is fetched five times by a client of Django's own; the
median of the times is told, and the queries of one answer. "+" is what ten million additions take right then, about
0.5 s on an idle machine.
"""

import datetime
import os
import statistics
import sys
import tempfile
import time
from typing import Any

from listings import apart
from serving import ROOT

PAGES = (
    "/vendors/", "/vendors/?q=alder+49", "/vendors/?tier=critical&due=expiring&sort=-tier_score",
    "/vendors/?page=90", "/vendors/{pk}/", "/vendors/{pk}/papers/", "/vendors/{pk}/reviews/", "/vendors/{pk}/links/",
    "/vendors/reviews/", "/vendors/reviews/{review}/", "/vendors/documents/", "/vendors/contracts/", "/",
)  # fmt: skip


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder, "COUNTERSIGN_LOCAL": "true", "DJANGO_SETTINGS_MODULE": "grc.settings",
            "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        sys.path.insert(0, str(ROOT))
        apart(make, numbers[0] if numbers else 5_000)
        apart(measure)


def make(count: int) -> str:
    """The vendors, each with a contract, a document of every third, and an approved-looking review under way."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from foundation.accounts.models import User
    from foundation.organisation.actions import found
    from foundation.organisation.models import today
    from foundation.trail.keep import save, save_many
    from foundation.trail.record import SYSTEM
    from vendors.actions import rate
    from vendors.models import Contract, Vendor, VendorReview, VendorReviewItem
    from vendors.questions import asked

    found(name="Fernwood Cloud", actor=SYSTEM)
    who = [
        save(User(email=f"{name}@example.com", name=name, role=role), actor=SYSTEM, verb="user.created")
        for name, role in (("c", "compliance_manager"), ("o", "control_owner"), ("m", "manager"))
    ]
    classes, reaches = ("public", "internal", "confidential", "personal", "customer"), ("none", "view", "holds")
    made = [
        Vendor(
            name=f"Alder {number}", service="Sends mail.", owner=who[1], approver=who[0], reach=reaches[number % 3],
            data_classes=[classes[number % 5]], locations="Sweden",
        )
        for number in range(count)
    ]  # fmt: skip
    for vendor in made:
        rate(vendor)
    kept: dict[str, Any] = {"actor": SYSTEM, "reason": ""}
    save_many(made, verb_created="vendor.created", verb_updated="vendor.updated", **kept)
    start, due = today() - datetime.timedelta(days=90), today() + datetime.timedelta(days=300)
    papers = [
        Contract(vendor=one, title="Terms", starts_on=start, ends_on=due, clauses={"audit": "yes"}) for one in made
    ]
    save_many(papers, verb_created="contract.created", verb_updated="contract.updated", **kept)
    rounds = [VendorReview(vendor=one, tier=one.tier, due_on=due, reviewer=who[1], approver=who[2]) for one in made]
    save_many(rounds, verb_created="vendorreview.created", verb_updated="vendorreview.updated", **kept)
    items = [
        VendorReviewItem(review=review, position=place, key=one.key, question=one.words)
        for review in rounds
        for place, one in enumerate(asked(review.tier, review.kind, review.vendor), 1)
    ]
    save_many(items, verb_created="vendorreviewitem.created", verb_updated="vendorreviewitem.answered", **kept)
    return f"make {count:,} vendors with {len(items):,} questions"


def measure() -> str:
    """Each page: queries and the median of five times."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from foundation.accounts.models import User
    from vendors.models import Vendor, VendorReview

    client = Client()
    client.force_login(User.objects.get(name="c"))
    newest = Vendor.objects.order_by("-id").values_list("id", flat=True)[0]
    review = VendorReview.objects.get(vendor_id=newest).pk
    for page in PAGES:
        path = page.format(pk=newest, review=review)
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            status = client.get(path).status_code
        times = []
        for _ in range(5):
            begun = time.process_time()
            client.get(path)
            times.append(time.process_time() - begun)
        print(f"    {path:60} {status} {len(captured):3} queries {statistics.median(times) * 1000:6.1f} ms CPU")
    return "measure"


if __name__ == "__main__":
    main()
