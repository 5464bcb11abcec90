"""What bin/run prints for whoever wants to look around: who can sign in to the demo company."""

from typing import Any

from django.core.management.base import BaseCommand

from foundation.accounts.models import User
from foundation.accounts.roles import Role
from foundation.organisation.models import organisation


class Command(BaseCommand):
    """`manage.py demo_accounts`: one person of each role, the easiest to type. Of a real company it prints nobody."""

    help = "Lists an account of each role of the demo company."

    def handle(self, *args: Any, **options: Any) -> None:
        if not User.objects.exists():
            self.stdout.write("Nobody can sign in yet: manage.py create_admin makes the first administrator.")
        elif organisation().is_demo:
            for role in Role:
                people = User.objects.filter(is_active=True, role=role)
                for person in sorted(people, key=lambda person: len(person.email))[:1]:
                    self.stdout.write(f"  {person.email:<26} {person.get_role_display():<20} {person.name}")
