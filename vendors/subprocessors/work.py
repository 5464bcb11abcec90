"""What waits for those who publish the sub-processor list."""

from django.urls import reverse

from foundation.accounts.access import can
from foundation.accounts.models import User
from foundation.organisation.settings import setting
from foundation.pages.work import WorkItem
from vendors.models import SubprocessorList
from vendors.subprocessors.draft import Draft, draft
from vendors.subprocessors.publishing import owed

REGISTER = "Sub-processors"


def subprocessors_work(user: User) -> list[WorkItem]:
    """The register says something else than was published; customers were not told of a version.

    A constant number of queries, and only for those who may publish.
    """
    if not can(user, "publish", SubprocessorList):
        return []
    found = draft()
    items = [changed(found)] if found.changes else []
    days, page = setting("subprocessor_notice_days"), "vendors:subprocessorlist-record-notice"
    untold = SubprocessorList.objects.filter(notices=None).order_by("number")
    return items + [
        WorkItem.on(version, REGISTER, str(version), "No notice is recorded", "Record it", page, last)
        for version in untold
        if (last := owed(version, days))
    ]


def changed(found: Draft) -> WorkItem:
    """The list is to be published anew."""
    url = reverse("vendors:subprocessorlist-draft")
    count = len(found.changes)
    words = f"{count} change{'' if count == 1 else 's'} not published"
    return WorkItem(REGISTER, "", "Sub-processor list", url, words, "Look at it", url)
