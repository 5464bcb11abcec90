"""One organisation, a demo for ever or never, and the numbers of the catalogue."""

from datetime import UTC, date, datetime
from io import BytesIO

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from PIL import Image

from foundation.organisation.actions import change_setting, found, keep, redrawn, set_logo
from foundation.organisation.catalogue import CATALOGUE
from foundation.organisation.models import Holiday, Organisation, Setting, organisation, today, valid_week
from foundation.organisation.once import reading_once
from foundation.organisation.settings import all_settings, setting
from foundation.trail.keep import Stale, save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM

pytestmark = pytest.mark.django_db


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20)) -> BytesIO:
    out = BytesIO()
    Image.new("RGB", size, "navy").save(out, kind)
    out.seek(0)
    return out


def test_before_it_is_set_up_the_defaults_hold_and_nothing_is_stored():
    assert (organisation().time_zone, organisation().is_demo) == ("UTC", False)
    assert not Organisation.objects.exists()


def test_there_is_one_organisation():
    found(name="One Ltd", actor=SYSTEM)
    with pytest.raises(ValidationError):
        found(name="Two Ltd", actor=SYSTEM)
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation(id=2, name="Two Ltd").save()
    assert organisation().name == "One Ltd"


@pytest.mark.parametrize("is_demo", [True, False])
def test_demo_mark_is_said_once_and_the_database_holds_it(is_demo):
    ours = found(name="One Ltd", actor=SYSTEM, is_demo=is_demo)
    ours.is_demo = not is_demo
    with pytest.raises(DatabaseError, match="demo"), transaction.atomic():
        keep(ours, actor=SYSTEM)
    table = "organisation_organisation"
    for statement in (f"UPDATE {table} SET is_demo = {not is_demo}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert organisation().is_demo is is_demo


def test_today_is_the_date_on_the_organisations_wall():
    with time_machine.travel(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), tick=False):
        assert today() == date(2026, 11, 22)
        ours = found(name="One Ltd", actor=SYSTEM, time_zone="Europe/Berlin")
        assert today() == date(2026, 11, 23)
        ours.time_zone = "America/Los_Angeles"
        keep(ours, actor=SYSTEM)
        assert today() == date(2026, 11, 22)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../../etc/passwd", "", "UTC+1"])
def test_unknown_time_zones_are_refused(zone):
    with pytest.raises(ValidationError):
        found(name="One Ltd", actor=SYSTEM, time_zone=zone)


@pytest.mark.parametrize("week", ["", "sun,mon", "mon,mon", "monday", "mon,,tue"])
def test_work_week_is_days_in_order(week):
    with pytest.raises(ValidationError):
        valid_week(week)


def test_change_within_a_request_is_seen_at_once(django_assert_num_queries):
    ours = found(name="One Ltd", actor=SYSTEM)
    with reading_once():
        with django_assert_num_queries(1):
            assert [organisation().name for _ in range(3)] == ["One Ltd"] * 3
        ours.name = "New Ltd"
        keep(ours, actor=SYSTEM)
        assert organisation().name == "New Ltd"


def test_a_number_changed_within_a_request_holds_at_once(django_assert_num_queries):
    with reading_once():
        with django_assert_num_queries(1):
            assert {setting("control_review_days"), setting("review_due_soon_days")} == {365, 30}
        change_setting("review_due_soon_days", 21, actor=SYSTEM, reason="We plan three weeks ahead.")
        assert setting("review_due_soon_days") == 21


def test_same_holiday_twice_is_refused():
    save(Holiday(day=date(2026, 12, 25), name="Christmas"), actor=SYSTEM, verb="holiday.created")
    with pytest.raises(IntegrityError), transaction.atomic():
        save(Holiday(day=date(2026, 12, 25), name="Again"), actor=SYSTEM, verb="holiday.created")


def test_setting_is_its_default_until_somebody_changes_it(admin):
    assert setting("control_review_days") == CATALOGUE["control_review_days"].default
    row = change_setting("control_review_days", 180, actor=admin, reason="Policy 4, version 2")
    assert setting("control_review_days") == 180
    assert all_settings() == {key: item.default for key, item in CATALOGUE.items()} | {"control_review_days": 180}
    change_setting("control_review_days", 90, actor=admin, reason="Policy 4, version 3", version=row.version)
    stored = list(row.history.order_by("history_id").values_list("value", "history_change_reason", "history_user_id"))
    assert stored == [(180, "Policy 4, version 2", admin.pk), (90, "Policy 4, version 3", admin.pk)]
    entry = Entry.objects.get(verb="setting.updated")
    assert '"value":[180,90]' in entry.detail
    assert '"reason":"Policy 4, version 3"' in entry.detail


def test_setting_keeps_to_its_bounds_and_to_the_catalogue(admin):
    item = CATALOGUE["job_file_days"]
    for wrong in (item.least - 1, item.most + 1):
        with pytest.raises(ValidationError):
            change_setting("job_file_days", wrong, actor=admin, reason="x")
    with pytest.raises(KeyError):
        change_setting("nothing_days", 5, actor=admin, reason="x")
    with pytest.raises(KeyError):
        setting("nothing_days")
    assert not Setting.objects.exists()


def test_setting_that_somebody_else_changed_is_not_overwritten(admin):
    change_setting("sla_high_days", 20, actor=admin, reason="x")
    with pytest.raises(Stale):
        change_setting("sla_high_days", 25, actor=admin, reason="saw the default")
    change_setting("sla_high_days", 21, actor=admin, reason="x", version=1)
    with pytest.raises(Stale):
        change_setting("sla_high_days", 25, actor=admin, reason="saw version 1", version=1)
    assert setting("sla_high_days") == 21


def test_every_default_lies_within_its_bounds():
    assert [key for key, item in CATALOGUE.items() if not item.least <= item.default <= item.most] == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_logo_is_drawn_anew_as_a_small_png(kind, admin):
    ours = set_logo(found(name="One Ltd", actor=SYSTEM), picture(kind, (3000, 1500)), actor=admin)
    with ours.logo.open() as stored, Image.open(stored) as image:
        assert (image.format, image.size) == ("PNG", (1024, 512))


def test_nothing_hidden_in_a_picture_survives():
    out = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    Image.new("RGB", (9, 9)).save(out, "JPEG", exif=exif)
    polyglot = out.getvalue() + b"<script>alert(1)</script>"
    assert b"secret place" in polyglot
    kept = redrawn(BytesIO(polyglot))
    assert b"secret place" not in kept
    assert b"<script>" not in kept


def bomb() -> bytes:
    return picture("PNG", (5000, 5000)).getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\0" * 100,
        picture().getvalue()[:40],
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 200,
        bomb(),
        b"\0" * (512 * 1024 + 1),
    ],
    ids=["empty", "svg", "gif", "cut short", "broken", "too many pixels", "too large"],
)
def test_what_is_no_fit_picture_is_refused(content):
    with pytest.raises(ValidationError):
        redrawn(BytesIO(content))
