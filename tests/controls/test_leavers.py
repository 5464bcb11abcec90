"""A control whose owner has left is a control without an owner, wherever that is counted."""

from django.http import QueryDict

from controls.matrix import asked_of, build
from controls.models import Control
from controls.work import controls_work
from foundation.accounts.actions import deactivate
from tests.factories.controls import ControlFactory, link, trust_services


def test_a_deactivated_owner_leaves_a_gap(client, admin, compliance, owner):
    trust_services()
    link(ControlFactory(ref="IAM-01", owner=owner), "CC6.1")
    assert build(compliance, asked_of(QueryDict())).lacking["owner"] == 0
    deactivate(owner, actor=admin, reason="Left the company")
    assert build(compliance, asked_of(QueryDict())).lacking["owner"] == 1
    assert Control.objects.without_owner().count() == 1
    assert [item.title for item in controls_work(compliance) if item.ref == "Owners"] == ["1 control has no owner"]
    client.force_login(compliance)
    assert b"(deactivated)" in client.get("/controls/?gap=owner").content
