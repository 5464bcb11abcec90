"""The tier of a vendor: literal points, thresholds and floors, and what may raise it."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from foundation.trail.models import Entry
from systems.models import DataClass
from tests.factories.vendors import a_vendor
from vendors import actions, tiering
from vendors.models import Criticality, Reach, Region, Replaceability, Volume

LEAST = {
    "data_classes": [], "reach": "none", "criticality": "none", "volume": "none", "region": "same",
    "replaceability": "days",
}  # fmt: skip
MOST = {
    "data_classes": ["customer", "personal"], "reach": "production", "criticality": "outage", "volume": "all",
    "region": "other", "replaceability": "hardly",
}  # fmt: skip
# What is said beyond the least, the score, and the tier with what makes it.
TIERS = [
    ({}, 0, "low"),
    ({"data_classes": ["public"], "reach": "holds"}, 15, "low"),
    ({"data_classes": ["internal"]}, 8, "low"),
    ({"data_classes": ["internal"], "reach": "view"}, 16, "medium"),  # a floor: it sees what is not public
    ({"data_classes": ["confidential"], "volume": "none"}, 20, "medium"),  # by points
    ({"data_classes": ["confidential"], "reach": "holds"}, 35, "high"),  # a floor: it holds sensitive data
    ({"data_classes": ["personal"], "reach": "view", "criticality": "delay", "volume": "few"}, 44, "medium"),
    ({"data_classes": ["personal"], "reach": "view", "criticality": "delay", "volume": "few", "region": "adequate"},
     46, "high"),
    ({"replaceability": "hardly"}, 10, "high"),
    ({"data_classes": ["customer"], "reach": "view"}, 38, "medium"),
    ({"data_classes": ["customer"], "reach": "holds"}, 45, "critical"),
    ({"reach": "production"}, 20, "critical"),
    ({"criticality": "outage"}, 25, "critical"),
    ({"data_classes": ["customer"], "reach": "view", "criticality": "degraded", "volume": "all", "region": "other"},
     69, "high"),
    ({"data_classes": ["customer"], "reach": "view", "criticality": "degraded", "volume": "all", "region": "other",
      "replaceability": "weeks"}, 72, "critical"),
    (MOST, 100, "critical"),
]  # fmt: skip


def test_tiers_follow_from_points_and_floors():
    found = [
        (said, tiering.score_of(vendor), tiering.tier_of(vendor))
        for said, vendor in ((said, SimpleNamespace(**LEAST | said)) for said, _, _ in TIERS)
    ]
    assert found == TIERS


attributes = st.fixed_dictionaries({
    "data_classes": st.lists(st.sampled_from(DataClass.values), unique=True), "reach": st.sampled_from(Reach.values),
    "criticality": st.sampled_from(Criticality.values), "volume": st.sampled_from(Volume.values),
    "region": st.sampled_from(Region.values), "replaceability": st.sampled_from(Replaceability.values),
})  # fmt: skip


@given(said=attributes, raised=st.sampled_from(["", *tiering.ORDER]))
def test_nothing_undercuts_points_and_floors(said, raised):
    vendor = SimpleNamespace(**said)
    tier, score = tiering.tier_of(vendor, raised), tiering.score_of(vendor)
    assert 0 <= score <= 100
    for least in (tiering.by_points(score), *(floor.tier for floor in tiering.floors_of(vendor)), raised or "low"):
        assert not tiering.is_above(least, tier)
    assert all(words in " ".join(tiering.tier_words(vendor)) for words in (f"{score} of 100",))


@pytest.mark.django_db
def test_a_vendor_is_rated_anew_whenever_it_is_saved_and_raised_only_upwards(compliance):
    vendor = a_vendor(**LEAST)
    assert (vendor.tier, vendor.tier_score) == ("low", 0)
    vendor.reach = Reach.PRODUCTION
    vendor = actions.keep_vendor(vendor, actor=compliance, participle="updated")
    assert (vendor.tier, vendor.tier_score) == ("critical", 20)
    with pytest.raises(ValidationError, match="only a higher tier"):
        actions.raise_tier(vendor, actor=compliance, tier="high", reason="No.")
    vendor.reach = Reach.NONE
    vendor = actions.keep_vendor(vendor, actor=compliance, participle="updated")
    vendor = actions.raise_tier(vendor, actor=compliance, tier="high", reason="It signs our releases.")
    assert (vendor.tier, vendor.raised_to, vendor.raised_reason) == ("high", "high", "It signs our releases.")
    vendor.data_classes = ["internal"]
    assert actions.keep_vendor(vendor, actor=compliance, participle="updated").tier == "high"  # it stays raised
    assert "Raised to high: It signs our releases." in tiering.tier_words(vendor, "high", vendor.raised_reason)
    vendor = actions.raise_tier(vendor, actor=compliance, tier="", reason="It does so no longer.")
    assert (vendor.tier, vendor.raised_reason) == ("low", "")
    verbs = Entry.objects.filter(object_type="vendors.vendor").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == [
        "vendor.created", *["vendor.updated"] * 2, "vendor.tier_raised", "vendor.updated", "vendor.tier_raised",
    ]  # fmt: skip
