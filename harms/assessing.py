"""The impact assessment as a form: which questions are asked where, which are needed, and what is missing. Pure functions.

Questions come from the catalogue `impact-assessment`. A yes to a question that is a trigger makes a use sensitive, and then more is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harms.models.assessments import LONGEST_ANSWER
from raiportal.checks import is_storable
from raiportal.errors import Invalid

PER_USE, PER_STAKEHOLDER = "for each intended use", "for each stakeholder"
NEEDED, NEEDED_WHEN_SENSITIVE = "always", "when sensitive"
IMPACTS = "stakeholders"  # the question that impacts answer, row by row
MOST_ROWS = 60  # of a list or a table
YES, NO = "yes", "no"
SECTIONS: Mapping[int, str] = {1: "System", 2: "Uses and people", 3: "Adverse impact", 4: "Data", 5: "Summary"}


@dataclass(frozen=True)
class Question:
    """One question of the form. `asked` says whether it is asked once, in each use or of each stakeholder; `answer` is the shape of its answer."""

    slug: str
    title: str
    section: int
    asked: str
    question: str
    answer: str
    choices: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    is_trigger: bool = False
    needed: str = ""
    taken_from: str = ""

    @property
    def is_answered_by_hand(self) -> bool:
        return not self.taken_from and self.slug != IMPACTS

    def frozen(self) -> dict[str, Any]:
        return asdict(self)


def question_of(slug: str, title: str, body: Mapping[str, Any]) -> Question:
    """From an entry of the catalogue, or from what `frozen` gave."""
    known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in body.items() if name in Question.__dataclass_fields__}
    return Question(**{**known, "slug": slug, "title": title, "section": int(body["section"])})


@dataclass(frozen=True)
class Place:
    """A question where it is asked: of the system, in one intended use, or about one stakeholder (by their ids)."""

    question: Question
    use_id: int | None = None
    stakeholder_id: int | None = None

    @property
    def key(self) -> tuple[str, int | None, int | None]:
        return (self.question.slug, self.use_id, self.stakeholder_id)


Answers = Mapping[tuple[str, int | None, int | None], Any]


def places(questions: Iterable[Question], use_ids: Sequence[int], stakeholder_ids: Sequence[int]) -> list[Place]:
    """Every question in every place where it is asked by hand, in the form's order."""
    found: list[Place] = []
    for question in questions:
        if not question.is_answered_by_hand:
            continue
        if question.asked == PER_USE:
            found += [Place(question, use_id=pk) for pk in use_ids]
        elif question.asked == PER_STAKEHOLDER:
            found += [Place(question, stakeholder_id=pk) for pk in stakeholder_ids]
        else:
            found.append(Place(question))
    return found


def triggers_of(questions: Iterable[Question], answers: Answers) -> dict[int, list[Question]]:
    """By use, the triggers that somebody said yes to: those uses are sensitive."""
    found: dict[int, list[Question]] = {}
    known = {question.slug: question for question in questions if question.is_trigger}
    for (slug, use_id, _), value in answers.items():
        if slug in known and use_id is not None and value.get("answer") == YES:
            found.setdefault(use_id, []).append(known[slug])
    return found


def is_needed(place: Place, sensitive: Mapping[int, Any]) -> bool:
    """Whether the form can't be closed without this answer. What is asked once or of people is needed as soon as any use is sensitive."""
    if place.question.needed == NEEDED_WHEN_SENSITIVE:
        return bool(sensitive) if place.use_id is None else place.use_id in sensitive
    return place.question.needed == NEEDED


def unanswered(asked: Iterable[Place], answers: Answers, sensitive: Mapping[int, Any]) -> list[Place]:
    """The needed answers that are not there."""
    return [place for place in asked if place.key not in answers and is_needed(place, sensitive)]


def fitting(question: Question, value: Any) -> Any:
    """An answer in the shape of its question, trimmed; None where it says nothing. Raises Invalid in words."""
    return _SHAPES[question.answer](question, value)


def _text(question: Question, value: Any) -> str | None:
    if not isinstance(value, str):
        raise Invalid("Answer with a text.", field="value")
    return _short(value.strip()) or None


def _short(text: str) -> str:
    if not is_storable(text):
        raise Invalid("The text holds a null character or half a character: remove it.", field="value")
    if len(text) > LONGEST_ANSWER:
        raise Invalid(f"At most {LONGEST_ANSWER:,} characters; this has {len(text):,}.", field="value")
    return text


def _choice(question: Question, value: Any) -> str | None:
    if value in (None, ""):
        return None
    if value not in question.choices:
        raise Invalid(f"Choose one of: {', '.join(question.choices)}.", field="value")
    return str(value)


def _yes_or_no(question: Question, value: Any) -> dict[str, str] | None:
    said = value if isinstance(value, dict) else {"answer": value}
    answer, why = said.get("answer"), said.get("why") or ""
    if set(said) - {"answer", "why"} or not isinstance(why, str):
        raise Invalid('Answer with {"answer": "yes" or "no", "why": a text}.', field="value")
    if answer in (None, ""):
        return None
    if answer not in (YES, NO):
        raise Invalid("Answer yes or no.", field="value")
    if answer == YES and not why.strip():
        raise Invalid("Say how: a yes asks for closer review, and reviewers start from this.", field="why")
    return {"answer": answer, "why": _short(why.strip())}


def _list(question: Question, value: Any) -> list[str] | None:
    if not isinstance(value, list) or any(not isinstance(text, str) for text in value):
        raise Invalid("Answer with a list of texts.", field="value")
    said = [_short(text.strip()) for text in value if text.strip()]
    return _few(said) or None


def _table(question: Question, value: Any) -> list[dict[str, str]] | None:
    shape = f"Answer with rows of {', '.join(question.columns)}."
    if not isinstance(value, list) or any(not isinstance(row, dict) or set(row) - set(question.columns) for row in value):
        raise Invalid(shape, field="value")
    if any(not isinstance(cell, str) for row in value for cell in row.values()):
        raise Invalid(shape, field="value")
    rows = [{name: _short(row.get(name, "").strip()) for name in question.columns} for row in value]
    return _few([row for row in rows if any(row.values())]) or None


def _few(rows: list[Any]) -> list[Any]:
    if len(rows) > MOST_ROWS:
        raise Invalid(f"At most {MOST_ROWS} rows; these are {len(rows):,}.", field="value")
    return rows


_SHAPES = {"text": _text, "choice": _choice, "yes or no": _yes_or_no, "list": _list, "table": _table}


def in_words(value: Any) -> str:
    """An answer as lines of text, for comparing two versions and for a table cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return f"{value['answer'].capitalize()}. {value['why']}".strip()
    return "\n".join(row if isinstance(row, str) else " · ".join(f"{name}: {cell}" for name, cell in row.items() if cell) for row in value)
