"""Everything between installing a version and serving it; doing it twice changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from grc.fonts import make_fonts


class Command(BaseCommand):
    """`manage.py prepare`: migrations, the cache's table, fonts, static files."""

    help = "Migrates the database, makes the cache table, cuts the fonts and collects the static files."

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        make_fonts(settings.GENERATED_DIR)
        call_command("migrate", interactive=False, verbosity=verbosity)
        call_command("createcachetable", verbosity=verbosity)
        call_command("collectstatic", interactive=False, verbosity=max(verbosity - 1, 0))
