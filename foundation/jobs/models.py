"""What was asked to be done in the background, how far it is and what came of it; and what the clock asked for."""

import uuid
import zlib
from collections.abc import Collection
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


FINISHED: Collection[str] = (State.DONE, State.FAILED, State.CANCELLED)


def result_path(job: "Job", filename: str) -> str:
    """Name the stored file by the job's id alone: what a person typed never becomes a path."""
    return f"jobs/{job.pk}"


class JobQuerySet(models.QuerySet["Job"]):
    def asked_by(self, user_id: int | None) -> "JobQuerySet":
        """Return the jobs that this account asked for; the system's own are nobody's."""
        return self.filter(requested_by_id=user_id) if user_id else self.none()

    def finished(self) -> "JobQuerySet":
        return self.filter(state__in=FINISHED)


class Job(models.Model):
    """One piece of background work. Its id is that of its row in the task queue; the two always change together."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    task = models.CharField(max_length=200, help_text="Dotted path of the job function.")
    args = models.JSONField(default=dict, help_text="Ids for the job function, never secrets or personal data.")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)
    failure = models.TextField(blank=True, help_text="Exception class and frames, without values.")
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=1)
    backoff = models.FloatField(
        default=10.0, help_text="Seconds before the second attempt, doubled for each further one."
    )
    next_try = models.DateTimeField(null=True, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.FileField(upload_to=result_path, blank=True)
    result_name = models.CharField(max_length=200, blank=True)
    result_type = models.CharField(max_length=100, blank=True)
    result_sha256 = models.CharField(max_length=64, blank=True)
    result_url = models.CharField(max_length=300, blank=True)

    objects: ClassVar[models.Manager[Any]] = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("requested_by", "-created_at"), name="jobs_job_asked_by"),
            models.Index(fields=("state", "heartbeat"), name="jobs_job_state"),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="jobs_job_state_known"),
            models.CheckConstraint(
                condition=models.Q(attempts__lte=models.F("max_attempts")), name="jobs_job_attempts_bounded"
            ),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("jobs:job-detail", kwargs={"pk": self.pk})

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED

    @property
    def stand(self) -> str:
        """What changes whenever the job's page would: sent along by the page that asks for itself."""
        return f"{self.state}.{self.attempts}.{self.done}.{self.total}.{zlib.crc32(self.message.encode())}"


class WorkerSign(models.Model):
    """When a worker last said that it lives: what /readyz asks for. Its row goes when it stops in an orderly way."""

    worker = models.CharField(primary_key=True, max_length=80)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.worker


class Slot(models.Model):
    """One moment at which a schedule entry fell due; the unique pair lets several workers tick and one of them win."""

    name = models.CharField(max_length=100)
    due = models.DateTimeField()
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("name", "due"), name="jobs_slot_once"),)

    def __str__(self) -> str:
        return f"{self.name} {self.due:%Y-%m-%d %H:%M}"
