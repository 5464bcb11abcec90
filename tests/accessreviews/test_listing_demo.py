"""The demo's listings are exports that are read as any file; each later one continues the one before it."""

from random import Random

import pytest

from accessreviews.listings.demo import demo_listing
from accessreviews.listings.diff import difference
from accessreviews.models import Listing, Shape
from foundation.accounts.demo import people
from foundation.organisation.actions import found
from foundation.trail.record import SYSTEM
from people.demo import roster
from people.models import Person
from systems.demo import SEEDS, systems
from systems.models import SystemAdministrator
from tests.factories.listings import day

pytestmark = pytest.mark.django_db


def test_eight_systems_are_listed_with_what_reviews_are_for():
    found(name="Fernwood Cloud", actor=SYSTEM)
    staff = people("a demo password that is long")
    roster(admin=staff["admin"])
    made = systems(compliance=staff["compliance"], staff=staff)
    assert len(made) == len(SEEDS) == 8
    assert SystemAdministrator.objects.count() == 10
    everybody = list(Person.objects.order_by("pk"))
    for system in made.values():
        rng = Random(system.name)
        first, second = (demo_listing(system, day(-ago), everybody, rng) for ago in (95, 3))
        assert second.row_count >= 3
        if system.name in ("Okta", "Google Workspace"):  # people came and went
            assert difference(second, first).counts()["added"] > 0
    assert {listing.shape for listing in Listing.objects.all()} == {
        Shape.OKTA, Shape.GOOGLE, Shape.GITHUB, Shape.AWS, Shape.OWN
    }  # fmt: skip
    flags = {flag for listing in Listing.objects.all() for flag in listing.counts["flags"]}
    assert flags >= {
        "left_active", "orphaned", "conflict", "privileged", "no_mfa", "dormant", "service", "owner_unknown"
    }  # fmt: skip
    okta = Listing.objects.filter(system=made["Okta"]).first()
    assert okta.row_count > 40
