"""The way of a new database through the migrations of an app: what they come to, instead of every step between.

Some hundred steps, each of which has Django build every related model anew, take most of a minute; what they come to takes a second or two. An
installation that has taken some of the steps goes on step by step: Django chooses by what the database says it has taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from django.contrib.postgres.operations import CreateExtension
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython, RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState


class CreateTables(Operation):
    """All tables of an app at once, so that they may refer to one another in circles."""

    def __init__(self, models: Sequence[ModelState]) -> None:
        self.models = models

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)  # built anew when it is next asked for, instead of after each table
        for model in self.models:
            state.add_model(model.clone())

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        for model in self.models:
            schema_editor.create_model(to_state.apps.get_model(app_label, model.name))  # keys to other tables come last

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        for model in reversed(self.models):
            schema_editor.delete_model(from_state.apps.get_model(app_label, model.name))

    def describe(self) -> str:
        return f"Create {len(self.models)} tables"


def dependencies_of(app_label: str, steps: Sequence[str]) -> list[tuple[str, str]]:
    """What the steps stand on outside their own app."""
    stated = [tuple(dependency) for step in _steps(app_label, steps) for dependency in step.dependencies]
    return list(dict.fromkeys((app, name) for app, name in stated if app != app_label))


def squashed(app_label: str, steps: Sequence[str]) -> list[Operation]:
    """The operations of the steps in one: extensions, tables as the last step leaves them, then triggers and functions in their order.

    What a statement does to a table has to hold for that of the last step.
    """
    operations = [operation for step in _steps(app_label, steps) for operation in step.operations]
    extensions = [operation for operation in operations if isinstance(operation, CreateExtension)]
    statements = [operation for operation in operations if isinstance(operation, RunSQL | RunPython)]
    state = ProjectState()
    for operation in operations:
        operation.state_forwards(app_label, state)
    return [*extensions, CreateTables(list(state.models.values())), *statements]


def _steps(app_label: str, steps: Sequence[str]) -> list[type[Migration]]:
    package, _ = MigrationLoader.migrations_module(app_label)
    return [import_module(f"{package}.{step}").Migration for step in steps]
