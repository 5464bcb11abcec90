"""The demo company's roster: some sixty invented people, brought in as a sheet and then changed, day by day from today.

Who has an account in the demo stands on the roster as well, tied by the address. First and last days lie in the past
three quarters for those who joined and left; who moved did so when the demo was loaded, as history knows it.
"""

import datetime
from typing import Any, Final

from django.db import transaction

from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.imports.table import Row, Table
from people import actions
from people.imports import PersonImporter
from people.models import Person

COLUMNS = (
    "personnel number", "email", "name", "kind", "job title", "department", "reports to", "first day", "last day",
    "other addresses",
)  # fmt: skip
EXECUTIVE, ENGINEERING, PLATFORM, SECURITY, SUPPORT = "Executive", "Engineering", "Platform", "Security", "Support"
PRODUCT, PEOPLE, FINANCE, LEGAL, IT, SALES = "Product", "People", "Finance", "Legal", "IT", "Sales"
# Address before @example.com, name, job title, department, manager, days since the first day, days since the last day
# (None: still here). Days ahead are negative.
Line = tuple[str, str, str, str, str, int, int | None]
STAFF: Final[tuple[Line, ...]] = (
    ("tomas.okafor", "Tomas Okafor", "CEO", EXECUTIVE, "", 2600, None),
    ("manager", "Marcus Webb", "VP engineering", ENGINEERING, "tomas.okafor", 2100, None),
    ("compliance", "Camille Duarte", "Compliance manager", SECURITY, "tomas.okafor", 1250, None),
    ("ingrid.falk", "Ingrid Falk", "Risk and compliance analyst", SECURITY, "compliance", 800, None),
    ("owner", "Owen Castellano", "IT lead", IT, "manager", 1400, None),
    ("admin", "Astrid Hallberg", "IT administrator", IT, "owner", 1100, None),
    ("maya.lindqvist", "Maya Lindqvist", "Platform lead", PLATFORM, "manager", 1700, None),
    ("daniel.osei", "Daniel Osei", "Security lead", SECURITY, "manager", 1500, None),
    ("wen.zhao", "Wen Zhao", "Engineering lead", ENGINEERING, "manager", 1900, None),
    ("helena.castro", "Helena Castro", "HR lead", PEOPLE, "tomas.okafor", 1600, None),
    ("jonas.petrov", "Jonas Petrov", "Product lead", PRODUCT, "tomas.okafor", 1300, None),
    ("amara.nwosu", "Amara Nwosu", "Legal counsel", LEGAL, "tomas.okafor", 900, None),
    ("lucia.ferreira", "Lucia Ferreira", "Privacy officer", LEGAL, "amara.nwosu", 600, None),
    ("noor.haddad", "Noor Haddad", "Finance lead", FINANCE, "tomas.okafor", 1800, None),
    ("ben.thackeray", "Ben Thackeray", "Support lead", SUPPORT, "jonas.petrov", 1000, None),
    ("sofia.andersen", "Sofia Andersen", "Site reliability engineer", PLATFORM, "maya.lindqvist", 700, None),
    ("raj.iyer", "Raj Iyer", "Software engineer", ENGINEERING, "wen.zhao", 650, None),
    ("clara.weiss", "Clara Weiss", "Software engineer", ENGINEERING, "wen.zhao", 500, None),
    ("mateo.rios", "Mateo Rios", "Support engineer", SUPPORT, "ben.thackeray", 400, None),
    ("yuki.tanaka", "Yuki Tanaka", "People partner", PEOPLE, "helena.castro", 450, None),
    ("felix.brandt", "Felix Brandt", "Data analyst", PRODUCT, "jonas.petrov", 380, 12),
    ("grace.mbeki", "Grace Mbeki", "Software engineer", ENGINEERING, "wen.zhao", -16, None),
    # without an account here
    ("ana.kovac", "Ana Kovač", "Senior software engineer", ENGINEERING, "wen.zhao", 1450, None),
    ("peter.lund", "Peter Lund", "Senior software engineer", ENGINEERING, "wen.zhao", 1350, None),
    ("ewa.nowak", "Ewa Nowak", "Software engineer", ENGINEERING, "wen.zhao", 820, None),
    ("samuel.adeyemi", "Samuel Adeyemi", "Software engineer", ENGINEERING, "wen.zhao", 730, None),
    ("lin.chen", "Lin Chen", "Software engineer", ENGINEERING, "wen.zhao", 610, None),
    ("david.moreau", "David Moreau", "Software engineer", ENGINEERING, "wen.zhao", 540, None),
    ("priya.sharma", "Priya Sharma", "Test engineer", ENGINEERING, "wen.zhao", 470, None),
    ("oskar.virtanen", "Oskar Virtanen", "Software engineer", ENGINEERING, "wen.zhao", 230, None),
    ("hana.sato", "Hana Sato", "Software engineer", ENGINEERING, "wen.zhao", 148, None),
    ("leo.martin", "Leo Martin", "Software engineer", ENGINEERING, "wen.zhao", 61, None),
    ("ida.berg", "Ida Berg", "Software engineer", ENGINEERING, "wen.zhao", 900, 201),
    ("tariq.aziz", "Tariq Aziz", "Software engineer", ENGINEERING, "wen.zhao", 620, 96),
    ("nils.dahl", "Nils Dahl", "Site reliability engineer", PLATFORM, "maya.lindqvist", 990, None),
    ("olga.ivanova", "Olga Ivanova", "Database engineer", PLATFORM, "maya.lindqvist", 860, None),
    ("kofi.mensah", "Kofi Mensah", "Cloud engineer", PLATFORM, "maya.lindqvist", 188, None),
    ("marie.dubois", "Marie Dubois", "Cloud engineer", PLATFORM, "maya.lindqvist", 760, 139),
    ("jakob.holm", "Jakob Holm", "Security engineer", SECURITY, "daniel.osei", 680, None),
    ("fatima.rahimi", "Fatima Rahimi", "Security analyst", SECURITY, "daniel.osei", 117, None),
    ("tom.becker", "Tom Becker", "Support engineer", SUPPORT, "ben.thackeray", 590, None),
    ("alba.ruiz", "Alba Ruiz", "Support engineer", SUPPORT, "ben.thackeray", 350, None),
    ("jun.park", "Jun Park", "Support engineer", SUPPORT, "ben.thackeray", 82, None),
    ("erik.strand", "Erik Strand", "Support engineer", SUPPORT, "ben.thackeray", 480, 45),
    ("nadia.petit", "Nadia Petit", "Product manager", PRODUCT, "jonas.petrov", 720, None),
    ("viktor.hahn", "Viktor Hahn", "Product designer", PRODUCT, "jonas.petrov", 560, None),
    ("zoe.laurent", "Zoe Laurent", "Data analyst", PRODUCT, "jonas.petrov", 21, None),
    ("karin.ek", "Karin Ek", "People partner", PEOPLE, "helena.castro", 640, None),
    ("rosa.mendes", "Rosa Mendes", "Recruiter", PEOPLE, "helena.castro", 210, None),
    ("henrik.aas", "Henrik Aas", "Accountant", FINANCE, "noor.haddad", 1050, None),
    ("lea.fischer", "Lea Fischer", "Financial controller", FINANCE, "noor.haddad", 420, None),
    ("carlos.vega", "Carlos Vega", "Payroll specialist", FINANCE, "noor.haddad", 700, 165),
    ("simon.wolff", "Simon Wolff", "Head of sales", SALES, "tomas.okafor", 880, None),
    ("elin.sund", "Elin Sund", "Account executive", SALES, "simon.wolff", 520, None),
    ("marco.conti", "Marco Conti", "Account executive", SALES, "simon.wolff", 260, None),
    ("aisha.bello", "Aisha Bello", "Customer success manager", SALES, "simon.wolff", 104, None),
    ("paul.gruber", "Paul Gruber", "Account executive", SALES, "simon.wolff", 610, 73),
    ("mika.laine", "Mika Laine", "Workplace technician", IT, "owner", 330, None),
)
CONTRACTORS: Final[tuple[Line, ...]] = (
    ("ext.gomez", "Diego Gomez", "Penetration tester", SECURITY, "daniel.osei", 120, 108),
    ("ext.novak", "Petra Novak", "Front-end developer", ENGINEERING, "wen.zhao", 250, None),
    ("ext.silva", "Rui Silva", "Mobile developer", ENGINEERING, "wen.zhao", 180, 21),
    ("ext.keller", "Anja Keller", "Technical writer", PRODUCT, "jonas.petrov", 90, None),
    ("ext.olsen", "Stian Olsen", "Database consultant", PLATFORM, "maya.lindqvist", 40, -50),
    ("ext.popescu", "Ioana Popescu", "Bookkeeper", FINANCE, "noor.haddad", 500, None),
)
OTHER_ADDRESSES: Final = {"maya.lindqvist": "maya@corp.example.com", "manager": "marcus.webb@example.com"}
# Who has another department, title, manager or kind than on the sheet, and why.
MOVES: Final[tuple[tuple[str, dict[str, Any], str, str], ...]] = (
    ("oskar.virtanen", {"department": PLATFORM, "title": "Reliability engineer"}, "maya.lindqvist", "Joins the team"),
    ("alba.ruiz", {"department": PRODUCT, "title": "Associate product manager"}, "jonas.petrov", "Leaves support"),
    ("ana.kovac", {"title": "Principal software engineer"}, "", "Promoted"),
    ("ext.keller", {"kind": "employee"}, "", "Hired after the contract"),
)  # fmt: skip


