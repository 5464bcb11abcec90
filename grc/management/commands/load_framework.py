"""`manage.py load_framework`: the criteria that the programme is measured against."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from controls.frameworks import load_framework, load_trust_services
from foundation.trail.record import SYSTEM


class Command(BaseCommand):
    """Without a file: the 61 criteria of the Trust Services Criteria. Run again, it changes what the file changed."""

    help = "Loads the Trust Services Criteria, or another framework from a CSV file of the same columns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="id, category, series, series_title, title, description")
        parser.add_argument("--slug", help="short lasting name of the framework, such as iso-27001-2022")
        parser.add_argument("--name", help="what people call it")
        parser.add_argument("--required", nargs="*", default=[], help="slugs of categories that are always in scope")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] is None:
            framework = load_trust_services(SYSTEM)
        elif not options["slug"] or not options["name"]:
            raise CommandError("A file of your own needs --slug and --name.")
        else:
            named = {name: options[name] for name in ("slug", "name", "required")}
            try:
                framework = load_framework(options["file"], **named, actor=SYSTEM)
            except (OSError, ValidationError) as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"{framework.name}: {framework.criteria.count()} criteria are loaded.")
