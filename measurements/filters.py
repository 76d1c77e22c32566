"""Filters of the lists of sets, cases, metrics, runs and outputs, the same for pages, exports and the API."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from measurements.enums import Doubt, DueOutcome, FailureReason, FilterVerdict, Judged, JudgingState, Outcome, RunSource, RunState, Sampling
from measurements.models import Case, DueTime, Judging, MeasurementSet, Metric, MetricVersion, Output, Run, Schedule
from measurements.models.metrics import HIGHEST_SEVERITY
from measurements.selectors import cases as case_selectors
from measurements.selectors import output_filters as selectors
from raiportal.errors import Invalid

LARGEST_ID = 2**63 - 1
MOST_ATTEMPTS = 100
NAME_LIMIT = 120  # characters of a model or a fingerprint, as their columns


def _id(**options: Any) -> django_filters.NumberFilter:
    return django_filters.NumberFilter(min_value=1, max_value=LARGEST_ID, **options)


class RunFilter(django_filters.FilterSet):
    """By state, source, configuration, set or set version; the API also by system."""

    system = _id(field_name="system_id", label="Id of a system")
    state = django_filters.ChoiceFilter(choices=RunState.choices, label="State", empty_label="Any state")
    configuration = _id(field_name="configuration_id", label="Id of a configuration")
    set = _id(field_name="set_version__measurement_set_id", label="Id of a measurement set")
    set_version = _id(field_name="set_version_id", label="Id of a set version")
    source = django_filters.ChoiceFilter(choices=RunSource.choices, label="Source", empty_label="Any source")

    class Meta:
        model = Run
        fields: list[str] = []


class JudgingFilter(django_filters.FilterSet):
    """By run, metric or state."""

    run = _id(field_name="run_id", label="Id of a run")
    metric = _id(field_name="metric_version__metric_id", label="Id of a metric")
    state = django_filters.ChoiceFilter(choices=JudgingState.choices, label="State", empty_label="Any state")

    class Meta:
        model = Judging
        fields: list[str] = []


class _AnyOf(forms.MultipleChoiceField):
    """Several choices of one list; a form that leaves its empty choice in asks for nothing by it."""

    def to_python(self, value: Any) -> list[str]:
        return [chosen for chosen in super().to_python(value) if chosen]


class _AnyOfFilter(django_filters.MultipleChoiceFilter):
    field_class = _AnyOf


def _name(label: str) -> django_filters.CharFilter:
    return django_filters.CharFilter(max_length=NAME_LIMIT, strip=False, label=label)


class OutputFilter(django_filters.FilterSet):
    """The outputs of one run: how they ended and after how many attempts, what the provider's filter said, what a metric's judge says of them,
    in which stratum, of which case, by which model. Outcomes and reasons may be given several times: any of them fits."""

    run = _id(required=True, label="Id of a run")
    outcome = _AnyOfFilter(choices=Outcome.choices, label="Outcome; any of several")
    reason = _AnyOfFilter(choices=FailureReason.choices, label="Reason of failure; any of several")
    stratum = django_filters.CharFilter(max_length=120, strip=False, label="Stratum")
    metric = _id(label="Id of a metric of the run; without it, judgements by any of its metrics count")
    metric_version = _id(label="Id of a metric version that the run was judged by; without it, the one that holds")
    judged = django_filters.ChoiceFilter(choices=Judged.choices, label="Judged as", empty_label="Judged as anything")
    severity = django_filters.NumberFilter(min_value=1, max_value=HIGHEST_SEVERITY, label="Severity at least, 1 to 7")
    doubt = django_filters.ChoiceFilter(choices=Doubt.choices, label="Judgements of several votes that contradict themselves or differ")
    case = django_filters.CharFilter(max_length=200, label="A case's id in its file, or its number in the set version")
    attempts = django_filters.NumberFilter(min_value=1, max_value=MOST_ATTEMPTS, label="Attempts at least")
    filter_category = django_filters.CharFilter(max_length=100, strip=False, label="Category of the provider's content filter, such as hate or jailbreak")
    filter_verdict = django_filters.ChoiceFilter(choices=FilterVerdict.choices, label="What the content filter said; by any category without filter_category")
    model = _name("Model as the endpoint named itself")
    fingerprint = _name("Fingerprint that the endpoint reported")

    class Meta:
        model = Output
        fields: list[str] = []

    @cached_property
    def versions(self) -> list[MetricVersion]:
        """The metric versions whose judgements are asked about. Raises Invalid for a metric that the run isn't judged by."""
        asked = self.form.cleaned_data
        if asked["metric_version"]:
            return self._of_run("metric_version", selectors.judged_versions(int(asked["run"]), int(asked["metric_version"])))
        versions = selectors.metric_versions(int(asked["run"]), int(asked["metric"]) if asked["metric"] else None)
        return self._of_run("metric", versions) if asked["metric"] else versions

    def _of_run(self, field: str, versions: list[MetricVersion]) -> list[MetricVersion]:
        if not versions:
            raise Invalid("The run isn't judged by a metric with this id.", field=field)
        return versions

    def filter_queryset(self, queryset: QuerySet[Output]) -> QuerySet[Output]:
        """Rows of one run that fit all that was asked."""
        asked = self.form.cleaned_data
        plain = ("stratum", "judged", "doubt", "filter_category", "filter_verdict", "model", "fingerprint")
        wanted = selectors.Asked(
            outcomes=asked["outcome"],
            reasons=asked["reason"],
            versions=self.versions,
            severity=int(asked["severity"]) if asked["severity"] else None,
            case=asked["case"].strip(),
            attempts=int(asked["attempts"]) if asked["attempts"] else None,
            **{name: asked[name] for name in plain},
        )
        return selectors.outputs_of(queryset, int(asked["run"]), wanted)


