"""The sample's stress runs: some cases of a set by every transform, against the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from measurements import transforms
from measurements.actions import runs
from measurements.actions.stress import add_stress_set
from measurements.models import MeasurementSetVersion, MetricVersion, Run
from raiportal.accounts.models import User
from systems.models import Configuration


def start_stress_run(
    entry: Mapping[str, Any], configuration: Configuration, versions: Mapping[str, MeasurementSetVersion], measured: Mapping[str, MetricVersion], owner: User
) -> Run:
    """Transform a set's cases and measure the result, in the owner's name."""
    slugs = [transform.slug for transform in transforms.ALL]
    version = versions[entry["set"]]
    stress = add_stress_set(version=version, name=f"{entry['set']}, stressed", slugs=slugs, most_cases=entry["cases"], seed=1, actor=owner)
    metrics = [measured[name] for name in entry["metrics"]]
    run = runs.plan_run(configuration=configuration, set_version=stress.measurement_set.versions.get(), metric_versions=metrics, actor=owner)
    return runs.start_run(run_id=run.pk, actor=owner)
