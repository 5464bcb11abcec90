"""`manage.py demo`: the invented company that bin/run loads into a new database."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accessreviews.demo import reviews
from audits.demo import engagements
from audits.requests.demo import requests
from audits.testing.demo import fieldwork
from audits.texts.demo import texts
from controls.demo import OWNER_ROLES, load
from evidence.demo import load as evidence
from evidence.demo_populations import populations
from findings.demo import findings
from foundation.accounts.demo import people
from foundation.accounts.models import User
from foundation.organisation.actions import found
from foundation.organisation.demo import company
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM, record
from incidents.demo import incidents
from people.demo import roster
from people.demo_programme import checklists, courses
from policies.demo import policies
from risks.demo import risks
from systems.demo import systems
from vendors.demo import vendors
from vendors.demo_reports import vendor_reports

COMPANY = "Fernwood Cloud"
ZONE = "Europe/Stockholm"
SYSTEM_OWNERS = "maya.lindqvist"  # the platform lead speaks for the owners of systems


class Command(BaseCommand):
    """Loads the demo by the actions that people use, into an empty database; every trail time is the real clock's."""

    help = "Loads the demo company into an empty database, which stays marked as a demo for ever."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists() or Entry.objects.exists():
            raise CommandError("This database is in use. The demo goes into a new one only.")
        password = os.environ.get("DEMO_PASSWORD", "")
        if not password:
            raise CommandError("Set DEMO_PASSWORD: the password that all demo accounts get.")
        with transaction.atomic():
            found(name=COMPANY, actor=SYSTEM, is_demo=True, time_zone=ZONE)
            staff = people(password)
            company(admin=staff["admin"], compliance=staff["compliance"])
            roster(admin=staff["admin"])
            load(compliance=staff["compliance"], owners=owners(staff))
            evidence(compliance=staff["compliance"], analyst=staff["ingrid.falk"], manager=staff["manager"])
            populations(compliance=staff["compliance"])
            findings(compliance=staff["compliance"], manager=staff["manager"])
            checklists(admin=staff["admin"], compliance=staff["compliance"])
            courses(compliance=staff["compliance"])
            policies(compliance=staff["compliance"], staff=staff)
            systems(compliance=staff["compliance"], staff=staff)
            reviews(compliance=staff["compliance"], reviewer=staff["manager"], approver=staff["ingrid.falk"])
            vendors(
                compliance=staff["compliance"], manager=staff["manager"], owner=staff["owner"],
                approver=staff["ingrid.falk"],
            )  # fmt: skip
            vendor_reports(compliance=staff["compliance"], manager=staff["manager"], owner=staff["owner"])
            risks(compliance=staff["compliance"], staff=staff)
            incidents(compliance=staff["compliance"], staff=staff)
            running = engagements(compliance=staff["compliance"], auditor=staff["auditor"])
            requests(running, compliance=staff["compliance"], auditor=staff["auditor"], owner=staff["owner"])
            fieldwork(running, compliance=staff["compliance"], auditor=staff["auditor"], owner=staff["owner"])
            texts(
                running, compliance=staff["compliance"], analyst=staff["ingrid.falk"], signatory=staff["tomas.okafor"]
            )
            record("demo.loaded", SYSTEM)


def owners(staff: dict[str, User]) -> dict[str, User]:
    """Who answers for each role that the starter controls name: whoever has it as a job title."""
    by_title = {user.title: user for user in staff.values()}
    return {role: by_title.get(role, staff[SYSTEM_OWNERS]) for role in OWNER_ROLES}
