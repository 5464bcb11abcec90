"""Put up the guards of the trail. Written by hand: the statements live in foundation/trail/guards.py."""

from typing import Any

from django.db import migrations

from foundation.trail import guards


def install(apps: Any, schema_editor: Any) -> None:
    guards.install(schema_editor.connection)


def remove(apps: Any, schema_editor: Any) -> None:
    guards.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("trail", "0001_entry")]
    operations = [migrations.RunPython(install, remove)]
