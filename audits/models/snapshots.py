"""What was frozen of an engagement: its scope when fieldwork begins, and all of it when its report is issued (R2.3)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from audits.models.engagements import Engagement


class SnapshotKind(models.TextChoices):
    """What a snapshot holds: the scope alone, or with it every wording of the whole time and the evidence."""

    SCOPE = "scope", "Scope"
    REPORT = "report", "Report"


class Sort(models.TextChoices):
    """What one line of a snapshot tells of, in the order of the lines."""

    ENGAGEMENT = "engagement", "Engagement"
    CRITERION = "criterion", "Criterion"
    CONTROL = "control", "Control"
    WORDING = "wording", "Wording"
    EVIDENCE = "evidence", "Evidence"
    SAMPLE = "sample", "Auditor's sample"
    TEST = "test", "Test of a control"
    SECTION = "section", "Section of the description"
    CUEC = "cuec", "User entity control"
    SUBSERVICE = "subservice", "Subservice organisation"
    CSOC = "csoc", "Subservice organisation control"
    ASSERTION = "assertion", "Management's assertion"


class Snapshot(models.Model):
    """One freezing. Never edited: a changed scope is frozen anew, with a reason, and the earlier one stays.

    Its lines are canonical JSON (sorted keys, no spaces, UTF-8), each ended by a newline; `sha256` is over them in
    order. People are named by the numbers of their accounts, so that it can be kept for ever.
    """

    engagement = models.ForeignKey(Engagement, models.PROTECT, related_name="snapshots")
    number = models.PositiveIntegerField(help_text="The first of an engagement is 1.")
    kind = models.CharField(max_length=6, choices=SnapshotKind.choices)
    reason = models.TextField(blank=True, help_text="Why the scope was frozen anew.")
    taken_at = models.DateTimeField(help_text="In UTC.")
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    line_count = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, help_text="Over the lines, hex.")

    class Meta:
        ordering = ("engagement", "number")
        constraints = (
            models.UniqueConstraint(fields=("engagement", "number"), name="audits_snapshot_once"),
            models.CheckConstraint(condition=Q(kind__in=SnapshotKind.values), name="audits_snapshot_kind_known"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, edition {self.number}"


class FrozenLine(models.Model):
    """One line of a snapshot: `facts` is what is hashed; `sort` and `key` repeat what it tells of."""

    snapshot = models.ForeignKey(Snapshot, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField(help_text="From 1, without gaps.")
    sort = models.CharField(max_length=10, choices=Sort.choices)
    key = models.CharField(max_length=80, help_text="Which one of its sort: CC6.1, IAM-03, EV-12.")
    facts = models.JSONField()

    class Meta:
        ordering = ("snapshot", "position")
        constraints = (
            models.UniqueConstraint(fields=("snapshot", "position"), name="audits_line_once"),
            models.UniqueConstraint(fields=("snapshot", "sort", "key"), name="audits_line_once_a_key"),
            models.CheckConstraint(condition=Q(sort__in=Sort.values), name="audits_line_sort_known"),
        )

    def __str__(self) -> str:
        return f"{self.sort} {self.key}"
