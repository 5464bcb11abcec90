"""The six roles, and how far a permission of a role can reach."""

from enum import Enum

from django.db import models


class Role(models.TextChoices):
    """One role per account, kept in one column: an account cannot have two, and no group can add a second."""

    ADMINISTRATOR = "administrator", "Administrator"
    COMPLIANCE_MANAGER = "compliance_manager", "Compliance manager"
    MANAGER = "manager", "Manager"
    CONTROL_OWNER = "control_owner", "Control owner"
    EMPLOYEE = "employee", "Employee"
    AUDITOR = "auditor", "Auditor"


# The roles that an account can begin with which nobody invited: never Administrator, never Auditor.
JUST_IN_TIME = (Role.EMPLOYEE, Role.CONTROL_OWNER)
# Whoever has one of these is mailed the weekly digest unless they say otherwise; others if they say so.
DIGEST_ROLES = (Role.COMPLIANCE_MANAGER, Role.MANAGER, Role.CONTROL_OWNER)


class Scope(Enum):
    """Which rows of a register a permission reaches."""

    ALL = "all"
    OWN = "own"  # an owner path of the row leads to the person
    FOR = "for"  # own, or meant for the person: the model says what that is (Paths.meant)
    TEAM = "team"  # own, or an owner path leads to somebody whose manager is the person
    OPEN = "open"  # whatever is not closed to all but a few (Confined)
    WINDOW = "window"  # in the categories of the auditor's open window
    SEEN = "seen"  # trail entries about what the person may see