# --- Sets and metrics ---
class SetFilter(django_filters.FilterSet):
    """By words of the name, sampling, harm; the API also by system."""

    system = _id(field_name="system_id", label="Id of a system")
    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=120, label="Words of the name")
    sampling = django_filters.ChoiceFilter(
        choices=[(str(value), str(label).split(":")[0]) for value, label in Sampling.choices], label="Sampling", empty_label="Any sampling"
    )
    harm = _id(field_name="harms", label="Id of a harm")

    class Meta:
        model = MeasurementSet
        fields: list[str] = []


class MetricFilter(django_filters.FilterSet):
    """By words of the name, and harm; the API also by system."""

    system = _id(field_name="system_id", label="Id of a system")
    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=120, label="Words of the name")
    harm = _id(field_name="harm_id", label="Id of a harm")

    class Meta:
        model = Metric
        fields: list[str] = []


class CaseFilter(django_filters.FilterSet):
    """The cases of one version, by stratum, language and harm ("(none)" for those without), and words of the prompt or the id."""

    version = _id(field_name="version_id", required=True, label="Id of a set version")
    stratum = django_filters.CharFilter(max_length=120, strip=False, method="having", label="Stratum")
    language = django_filters.CharFilter(max_length=35, method="having", label="Language")
    harm = _id(field_name="harm_id", label="Id of a harm")
    q = django_filters.CharFilter(max_length=200, method="saying", label="Words of the prompt or the id")

    class Meta:
        model = Case
        fields: list[str] = []

    def having(self, cases: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        return cases.filter(**{name: "" if value == case_selectors.UNNAMED else value})

    def saying(self, cases: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        return case_selectors.searched(cases, value)


# --- Schedules ---
class ScheduleFilter(django_filters.FilterSet):
    """By words of the name, and whether it is on; the API also by system."""

    system = _id(field_name="system_id", label="Id of a system")
    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=120, label="Words of the name")
    is_active = django_filters.BooleanFilter(label="Whether it is on")

    class Meta:
        model = Schedule
        fields: list[str] = []


class DueTimeFilter(django_filters.FilterSet):
    """The due times of schedules, by what became of them; the API also by schedule and system."""

    schedule = _id(field_name="schedule_id", label="Id of a schedule")
    system = _id(field_name="schedule__system_id", label="Id of a system")
    outcome = django_filters.ChoiceFilter(choices=DueOutcome.choices, label="Outcome", empty_label="Any outcome")

    class Meta:
        model = DueTime
        fields: list[str] = []
