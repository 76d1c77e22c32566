"""What the pages of metrics show of judges: what they do in words, and what they make of a text that is tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from measurements.actions import trials as trial_actions
from measurements.actions.judges import PreparedJudge, prepared_judge
from measurements.actions.trials import TriedVote
from measurements.enums import JudgeKind, Scale
from measurements.forms.metrics import MetricForm
from measurements.forms.trials import annotations_of
from measurements.judges import content_filter, model
from measurements.judges.model import Rubric
from measurements.models import MetricVersion
from measurements.selectors import metrics as selectors
from measurements.selectors.metrics import RuleLine
from measurements.selectors.severities import on_scale
from raiportal.accounts.models import User
from raiportal.look import formats
from raiportal.look.levels import Severity
from raiportal.look.timelines import TimelineEntry
from systems.models import AISystem, Configuration

SIDE_WORDS = {"completion": "the answer", "prompt": "the prompt", "both": "prompt and answer"}
PLACEHOLDER_MARKER = "#random marker#"
SILENT_FILTER = "The filter says nothing of this kind here, so this output would stay unjudged."
NOTHING_TO_TRY = "Fill in the judge and a text to try it on."


# --- Versions ---
def versions_told(lines: Sequence[selectors.VersionLine]) -> list[TimelineEntry]:
    """Every version with what it changed and how it judges, in the order given."""
    return [_version_told(line) for line in lines]


def _version_told(line: selectors.VersionLine) -> TimelineEntry:
    version = line.version
    target = "no target" if version.target_rate is None else f"target at most {formats.threshold(float(version.target_rate))}"
    changed = f"Changed: {', '.join(line.changed)}." if line.changed else "The first."
    text = f"{changed} Harmful from {version.threshold}, {target}, {line.judge}."
    return TimelineEntry(f"Version {version.number}", at=version.created_at, about=f"by {version.created_by.name}", texts=[text])


# --- A judge in words ---
@dataclass(frozen=True)
class JudgeShown:
    """A metric version's judge as its page shows it; of the parts those of its kind are filled."""

    kind: str
    words: str
    rules: Sequence[RuleLine] = ()
    is_case_sensitive: bool = False
    categories: Sequence[str] = ()
    side: str = ""
    names: Sequence[tuple[str, Severity]] = ()
    detected: Severity | None = None
    configuration: Configuration | None = None
    votes: int = 0
    question: Sequence[Mapping[str, str]] = ()
    tool: str = ""
    has_old_wording: bool = False


def judge_shown(version: MetricVersion) -> JudgeShown:
    judge_version = version.judge_version
    kind, spec, words = judge_version.judge.kind, judge_version.spec, selectors.judge_words(judge_version)
    if kind == JudgeKind.RULE:
        lines = selectors.rule_lines(spec, version.scale, version.threshold)
        return JudgeShown(kind, words, rules=lines, is_case_sensitive=spec.get("case_sensitive", False))
    if kind == JudgeKind.CONTENT_FILTER:
        names = [(name, on_scale(version.scale, version.threshold, severity)) for name, severity in content_filter.NAMED_SEVERITIES.items()]
        detected = on_scale(version.scale, version.threshold, spec["detected_severity"])
        categories = [name.replace("_", " ") for name in spec["categories"]]
        return JudgeShown(kind, words, categories=categories, side=SIDE_WORDS[spec["side"]], names=names, detected=detected)
    if kind == JudgeKind.MODEL:
        asked = question_text(model.rubric_of(version))
        is_old = spec["prompt_version"] != model.PROMPT_VERSION
        return JudgeShown(kind, words, configuration=judge_version.configuration, votes=spec["votes"], question=asked, has_old_wording=is_old)
    return JudgeShown(kind, words, tool=spec["tool"])


def question_text(rubric: Rubric) -> list[dict[str, str]]:
    """The very question that a model judge gets, with placeholders for what differs from output to output."""
    messages, _ = model.question(rubric, [{"role": "user", "content": "(the prompt)"}], "(the answer)", marker=PLACEHOLDER_MARKER)
    return messages


