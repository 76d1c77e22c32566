"""What follows for measuring when a harm is merged into another: its metrics and sets measure the other. Cases of set versions keep their harm."""

from __future__ import annotations

from harms.models import Harm
from measurements.models import MeasurementSet, Metric
from raiportal.accounts.models import User
from raiportal.audit import ledger


def follow_merge(merged: Harm, into: Harm, actor: User, why: str) -> None:
    """Let metrics and sets of a merged harm be about the other one. Runs in the merge's transaction and asks for no right of its own."""
    for metric in Metric.objects.select_for_update(of=("self",), no_key=True).filter(harm=merged).order_by("pk"):
        ledger.apply_changes(metric, actor=actor, action="measurements.metric_followed_merge", reason=why, harm=into)
    probing = MeasurementSet.objects.filter(harms=merged).order_by("pk").values_list("pk", flat=True)
    for held in MeasurementSet.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(probing)).order_by("pk"):
        held.harms.remove(merged)
        held.harms.add(into)
        ledger.record("measurements.set_followed_merge", subject=held, actor=actor, reason=why, harm=into.pk, merged=merged.pk)
