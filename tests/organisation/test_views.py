"""The organisation's pages: who may change what, and that each change is told."""

import json
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from foundation.organisation.actions import change_setting, found
from foundation.organisation.models import Holiday, organisation
from foundation.organisation.settings import setting
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM

pytestmark = pytest.mark.django_db

PROGRAMME, INSTALLATION = "control_review_days", "job_file_days"


@pytest.fixture
def ours():
    return found(name="Harbor Metrics", actor=SYSTEM, time_zone="Europe/Berlin")


def edit(key: str) -> str:
    return reverse("organisation:setting-edit", args=[key])


@pytest.mark.parametrize(
    ("who", "page", "programme", "installation", "company"),
    [
        ("admin", 200, 200, 200, 200),
        ("compliance", 200, 200, 403, 404),
        ("manager", 404, 404, 404, 404),
        ("owner", 404, 404, 404, 404),
        ("employee", 404, 404, 404, 404),
        ("auditor", 404, 404, 404, 404),
        ("outsider", 404, 404, 404, 404),
    ],
)
def test_who_sees_and_who_changes(client, request, ours, who, page, programme, installation, company):
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse("organisation:settings")).status_code == page
    assert client.get(reverse("organisation:history")).status_code == page
    assert client.get(edit(PROGRAMME)).status_code == programme
    assert client.get(edit(INSTALLATION)).status_code == installation
    assert client.get(reverse("organisation:organisation-edit")).status_code == company
    assert client.get(reverse("organisation:logo-edit")).status_code == company
    if company != 200:
        refused = 403 if who == "auditor" else company  # auditors write nothing, whatever they would see
        assert client.post(reverse("organisation:logo-remove")).status_code == refused


def test_setting_is_changed_with_a_reason_and_its_history_shows(client, compliance, ours):
    client.force_login(compliance)
    assert client.post(edit(PROGRAMME), {"value": 180}).status_code == 422
    assert client.post(edit(PROGRAMME), {"value": 1, "reason": "x"}).status_code == 422
    assert setting(PROGRAMME) == 365
    assert client.post(edit(PROGRAMME), {"value": 180, "reason": "Policy 4 promises it"}).status_code == 302
    assert setting(PROGRAMME) == 180
    for page in (edit(PROGRAMME), reverse("organisation:history")):
        content = client.get(page).content.decode()
        assert "Policy 4 promises it" in content
        assert "Cora Compliance" in content
    assert Entry.objects.filter(verb="setting.created", actor_id=compliance.pk).count() == 1


def test_stale_setting_form_saves_nothing_and_shows_what_stands(client, admin, ours):
    change_setting(PROGRAMME, 200, actor=admin, reason="first")
    client.force_login(admin)
    response = client.post(edit(PROGRAMME), {"value": 100, "reason": "second", "version": ""})
    assert response.status_code == 409
    content = response.content.decode()
    assert 'value="200"' in content
    assert "second" in content
    assert "Somebody changed this setting while you were reading. Nothing was saved" in content
    assert setting(PROGRAMME) == 200


def test_compliance_manager_cannot_post_what_only_the_administrator_may(client, compliance, ours):
    client.force_login(compliance)
    assert client.post(edit(INSTALLATION), {"value": 10, "reason": "x"}).status_code == 403
    assert setting(INSTALLATION) == 30


def test_company_is_changed_by_its_form(client, admin, ours):
    client.force_login(admin)
    form = {"name": "Harbor & Co", "time_zone": "Asia/Tokyo", "work_week": ["tue", "mon"], "version": ours.version}
    assert client.post(reverse("organisation:organisation-edit"), form | {"is_demo": "on"}).status_code == 302
    now = organisation()
    assert (now.name, now.time_zone, now.work_week, now.is_demo) == ("Harbor & Co", "Asia/Tokyo", "mon,tue", False)
    entry = Entry.objects.get(verb="organisation.updated")
    assert json.loads(entry.detail)["changes"]["time_zone"] == ["Europe/Berlin", "Asia/Tokyo"]
    assert client.post(reverse("organisation:organisation-edit"), form).status_code == 409
    wrong = form | {"time_zone": "X", "version": 2}
    assert client.post(reverse("organisation:organisation-edit"), wrong).status_code == 422


