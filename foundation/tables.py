"""Many new tables in one step: how a migration that begins a register creates what belongs to it.

Django draws every model anew that is related to a new one, after each operation; everything here is related to the
accounts, so that each table more made all of them slower. `tables` says all new models first, and draws them once.
"""

from collections.abc import Sequence
from typing import Any

from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation, OperationCategory


class Tables(Operation):
    """Create these models, as their own operations would one after the other."""

    category = OperationCategory.ADDITION
    atomic = True

    def __init__(self, models: Sequence[CreateModel]) -> None:
        self.models = list(models)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (self.__class__.__qualname__, [self.models], {})

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Tell the state of all of them while nothing is drawn; it is drawn when it is first asked for."""
        state.__dict__.pop("apps", None)
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for model in self.models:
            model.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for model in reversed(self.models):
            model.database_backwards(app_label, schema_editor, from_state, to_state)

    def references_model(self, name: str, app_label: str) -> bool:
        return any(model.references_model(name, app_label) for model in self.models)

    def describe(self) -> str:
        return f"Create the tables of {', '.join(model.name for model in self.models)}"


def tables(models: Sequence[CreateModel]) -> list[Operation]:
    """All operations of a migration that creates these models and does nothing else."""
    return [Tables(models)]
