"""A small company to back up, and an installation emptied again; both in the test's own database."""

import shutil
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from foundation.organisation.actions import found
from foundation.trail.guards import lifted
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory, link, trust_services
from tests.factories.people import UserFactory


def company() -> None:
    """Set up an organisation with people and controls, by the actions that leave entries and histories."""
    found(name="Fernwood Cloud", actor=SYSTEM, time_zone="Europe/Stockholm")
    trust_services()
    for number in range(3):
        person = UserFactory(name=f"Person {number} – Åsa", email=f"person{number}@example.com")
        link(ControlFactory(ref=f"IAM-0{number}", owner=person), "CC6.1")


def emptied(store: Path) -> None:
    """Leave the database as `prepare` leaves a new one, and the store without files; keys and anchors stay."""
    with lifted(connection):
        call_command("flush", interactive=False, verbosity=0)
    shutil.rmtree(store, ignore_errors=True)
