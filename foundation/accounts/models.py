"""People who sign in, the window that an auditor looks through, and exceptions from the separation of duties."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from knox.models import AbstractAuthToken

from foundation.accounts.duties import DUTIES, kinds_of_record, rules
from foundation.accounts.paths import Paths
from foundation.accounts.roles import DIGEST_ROLES, JUST_IN_TIME, Role
from foundation.trail.models import Register, Tracked, TrackedQuerySet


class UserQuerySet(TrackedQuerySet["User"]):
    """The words in which people are asked for."""

    def active(self) -> "UserQuerySet":
        """People who may sign in."""
        return self.filter(is_active=True)

    def in_role(self, *roles: str) -> "UserQuerySet":
        """Active people in one of these roles."""
        return self.active().filter(role__in=roles)


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Finds people by e-mail, whatever its case. People are made by actions, so there is no create_user here."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The person who signs in with this address, in any case."""
        return self.get(email=(username or "").lower())


class User(Tracked, AbstractBaseUser):
    """An account. Its role is one column; it is deactivated, never deleted; nobody is a superuser.

    There is no `last_login` column: the trail knows every sign-in, and a column would be a second truth.
    """

    email = models.EmailField(
        "e-mail",
        max_length=254,
        unique=True,
        help_text="The person signs in with it. Kept in lower case.",
        error_messages={"unique": "Another account has this e-mail address."},
    )
    name = models.CharField(max_length=120)
    title = models.CharField("job title", max_length=120, blank=True)
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    manager = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="team")
    is_active = models.BooleanField("active", default=True)
    is_superuser = models.BooleanField(default=False, editable=False)  # guardian and allauth read it; see constraints
    invited_at = models.DateTimeField(null=True, blank=True, editable=False)
    joined_at = models.DateTimeField("joined", null=True, editable=False, help_text="When the first password was set.")
    session_epoch = models.PositiveIntegerField(default=0, editable=False)  # a new number ends every session
    break_glass = models.BooleanField(
        default=False, editable=False, help_text="May sign in without the identity provider, even where it is required."
    )

    weekly_digest = models.BooleanField(
        null=True,
        editable=False,
        help_text="Wants the weekly digest; empty: as is usual in the role.",
    )

    last_login = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    access = Paths(owner=("id",), team=("manager",), timeless=True)
    personal = ("email", "name")
    details = ("title", "manager")
    unrecorded = ("password", "session_epoch", "is_superuser")

    class Meta:
        ordering = ("name", "id")
        verbose_name = "account"
        constraints = (
            # Lower case makes the plain unique index hold for every spelling.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="accounts_user_email_lower_case"),
            models.CheckConstraint(condition=models.Q(is_superuser=False), name="accounts_user_no_superuser"),
            models.CheckConstraint(
                condition=models.Q(role__in=["", *Role.values]), name="accounts_user_role_is_one_of_ours"
            ),
            models.CheckConstraint(
                condition=models.Q(manager__isnull=True) | ~models.Q(manager=models.F("id")),
                name="accounts_user_not_own_manager",
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def get_absolute_url(self) -> str:
        """The account's page."""
        return reverse("accounts:user-detail", args=(self.pk,))

    def standing(self) -> str:
        """Whether the person can sign in, in a word."""
        if not self.is_active:
            return "Deactivated"
        return "Invited" if self.joined_at is None else "Active"

    @property
    def is_auditor(self) -> bool:
        """Whether the account is an auditor's, who may change nothing."""
        return self.role == Role.AUDITOR

    @property
    def wants_digest(self) -> bool:
        """Whether the weekly digest is mailed to the person: as they chose, else as is usual in their role."""
        return self.role in DIGEST_ROLES if self.weekly_digest is None else self.weekly_digest

    def clean(self) -> None:
        """Put the address into lower case."""
        super().clean()
        self.email = self.email.strip().lower()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Ties a session to the password *and* to the session epoch, so that raising the epoch ends every session."""
        value = f"{self.password}|{self.session_epoch}"
        return salted_hmac("countersign.accounts.session", value, secret=secret, algorithm="sha256").hexdigest()

    def get_session_auth_hash(self) -> str:
        """The hash that a session keeps; Django compares it at every request."""
        return self._get_session_auth_hash()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same hash under the keys that are being rotated out."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._get_session_auth_hash(secret=secret)


class Session(AbstractBaseSession):
    """One browser that somebody is signed in with (sessions.py writes it). No record: it goes when it ends.

    `user` and what follows are copies from the sealed data, to list and to end sessions by; null before sign-in.
    """

    session_key = models.CharField("SHA-256 of the cookie's value", max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="sessions")
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    ip = models.GenericIPAddressField("address", null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"session of {self.user}"

    @classmethod
    def get_session_store_class(cls) -> Any:
        """The store that reads and writes this table."""
        from foundation.accounts.sessions import SessionStore  # it is made of this model

        return SessionStore


class Token(Tracked, AbstractAuthToken):
    """An API token: a key to what its owner may do, cut down to its scopes, until a day. Only its hash is stored.

    knox makes and compares it; its table gets a number of its own here, because the trail names records by theirs.
    `token_key` is the token's first characters: enough to find its row, and for a person to tell which one leaked.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=80, help_text="What will use it, such as “CI of the billing service”.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="tokens")
    scopes = models.JSONField(default=list)
    digest = models.CharField(max_length=128, unique=True, editable=False)
    token_key = models.CharField("begins with", max_length=25, db_index=True, editable=False)
    expiry = models.DateTimeField("expires", editable=False)
    last_used_on = models.DateField("last used", null=True, editable=False, help_text="To the day, in UTC.")
    revoked_at = models.DateTimeField("revoked", null=True, editable=False)

    objects: ClassVar[models.Manager["Token"]] = TrackedQuerySet["Token"].as_manager()

    access = Paths(owner=("user",), timeless=True)
    unrecorded = ("digest", "token_key", "last_used_on")

    class Meta:
        ordering = ("-id",)
        verbose_name = "API token"
        constraints = (
            models.CheckConstraint(condition=~models.Q(name=""), name="accounts_token_has_name"),
            models.CheckConstraint(
                condition=models.Q(expiry__gt=models.F("created")), name="accounts_token_expires_after_making"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The token's page."""
        return reverse("accounts:token-detail", args=(self.pk,))

    def standing(self) -> str:
        """Whether it opens anything, in a word."""
        if self.revoked_at is not None:
            return "Revoked"
        return "Expired" if self.expiry <= timezone.now() else "In use"


class CalendarFeed(Tracked):
    """A secret address at which a calendar fetches what falls due for one person. Only its hash is stored.

    A person has one at a time; a new one revokes the old. `given`: the hash of what an auditor was given last, so that
    the trail tells each content once.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="feeds")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField("made", editable=False)
    revoked_at = models.DateTimeField("revoked", null=True, editable=False)
    last_used_on = models.DateField("last fetched", null=True, editable=False, help_text="To the day, in UTC.")
    given = models.CharField(max_length=64, blank=True, editable=False)

    objects: ClassVar[models.Manager["CalendarFeed"]] = TrackedQuerySet["CalendarFeed"].as_manager()

    access = Paths(owner=("user",), timeless=True)
    unrecorded = ("digest", "last_used_on", "given")

    class Meta:
        ordering = ("-id",)
        verbose_name = "calendar address"
        verbose_name_plural = "calendar addresses"
        constraints = (
            models.UniqueConstraint(
                fields=("user",), condition=models.Q(revoked_at=None), name="accounts_feed_one_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"Calendar address {self.pk}"

    def get_absolute_url(self) -> str:
        """Where its owner finds it."""
        return reverse("reminders")


class IdentityProvider(Register):
    """A company's own sign-in (single sign-on), by OpenID Connect or SAML. Its secret is sealed and told nobody."""

    class Kind(models.TextChoices):
        """The protocol that it speaks."""

        OIDC = "openid_connect", "OpenID Connect"
        SAML = "saml", "SAML"

    slug = models.SlugField(
        "short name", max_length=40, unique=True, help_text="Part of the addresses that it is told. Lower case."
    )
    name = models.CharField(max_length=40, help_text="People read it on the button: “Sign in with …”.")
    kind = models.CharField("protocol", max_length=20, choices=Kind.choices)
    server_url = models.URLField("issuer", max_length=300, blank=True, help_text="OpenID Connect only.")
    client_id = models.CharField("client ID", max_length=190, blank=True, help_text="OpenID Connect only.")
    sealed_secret = models.TextField(blank=True, editable=False)
    metadata = models.TextField(blank=True, help_text="SAML only: the provider's metadata, as XML.")
    enabled = models.BooleanField(default=False, help_text="Shows its button on the sign-in page.")
    required = models.BooleanField(
        default=False, help_text="Passwords and passkeys of this site let nobody in any more."
    )
    provisions = models.BooleanField(
        "makes accounts", default=False, help_text="Whoever it vouches for gets an account at the first sign-in."
    )
    default_role = models.CharField(
        "role of those accounts",
        max_length=20,
        default=Role.EMPLOYEE,
        choices=[(role.value, role.label) for role in JUST_IN_TIME],
    )
    does_mfa = models.BooleanField(
        "demands a second factor itself", default=False, help_text="Then this site does not ask for another one."
    )

    unrecorded = ("sealed_secret",)

    class Meta(Register.Meta):
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(default_role__in=JUST_IN_TIME), name="accounts_provider_role_is_a_small_one"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The provider's page."""
        return reverse("accounts:identityprovider-detail", args=(self.pk,))


class AuditorWindow(Tracked):
    """What access.py knows of an engagement: who may look, from when to when, at which categories and which period.

    `audits` writes it by action. `opens_at` and `closes_at` bound when the auditor may sign in and read;
    `period_from` and `period_to` are the days that the engagement is about (one day for Type I).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="windows")
    engagement_id = models.BigIntegerField(db_index=True)
    category_codes = models.JSONField(default=list)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    period_from = models.DateField()
    period_to = models.DateField()

    class Meta:
        ordering = ("opens_at", "id")
        indexes = (models.Index(fields=("user", "opens_at", "closes_at"), name="accounts_window_by_user"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(closes_at__gte=models.F("opens_at")), name="accounts_window_closes_after_opening"
            ),
            models.CheckConstraint(
                condition=models.Q(period_to__gte=models.F("period_from")), name="accounts_window_period_in_order"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} {self.opens_at:%Y-%m-%d} to {self.closes_at:%Y-%m-%d}"

    def is_open(self, at: Any = None) -> bool:
        """Whether the window is open at an aware datetime (default: now). The closing moment itself is shut."""
        moment = at or timezone.now()
        return bool(self.opens_at <= moment < self.closes_at)


def in_force(at: datetime) -> models.Q:
    """Approved, begun, not over and not ended at `at`: of live rows, and of history rows of that moment, alike."""
    return models.Q(state="approved", opens_at__lte=at, expires_at__gt=at)


class DutyExceptionQuerySet(TrackedQuerySet["DutyException"]):
    """The words in which exceptions are asked for."""

    def in_force(self) -> "DutyExceptionQuerySet":
        """What has effect now: what `access.apart` asks."""
        return self.filter(in_force(timezone.now()))

    def about(self, duty: str, record: models.Model) -> "DutyExceptionQuerySet":
        """Those of one duty that hold for this record: confined to it, or to none."""
        here = models.Q(object_type=record._meta.label_lower, object_id=str(record.pk))
        return self.filter(here | models.Q(object_type=""), duty=duty)


class DutyException(Tracked):
    """One person may do both steps of one duty (duties.py) for a while, on one record or on all that the duty is about.

    Written by exceptions.py alone. `approver` is named when it is asked for; only that person decides.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "Requested"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        ENDED = "ended", "Ended"

    duty = models.CharField("rule", max_length=60, choices=rules)
    beneficiary = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", help_text="Who may do both steps meanwhile."
    )
    object_type = models.CharField("only for one", max_length=60, blank=True, editable=False, choices=kinds_of_record)
    object_id = models.CharField("its number", max_length=60, blank=True, editable=False)
    reason = models.TextField(help_text="Why the two steps cannot be done by two people for now.")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        help_text="Another compliance manager, or a manager: neither you nor the person who is excepted.",
    )
    opens_at = models.DateTimeField("from")
    expires_at = models.DateTimeField("until", help_text="At most 90 days later.")
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED, editable=False)
    decided_at = models.DateTimeField("decided", null=True, editable=False)
    ended_at = models.DateTimeField("ended", null=True, editable=False)

    objects: ClassVar[Any] = models.Manager.from_queryset(DutyExceptionQuerySet)()

    named = record_url = ""  # what the record is called and where it is, for who sees it
    looked_at: Any = None  # the past moment that a page shows; None is now

    access = Paths(owner=("beneficiary", "approver", "requested_by"))

    class Meta:
        ordering = ("-id",)
        verbose_name = "exception"
        indexes = (models.Index(fields=("beneficiary", "duty", "state"), name="accounts_exception_asked"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("opens_at")), name="accounts_exception_expires_after_opening"
            ),
            models.CheckConstraint(
                condition=~models.Q(approver=models.F("requested_by")) & ~models.Q(approver=models.F("beneficiary")),
                name="accounts_exception_second_person",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["requested", "approved", "declined", "ended"]),
                name="accounts_exception_state_known",
            ),
        )

    def __str__(self) -> str:
        return f"Exception {self.pk}"

    def get_absolute_url(self) -> str:
        """The exception's page."""
        return reverse("accounts:dutyexception-detail", args=(self.pk,))

    def rule(self) -> str:
        """The rule that it lifts, in words."""
        return DUTIES[self.duty].rule if self.duty in DUTIES else self.duty

    def record(self) -> str:
        """What it is confined to: the record's name once `exceptions.name_records` gave it, else its number."""
        return self.named or (f"{self.object_type.partition('.')[2]} {self.object_id}" if self.object_type else "All")

    def standing(self) -> str:
        """Whether it has effect now, or had at the moment that is looked at, in a word or two."""
        now = self.looked_at or timezone.now()
        if self.state in (self.State.DECLINED, self.State.ENDED):
            return str(self.get_state_display())
        if self.expires_at <= now:
            return "Over"
        if self.state == self.State.REQUESTED:
            return "Requested"
        return "In force" if self.opens_at <= now else "To come"
