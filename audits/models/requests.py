"""What an auditor asks the company for, what it is about, what was handed in, and what was said about it.

An auditor sees the requests of the engagement of his open window and no other; people see those that they own.
"""

from collections.abc import Mapping as ReadOnly
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from controls.models import Control, Criterion
from evidence.models import Evidence
from foundation.accounts.paths import Condition, Paths
from foundation.trail.models import Register, Tracked, TrackedQuerySet
from foundation.trail.numbered import Numbered


class RequestKind(models.TextChoices):
    """What is asked for."""

    POPULATION = "population", "Population"
    SAMPLE = "sample", "Sample"
    CONFIGURATION = "configuration", "Configuration"
    POLICY = "policy", "Policy"
    WALKTHROUGH = "walkthrough", "Walkthrough"
    DOCUMENT = "document", "Other document"


class RequestState(models.TextChoices):
    """Whose turn it is: the company's while open or returned, the auditor's while submitted."""

    OPEN = "open", "Open"
    SUBMITTED = "submitted", "Submitted"
    RETURNED = "returned", "Returned"
    ACCEPTED = "accepted", "Accepted"
    WITHDRAWN = "withdrawn", "Withdrawn"


# The only legal moves.
REQUEST_MOVES: Final[ReadOnly[str, tuple[str, ...]]] = {
    RequestState.OPEN: (RequestState.SUBMITTED, RequestState.WITHDRAWN),
    RequestState.SUBMITTED: (RequestState.ACCEPTED, RequestState.RETURNED, RequestState.WITHDRAWN),
    RequestState.RETURNED: (RequestState.SUBMITTED, RequestState.WITHDRAWN),
    RequestState.ACCEPTED: (),
    RequestState.WITHDRAWN: (),
}
REQUEST_TONES: Final[ReadOnly[str, str]] = {
    RequestState.OPEN: "warn",
    RequestState.SUBMITTED: "info",
    RequestState.RETURNED: "bad",
    RequestState.ACCEPTED: "ok",
    RequestState.WITHDRAWN: "mute",
}
TO_ANSWER: Final = (RequestState.OPEN, RequestState.RETURNED)  # the company's turn
RUNNING: Final = (*TO_ANSWER, RequestState.SUBMITTED)


def within(column: str) -> Condition:
    """The rows of the engagement of a window; `column` leads to the engagement's number."""
    return lambda window, _moment: Q(**{column: window.engagement_id})


OF_REQUEST: Final = Paths(owner=("request__owner",), team=(), timeless=True, within=within("request__engagement_id"))


