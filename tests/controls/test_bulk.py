"""Changing many controls at once: what changed since it was shown is not overwritten, odd numbers are nobody's."""

import pytest

from controls import actions
from controls.models import Control
from foundation.trail.keep import Stale
from tests.factories.controls import ControlFactory, link, trust_services


def test_what_changed_since_the_confirmation_is_not_overwritten(client, compliance, manager, owner):
    control = ControlFactory(ref="IAM-01")
    client.force_login(compliance)
    page = client.post("/controls/assign-owner/", {"pk": control.pk}).content.decode()
    assert f'value="{control.pk}:{control.version}"' in page
    actions.assign_owner([control], actor=compliance, owner=manager, reason="Hers.")
    sent = {"pk": f"{control.pk}:1", "owner": owner.pk, "reason": "His.", "confirmed": "1"}
    answer = client.post("/controls/assign-owner/", sent)
    assert answer.status_code == 422
    assert b"Nothing was changed" in answer.content
    assert Control.objects.get(pk=control.pk).owner == manager


@pytest.mark.parametrize("key", ["9" * 25, "9" * 5000, "-1", "0", "1:" + "9" * 30, "x", "١", "1\x00"])
def test_a_number_that_is_nobodys_is_not_found(client, compliance, key):
    ControlFactory(ref="IAM-01")
    client.force_login(compliance)
    assert client.post("/controls/assign-owner/", {"pk": key}).status_code == 404


def test_an_auditor_sees_only_his_categories_criteria(client, compliance, auditor):
    trust_services()
    control = ControlFactory(ref="IAM-01")
    link(control, "CC6.1", rationale="It grants by role.")
    link(control, "P1.1", rationale="A secret of the privacy team.")
    for person, sees in ((auditor, False), (compliance, True)):
        client.force_login(person)
        for path in ("/controls/", f"/controls/{control.pk}/links/", f"/controls/{control.pk}/history/"):
            text = client.get(path).content.decode()
            assert "CC6.1" in text
            assert ("P1.1" in text) is sees, (path, person)
            assert "A secret" not in text or sees


@pytest.mark.parametrize(("query", "status"), [("state=bogus", 422), ("owner=999", 422), ("state=gap", 200)])
def test_the_matrix_says_that_a_filter_means_nothing(client, compliance, query, status):
    trust_services()
    client.force_login(compliance)
    assert client.get(f"/matrix/?{query}").status_code == status
    assert client.get(f"/matrix/export.csv?{query}").status_code == status


def test_criteria_that_changed_since_they_were_read_are_not_replaced(compliance):
    trust_services()
    control = ControlFactory(ref="IAM-01")
    links = link(control, "CC6.1", "CC6.2")
    seen = sum(one.version for one in links)
    actions.set_criteria(control, {links[1].criterion: ""}, actor=compliance, reason="It does not help.")
    with pytest.raises(Stale):
        actions.set_criteria(control, {}, actor=compliance, reason="None help.", seen=seen)
    assert control.mappings.filter(archived_at=None).count() == 1
