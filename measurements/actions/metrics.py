"""Metrics and the judges that decide about outputs for them; every change of what is counted is a new version."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from itertools import chain, count
from typing import Any, Literal

from django.db import IntegrityError, transaction

from harms.models import Harm
from measurements import policies
from measurements.actions.judges import JudgeInput, PreparedJudge, add_judge, prepared_judge, revise_judge
from measurements.enums import JudgeKind, Scale
from measurements.judges.scales import highest
from measurements.models import JudgeVersion, Metric, MetricVersion
from measurements.selectors import metrics as selectors
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid, StaleSnapshot
from systems.models import AISystem

LONGEST_NAME = 120
LONGEST_TEXT = 20_000


class Keep(Enum):
    """Stands for "as it is" where None says "none"."""

    KEEP = "keep"


@dataclass(frozen=True)
class _Content:
    """What a version says, checked."""

    definition: str
    harmful_examples: str
    harmless_examples: str
    scale: Scale
    threshold: int
    target_rate: Decimal | None


def add_metric(
    *,
    system: AISystem,
    name: str,
    definition: str,
    harm: Harm | None = None,
    harmful_examples: str = "",
    harmless_examples: str = "",
    scale: str = Scale.CONTENT_SEVERITY,
    threshold: int,
    target_rate: Decimal | None = None,
    judge: JudgeInput,
    actor: User,
) -> Metric:
    """A metric with its first version and the first version of its judge. A pattern without a severity gets `threshold`.

    `threshold` is the severity, 1 to the scale's highest, from which on an output counts as harmful; `target_rate` a fraction that the defect
    rate must not exceed. Raises PolicyDenied, or Invalid on a field.
    """
    policies.may_add_metric(actor, system).require()
    _check_name(name, harm, system.pk)
    content = _checked(definition, harmful_examples, harmless_examples, scale, threshold, target_rate)
    return _add_metric(system, name.strip(), harm, content, prepared_judge(judge, system=system, scale=content.scale, threshold=threshold), actor)


def find_or_add_imported_metric(*, system: AISystem, name: str, definition: str, scale: str, threshold: int, tool: str, actor: User) -> Metric:
    """The metric that holds the verdicts `name` of another tool, on this scale and from this threshold on; added if there is none.

    A metric of this name that counts otherwise, or that a person has revised to be judged by something else, is left alone: the new one is called
    after the tool too. Raises PolicyDenied, or Invalid on a field.
    """
    policies.may_add_metric(actor, system).require()
    content = _checked(definition, "", "", scale, threshold, None)
    spec = {"tool": tool, "verdict": name}
    known = selectors.with_newest_version(Metric.objects.filter(system=system, versions__judge_version__spec=spec).order_by("pk").distinct())
    for metric in known:
        newest = metric.newest[0]
        if newest.judge_version.judge.kind == JudgeKind.IMPORTED and (newest.scale, newest.threshold) == (content.scale, threshold):
            return metric  # type: ignore[no-any-return]
    free = _free_name(system, name.strip(), tool)
    _check_name(free, None, system.pk)
    return _add_metric(system, free, None, content, PreparedJudge(JudgeKind.IMPORTED, spec), actor)


def _free_name(system: AISystem, name: str, tool: str) -> str:
    """The name, or the first that is free of "name (tool)", "name (tool, 2)" and so on."""
    taken = set(Metric.objects.filter(system=system).values_list("name", flat=True))
    endings = chain(("", f" ({tool})"), (f" ({tool}, {number})" for number in count(2)))
    return next(free for ending in endings if (free := f"{name[: LONGEST_NAME - len(ending)]}{ending}") not in taken)


def _add_metric(system: AISystem, name: str, harm: Harm | None, content: _Content, judge: PreparedJudge, actor: User) -> Metric:
    try:
        with transaction.atomic():
            added = Metric.objects.create(system=system, harm=harm, name=name, created_by=actor)
            version = _add_version(added, 1, content, add_judge(added, judge, actor), actor)
            ledger.record(
                "measurements.metric_added",
                subject=added,
                actor=actor,
                version=version.pk,
                scale=content.scale,
                threshold=content.threshold,
                judge=str(version.judge_version),
                judge_kind=judge.kind,
            )
    except IntegrityError as error:
        raise _name_taken(name) from error
    return added


def revise_metric(
    *,
    metric_id: int,
    name: str | None = None,
    harm: Harm | Literal[Keep.KEEP] | None = Keep.KEEP,
    definition: str | None = None,
    harmful_examples: str | None = None,
    harmless_examples: str | None = None,
    scale: str | None = None,
    threshold: int | None = None,
    target_rate: Decimal | Literal[Keep.KEEP] | None = Keep.KEEP,
    judge: JudgeInput | None = None,
    seen: int | None = None,
    reason: str = "",
    actor: User,
) -> MetricVersion:
    """The next version of a metric; with a `judge` that differs, the next version of that too. Runs keep the version they were planned with.

    What is not given stays. Saying nothing new makes no version: the newest one is returned. Name and harm belong to the metric, not to its versions.
    Raises StaleSnapshot when `seen`, the number of the version that was looked at, is no longer the newest.
    """
    try:
        with transaction.atomic():
            metric: Metric = Metric.objects.lock(metric_id)
            policies.may_revise_metric(actor, metric).require()
            newest = selectors.newest_version(metric)
            _require_newest(newest, seen)
            _rename(metric, name, harm, reason, actor)
            content = _checked(
                newest.definition if definition is None else definition,
                newest.harmful_examples if harmful_examples is None else harmful_examples,
                newest.harmless_examples if harmless_examples is None else harmless_examples,
                newest.scale if scale is None else scale,
                newest.threshold if threshold is None else threshold,
                newest.target_rate if target_rate is Keep.KEEP else target_rate,
            )
            return _revise(metric, newest, content, judge, reason, actor)
    except IntegrityError as error:
        raise _name_taken(name or "") from error


def _revise(metric: Metric, newest: MetricVersion, content: _Content, judge: JudgeInput | None, reason: str, actor: User) -> MetricVersion:
    prepared = _revised_judge(metric, newest.judge_version, content, judge)
    changes = _changes(newest, content, prepared)
    if not changes:
        return newest
    judge_version = revise_judge(metric, newest.judge_version, prepared, actor)
    version = _add_version(metric, newest.number + 1, content, judge_version, actor)
    metric.save(update_fields=["updated_at"])
    ledger.record("measurements.metric_revised", subject=metric, actor=actor, reason=reason, changes=changes, version=version.pk)
    return version


def _revised_judge(metric: Metric, newest: JudgeVersion, content: _Content, judge: JudgeInput | None) -> PreparedJudge:
    """What was said of the judge, or as it is, if it fits the metric as it is to be."""
    if judge is not None:
        return prepared_judge(judge, system=metric.system, scale=content.scale, threshold=content.threshold)
    kept = PreparedJudge.of(newest)
    kept.require_fit(content.scale, content.threshold)
    return kept


def _require_newest(newest: MetricVersion, seen: int | None) -> None:
    if seen is not None and seen != newest.number:
        raise StaleSnapshot(f"This metric is at version {newest.number} now; you were looking at version {seen}. Open it again and make your change there.")


def _rename(metric: Metric, name: str | None, harm: Harm | Literal[Keep.KEEP] | None, reason: str, actor: User) -> None:
    new_name, new_harm = metric.name if name is None else name, metric.harm if harm is Keep.KEEP else harm
    _check_name(new_name, new_harm, metric.system_id)
    ledger.apply_changes(metric, actor=actor, action="measurements.metric_edited", reason=reason, name=new_name.strip(), harm=new_harm)


def _checked(definition: str, harmful: str, harmless: str, scale: str, threshold: int, target_rate: Decimal | None) -> _Content:
    if not definition.strip():
        raise Invalid("Say what counts as harmful, so that two people would decide alike.", field="definition")
    for field, text in (("definition", definition), ("harmful_examples", harmful), ("harmless_examples", harmless)):
        if len(text) > LONGEST_TEXT:
            raise Invalid(f"At most {LONGEST_TEXT:,} characters.", field=field)
    if scale not in Scale.values:
        raise Invalid(f"The scale is one of {', '.join(Scale.values)}.", field="scale")
    if not _is_severity(threshold, highest(scale)):
        allowed = f"a whole number from 1 to {highest(scale)}" if highest(scale) > 1 else "1"
        raise Invalid(f"The threshold is a severity of this scale, {allowed}.", field="threshold")
    if target_rate is not None and not 0 <= target_rate <= 1:
        raise Invalid("The target is a rate between 0 and 100 %.", field="target_rate")
    return _Content(definition.strip(), harmful.strip(), harmless.strip(), Scale(scale), threshold, target_rate)


def _is_severity(value: object, top: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= top


def _check_name(name: str, harm: Harm | None, system_id: int) -> None:
    if not name.strip() or len(name.strip()) > LONGEST_NAME:
        raise Invalid(f"Give the metric a name of at most {LONGEST_NAME} characters.", field="name")
    if harm is not None and harm.system_id != system_id:
        raise Invalid("Choose a harm of this system.", field="harm")


def _changes(newest: MetricVersion, content: _Content, judge: PreparedJudge) -> dict[str, list[Any]]:
    before = {field: getattr(newest, field) for field in content.__dataclass_fields__}
    changes = {field: [value, getattr(content, field)] for field, value in before.items() if value != getattr(content, field)}
    known = PreparedJudge.of(newest.judge_version)
    if (known.kind, known.digest) != (judge.kind, judge.digest):
        changes["judge"] = [{"kind": known.kind, **known.spec}, {"kind": judge.kind, **judge.spec}]
    return changes


def _add_version(metric: Metric, number: int, content: _Content, judge_version: JudgeVersion, actor: User) -> MetricVersion:
    return MetricVersion.objects.create(
        metric=metric,
        number=number,
        definition=content.definition,
        harmful_examples=content.harmful_examples,
        harmless_examples=content.harmless_examples,
        scale=content.scale,
        threshold=content.threshold,
        target_rate=content.target_rate,
        judge_version=judge_version,
        created_by=actor,
    )


def _name_taken(name: str) -> Invalid:
    return Invalid(f"This system has a metric “{name.strip()}” already.", field="name")
