"""Listings, the immutable snapshots of a system's accounts, and what is remembered from one to the next."""

from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from evidence.models import Evidence
from foundation.accounts.paths import Paths, Via
from foundation.trail.models import Register, TrackedQuerySet
from foundation.trail.numbered import Numbered
from people.models import Person
from systems.models import System

REVIEW: Final = "accessreviews.Review"
ASSIGNMENT: Final = "accessreviews.Assignment"


class Shape(models.TextChoices):
    """In whose shape the accounts came."""

    OKTA = "okta", "Okta"
    GOOGLE = "google", "Google Workspace"
    ENTRA = "entra", "Microsoft Entra ID"
    GITHUB = "github", "GitHub"
    AWS = "aws", "AWS credential report"
    OWN = "own", "Columns mapped by hand"
    COUNTERSIGN = "countersign", "Countersign itself"
    API = "api", "Pushed through the API"


class Known(models.TextChoices):
    """A value of three states: what a source does not say is not a “no”."""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNKNOWN = "unknown", "Unknown"


class SignIn(models.TextChoices):
    """What a source says of the last sign-in."""

    KNOWN = "known", "Known"
    NEVER = "never", "Never"
    UNKNOWN = "unknown", "Unknown"


class Standing(models.TextChoices):
    """To whom an account belongs, found by matching it to the roster."""

    ACTIVE = "active", "Active employee"
    CONTRACTOR = "contractor", "Active contractor"
    LEFT = "left", "Left"
    FUTURE = "future", "Not started"
    MACHINE = "machine", "Machine account"
    SHARED = "shared", "Shared account"
    UNMATCHED = "unmatched", "Nobody known"


class Flag(models.TextChoices):
    """What makes an account worth judging by itself (domain §4), the gravest first."""

    LEFT_ACTIVE = "left_active", "Left but active"
    ORPHANED = "orphaned", "Orphaned"
    CONFLICT = "conflict", "Conflicting duties"
    PRIVILEGED = "privileged", "Privileged"
    NO_MFA = "no_mfa", "No MFA"
    DORMANT = "dormant", "Dormant"
    NEVER_SIGNED_IN = "never_signed_in", "Never signed in"
    SERVICE = "service", "Machine account"
    SHARED = "shared", "Shared"
    OWNER_UNKNOWN = "owner_unknown", "Owner unknown"
    GREW = "grew", "Grew since last review"
    NEW = "new", "New since last review"


TONES: dict[str, str] = {
    Flag.LEFT_ACTIVE: "bad",
    Flag.ORPHANED: "bad",
    Flag.CONFLICT: "bad",
    Flag.PRIVILEGED: "warn",
    Flag.NO_MFA: "bad",
    Flag.DORMANT: "warn",
    Flag.NEVER_SIGNED_IN: "warn",
    Flag.SERVICE: "info",
    Flag.SHARED: "warn",
    Flag.OWNER_UNKNOWN: "bad",
    Flag.GREW: "info",
    Flag.NEW: "info",
}


class Listing(Numbered, Register):
    """Every account of a system at one moment, with the proof that it is whole. Never edited: another is taken."""

    prefix = "L"

    system = models.ForeignKey(System, models.PROTECT, related_name="listings")
    source = models.CharField(max_length=120, help_text="From where it was pulled, such as “Okta admin console”.")
    environment = models.CharField(max_length=120, blank=True, help_text="Tenant, organisation, account.")
    query = models.TextField(help_text="The report, query or menu path by which anybody gets the same again.")
    pulled_at = models.DateTimeField("pulled", help_text="When the source showed it (UTC).")
    pulled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    connector = models.CharField(max_length=120, blank=True, help_text="The program that pulled it, if no person did.")
    source_total = models.PositiveIntegerField(help_text="How many accounts the source itself counts.")
    row_count = models.PositiveIntegerField("accounts")
    sha256 = models.CharField("SHA-256", max_length=64, help_text="Of the file as it was received, hex.")
    shape = models.CharField(max_length=11, choices=Shape.choices)
    mapping = models.JSONField(default=dict, blank=True, help_text="Which column said what: field → heading.")
    counts = models.JSONField(default=dict, blank=True, help_text="How many accounts have each standing and flag.")
    earlier = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The listing of the last signed review, with which it was compared.",
    )  # fmt: skip
    evidence = models.OneToOneField(Evidence, models.PROTECT, related_name="listing", help_text="The file itself.")
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(
        owner=(
            "system__owner", "frozen_by", "pulled_by",
            Via(REVIEW, "listing_id", "campaign__approver"), Via(REVIEW, "listing_id", "reviewer"),
            Via(REVIEW, "listing_id", Via(ASSIGNMENT, "review_id", "reviewer")),
            Via(REVIEW, "listing_id", Via(ASSIGNMENT, "review_id", "delegate")),
        ),
        team=(),
    )  # fmt: skip

    class Meta:
        ordering = ("-pulled_at", "-id")
        indexes = (models.Index(fields=("system", "-pulled_at"), name="accessreviews_listing_newest"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(row_count=F("source_total")),
                name="accessreviews_listing_reconciled",
                violation_error_message="The source counts another number than there are accounts.",
            ),
            models.CheckConstraint(condition=~Q(query="") & ~Q(source=""), name="accessreviews_listing_says_source"),
            models.CheckConstraint(condition=Q(shape__in=Shape.values), name="accessreviews_listing_shape_known"),
        )

    def __str__(self) -> str:
        return f"{self.ref} of {self.system.name}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("accessreviews:listing-detail", args=[self.pk])


