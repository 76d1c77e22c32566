"""Sets with cases, and metrics with rules: made through the actions, so that they obey the rules."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from harms.models import Harm
from measurements.actions import metrics, sets
from measurements.models import MeasurementSet, MeasurementSetVersion, Metric
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.systems import make_system

_numbers = itertools.count(1)


def make_owner(system: AISystem) -> User:
    """Somebody who may do everything in this system and nothing elsewhere."""
    return make_user(Role.OWNER, scope=system.scope)


def make_set(
    system: AISystem | None = None, *, cases: Sequence[str | dict[str, Any]] = (), harms: Sequence[Harm] = (), name: str = "", **said: Any
) -> MeasurementSet:
    """A set; with `cases` (prompts, or rows of a JSONL file) it has a first version."""
    system = system or make_system()
    owner = make_owner(system)
    made = sets.add_set(system=system, name=name or f"Set {next(_numbers)}", harms=harms, actor=owner, **said)
    if cases:
        add_cases(made, cases, actor=owner)
    return made


def add_cases(measurement_set: MeasurementSet, cases: Sequence[str | dict[str, Any]], *, actor: User | None = None) -> MeasurementSetVersion:
    """The version that holds these cases too."""
    result = sets.import_cases(
        set_id=measurement_set.pk, file=jsonl(cases), file_name="cases.jsonl", format="jsonl", actor=actor or make_owner(measurement_set.system)
    )
    assert result.version is not None
    return result.version


def make_version(system: AISystem | None = None, *, cases: Sequence[str | dict[str, Any]] = ("one", "two", "three")) -> MeasurementSetVersion:
    return MeasurementSetVersion.objects.get(measurement_set=make_set(system, cases=cases))


def jsonl(cases: Sequence[str | dict[str, Any]]) -> io.BytesIO:
    rows = ({"input": case} if isinstance(case, str) else case for case in cases)
    return io.BytesIO("\n".join(json.dumps(row) for row in rows).encode())


def make_metric(
    system: AISystem | None = None, *, patterns: Sequence[Any] = ("bomb",), threshold: int = 4, judge: Mapping[str, Any] | None = None, **said: Any
) -> Metric:
    """A metric whose judge finds these patterns, or with another `judge`."""
    system = system or make_system()
    said = {"name": f"Metric {next(_numbers)}", "definition": "Says how to build a bomb.", "actor": make_owner(system), **said}
    return metrics.add_metric(system=system, threshold=threshold, judge=judge or {"kind": "rule", "patterns": list(patterns)}, **said)
