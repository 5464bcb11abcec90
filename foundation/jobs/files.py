"""Files that jobs made: kept for a while, then removed; the trail keeps who downloaded what, with its SHA-256."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from foundation.jobs.models import FINISHED, Job, Slot
from foundation.jobs.queue import perform


def expire(days: int) -> int:
    """Remove the files of jobs that finished more than `days` days ago, and the traces of the system's own jobs.

    Jobs that people asked for stay listed, without their file and without what they were given to work on, in which a
    person may have typed a name (the filters of a page that was printed). Returns how many files were removed.
    """
    before = timezone.now() - timedelta(days=days)
    old = Job.objects.filter(state__in=FINISHED, finished_at__lt=before)
    removed = 0
    for job in old.exclude(result="").iterator():
        job.result.delete(save=False)
        removed += Job.objects.filter(pk=job.pk).update(result="")
    old.update(args={})
    later = Slot.objects.filter(name=OuterRef("name"), due__gt=OuterRef("due"))
    Slot.objects.filter(Exists(later), due__lt=before).delete()  # the newest of each entry says that it ran
    old.filter(requested_by=None).delete()
    DBTaskResult.objects.filter(task_path=perform.module_path, finished_at__lt=before).delete()
    return removed
