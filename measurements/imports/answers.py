"""What a file of results holds besides its prompts: answers, what machines found in them, and how people labelled them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from measurements.enums import FailureReason, Outcome, Scale
from systems.providers.storable import storable

MOST_REASON = 2_000  # characters of a verdict's reason; another tool's may hold whole answers
MOST_ERROR = 300  # characters, as the column of an output's last error
MOST_NAME = 120  # characters, as the columns of names
LARGEST_INTEGER = 2_147_483_647  # PostgreSQL's


@dataclass(frozen=True)
class ImportedMetric:
    """What verdicts and labels of a file speak about. The name tells the tool, so that it is the same metric in every import."""

    name: str
    definition: str
    scale: Scale
    threshold: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What another tool's machine found in an answer."""

    metric: ImportedMetric
    severity: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """How one person labelled an answer; `rater` is all that the file says about who it was."""

    metric: ImportedMetric
    rater: str
    severity: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one call of the system ended, as far as the file tells. Verdicts stand with answered ones alone: of the others nothing was judged."""

    outcome: Outcome
    reason: FailureReason | None = None
    text: str = ""
    refusal: str = ""
    finish_reason: str = ""
    last_error: str = ""
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_ms: int | None = None
    verdicts: tuple[Verdict, ...] = ()
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class LeftOver:
    """Something in the file that has no place here, counted by its name."""

    name: str
    count: int = 1


@dataclass(frozen=True)
class Origin:
    """Which tool wrote the file, about which model, when. Parts that a line doesn't tell are empty; the first that tells counts.

    `is_selection`: only some answers are in the file, chosen by how they were judged, so that no rate may be worked out from them.
    """

    tool: str = ""
    tool_version: str = ""
    model: str = ""
    measured_at: str = ""
    is_selection: bool = False
    metrics: tuple[ImportedMetric, ...] = field(default=())


def answered(text: object, **said: object) -> Answer:
    """An answer in words; nothing, or nothing but spaces, is the failure that it is."""
    content = text if isinstance(text, str) else ""
    if not content.strip():
        return failed(FailureReason.EMPTY, "The file holds an empty answer.", model=str(said.get("model", "")))
    return Answer(Outcome.ANSWERED, text=storable(content), **said)  # type: ignore[arg-type]


def failed(reason: FailureReason, error: str, *, model: str = "") -> Answer:
    return Answer(Outcome.FAILED, reason=reason, last_error=short(error, MOST_ERROR), model=model)


def short(text: object, most: int) -> str:
    """A text of another tool on one line, storable and cut to `most` characters."""
    line = storable(" ".join(text.split())) if isinstance(text, str) else ""
    return line if len(line) <= most else f"{line[: most - 1]}…"


def whole(value: object) -> int | None:
    """A count out of a file, None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST_INTEGER:
        return None
    return round(value)


def has_content(value: object) -> bool:
    """Whether a value says anything: not null, false, zero or empty."""
    return bool(value) and value != {} and value != []


def unused(values: Mapping[str, object], used: frozenset[str], prefix: str = "") -> tuple[str, ...]:
    """Names of what an object says beyond what is read from it."""
    return tuple(f"{prefix}{short(name, 60)}" for name, value in values.items() if name not in used and has_content(value))
