"""Tasks are queued by name: each name that is written somewhere exists."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

from django.conf import settings

from raiportal.celery import app
from raiportal.embedded import programs
from tests.project import source
from tests.stack import composition

QUEUEING = {"on_commit", "send"}


def _queued_names() -> dict[str, str]:
    """Task name by place, for each `queue.on_commit(...)` and `queue.send(...)`."""
    found = {}
    for path in source.python_files(*source.APPS):
        for node in ast.walk(source.tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in QUEUEING and ast.unparse(node.func.value) == "queue":
                found[f"{path}:{node.lineno}"] = _value(path, node.args[0])
    return found


def _value(path: Path, written: ast.expr) -> str:
    """What an argument is: a text, or a constant that the module knows by a name."""
    if isinstance(written, ast.Constant):
        return str(written.value)
    found: object = importlib.import_module(".".join(path.with_suffix("").parts))
    for name in ast.unparse(written).split("."):
        found = getattr(found, name)
    return str(found)


def test_every_queued_task_exists() -> None:
    app.loader.import_default_modules()

    queued = _queued_names()

    assert queued
    assert {place: name for place, name in queued.items() if name not in app.tasks} == {}


def test_every_queue_has_a_program_that_takes_it() -> None:
    """Under `make up` and in the composed installation; a task of a queue that nobody takes would wait for ever."""
    composed = {
        words[words.index("--queues") + 1]
        for words in (" ".join(service.command).split() for service in composition.services().values())
        if "--queues" in words
    }

    assert set(programs.QUEUES.values()) == composed == set(settings.CELERY_TASK_QUEUES)
    assert {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} <= composed


def test_every_routed_task_exists() -> None:
    app.loader.import_default_modules()

    assert set(settings.CELERY_TASK_ROUTES) <= set(app.tasks)


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()

    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_tasks_accept_keywords_of_a_later_release_and_end_in_time() -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if name.split(".")[0] in source.APPS}

    assert ours
    for name, task in ours.items():
        kinds = {parameter.kind for parameter in inspect.signature(task.run).parameters.values()}
        assert inspect.Parameter.VAR_KEYWORD in kinds, name
        assert task.soft_time_limit or settings.CELERY_TASK_SOFT_TIME_LIMIT, name
        assert (task.time_limit or settings.CELERY_TASK_TIME_LIMIT) > (task.soft_time_limit or settings.CELERY_TASK_SOFT_TIME_LIMIT), name
