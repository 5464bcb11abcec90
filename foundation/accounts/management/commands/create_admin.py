"""`manage.py create_admin EMAIL --name NAME`: the first administrator, with a link or a password to begin with."""

import os
import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from foundation.accounts.actions import invite, set_password
from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.accounts.tokens import INVITATION_LASTS, invitation_path
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM


class Command(BaseCommand):
    help = (
        "Make the first administrator. Prints a link to set the password, or takes the password from ADMIN_PASSWORD "
        "in the environment or, with --password-stdin, from standard input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True)
        parser.add_argument("--password-stdin", action="store_true", help="Read the password from standard input.")
        parser.add_argument("--break-glass", action="store_true", help="May sign in past a required identity provider.")
        parser.add_argument("--force", action="store_true", help="Even if there is an administrator already.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(self.make(options))
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from refused

    @transaction.atomic
    def make(self, options: dict[str, Any]) -> str:
        """The account, and the line to print about it."""
        if not options["force"] and User.objects.in_role(Role.ADMINISTRATOR).exists():
            raise CommandError("There is an administrator already, who can invite others. --force makes one anyway.")
        password = (
            sys.stdin.readline().rstrip("\n") if options["password_stdin"] else os.environ.get("ADMIN_PASSWORD", "")
        )
        user = invite(actor=SYSTEM, email=options["email"], name=options["name"], role=Role.ADMINISTRATOR, mail=False)
        if options["break_glass"]:
            user.break_glass = True
            save(user, actor=SYSTEM, verb="user.break_glass_changed", reason="manage.py create_admin")
        if options["password_stdin"] or password:
            validate_password(password, user)
            set_password(user, password, verb="auth.invitation_accepted")
            return f"{user.email} can sign in at {settings.PUBLIC_URL}."
        link = f"{settings.PUBLIC_URL}{invitation_path(user)}"
        return f"Within {INVITATION_LASTS.days} days, set the password of {user.email} at\n{link}"
