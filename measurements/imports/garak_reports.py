"""garak's reports and hit logs: every attempt is a prompt with the answers it got and what the detectors made of each.

An attempt stands in a report twice, before and after detection; the evaluated one counts, and one that was never evaluated comes in unjudged. That
takes a first look over the file, which keeps no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from math import isfinite

from measurements.enums import FailureReason, Scale
from measurements.imports.answers import MOST_NAME, Answer, ImportedMetric, LeftOver, Origin, Verdict, answered, failed, has_content, short, unused
from measurements.imports.cases import Limits
from measurements.imports.formats import Read, Row, jsonl_rows
from measurements.imports.lines import ByteStream, read_lines

EVALUATED = 2  # garak's status of an attempt whose detectors have run
USUAL_THRESHOLD = 0.5  # garak's own, where the report doesn't tell another

ATTEMPT_KEYS = frozenset({"entry_type", "uuid", "seq", "status", "probe_classname", "probe", "prompt", "outputs", "detector_results", "lang"})
HIT_KEYS = frozenset({"prompt", "output", "score", "run_id", "attempt_id", "attempt_seq", "attempt_idx", "generator", "probe", "detector"})

ANY_DETECTOR = ImportedMetric(
    "garak: any detector",
    "At least one of the detectors that garak ran on the answer scored it at or above the report's threshold.",
    Scale.YES_NO,
    1,
)


@lru_cache(maxsize=256)
def metric_of(detector: str) -> ImportedMetric:
    return ImportedMetric(
        short(f"garak: {detector}", MOST_NAME),
        f"garak's detector {short(detector, 200)} scored the answer at or above the report's threshold, {USUAL_THRESHOLD} unless the report says otherwise.",
        Scale.YES_NO,
        1,
    )


# --- Reports ---


@dataclass
class _Outline:
    """What the first look over a report found: which attempts were evaluated, and by which detectors."""

    evaluated: set[bytes] = field(default_factory=set)
    detectors: set[str] = field(default_factory=set)
    threshold: float = USUAL_THRESHOLD


def report_rows(stream: ByteStream, limits: Limits) -> Iterator[Read]:
    """One row an attempt; the report's other lines are its origin, or left over."""
    outline = _outline(jsonl_rows(read_lines(stream, limits), limits))
    stream.seek(0)
    seen: set[bytes] = set()
    for read in jsonl_rows(read_lines(stream, limits), limits):
        kind = read.values.get("entry_type")
        if read.fault:
            yield read
        elif kind == "attempt":
            yield from _attempt(read, outline, seen)
        elif kind == "start_run setup":
            yield Origin(tool="garak", model=_model(read.values))
        elif kind == "init":
            yield Origin(tool="garak", tool_version=short(read.values.get("garak_version"), 40), measured_at=short(read.values.get("start_time"), 40))
        else:
            yield LeftOver(f"{short(kind, 40) or 'untyped'} lines")


def _outline(rows: Iterator[Row]) -> _Outline:
    outline = _Outline()
    for row in rows:
        kind = row.values.get("entry_type")
        if kind == "start_run setup":
            outline.threshold = _score(row.values.get("run.eval_threshold"), USUAL_THRESHOLD) or USUAL_THRESHOLD
        elif kind == "attempt":
            results = row.values.get("detector_results")
            outline.detectors.update(results if isinstance(results, dict) else ())
            if row.values.get("status") == EVALUATED:
                outline.evaluated.add(_identity(row.values, row.number))
    return outline


def _attempt(row: Row, outline: _Outline, seen: set[bytes]) -> Iterator[Read]:
    """The attempt, unless it is one that comes again: evaluated later, or repeated."""
    identity = _identity(row.values, row.number)
    is_waiting = row.values.get("status") != EVALUATED and identity in outline.evaluated
    if is_waiting or identity in seen:
        return
    seen.add(identity)
    values, language = row.values, ""
    prompt, language, odd = _prompt(values)
    case: dict[str, object] = {
        "input": prompt,
        "id": _text(values.get("uuid")),
        "stratum": _text(values.get("probe_classname") or values.get("probe")),
        "language": language,
        "source": "garak",
    }
    left_over = (*unused(values, ATTEMPT_KEYS, "attempt."), *odd)
    yield Row(row.number, case, answers=tuple(_answers(values, outline)), left_over=left_over)


def _identity(values: Mapping[str, object], number: int) -> bytes:
    """Sixteen bytes that stand for an attempt; one without a name is itself alone."""
    uuid = values.get("uuid")
    return blake2b(repr((uuid if uuid is not None else f"line {number}", values.get("seq"))).encode(), digest_size=16).digest()


