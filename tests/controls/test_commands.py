"""`manage.py load_framework`."""

import pytest
from django.core.management import CommandError, call_command

from controls.models import Criterion, Framework
from tests.factories.controls import SMALL


def test_the_trust_services_criteria_are_loaded_once(db, capsys):
    call_command("load_framework")
    call_command("load_framework")
    assert "61 criteria" in capsys.readouterr().out
    assert Criterion.objects.count() == 61
    assert Framework.objects.get().categories.get(required=True).in_scope


def test_another_framework_needs_its_names_and_a_file_that_fits(db, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text(SMALL)
    with pytest.raises(CommandError, match="--slug"):
        call_command("load_framework", file)
    call_command("load_framework", file, slug="own", name="Own", required=["security"])
    assert Framework.objects.get(slug="own").criteria.count() == 5
    file.write_text("nonsense\n1\n")
    with pytest.raises(CommandError):
        call_command("load_framework", file, slug="bad", name="Bad")
    with pytest.raises(CommandError):
        call_command("load_framework", tmp_path / "missing.csv", slug="bad", name="Bad")
    assert not Framework.objects.filter(slug="bad").exists()
