"""How models of different apps refer to each other, and how they are kept."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

from tests.project import source

OURS = [model for model in apps.get_models() if model.__module__.split(".")[0] in source.APPS]


def _app(model: type[models.Model]) -> str:
    """The kernel counts as one app for each of its packages."""
    return model._meta.label.split(".")[0]


def test_no_relation_across_apps_has_a_way_back() -> None:
    relations = [(model, field) for model in OURS for field in [*model._meta.local_fields, *model._meta.local_many_to_many] if field.is_relation]

    ways_back = [
        f"{model._meta.label}.{field.name}"
        for model, field in relations
        if _app(model) != _app(field.related_model) and not str(field.remote_field.related_name).endswith("+")
    ]

    assert relations
    assert ways_back == []


def test_evidence_is_never_cascaded_away() -> None:
    allowed = {"api.IdempotentAnswer.user", "measurements.SetUploadPart.upload", "harms.HarmUploadPart.upload"}  # answers kept for a repetition; bytes of files

    cascades = {
        f"{model._meta.label}.{field.name}"
        for model in OURS
        for field in model._meta.local_fields
        if field.is_relation and field.remote_field.on_delete is models.CASCADE
    }

    assert cascades <= allowed


def test_no_model_orders_by_itself() -> None:
    assert [model._meta.label for model in OURS if model._meta.ordering] == []


def test_every_constraint_and_index_has_a_name_of_its_own() -> None:
    names: list[Any] = [rule.name for model in OURS for rule in [*model._meta.constraints, *model._meta.indexes]]

    assert len(names) == len(set(names))


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    said = io.StringIO()

    call_command("makemigrations", "--check", "--dry-run", stdout=said)

    assert "No changes detected" in said.getvalue()


def test_migrations_import_no_app_code_and_say_what_they_do() -> None:
    allowed = {
        "raiportal.accounts.models",
        "raiportal.encrypted",
        "raiportal.squashing",
    }  # column classes that Django itself writes there, and what only migrations use
    migrations = [path for path in source.files() if path.parent.name == "migrations" and path.suffix == ".py" and path.name != "__init__.py"]

    assert migrations
    for path in migrations:
        assert not path.stem.endswith(("_auto", "_initial")), path
        imported = {line.split()[1].split(" ")[0] for line in source.text(path).splitlines() if line.startswith(("import ", "from "))}
        ours = {name for name in imported if name.split(".")[0] in source.APPS} - allowed
        assert ours == set(), path
