"""The demo company's facts are entered by the same actions that people use."""

from datetime import date

import pytest

from foundation.organisation.actions import found
from foundation.organisation.demo import company, easter_sunday
from foundation.organisation.models import Holiday, organisation
from foundation.organisation.settings import setting
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM


@pytest.mark.parametrize("sunday", ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25"])
def test_easter_falls_where_the_almanac_says(sunday):
    assert easter_sunday(int(sunday[:4])) == date.fromisoformat(sunday)


@pytest.mark.django_db
def test_company_has_logo_holidays_and_numbers_each_told_in_the_trail(admin, compliance):
    found(name="Fernwood Cloud", actor=SYSTEM, is_demo=True)
    company(admin=admin, compliance=compliance)
    assert organisation().logo
    assert Holiday.objects.count() == Entry.objects.filter(verb="holiday.created", actor_id=admin.pk).count() == 24
    assert setting("sla_high_days") == 21
    assert Entry.objects.get(verb="setting.created", actor_id=compliance.pk)
