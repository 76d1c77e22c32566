"""Only actions, the kernel's workflow and ledger, and migrations write."""

from __future__ import annotations

import ast
from pathlib import Path, PurePath

import pytest
from django.apps import apps
from django.urls import get_resolver
from rest_framework import mixins

from tests.project import addresses, source, writing

MANY_TO_MANY = frozenset({field.name for model in apps.get_models() for field in model._meta.many_to_many if model.__module__.split(".")[0] in source.APPS})


@pytest.mark.parametrize("path", source.python_files(*source.APPS), ids=str)
def test_rows_are_written_by_actions_alone(path: Path) -> None:
    module = source.tree(path)

    found = [] if writing.may_write(path) else list(writing.writes(module, MANY_TO_MANY))

    assert found == []
    assert list(writing.saves_a_form(module)) == []


@pytest.mark.parametrize(
    "line",
    [
        "row.save()",
        "Harm.objects.create(title=title)",
        "rows.bulk_create(made)",
        "Harm.objects.get_or_create(pk=1)",
        "row.delete()",
        "Harm.objects.filter(pk=1).update(title='x')",
        "found.update(title='x')",
        "token.scopes.set(chosen)",
        "cursor.execute('insert into harm (title) values (%s)', [title])",
        "cursor.execute('update harm set title = %s', [title])",
        "cursor.execute('delete from harm')",
        "class Harms(mixins.CreateModelMixin): pass",
        "class Harms(viewsets.ModelViewSet[Harm]): pass",
        "class Harms(generics.RetrieveUpdateAPIView): pass",
    ],
)
def test_check_sees_a_write(line: str) -> None:
    assert list(writing.writes(ast.parse(line), frozenset({"scopes"})))


@pytest.mark.parametrize(
    "line",
    ["seen.add(key)", "known.update(other)", "digest.update(piece)", "self._waiting.clear()", "actions.add_harm(actor=user)", "'''Update a set.'''", "set()"],
)
def test_check_passes_plain_python(line: str) -> None:
    assert list(writing.writes(ast.parse(line), frozenset({"scopes"}))) == []


@pytest.mark.parametrize("line", ["form.save()", "rating_form.save(commit=False)", "serializer.save()", "self.get_serializer(data=data).save()"])
def test_check_sees_a_saved_form(line: str) -> None:
    assert list(writing.saves_a_form(ast.parse(line)))


def test_writers_are_where_the_table_says() -> None:
    assert writing.may_write(PurePath("harms/actions/register.py"))
    assert writing.may_write(PurePath("raiportal/accounts/actions/people.py"))
    assert not writing.may_write(PurePath("harms/views.py"))
    assert all((source.ROOT / place).exists() for place in writing.WRITERS if "/" in place)


def test_no_resource_writes_around_the_actions() -> None:
    writing_mixins = (mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin)

    resources = {address.view_class for address in addresses.walk(get_resolver()) if address.view_class}

    assert resources
    assert [view for view in resources if issubclass(view, writing_mixins)] == []