# --- A judge tried on a text ---
@dataclass(frozen=True)
class TrialShown:
    """What a judge made of a text; `problem` says why it made nothing of it."""

    severity: Severity | None = None
    is_harmful: bool = False
    rows: Sequence[RuleLine] = field(default_factory=tuple)
    reason: str = ""
    is_contradicted: bool = False
    problem: str = ""
    answer: str = ""
    latency_ms: int | None = None


@dataclass(frozen=True)
class _Subject:
    """A judge with what it judges by, whether it is kept or still in a form."""

    judge: PreparedJudge
    rubric: Rubric
    system: AISystem


def tried_version(version: MetricVersion, text: str, prompt: str, actor: User) -> TrialShown:
    """The judge of a metric's version on a text. A model is really asked, once. Raises PolicyDenied or Invalid, ValidationError for no annotations."""
    subject = _Subject(PreparedJudge.of(version.judge_version), model.rubric_of(version), version.metric.system)
    return _tried(subject, text, prompt, actor)


def tried_form(form: MetricForm, system: AISystem, actor: User) -> TrialShown:
    """The judge as a form has it on the form's text; nothing is added. Raises as `tried_version`."""
    form.is_valid()
    said = form.cleaned_data
    judge, text = form.judge(), said.get("try_text")
    if judge is None or not text or not said.get("threshold") or not said.get("scale"):
        return TrialShown(problem=NOTHING_TO_TRY)
    prepared = prepared_judge(judge, system=system, scale=said["scale"], threshold=said["threshold"])
    if prepared.kind == JudgeKind.MODEL and not said.get("definition"):
        return TrialShown(problem="Say what counts as harmful first: the model judges by it.")
    examples = (said.get("harmful_examples", ""), said.get("harmless_examples", ""))
    rubric = Rubric(said.get("definition", ""), *examples, Scale(said["scale"]), said["threshold"])
    return _tried(_Subject(prepared, rubric, system), text, "", actor)


def _tried(subject: _Subject, text: str, prompt: str, actor: User) -> TrialShown:
    judge, rubric = subject.judge, subject.rubric
    if judge.kind == JudgeKind.RULE:
        return _by_rules(selectors.trials(judge.spec, rubric.scale, rubric.threshold, text), rubric)
    if judge.kind == JudgeKind.CONTENT_FILTER:
        verdict = content_filter.judge(annotations_of(text), judge.spec)
        return _judged(rubric, verdict.severity, verdict.reason) if verdict else TrialShown(problem=SILENT_FILTER)
    if judge.configuration is not None:
        asked = [{"role": "user", "content": prompt}] if prompt else []
        return _by_model(
            trial_actions.try_model_judge(system=subject.system, configuration=judge.configuration, rubric=rubric, prompt=asked, answer=text, actor=actor),
            rubric,
        )
    return TrialShown(problem="These verdicts came with an import; there is nothing to try.")


def _by_rules(rows: Sequence[RuleLine], rubric: Rubric) -> TrialShown:
    found = max((row.severity.value for row in rows if row.matched is not None), default=0)
    return TrialShown(on_scale(rubric.scale, rubric.threshold, found), found >= rubric.threshold, rows)


def _by_model(vote: TriedVote, rubric: Rubric) -> TrialShown:
    if vote.severity is None:
        return TrialShown(problem=vote.problem, answer=vote.answer, latency_ms=vote.latency_ms)
    judged = _judged(rubric, vote.severity, vote.explanation)
    return replace(judged, is_contradicted=vote.is_contradicted, latency_ms=vote.latency_ms)


def _judged(rubric: Rubric, severity: int, reason: str) -> TrialShown:
    return TrialShown(on_scale(rubric.scale, rubric.threshold, severity), severity >= rubric.threshold, (), reason)
