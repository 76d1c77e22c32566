"""INV-20 and INV-18 from the ledger: what it says happened to an object, against what the object says now."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from itertools import groupby, pairwise
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from raiportal.audit.ledger import HIDDEN
from raiportal.integrity.invariants import rows_of
from raiportal.workflow import Move, Workflow

BATCH = 500  # objects read together
_STATES = """
select r.{pk}, r.{field}, e.action, p.body->'changes'->'{field}'->>0, p.body->'changes'->'{field}'->>1
from {table} r
left join (audit_entry e join audit_payload p on p.entry_id = e.id and p.body->'changes' ? '{field}')
  on e.subject_kind = '{kind}' and e.subject_id = r.{pk}
order by r.{pk}, e.id
"""
_LAST_CHANGES = """
select distinct on (e.subject_id, c.key) e.subject_id, c.key, c.value->1
from audit_entry e join audit_payload p on p.entry_id = e.id cross join lateral jsonb_each(p.body->'changes') c
where e.subject_kind = %(kind)s and c.key = any(%(fields)s::text[])
order by e.subject_id, c.key, e.id desc
"""
_WITHOUT_ENTRY = "select r.{pk} from {table} r where not exists (select 1 from audit_entry e where e.subject_kind = '{kind}' and e.subject_id = r.{pk})"
_WITHOUT_ROW = """
select e.id, e.action, e.subject_id from audit_entry e
where e.subject_kind = '{kind}' and not exists (select 1 from {table} r where r.{pk} = e.subject_id)
"""


def follows(workflow: Workflow, model: type[models.Model], *, begins: Collection[str]) -> Callable[[], Iterator[str]]:
    """A check that each object's states in the ledger make one chain of allowed moves, from one of `begins` to the stored state."""
    query = _STATES.format(field=workflow.field, **_names(model))

    def check() -> Iterator[str]:
        for (pk, state), steps in groupby(rows_of(query), key=lambda row: (row[0], row[1])):
            yield from (f"{model._meta.label} {pk} {sentence}" for sentence in _broken(workflow, begins, state, [step[2:] for step in steps if step[2]]))

    return check


def _broken(workflow: Workflow, begins: Collection[str], state: str, steps: list[tuple[str, str, str]]) -> Iterator[str]:
    """What is wrong with the steps (action, before, after) of one object."""
    first = steps[0][1] if steps else state
    if first not in begins:
        yield f"was {first} before the ledger's first move."
    for (_, _, after), (_, before, _) in pairwise(steps):
        if after != before:
            yield f"went from {before} although it was {after}."
    for action, before, after in steps:
        if not any(_is_step(workflow, move, action, before, after) for move in workflow.moves.values()):
            yield f"went from {before} to {after} by {action}, which isn't a move that there is."
    if steps and steps[-1][2] != state:
        yield f"is {state}, but by the ledger it is {steps[-1][2]}."


def _is_step(workflow: Workflow, move: Move, action: str, before: str, after: str) -> bool:
    return action == f"{workflow.kind}_{move.done}" and before in move.sources and after == move.target


def is_recorded(model: type[models.Model]) -> Callable[[], Iterator[str]]:
    """A check that each object has an entry in the ledger and each entry its object, and that every field is as the ledger last said.

    Only kinds that are never removed, whose every change passes the ledger.
    """
    names = _names(model)

    def check() -> Iterator[str]:
        yield from (f"{model._meta.label} {pk} stands in no entry of the ledger." for (pk,) in rows_of(_WITHOUT_ENTRY.format(**names)))
        for entry, action, pk in rows_of(_WITHOUT_ROW.format(**names)):
            yield f"Entry {entry} ({action}) is about {model._meta.label} {pk}, which isn't there."
        yield from _differing(model)

    return check


def _names(model: type[models.Model]) -> dict[str, str]:
    return {"table": model._meta.db_table, "pk": model._meta.pk.column or "", "kind": model._meta.label_lower}


def _differing(model: type[models.Model]) -> Iterator[str]:
    fields = {field.name: field for field in model._meta.concrete_fields}
    last = rows_of(_LAST_CHANGES, {"kind": model._meta.label_lower, "fields": list(fields)})
    while batch := [row for _, row in zip(range(BATCH), last, strict=False)]:
        stored = model._base_manager.in_bulk({row[0] for row in batch})
        for pk, name, said in batch:
            if pk in stored and not _agrees(json.loads(said), getattr(stored[pk], fields[name].attname)):
                yield f"{model._meta.label} {pk}: {name} is other than the ledger last said."


def _agrees(said: Any, stored: Any) -> bool:
    """Whether a value as the ledger keeps it is the stored one; hidden ones can't be compared."""
    if said == HIDDEN:
        return True
    if isinstance(said, dict) and "id" in said and "label" in said:
        return bool(said["id"] == stored)
    return bool(said == json.loads(json.dumps(stored, cls=DjangoJSONEncoder)))