@transaction.atomic
def roster(*, admin: User) -> dict[str, Person]:
    """Bring the sheet in as the administrator, then move who moved. Returns everybody by the address before the @."""
    importer = PersonImporter()
    kinds = [("Employee", line) for line in STAFF] + [("Contractor", line) for line in CONTRACTORS]
    rows = [Row(at, cells(at, kind, line)) for at, (kind, line) in enumerate(kinds, start=2)]
    table = Table(COLUMNS, rows)
    plan = importer.plan(table, importer.guess(COLUMNS, {}), admin)
    importer.apply(plan, actor=admin, reason="The roster of the personnel system")
    people = {person.email.partition("@")[0]: person for person in Person.objects.order_by("id")}
    for handle, values, manager, reason in MOVES:
        person = people[handle]
        for name, value in values.items():
            setattr(person, name, value)
        person.manager = people[manager] if manager else person.manager
        people[handle] = actions.keep(person, "updated", actor=admin, reason=reason)
    return people


def cells(number: int, kind: str, line: Line) -> tuple[str, ...]:
    """One row of the sheet."""
    handle, name, title, department, manager, first, last = line
    return (
        f"{1000 + number}", address(handle), name, kind, title, department, address(manager) if manager else "",
        ago(first), ago(last) if last is not None else "", OTHER_ADDRESSES.get(handle, ""),
    )  # fmt: skip


def address(handle: str) -> str:
    """Everybody's address in the demo."""
    return f"{handle}@example.com"


def ago(days: int) -> str:
    """A day, counted back from today."""
    return (today() - datetime.timedelta(days=days)).isoformat()
