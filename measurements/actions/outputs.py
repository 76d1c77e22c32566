"""Reading what a deployment answered. Texts may be harmful, so each time somebody asks for them it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from measurements import policies
from measurements.models import Output, Run
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Missing


@transaction.atomic
def open_output(*, output_id: int, part: str, actor: User) -> Output:
    """Record that somebody asked to read one part of an output: "prompt", "answer", "refusal", "body", or "all" of them."""
    output = Output.objects.select_related("run__system", "case").filter(pk=output_id).first()
    if output is None:
        raise Missing("This isn't there any more.")
    policies.may_read(actor, output.run.system).require()
    ledger.record("measurements.output_read", subject=output, actor=actor, run=output.run_id, part=part)
    return output


@transaction.atomic
def open_outputs(*, run_id: int, count: int, actor: User) -> Run:
    """Record that somebody was handed the answers of `count` outputs of a run at once."""
    run = _readable(run_id, actor)
    ledger.record("measurements.outputs_read", subject=run, actor=actor, count=count)
    return run


@transaction.atomic
def export_outputs(*, run_id: int, format: str, filters: Mapping[str, Any], actor: User) -> Run:
    """Record that somebody took a run's outputs away as a file."""
    run = _readable(run_id, actor)
    ledger.record("measurements.outputs_exported", subject=run, actor=actor, format=format, filters=dict(filters))
    return run


def _readable(run_id: int, actor: User) -> Run:
    run = Run.objects.select_related("system__scope").filter(pk=run_id).first()
    if run is None:
        raise Missing("This isn't there any more.")
    policies.may_read(actor, run.system).require()
    return run
