"""The people whom a file names: by e-mail address, or by name where it is nobody else's."""

from collections import Counter
from typing import Protocol

from foundation.accounts.models import User
from foundation.accounts.roles import Role

NOBODY = {"", "no owner", "none", "n/a", "-"}


class People:
    """Everybody who could ever own a record, also those who have left. One query."""

    def __init__(self) -> None:
        everybody = list(User.objects.exclude(role__in=["", Role.AUDITOR]))
        names = Counter(one.name.lower() for one in everybody if one.name)
        self.namesakes = {name for name, times in names.items() if times > 1}
        self.known = {one.name.lower(): one for one in everybody if names[one.name.lower()] == 1}
        self.known |= {one.email.lower(): one for one in everybody}

    def find(self, text: str) -> User | None:
        """Who is meant, or None for nobody. Raises ValueError, with words for the person, for anything else."""
        if text.lower() in NOBODY:
            return None
        if found := self.known.get(text.lower()):
            return found
        if text.lower() in self.namesakes:
            raise ValueError(f"Several people are called “{text[:60]}”. Write the e-mail address instead.")
        raise ValueError(f"Nobody here is called “{text[:60]}”. Invite the person first, or leave the cell empty.")


class KnowsPeople(Protocol):
    """An importer that has looked up `people` in its `prepare`."""

    people: People


def person(text: str, importer: KnowsPeople) -> User | None:
    """An account by e-mail, or by name where the name is nobody else's."""
    return importer.people.find(text)