def test_company_can_be_set_up_on_the_page_and_is_no_demo(client, admin):
    client.force_login(admin)
    form = {"name": "Harbor", "time_zone": "UTC", "work_week": ["mon"], "version": 1}
    assert client.post(reverse("organisation:organisation-edit"), form).status_code == 302
    assert (organisation().name, organisation().is_demo) == ("Harbor", False)


def test_times_on_pages_are_the_organisations(client, admin, ours):
    client.force_login(admin)
    client.get(reverse("organisation:settings"))
    change_setting(PROGRAMME, 200, actor=admin, reason="first")
    content = client.get(reverse("organisation:history")).content.decode()
    offset = timezone.now().astimezone(ours.zone).utcoffset().seconds // 3600
    assert f"UTC+{offset}" in content


def logo() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (40, 20), "navy").save(out, "PNG")
    return SimpleUploadedFile("../../evil.svg", out.getvalue(), content_type="image/svg+xml")


def test_logo_stands_above_the_sign_in_form_too_and_can_be_taken_off(client, admin, employee, ours):
    client.force_login(admin)
    assert client.get(reverse("organisation:logo")).status_code == 404
    upload = {"version": ours.version, "logo": logo()}
    assert client.post(reverse("organisation:logo-edit"), upload).status_code == 302
    assert organisation().logo.name.startswith("organisation/logo")
    client.force_login(employee)
    response = client.get(reverse("organisation:logo"))
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert b"".join(response.streaming_content).startswith(b"\x89PNG")
    client.logout()
    assert b"".join(client.get(reverse("organisation:logo")).streaming_content).startswith(b"\x89PNG")
    client.force_login(admin)
    assert client.get(reverse("organisation:logo-remove")).status_code == 405
    client.post(reverse("organisation:logo-remove"))
    assert client.get(reverse("organisation:logo")).status_code == 404
    assert Entry.objects.filter(verb="organisation.updated").count() == 2


def test_file_that_is_no_picture_is_refused_with_a_word(client, admin, ours):
    client.force_login(admin)
    upload = {"version": ours.version, "logo": SimpleUploadedFile("logo.png", b"<svg/>", content_type="image/png")}
    response = client.post(reverse("organisation:logo-edit"), upload)
    assert response.status_code == 422
    assert "no picture" in response.content.decode()
    assert not organisation().logo


def test_holidays_are_added_and_taken_off_by_the_administrator(client, admin, compliance, ours):
    create, christmas = reverse("organisation:holiday-create"), {"day": "2026-12-25", "name": "Christmas"}
    client.force_login(compliance)
    assert client.get(reverse("organisation:holiday-list")).status_code == 200
    assert client.post(create, christmas).status_code == 403
    client.force_login(admin)
    assert client.post(create, christmas).status_code == 302
    assert client.post(create, christmas).status_code == 422
    day = Holiday.objects.get()
    listed = client.get(reverse("organisation:holiday-list")).content.decode()
    assert "2026-12-25" in listed
    assert f'href="{day.get_absolute_url()}"' in listed
    assert client.get(day.get_absolute_url()).status_code == 200
    client.post(reverse("organisation:holiday-archive", args=[day.pk]), {"reason": "We work", "version": day.version})
    assert not Holiday.objects.live().exists()
    told = Entry.objects.filter(object_type="organisation.holiday", outcome="ok").order_by("id")
    assert [entry.verb for entry in told] == ["holiday.created", "holiday.archived"]
    restore = reverse("organisation:holiday-restore", args=[day.pk])
    client.post(restore, {"reason": "We do not", "version": day.version + 1})
    assert Holiday.objects.live().get() == day


@pytest.mark.parametrize("name", ["organisation-edit", "logo-edit", "setting-edit"])
def test_a_form_that_is_sent_empty_says_what_it_lacks(client, admin, ours, name):
    client.force_login(admin)
    answer = client.post(reverse(f"organisation:{name}", args=[INSTALLATION] if name == "setting-edit" else []))
    assert answer.status_code == 422
    assert answer.context["form"].errors


def test_a_holidays_day_is_picked_from_a_calendar(client, admin, ours):
    client.force_login(admin)
    form = client.get(reverse("organisation:holiday-create")).content.decode()
    assert '<input type="date" name="day"' in form