def _prompt(values: Mapping[str, object]) -> tuple[object, str, tuple[str, ...]]:
    """The prompt as text or messages, its language, and what of it has no place. Older reports have a text, later ones a message, then turns."""
    prompt = values.get("prompt")
    if not isinstance(prompt, dict):
        return prompt, _language(values.get("lang")), ()
    turns = prompt.get("turns")
    if not isinstance(turns, list):
        return prompt.get("text"), _language(prompt.get("lang") or values.get("lang")), unused(prompt, frozenset({"text", "lang"}), "prompt.")
    contents = [turn.get("content") if isinstance(turn, dict) else None for turn in turns]
    messages = [
        {"role": turn.get("role"), "content": content.get("text") if isinstance(content, dict) else content} if isinstance(turn, dict) else turn
        for turn, content in zip(turns, contents, strict=True)
    ]
    told = [content for content in contents if isinstance(content, dict)]
    odd = tuple(dict.fromkeys(name for content in told for name in unused(content, frozenset({"text", "lang"}), "prompt.")))
    language = _language(told[-1].get("lang")) if told else ""
    return (messages[0]["content"] if _is_plain(messages) else messages), language, odd


def _is_plain(messages: list[object]) -> bool:
    return len(messages) == 1 and isinstance(messages[0], dict) and messages[0].get("role") == "user"


def _answers(values: Mapping[str, object], outline: _Outline) -> Iterator[Answer]:
    outputs = values.get("outputs")
    results = values.get("detector_results")
    by_detector = results if isinstance(results, dict) else {}
    for index, output in enumerate(outputs if isinstance(outputs, list) else ()):
        scores = {name: scores[index] for name, scores in by_detector.items() if isinstance(scores, list) and index < len(scores)}
        yield _answer(output, _verdicts(scores, outline.threshold, len(outline.detectors) > 1))


def _answer(output: object, verdicts: tuple[Verdict, ...]) -> Answer:
    """A message, a text, or null where the generator gave garak nothing."""
    text = output.get("text") if isinstance(output, dict) else output
    if text is None:
        return failed(FailureReason.PROVIDER_ERROR, "garak's generator gave no answer (null).")
    return answered(text, verdicts=verdicts)


def _verdicts(scores: Mapping[str, object], threshold: float, has_several: bool) -> tuple[Verdict, ...]:
    """One for each detector that scored the answer, and what they come to together where the report has several."""
    read = {name: score for name, value in scores.items() if (score := _score(value)) is not None}
    found = [Verdict(metric_of(name), int(score >= threshold), f"Score {score:g}, a hit from {threshold:g} on.") for name, score in read.items()]
    if found and has_several:
        hits = [name for name, score in read.items() if score >= threshold]
        reason = f"Hit by {short(', '.join(hits), 400)}." if hits else f"None of {len(read)} detectors hit."
        found.append(Verdict(ANY_DETECTOR, int(bool(hits)), reason))
    return tuple(found)


def _score(value: object, otherwise: float | None = None) -> float | None:
    """A score from 0 to 1, also one written as text; None for null and for anything else."""
    try:
        score = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except ValueError:
        return otherwise
    return score if score is not None and isfinite(score) and 0 <= score <= 1 else otherwise


def _model(setup: Mapping[str, object]) -> str:
    """The model's name as the report's setup tells it, under its newer or older key, behind the kind of generator."""
    kind = setup.get("plugins.target_type") or setup.get("plugins.model_type")
    name = setup.get("plugins.target_name") or setup.get("plugins.model_name")
    return short(" ".join(part for part in (kind, name) if isinstance(part, str)), MOST_NAME)


def _language(value: object) -> str:
    return value if isinstance(value, str) and value != "*" else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


# --- Hit logs ---


def hit_rows(stream: ByteStream, limits: Limits) -> Iterator[Read]:
    """One row an answer that was hit, with the verdicts of all detectors that hit it. A hit log names no answer that passed."""
    scores: dict[bytes, dict[str, float]] = {}
    for row in jsonl_rows(read_lines(stream, limits), limits):
        score = _score(row.values.get("score"), 1.0)
        if not row.fault and score is not None:
            scores.setdefault(_hit(row), {})[_text(row.values.get("detector"))] = score
    stream.seek(0)
    yield Origin(tool="garak", is_selection=True)
    for row in jsonl_rows(read_lines(stream, limits), limits):
        if row.fault:
            yield row
        elif found := scores.pop(_hit(row), None):
            yield _hit_row(row, found)


def _hit(row: Row) -> bytes:
    values = row.values
    named = (values.get("run_id"), values.get("attempt_id"), values.get("attempt_idx")) if values.get("attempt_id") else (row.number,)
    return blake2b(repr(named).encode(), digest_size=16).digest()


def _hit_row(row: Row, scores: Mapping[str, float]) -> Row:
    values = row.values
    prompt, language, odd = _prompt(values)
    output = values.get("output")
    verdicts = tuple(Verdict(metric_of(name), 1, f"A hit, score {score:g}.") for name, score in scores.items() if name)
    case: dict[str, object] = {
        "input": prompt,
        "id": _text(values.get("attempt_id")),
        "stratum": _text(values.get("probe")),
        "language": language,
        "source": "garak",
    }
    model = short(values.get("generator"), MOST_NAME)
    text = output.get("text") if isinstance(output, dict) else output
    answer = answered(text, verdicts=verdicts, model=model) if has_content(text) else failed(FailureReason.EMPTY, "The hit log holds an empty answer.")
    return Row(row.number, case, answers=(answer,), left_over=(*unused(values, HIT_KEYS), *odd))
