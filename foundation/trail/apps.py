from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import connections
from django.db.models.signals import post_migrate

from foundation.trail import guards


class TrailConfig(AppConfig):
    name = "foundation.trail"
    label = "trail"
    guards = guards.TRAIL_GUARDS

    def ready(self) -> None:
        post_migrate.connect(reinstall_guards, sender=self, dispatch_uid="trail.guards")
        checks.register(guards.check_guards, checks.Tags.database)


def reinstall_guards(*, using: str, **_: Any) -> None:
    """After migrations: put the guards up again, because an altered table may have lost them."""
    guards.install(connections[using])
