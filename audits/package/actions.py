"""What is done to packages: asked for, kept when whole, given up."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audits.models import Engagement
from audits.models.packages import Package, PackageState
from foundation.accounts.access import open_window
from foundation.accounts.models import AuditorWindow, User
from foundation.accounts.roles import Role
from foundation.jobs.models import Job
from foundation.trail.keep import save
from foundation.trail.log import Block
from foundation.trail.models import Entry
from foundation.trail.steps import locked

TASK: Final = "audits.package.jobs.build"
LOOKED_AT: Final = 50  # checkpoints, the newest, among which one is found that no transaction was still open at


@transaction.atomic
def ask(package: Package, *, actor: User, earlier: Package | None = None) -> Package:
    """Have a package of its engagement built, as of the newest checkpoint or as of that of an `earlier` package.

    Raises ValidationError where no auditor has access (whose sight it would be made by), where nothing is sealed, and
    where one of this engagement as of the same checkpoint is being built.
    """
    engagement = Engagement.objects.select_for_update().get(pk=package.engagement_id)
    if engagement.archived_at is not None:
        raise ValidationError("This engagement is archived.")
    if earlier is not None and earlier.engagement_id != engagement.pk:
        raise ValidationError("That package is of another engagement.")
    block = settled() if earlier is None else block_of(earlier)
    package.checkpoint, package.log_size, package.pinned_at = block.note, block.size, block.moment
    package.reader, package.asked_by = reader_for(engagement, actor), actor
    for other in Package.objects.filter(engagement=engagement, log_size=block.size, state=PackageState.BUILDING):
        if (job := job_of(other)) is not None and not job.is_finished:
            raise ValidationError(f"{other.ref} is being built as of this checkpoint.")
    save(package, actor=actor, verb="package.created", refs={"checkpoint": package.log_size})
    from audits.package.jobs import build  # which ends in the actions below

    build.enqueue(actor=actor, title=f"Package {package.ref}: {engagement}", package_id=package.pk)
    return package


def block_of(package: Package) -> Block:
    """The checkpoint of an earlier package. Raises ValidationError where a restore lost it."""
    try:
        return package.block
    except Block.DoesNotExist:
        words = f"The log does not have the checkpoint of {package.ref} any more. Choose the newest."
        raise ValidationError({"earlier": words}) from None


def job_of(package: Package) -> Job | None:
    """The job that builds it, while that is remembered."""
    found: Job | None = Job.objects.filter(task=TASK, args={"package_id": package.pk}).order_by("-created_at").first()
    return found


def reader_for(engagement: Engagement, actor: User) -> User:
    """By whose sight a package is made: the auditor who asks, or one who has access now. Raises ValidationError."""
    if actor.role == Role.AUDITOR:
        return actor
    now = timezone.now()
    windows = AuditorWindow.objects.filter(engagement_id=engagement.pk, opens_at__lte=now, closes_at__gt=now)
    for window in windows.select_related("user").order_by("id"):
        if open_window(window.user) == window:
            return window.user
    raise ValidationError(
        "No auditor has access to this engagement now. A package holds what they see: admit one first."
    )


def settled() -> Block:
    """The newest checkpoint of which no entry that is as old is still on its way. Raises ValidationError."""
    for block in Block.objects.order_by("-id")[:LOOKED_AT]:
        if not Entry.objects.filter(id__gt=block.max_id, at__lte=block.sealed_at).exists():
            return block
    raise ValidationError("The audit trail has no checkpoint yet: is a worker running? Try again in a moment.")


@transaction.atomic
def keep(package: Package, *, actor: Any, path: str, size: int, sha256: str, files: int) -> Package:
    """The archive is whole and stored under `path`. Raises ValidationError where it was kept or given up already."""
    package = locked(package)
    if package.state != PackageState.BUILDING:
        raise ValidationError(f"{package.ref} is {package.get_state_display().lower()} already.")
    package.state, package.size, package.sha256, package.file_count = PackageState.READY, size, sha256, files
    package.file = path
    return save(package, actor=actor, verb="package.built", refs={"checkpoint": package.log_size})


@transaction.atomic
def give_up(package: Package, *, actor: Any, why: str) -> Package:
    """There will be no archive; nothing of it can be downloaded."""
    package = locked(package)
    if package.state != PackageState.BUILDING:
        return package
    package.state, package.failure = PackageState.FAILED, why
    return save(package, actor=actor, verb="package.failed", reason=why)
