"""In whose hands a piece of evidence is: the chain is read here, and never typed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from foundation.accounts.models import User
from incidents.models import CustodyItem, CustodyTransfer


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody with an account, or somebody who is named in words."""

    user: User | None
    name: str = ""

    def __str__(self) -> str:
        return str(self.user) if self.user else self.name

    def __bool__(self) -> bool:
        return self.user is not None or bool(self.name)

    def is_same(self, other: "Hand") -> bool:
        """Whether both are one person, as far as can be told: of names the letters count, whether large or small."""
        if self.user is not None or other.user is not None:
            return self.user == other.user
        return self.name.casefold() == other.name.casefold()


def hand(user: User | None, name: str) -> Hand:
    """A hand; of whoever has an account the name is the account's."""
    return Hand(user, "" if user else name.strip())


def collector(item: Any) -> Hand:
    """Who collected it: the first who held it."""
    return hand(item.collected_by, item.collector_name)


def receiver(step: Any) -> Hand:
    """Who held it after a transfer."""
    return hand(step.receiver, step.receiver_name)


def giver(step: Any) -> Hand:
    """From whom it came in a transfer."""
    return hand(step.giver, step.giver_name)


def last_of(item: CustodyItem) -> CustodyTransfer | None:
    """Its last transfer. One query."""
    steps = CustodyTransfer.objects.filter(item=item).select_related("receiver")
    last: CustodyTransfer | None = steps.order_by("-happened_at", "-id").first()
    return last


def holder(item: CustodyItem, last: CustodyTransfer | None) -> Hand:
    """Who holds it after its last transfer; None: whoever collected it."""
    return receiver(last) if last else collector(item)


def breaks(item: Any, chain: Iterable[Any]) -> list[bool]:
    """For each transfer, in their order, whether it came from somebody who did not hold it: the chain was broken."""
    found, held = [], collector(item)
    for step in chain:
        found.append(not held.is_same(giver(step)))
        held = receiver(step)
    return found
