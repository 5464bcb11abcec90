"""What is done to the roster: saving a person with their account, putting one away, finding everybody's account."""

from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import Organisation
from foundation.trail.keep import Stale, save, save_many
from foundation.trail.record import SYSTEM
from people.models import Person
from people.roster import Roster

CIRCLE: Final = "{} stands below them: nobody leads themselves round a corner."
TIED: Final = "Found by the e-mail address."


@transaction.atomic
def keep(person: Person, participle: str, *, actor: Any, reason: str = "") -> Person:
    """Save a person (created, updated) with the account that has their address.

    Raises Stale; also where a colleague moved somebody at the same instant, so that the two would lead each other.
    """
    one_at_a_time()
    before = Person.objects.filter(pk=person.pk).first() if person.pk else None
    if before is not None and before.manager_id != person.manager_id and Roster().leads(person, person.manager):
        raise Stale(before)
    find_accounts([person])
    return save(person, actor=actor, verb=f"person.{participle}", reason=reason)


@transaction.atomic
def put_away(person: Person, participle: str, *, actor: Any, reason: str) -> Person:
    """Archive or restore a row of the roster. Who left is not archived but has a last day: that a row was a mistake.

    Raises Stale, ValidationError while others have them as their manager.
    """
    one_at_a_time()
    led = Person.objects.live().filter(manager=person.pk).count()
    if person.archived_at is not None and led:
        raise ValidationError(
            f"{led} {'person has' if led == 1 else 'people have'} them as manager. Change that first."
        )
    return save(person, actor=actor, verb=f"person.{participle}", reason=reason)


def one_at_a_time() -> None:
    """Let one change of the roster wait for the other: who leads whom is judged over several rows."""
    list(Organisation.objects.select_for_update().order_by("pk"))


# ---- accounts ------------------------------------------------------------------------------------------------------


def accounts() -> dict[str, int]:
    """Whose account has which address; never an auditor's, who does not work here."""
    return dict(User.objects.exclude(role=Role.AUDITOR).values_list("email", "pk"))


def find_accounts(people: Iterable[Person]) -> None:
    """Put onto each the account that has their address, unless somebody else still holds it. Two queries."""
    known = accounts()
    holders = dict(Person.objects.exclude(user=None).values_list("user_id", "pk"))
    for person in people:
        wanted = known.get(person.email)
        person.user_id = wanted if holders.get(wanted, person.pk) == person.pk else None  # type: ignore[arg-type]


@transaction.atomic
def tie_accounts(*, actor: Any = SYSTEM) -> int:
    """Tie everybody to the account that has their address now, and untie the others. Returns how many changed.

    First what is wrong is untied, so that no account ever stands with two people.
    """
    known = accounts()
    people = list(Person.objects.order_by("id"))
    wrong = [person for person in people if person.user_id and known.get(person.email) != person.user_id]
    for person in wrong:
        person.user_id = None
    keep_ties(wrong, actor)
    found = [person for person in people if person.user_id is None and person.email in known]
    for person in found:
        person.user_id = known[person.email]
    keep_ties(found, actor)
    return len({person.pk for person in (*wrong, *found)})


def keep_ties(people: list[Person], actor: Any) -> None:
    """Save people whose account changed."""
    save_many(people, actor=actor, verb_created="person.created", verb_updated="person.updated", reason=TIED)
