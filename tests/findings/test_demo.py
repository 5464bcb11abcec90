"""The demo's findings stand in every state, each by the verbs people use."""

import pytest

from findings.demo import SEEDS, findings
from findings.models import CorrectiveAction, Finding, FindingControl, Status
from foundation.accounts.models import User
from tests.factories.controls import ControlFactory


@pytest.mark.parametrize("owned", [True, False])
def test_every_state_is_there_whoever_owns_the_controls(compliance: User, manager: User, owner: User, owned: bool):
    for ref in {seed.about for seed in SEEDS.values()}:
        ControlFactory(ref=ref, owner=owner if owned else compliance)
    findings(compliance=compliance, manager=manager)
    assert set(Finding.objects.values_list("status", flat=True)) == set(Status)
    assert FindingControl.objects.count() == Finding.objects.count() == len(SEEDS) == 15
    assert {action.done_by is None for action in CorrectiveAction.objects.all()} == {True, False}
