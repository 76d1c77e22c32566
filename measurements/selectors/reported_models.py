"""Whether the endpoint called itself something else within a run, or since the run before: then figures may have changed for that alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from measurements.models import Run

RUNS_LOOKED_AT = 20  # before this one, until one has said what it was


@dataclass(frozen=True)
class Reported:
    """What the endpoint said it was, for so many outputs; "" where it said nothing."""

    model: str
    fingerprint: str
    outputs: int

    @property
    def words(self) -> str:
        return f"{self.model or 'no model name'}{f' ({self.fingerprint})' if self.fingerprint else ''}"


@dataclass(frozen=True)
class ModelChange:
    """`within`: all names that one run saw, when there were several. `before`: the run whose names were others, with those names."""

    within: Sequence[Reported]
    now: Sequence[Reported]
    before: Run | None
    earlier: Sequence[Reported]


def model_change(run: Run) -> ModelChange | None:
    """None where nothing changed, or nothing was said."""
    now = reported(run)
    if not now:
        return None
    before = _before(run)
    earlier = reported(before) if before else []
    is_new = bool(earlier) and _main(now) not in {(each.model, each.fingerprint) for each in earlier}
    within = now if len(now) > 1 else []
    return ModelChange(within, now, before if is_new else None, earlier if is_new else []) if within or is_new else None


def _main(reported: Sequence[Reported]) -> tuple[str, str]:
    """What most of the outputs came from."""
    return reported[0].model, reported[0].fingerprint


def _before(run: Run) -> Run | None:
    """The system's newest earlier run on the same deployment that knows what it called."""
    if run.configuration is None:
        return None
    runs = Run.objects.filter(system=run.system_id, pk__lt=run.pk, configuration__deployment=run.configuration.deployment_id, judged_at__isnull=False)
    return next((earlier for earlier in runs.order_by("-pk")[:RUNS_LOOKED_AT] if earlier.reported), None)


def reported(run: Run) -> list[Reported]:
    """What a judged run's endpoint called itself, the most outputs first; empty where it said nothing."""
    return [Reported(each["model"], each["fingerprint"], int(each["outputs"])) for each in run.reported]
