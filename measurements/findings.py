"""What measuring adds to red teaming: the box that makes a case of a finding, and runs on the line of a harm."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.urls import reverse

from harms.enums import FindingState
from harms.extensions import FindingPanel, HarmLineSource, PointSource
from harms.models import Finding, Harm
from measurements import policies
from measurements.models import Case, Estimate, MeasurementSet, Run
from raiportal.accounts.models import User
from raiportal.look import formats
from raiportal.look.timelines import Reference, TimelineEntry

MOST_SETS = 200


def cases_of_findings(findings: Sequence[Finding], user: User) -> Mapping[int, Mapping[str, Any]]:
    """The sets that a confirmed finding may go into, and those that hold it."""
    return {finding.pk: _cases(finding, user) for finding in findings if finding.state == FindingState.CONFIRMED}


def _cases(finding: Finding, user: User) -> Mapping[str, Any]:
    sets = MeasurementSet.objects.visible_to(user).filter(system=finding.system_id)
    held = Case.objects.filter(version__measurement_set__in=sets, external_id=finding.code, harm=finding.harm_id).order_by(
        "version__measurement_set", "-version_id"
    )
    return {
        "sets": sets.order_by("name", "pk")[:MOST_SETS],
        "held": held.distinct("version__measurement_set").select_related("version__measurement_set"),
        "may_add": policies.may_edit_sets(user, finding.system),
        "url": reverse("finding-case-add", args=[finding.pk]),
    }


def runs_of_harm(harm: Harm, user: User, most: int) -> Sequence[TimelineEntry]:
    """Estimates of the harm's metrics, newest run first."""
    rows = Estimate.objects.filter(metric_version__metric__harm=harm, stratum="").select_related("metric_version__metric", "run").order_by("-run_id", "-pk")
    return [
        TimelineEntry(
            title=f"Measured: {row.metric_version.metric.name}",
            at=row.run.finished_at or row.run.created_at,
            icon="measure",
            url=f"{reverse('run', args=[row.run_id])}?metric={row.metric_version.metric_id}#chosen",
            about=row.run.code,
            texts=[f"{row.numerator:,} of {row.denominator:,} judged outputs were harmful ({formats.rate(row.rate)})."],
        )
        for row in rows[:most]
    ]


def runs_named(ids: Collection[int], user: User) -> Mapping[int, Reference]:
    """Runs that risks were stated from."""
    return {run.pk: Reference(f"Run {run.code}", reverse("run", args=[run.pk])) for run in Run.objects.visible_to(user).filter(pk__in=ids)}


PANEL = FindingPanel("case", "measurements/_finding_case.html", cases_of_findings, order=10)
SOURCE = PointSource(Run._meta.label_lower, runs_named)
LINE = HarmLineSource("runs", "Runs", runs_of_harm, order=40)
