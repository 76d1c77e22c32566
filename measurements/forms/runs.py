"""Forms of runs: the one that plans a run, its budget, and judging again."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from measurements.actions.budgets import MOST_TOKENS
from measurements.enums import JudgeKind
from measurements.judges import scales
from measurements.models import MeasurementSetVersion, MetricVersion
from measurements.selectors import outlook
from raiportal.look import formats
from systems import selectors as system_selectors
from systems.models import AISystem, Configuration

MOST_REPEATS = 100
MOST_CONCURRENCY = 1_000
SMALLEST_COST = Decimal("0.000001")  # as many places as the column has


class RunForm(forms.Form):
    """Configuration, cases, metrics, repeats, concurrency. `fields` offer what the system has; what it lacks stands in `lacks`."""

    configuration = forms.TypedChoiceField(label="Configuration", coerce=int, error_messages={"required": "Choose a configuration."})
    set_version = forms.TypedChoiceField(
        label="Set version", coerce=int, help_text="The latest version of each set comes first.", error_messages={"required": "Choose a set version."}
    )
    metrics = forms.TypedMultipleChoiceField(
        label="Metrics",
        coerce=int,
        help_text="Every output is judged by each of them.",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one metric."},
    )
    repeats = forms.IntegerField(
        label="Repeats",
        min_value=1,
        max_value=MOST_REPEATS,
        help_text="Calls for each case. More than one shows how much the answers vary; it doesn't stand for more cases.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    max_concurrency = forms.IntegerField(
        label="Calls at a time", required=False, min_value=1, max_value=MOST_CONCURRENCY, widget=forms.NumberInput(attrs={"inputmode": "numeric"})
    )

    budget_cost = forms.DecimalField(
        label="Budget in money",
        required=False,
        max_digits=14,
        decimal_places=6,
        min_value=SMALLEST_COST,
        help_text="The run pauses when calls and judging have cost this much, in the deployment's currency. Left empty, nothing limits it.",
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )
    budget_tokens = forms.IntegerField(
        label="Budget in tokens",
        required=False,
        min_value=1,
        max_value=MOST_TOKENS,
        help_text="The same in tokens, for a deployment without prices.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, system: AISystem, **options: Any) -> None:
        super().__init__(*args, **options)
        self.configurations = {row.pk: row for row in outlook.usable_configurations(system) if system_selectors.endpoint_still_matches(row)}
        self.set_versions = {row.pk: row for row in outlook.usable_set_versions(system)}
        self.metric_versions = {row.metric_id: row for row in outlook.askable_metric_versions(system)}
        self.fields["configuration"].choices = [(pk, _configuration_words(row)) for pk, row in self.configurations.items()]  # type: ignore[attr-defined]
        self.fields["set_version"].choices = _set_version_choices(list(self.set_versions.values()))  # type: ignore[attr-defined]
        self.fields["metrics"].choices = [(pk, _metric_words(row)) for pk, row in self.metric_versions.items()]  # type: ignore[attr-defined]
        self.fields["max_concurrency"].help_text = self._concurrency_hint()

    @property
    def is_possible(self) -> bool:
        """Whether the system has everything that a run needs."""
        return bool(self.configurations and self.set_versions and self.metric_versions)

    def parts(self) -> dict[str, Any]:
        """The cleaned form as `plan_run` takes it."""
        chosen = self.cleaned_data
        return {
            "configuration": self.configurations[chosen["configuration"]],
            "set_version": self.set_versions[chosen["set_version"]],
            "metric_versions": [self.metric_versions[pk] for pk in chosen["metrics"]],
            "repeats": chosen["repeats"],
            "max_concurrency": chosen["max_concurrency"],
            "budget_cost": chosen["budget_cost"],
            "budget_tokens": chosen["budget_tokens"],
        }

    def outlook(self) -> outlook.Outlook | None:
        """What the run would do, as far as the answers allow it to be said."""
        chosen = getattr(self, "cleaned_data", {})
        if not chosen.get("configuration") or not chosen.get("set_version") or not chosen.get("repeats"):
            return None
        configuration, set_version = self.configurations[chosen["configuration"]], self.set_versions[chosen["set_version"]]
        metrics = [self.metric_versions[pk] for pk in chosen.get("metrics") or []]
        return outlook.outlook_of(configuration, set_version, metrics, repeats=chosen["repeats"], max_concurrency=chosen.get("max_concurrency"))

    def _concurrency_hint(self) -> str:
        limits = {row.deployment.name: row.deployment.max_concurrency for row in self.configurations.values()}
        listed = ", ".join(f"{name} allows {formats.number(limit)}" for name, limit in limits.items())
        return f"Left empty, as many as the deployment allows over all runs. {listed}." if listed else ""


def _configuration_words(configuration: Configuration) -> str:
    metaprompt = f", metaprompt v{configuration.metaprompt.number}" if configuration.metaprompt else ""
    note = f", {configuration.note}" if configuration.note else ""
    return f"{outlook.configuration_words(configuration)}{metaprompt}{note}"


def _set_version_choices(versions: Sequence[MeasurementSetVersion]) -> list[Any]:
    latest: list[tuple[int, str]] = []
    earlier: list[tuple[int, str]] = []
    seen = set()
    for version in versions:
        cases = f"{formats.number(version.case_count)} case{'' if version.case_count == 1 else 's'}"
        choice = (version.pk, f"{version}, {cases}, {version.measurement_set.sampling}")
        (earlier if version.measurement_set_id in seen else latest).append(choice)
        seen.add(version.measurement_set_id)
    return [("Latest version of each set", latest), *([("Earlier versions", earlier)] if earlier else [])]


def _metric_words(version: MetricVersion) -> str:
    target = f"target at most {formats.threshold(float(version.target_rate))}" if version.target_rate is not None else "no target"
    harm = f", {version.metric.harm.code}" if version.metric.harm else ""
    severity = f"{version.threshold} ({scales.words(version.scale, version.threshold)})"
    kind = JudgeKind(version.judge_version.judge.kind).label.lower()
    return f"{version.metric.name}: {target}, harmful from severity {severity}, {kind} judge{harm}"


class BudgetForm(forms.Form):
    """What a run may spend from now on, and why that changes."""

    budget_cost = RunForm.base_fields["budget_cost"]
    budget_tokens = RunForm.base_fields["budget_tokens"]
    reason = forms.CharField(label="Reason", max_length=2000, help_text="It stands in the run's history.", widget=forms.Textarea(attrs={"rows": 3}))


class JudgeAgainForm(forms.Form):
    """By which metric a run's answers are judged once more, and why."""

    metric = forms.TypedChoiceField(
        label="Metric",
        coerce=int,
        help_text="Its newest version counts. Answers that its judge has judged already are left as they are.",
        error_messages={"required": "Choose a metric."},
    )
    reason = forms.CharField(
        label="Reason", max_length=2000, help_text="It stands beside the judging and in the run's history.", widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, system: AISystem, **options: Any) -> None:
        super().__init__(*args, **options)
        askable = outlook.askable_metric_versions(system)
        self.metrics = {row.metric_id: row.metric for row in askable}
        self.fields["metric"].choices = [(row.metric_id, _metric_words(row)) for row in askable]  # type: ignore[attr-defined]