class ListedAccount(models.Model):
    """One account as a listing shows it, and what matching and the flags found then. As immutable as the listing."""

    listing = models.ForeignKey(Listing, models.PROTECT, related_name="+")
    line = models.PositiveIntegerField(help_text="Where it stands in the file, for the person who brought it.")
    key = models.CharField("account", max_length=200, help_text="What the source calls it; once in a listing.")
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True, help_text="In lower case.")
    external_id = models.CharField(max_length=80, blank=True, help_text="The personnel number that the source knows.")
    roles = models.JSONField(default=list, blank=True, help_text="Roles, groups and entitlements, sorted.")
    enabled = models.CharField(max_length=7, choices=Known.choices, default=Known.UNKNOWN)
    mfa = models.CharField("MFA", max_length=7, choices=Known.choices, default=Known.UNKNOWN)
    sign_in = models.CharField(max_length=7, choices=SignIn.choices, default=SignIn.UNKNOWN)
    last_sign_in = models.DateField(null=True, blank=True)
    created_on = models.DateField("created", null=True, blank=True)
    machine = models.CharField(max_length=7, choices=Known.choices, default=Known.UNKNOWN)
    owner_said = models.CharField("owner by the source", max_length=200, blank=True)

    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Who answers for a machine or shared account.",
    )  # fmt: skip
    standing = models.CharField(max_length=10, choices=Standing.choices)
    flags = models.JSONField(default=list, blank=True, help_text="[flag, why, in words] of each, the gravest first.")
    flagged = models.BooleanField(default=False)
    privileged = models.BooleanField(default=False)

    class Meta:
        ordering = ("listing", "id")
        indexes = (models.Index(fields=("listing", "flagged", "id"), name="accessreviews_account_flagged"),)
        constraints = (
            models.UniqueConstraint(fields=("listing", "key"), name="accessreviews_account_once"),
            models.CheckConstraint(condition=Q(enabled__in=Known.values), name="accessreviews_account_enabled_known"),
            models.CheckConstraint(condition=Q(mfa__in=Known.values), name="accessreviews_account_mfa_known"),
            models.CheckConstraint(condition=Q(machine__in=Known.values), name="accessreviews_account_machine_known"),
            models.CheckConstraint(
                condition=Q(sign_in=SignIn.KNOWN, last_sign_in__isnull=False)
                | Q(sign_in__in=(SignIn.NEVER, SignIn.UNKNOWN), last_sign_in=None),
                name="accessreviews_account_sign_in_whole",
            ),
            models.CheckConstraint(
                condition=Q(standing__in=Standing.values), name="accessreviews_account_standing_known"
            ),
        )

    def __str__(self) -> str:
        return self.name or self.key


class MatchKind(models.TextChoices):
    """What a person says that an account is."""

    PERSON = "person", "A person's account"
    MACHINE = "machine", "A machine account"
    SHARED = "shared", "A shared account"


class AccountMatch(Register):
    """What somebody said an account of a system is, remembered for the next listing: whose, a machine's or shared."""

    system = models.ForeignKey(System, models.PROTECT, related_name="account_matches")
    key = models.CharField("account", max_length=200, help_text="What the source calls it.")
    kind = models.CharField("is", max_length=7, choices=MatchKind.choices)
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Answers for it, if it is no person's.",
    )  # fmt: skip
    reason = models.TextField(help_text="How you know.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("system__owner",), team=())

    class Meta:
        ordering = ("system", "key", "id")
        verbose_name_plural = "account matches"
        constraints = (
            models.UniqueConstraint(
                fields=("system", "key"), name="accessreviews_match_once",
                violation_error_message="This account is matched already: change that.",
            ),
            models.CheckConstraint(
                condition=Q(kind=MatchKind.PERSON, person__isnull=False, owner=None)
                | (Q(kind__in=(MatchKind.MACHINE, MatchKind.SHARED)) & Q(person=None, owner__isnull=False)),
                name="accessreviews_match_names_somebody",
                violation_error_message="A person's account names the person, any other its owner.",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="accessreviews_match_has_reason"),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.key} of {self.system.name}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("accessreviews:accountmatch-detail", args=[self.pk])


class ColumnMapping(Register):
    """How the columns of a system's export are read, said once by hand and used again for its next listing."""

    system = models.OneToOneField(System, models.PROTECT, related_name="column_mapping")
    columns = models.JSONField(default=dict, help_text="Field → heading.")

    objects: ClassVar[models.Manager[Any]] = TrackedQuerySet.as_manager()

    access = Paths(owner=("system__owner",), team=())

    class Meta(Register.Meta):
        ordering = ("system",)

    def __str__(self) -> str:
        return f"columns of {self.system.name}"

    def get_absolute_url(self) -> str:
        """The system's page."""
        return self.system.get_absolute_url()
