"""Whose an incident is, and who alone reaches a restricted one: said once, for the record and all that belongs to it.

Decision: a restricted incident is closed in `access.py` itself (`Confined`), and not by hiding cells. Whoever may not
see it gets 404 for the record and every part of it, through every door: page, list, search, file, API, history, trail.
An auditor still has to see that it exists. He reads its facts of record (`incidents.facts`), which are picked by a
literal list of columns that holds no text, so that nothing has to be masked and nothing can be forgotten.
"""

from typing import Final

from foundation.accounts.paths import Confined, Paths, Via

NAMED: Final = Via("incidents.IncidentPerson", "incident_id", "user")


def _confined(key: str) -> Confined:
    """Reached by the commander and by whoever is named, and by those whose role reaches everything."""
    return Confined("incidents.Incident", "restricted", ("commander", NAMED), key, spares=("view_facts",))


OF_INCIDENT: Final = Paths(owner=("reporter", "commander", NAMED), team=(), confined=_confined("id"))


def of_part(to: str = "incident", *, more: tuple[str, ...] = ()) -> Paths:
    """The paths of what belongs to an incident. to: the lookup to it; more: further people whose own such a row is."""
    named = Via(NAMED.link, NAMED.key, NAMED.slug, row=f"{to}_id")
    return Paths(owner=(f"{to}__reporter", f"{to}__commander", named, *more), team=(), confined=_confined(f"{to}_id"))
