"""What bin/run prints for whoever wants to look around: who can sign in to the demo company."""

from typing import Any

from django.core.management.base import BaseCommand

from foundation.accounts.models import User
from foundation.organisation.models import organisation


class Command(BaseCommand):
    """`manage.py demo_accounts`: the demo's people by role. Of a real company it prints nobody."""

    help = "Lists the demo company's accounts."

    def handle(self, *args: Any, **options: Any) -> None:
        if not User.objects.exists():
            self.stdout.write("Nobody can sign in yet: manage.py create_admin makes the first administrator.")
        elif organisation().is_demo:
            people = User.objects.filter(is_active=True).exclude(role="").order_by("role", "email")
            for person in people:
                self.stdout.write(f"  {person.email:<34} {person.get_role_display():<20} {person.name}")
