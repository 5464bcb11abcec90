"""`manage.py token create EMAIL --name … --scope … --days …`: an API token from the terminal."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.accounts.actions import create_token
from foundation.accounts.models import User
from foundation.accounts.scopes import TokenScope
from foundation.trail.record import SYSTEM


class Command(BaseCommand):
    help = "Make an API token for an account and print it, once: only its hash is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        create = parser.add_subparsers(dest="verb", required=True).add_parser("create", help=self.help)
        create.add_argument("email")
        create.add_argument("--name", required=True, help="What will use it.")
        words = "What it may do: read (the default), write:status, push:evidence, write. Several: again."
        create.add_argument("--scope", action="append", choices=TokenScope.values, help=words)
        create.add_argument("--days", type=int, default=90, help="How long it lasts: 90 unless said, at most 365.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"There is no account {options['email']}.")
        scopes, lasts = options["scope"] or [TokenScope.READ], timedelta(days=min(options["days"], 10_000))
        try:
            _, secret = create_token(user, actor=SYSTEM, name=options["name"], scopes=scopes, lasts=lasts)
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from refused
        self.stdout.write(secret)
