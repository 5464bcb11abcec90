"""What people do: acknowledge the version that they were shown, on screen; and record what was signed on paper."""

import datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from evidence.models import Evidence
from foundation.accounts.models import User
from foundation.organisation.models import day_at, today
from foundation.trail.keep import save
from foundation.trail.steps import say
from people.models import Person, active_on
from policies.acknowledging.owed import Owed, of_person
from policies.models import Acknowledgement, Method, PolicyVersion, VersionState

STATEMENT: Final = "I have read {version} and I will keep to it."
ON_PAPER: Final = "Signed on paper: {version} was read and will be kept to."


def named(version: Any) -> str:
    """A version as statements name it."""
    return f"{version.ref}, “{version.title}”,"


def person_of(user: User) -> Person | None:
    """The person of the roster who works here today and signs in as `user`. One query."""
    found: Person | None = Person.objects.live().filter(active_on(today()), user=user.pk).first()
    return found


@transaction.atomic
def acknowledge(version: PolicyVersion, *, actor: User, sha256: str) -> Acknowledgement:
    """Acknowledge for oneself that one read a version: the one in force, whose hash one was shown.

    A second time gives the row of the first, until it is due anew. Raises PermissionDenied for who is not on the
    roster; ValidationError for a version that is not in force any more, is another than was shown, or is not asked of
    the person.
    """
    person = Person.objects.live().select_for_update().filter(active_on(today()), user=actor.pk).first()
    if person is None:
        raise PermissionDenied("Only people of the roster who work here acknowledge policies.")
    version = PolicyVersion.objects.select_for_update().get(pk=version.pk)
    check_shown(version, sha256)
    asked = next(iter(of_person(person, policies=[version.policy_id])), None)
    if asked is None:
        raise ValidationError("This policy is not to be acknowledged by you.")
    given = stands(person, version, asked)
    if given is not None:
        return given
    now = timezone.now()
    return keep(
        Acknowledgement(
            person=person, policy_version=version, acknowledged_at=now, acknowledged_on=day_at(now),
            method=Method.SCREEN, statement=STATEMENT.format(version=named(version)), user=actor,
        ),
        actor,
    )  # fmt: skip


def check_shown(version: PolicyVersion, sha256: str) -> None:
    """What is acknowledged is what was shown, and binds people now. Raises ValidationError."""
    if version.state != VersionState.IN_FORCE:
        newer = PolicyVersion.objects.in_force().filter(policy=version.policy_id).first()
        if newer is None:
            raise ValidationError(f"{version.ref} is not in force any more. There is nothing to acknowledge.")
        raise ValidationError(
            f"{version.ref} was replaced by {newer.number} while you were reading. Nothing was recorded: "
            f"read {newer.ref} and acknowledge that."
        )
    if version.sha256 != sha256:
        raise ValidationError("This is not the text that you were shown. Open the page again and read it.")


def stands(person: Person, version: PolicyVersion, asked: Owed) -> Acknowledgement | None:
    """The person's acknowledgement of this very version, while it is not due anew."""
    if asked.is_open or asked.last is None or asked.last.version != version.pk:
        return None
    found: Acknowledgement | None = (
        Acknowledgement.objects.filter(person=person, policy_version=version).order_by("-round").first()
    )
    return found


@transaction.atomic
def record_paper(
    version: PolicyVersion, *, actor: User, person: Person, acknowledged_on: datetime.date, note: str,
    proof: Evidence | None = None,
) -> Acknowledgement:  # fmt: skip
    """Record that somebody signed on paper. note: where the paper is. proof: the scanned sheet, where there is one.

    Raises ValidationError for a version that was not in force on that day, a day ahead, who had left by then, the own
    acknowledgement, or one that is recorded already.
    """
    person = Person.objects.select_for_update().get(pk=person.pk)
    version = PolicyVersion.objects.select_for_update().get(pk=version.pk)
    say(note, "Say where the paper is.")
    check_paper(version, person, acknowledged_on, actor)
    return keep(
        Acknowledgement(
            person=person, policy_version=version, acknowledged_at=timezone.now(), acknowledged_on=acknowledged_on,
            method=Method.PAPER, statement=ON_PAPER.format(version=named(version)), user=actor, proof=proof,
            note=note.strip(),
        ),
        actor,
    )  # fmt: skip


def check_paper(version: PolicyVersion, person: Person, day: datetime.date, actor: User) -> None:
    """What is recorded could have been signed on that day, and is not recorded yet. Raises ValidationError."""
    if person.user_id == actor.pk:
        raise ValidationError({"person": "Acknowledge your own on screen, or let somebody else record it."})
    if day > today():
        raise ValidationError({"acknowledged_on": "This day has not come yet."})
    if person.ends_on is not None and person.ends_on < day:
        raise ValidationError({"acknowledged_on": f"{person} had left by then."})
    if version.in_force_from is None or day < version.in_force_from:
        raise ValidationError({"acknowledged_on": f"{version.ref} was not in force yet on that day."})
    if version.in_force_until is not None and day > version.in_force_until:
        raise ValidationError({"acknowledged_on": f"{version.ref} was not in force any more on that day."})
    if Acknowledgement.objects.filter(person=person, policy_version=version, acknowledged_on=day).exists():
        raise ValidationError("That is recorded already.")


def keep(given: Acknowledgement, actor: User) -> Acknowledgement:
    """Write an acknowledgement, as the next round of this person and version. The person's row is locked."""
    version = given.policy_version
    rounds = Acknowledgement.objects.filter(person=given.person, policy_version=version)
    given.round = (rounds.aggregate(last=Max("round"))["last"] or 0) + 1
    given.sha256 = version.sha256
    refs = {
        "person": given.person_id,
        "policy": version.policy_id,
        "policyversion": version.pk,
        "sha256": version.sha256,
    }
    if given.proof_id is not None:
        refs["evidence"] = given.proof_id
    return save(given, actor=actor, verb="acknowledgement.created", refs=refs)
