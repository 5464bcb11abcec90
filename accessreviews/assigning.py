"""Who decides on which account: one rule, written down with each assignment (R4.1, domain §4).

Nobody decides on their own account, on one that they answer for, or on any account of a system that they administer;
the campaign's approver decides on none. What one person may not decide goes to the next of a fixed order: the
person's manager (where managers review), the reviewer, the reviewer's manager, the system's owner, and whoever
created the campaign.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from foundation.accounts.models import User
from foundation.accounts.roles import Role

DECIDES = (Role.MANAGER, Role.COMPLIANCE_MANAGER)  # table.TABLE: "decide"
BY_MANAGER = "The manager of those whose accounts these are."
BY_REVIEWER = "Named as the reviewer of the system."
NO_MANAGER = "The reviewer, for accounts whose people have no manager who can decide."
INSTEAD = "{} Not the one named, whose own accounts these are or who administers the system."
LATER = ("The manager of the reviewer.", "The owner of the system.", "Who created the campaign.")


@dataclass(frozen=True, slots=True)
class Subject:
    """An account as the rule sees it. `people`: everybody who never decides on it. `manager`: of whose it is."""

    account: int
    people: frozenset[int]
    manager: int | None = None
    subject: int | None = None
    flagged: bool = False
    privileged: bool = False


@dataclass(frozen=True)
class Rule:
    """Who may decide in a review at all, in the order of asking; `barred` decides on none of its accounts.

    `later`: after the reviewer; each with the words that say why it came to them.
    """

    reviewer: int
    by_manager: bool
    barred: frozenset[int]
    able: frozenset[int]
    later: Sequence[tuple[int, str]] = ()

    def choose(self, one: Subject) -> tuple[int, str] | None:
        """The person who decides on an account, and why; None where there is nobody."""
        for person, why in self.order(one):
            if person in self.able and person not in self.barred and person not in one.people:
                return person, why
        return None

    def order(self, one: Subject) -> Iterator[tuple[int, str]]:
        """Whom to ask, one after the other."""
        if self.by_manager and one.manager is not None:
            yield one.manager, BY_MANAGER
        yield self.reviewer, NO_MANAGER if self.by_manager else BY_REVIEWER
        for person, why in self.later:
            yield person, INSTEAD.format(why)


def rule_for(
    *, reviewer: User, by_manager: bool, owner: User | None, creator: User | None, administrators: Iterable[int],
    approver: int, able: Collection[int],
) -> Rule:  # fmt: skip
    """The rule of one review. able: the ids of those who may decide at all (`able_people`)."""
    asked = (reviewer.manager_id, getattr(owner, "pk", None), getattr(creator, "pk", None))
    later = tuple((person, why) for person, why in zip(asked, LATER, strict=True) if person is not None)
    return Rule(reviewer.pk, by_manager, frozenset({*administrators, approver}), frozenset(able), later)


def able_people() -> set[int]:
    """Everybody whose role lets them decide on accounts, and who may sign in. One query."""
    return set(User.objects.active().filter(role__in=DECIDES).values_list("pk", flat=True))
