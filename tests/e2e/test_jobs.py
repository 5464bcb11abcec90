"""A job's page moves by itself, ends with the file, and can be left; the organisation's pages are fit to be seen."""

import pytest

from foundation.jobs.models import Job
from foundation.jobs.queue import claim, run
from foundation.organisation.actions import found
from foundation.trail.record import SYSTEM
from tests.jobs.work import report


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])
def test_progress_moves_until_the_file_is_there(open_page, owner, assert_accessible, shoot, javascript):
    job = report.enqueue(actor=owner, title="Control matrix as PDF", text="a,b")
    page = open_page(user=owner, javascript=javascript)
    page.goto(f"/jobs/{job.pk}/")
    page.get_by_text("Waiting", exact=True).wait_for()
    taken = claim("here")
    Job.objects.filter(pk=job.pk).update(done=3, total=9, message="Printing pages")
    page.get_by_text("3 of 9").wait_for()
    if javascript:
        assert_accessible(page)
        shoot(page, "job")
    run(taken)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    assert waiting.value.path().read_bytes() == b"a,b"
    page.goto("/jobs/")
    page.get_by_role("link", name="Control matrix as PDF").wait_for()
    if javascript:
        assert_accessible(page)
        shoot(page, "jobs")


@pytest.mark.parametrize(("viewport", "dark"), [("desktop", False), ("phone", True)])
def test_organisation_pages_are_accessible(open_page, admin, assert_accessible, shoot, viewport, dark):
    found(name="Harbor Metrics", actor=SYSTEM, time_zone="Europe/Berlin", is_demo=True)
    page = open_page(viewport, dark=dark, user=admin)
    for path in ("", "edit/", "logo/edit/", "settings/control_review_days/", "history/", "holidays/", "holidays/new/"):
        page.goto(f"/organisation/{path}")
        assert_accessible(page)
        shoot(page, f"organisation-{path.replace('/', '-')}{viewport}")
