"""People and their engagement, made for tests through the save path that everything uses."""

from datetime import timedelta
from typing import Any

import factory
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from audits.actions import admit_auditor
from audits.models import Engagement
from foundation.accounts import duties
from foundation.accounts.models import AuditorWindow, DutyException, User
from foundation.accounts.roles import Role
from foundation.keys import seal
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM

PASSWORD = "a password that is long enough"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # everybody's authenticator app
PERIOD_BEFORE, PERIOD_AFTER = timedelta(days=200), timedelta(days=100)


class UserFactory(factory.Factory):
    """An active person with PASSWORD and an authenticator app; by default an employee."""

    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttributeSequence(lambda person, n: f"{person.name.split()[0].lower()}.{n}@example.com")
    role = Role.EMPLOYEE
    joined_at = factory.LazyFunction(timezone.now)
    password = factory.LazyFunction(lambda: make_password(PASSWORD))

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        user = save(model_class(**kwargs), actor=SYSTEM, verb="user.created")
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": seal("mfa", SECRET)})
        return user


def code() -> str:
    """What everybody's authenticator app shows now."""
    return format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time())) + 1))


class EngagementFactory(factory.Factory):
    """A Type II engagement over Security and Availability whose period began 200 days ago and still runs."""

    class Meta:
        model = Engagement

    name = factory.Sequence(lambda n: f"SOC 2 examination {n}")
    type = "II"
    period_from = factory.LazyFunction(lambda: (timezone.now() - PERIOD_BEFORE).date())
    period_to = factory.LazyFunction(lambda: (timezone.now() + PERIOD_AFTER).date())
    categories = factory.LazyFunction(lambda: ["security", "availability"])
    firm = "Harrow & Pike LLP"

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Engagement:
        return save(model_class(*args, **kwargs), actor=SYSTEM, verb="engagement.created")


class WindowFactory(factory.Factory):
    """An auditor's window that opened a day ago and closes in thirty, without an engagement behind it."""

    class Meta:
        model = AuditorWindow

    engagement_id = factory.Sequence(lambda n: 1_000_000 + n)
    category_codes = factory.LazyFunction(lambda: ["security", "availability"])
    opens_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))
    closes_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))
    period_from = factory.LazyFunction(lambda: (timezone.now() - PERIOD_BEFORE).date())
    period_to = factory.LazyFunction(lambda: (timezone.now() + PERIOD_AFTER).date())

    @classmethod
    def _create(cls, model_class: type[AuditorWindow], *args: Any, **kwargs: Any) -> AuditorWindow:
        return save(model_class(*args, **kwargs), actor=SYSTEM, verb="auditorwindow.created")


class ExceptionFactory(factory.Factory):
    """An exception that was asked for, so that one person may approve an own proposal: from an hour ago for a week."""

    class Meta:
        model = DutyException

    duty = duties.NOT_APPLICABLE.id
    reason = "Only one compliance manager until March."
    opens_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))

    @classmethod
    def _create(cls, model_class: type[DutyException], *args: Any, **kwargs: Any) -> DutyException:
        return save(model_class(*args, **kwargs), actor=SYSTEM, verb="dutyexception.created")


def admitted(engagement: Engagement, user: User) -> User:
    """The auditor, admitted to the engagement since yesterday for a month."""
    now = timezone.now()
    opens, closes = now - timedelta(days=1), now + timedelta(days=30)
    admit_auditor(engagement, user, opens_at=opens, closes_at=closes, actor=SYSTEM, reason="Fieldwork begins")
    return user