class Request(Numbered, Register):
    """One thing that the auditors ask for in one engagement.

    `external_ref` is what the firm's own list calls it. `raised_by` wrote it down: the auditor, or the company from his
    list. Management answers, the auditor judges: neither does the other's part (R2.2).
    """

    prefix = "REQ"

    engagement = models.ForeignKey("audits.Engagement", models.PROTECT, related_name="requests")
    external_ref = models.CharField(
        "firm's reference", max_length=60, blank=True, help_text="What the audit firm's own list calls it: “A-14”."
    )
    title = models.CharField(max_length=200, help_text="What is asked for, in a line.")
    description = models.TextField("details", blank=True, help_text="What exactly, from which system, in which form.")
    kind = models.CharField(max_length=14, choices=RequestKind.choices, default=RequestKind.DOCUMENT)
    period_from = models.DateField(null=True, blank=True, help_text="The first day that it is about, if there is one.")
    period_to = models.DateField(null=True, blank=True, help_text="The last day that it is about.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="audit_requests",
        help_text="Who answers it; empty: not assigned yet.",
    )  # fmt: skip
    due_on = models.DateField("due", help_text="The day by which it is answered.")
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.OPEN, editable=False)
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    submitted_at = models.DateTimeField("submitted", null=True, editable=False)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+",
        help_text="The auditor who accepted or returned it last.",
    )  # fmt: skip
    judged_at = models.DateTimeField("judged", null=True, editable=False)
    answer = models.TextField(
        "note of the decision", blank=True, editable=False, help_text="Why it was returned or withdrawn, if it was."
    )

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("owner",), team=(), timeless=True, within=within("engagement_id"))

    class Meta:
        ordering = ("due_on", "id")
        indexes = (
            models.Index(fields=("engagement", "state", "due_on"), name="audits_request_by_state"),
            models.Index(fields=("due_on", "id"), name="audits_request_by_due"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="audits_request_state_known"),
            models.CheckConstraint(condition=Q(kind__in=RequestKind.values), name="audits_request_kind_known"),
            models.CheckConstraint(condition=~Q(title=""), name="audits_request_says_what"),
            models.CheckConstraint(
                condition=Q(period_from=None, period_to=None)
                | Q(period_from__isnull=False, period_to__gte=F("period_from")),
                name="audits_request_period_whole",
                violation_error_message="A period has a first and a last day, in this order.",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("submitted", "returned", "accepted"))
                | Q(submitted_by__isnull=False, submitted_at__isnull=False),
                name="audits_request_submitted_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("returned", "accepted"))
                | (Q(judged_by__isnull=False, judged_at__isnull=False) & ~Q(judged_by=F("submitted_by"))),
                name="audits_request_judged_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("returned", "withdrawn")) | ~Q(answer=""), name="audits_request_says_why"
            ),
            models.UniqueConstraint(
                fields=("engagement", "external_ref"), condition=~Q(external_ref=""), name="audits_request_ref_once",
                violation_error_message="This engagement has a request with this reference of the firm already.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        """The request's page."""
        return reverse("audits:request-detail", args=[self.pk])

    @property
    def state_tone(self) -> str:
        """The tone of the state's badge."""
        return REQUEST_TONES[self.state]

    def period(self) -> str:
        """The days that it is about, in words."""
        return f"{self.period_from} to {self.period_to}" if self.period_from else ""

    def is_late(self, day: Any) -> bool:
        """Whether it was to be answered before `day`, and is not."""
        return self.state in TO_ANSWER and self.due_on < day


class RequestLink(Register):
    """What a request has to do with another record, the last of `ends`, and why. Unlinking archives the row."""

    request: models.ForeignKey[Any, Request]
    request_id: int
    ends: ClassVar[tuple[str, ...]]

    access = OF_REQUEST

    class Meta:
        abstract = True
        ordering = ("request", "id")

    def __str__(self) -> str:
        other = getattr(self, self.ends[-1])
        return f"{getattr(other, 'ref', other)} for {Request.ref_of(self.request_id)}"

    def get_absolute_url(self) -> str:
        """The request's page."""
        return Request(pk=self.request_id).get_absolute_url()


class RequestControl(RequestLink):
    """The control that is examined by it."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="control_links")
    control = models.ForeignKey(Control, models.PROTECT, related_name="request_links")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()
    ends = ("request", "control")

    class Meta(RequestLink.Meta):
        constraints = (models.UniqueConstraint(fields=("request", "control"), name="audits_request_control_once"),)


class RequestCriterion(RequestLink):
    """The criterion that it is asked for."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="criterion_links")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="request_links")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()
    ends = ("request", "criterion")

    class Meta(RequestLink.Meta):
        verbose_name_plural = "request criteria"
        constraints = (models.UniqueConstraint(fields=("request", "criterion"), name="audits_request_criterion_once"),)

    def __str__(self) -> str:
        return f"{self.criterion.code} for {Request.ref_of(self.request_id)}"


class RequestEvidence(RequestLink):
    """An item that was handed in for it. By this row the auditor reads the item, whatever control it is linked to."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="evidence_links")
    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="request_links")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()
    ends = ("request", "evidence")

    class Meta(RequestLink.Meta):
        verbose_name_plural = "request evidence"
        constraints = (models.UniqueConstraint(fields=("request", "evidence"), name="audits_request_evidence_once"),)


class RequestComment(Tracked):
    """One thing that was said about a request, written once. An answer names a comment that is no answer itself."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="comments")
    answers = models.ForeignKey("self", models.PROTECT, null=True, editable=False, related_name="answered_by")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    at = models.DateTimeField("written", editable=False)
    text = models.TextField()

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = OF_REQUEST

    class Meta:
        ordering = ("request", "id")
        constraints = (models.CheckConstraint(condition=~Q(text=""), name="audits_comment_says_something"),)

    def __str__(self) -> str:
        return f"Comment {self.pk} on {Request.ref_of(self.request_id)}"

    def get_absolute_url(self) -> str:
        """Its place on the request's page."""
        return f"{Request(pk=self.request_id).get_absolute_url()}#comment-{self.pk}"
