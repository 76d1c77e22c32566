"""What the pages of an impact assessment show: its sections, each question with its places, and what was sent for one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from harms import assessing, selectors
from harms.assessing import SECTIONS, Place, Question
from harms.enums import AssessmentState
from harms.models import Answer, Assessment

SPARE_ROWS = 2  # empty ones below the rows of a table
LEAST_LINES = {"text": 3, "list": 4}


@dataclass(frozen=True)
class Section:
    """One tab of the form; `missing` counts needed answers, None when there are none."""

    number: int
    title: str
    missing: int | None
    url: str

    @property
    def label(self) -> str:
        return f"{self.number} {self.title}"


@dataclass(frozen=True)
class Cell:
    name: str
    label: str
    value: str


@dataclass(frozen=True)
class Field:
    """One question in one place, as it is filled in or read. `key` is unique on the page and made of plain characters."""

    place: Place
    where: str
    answer: Answer | None
    is_needed: bool

    @property
    def key(self) -> str:
        return key_of(self.place)

    @property
    def question(self) -> Question:
        return self.place.question

    @property
    def shape(self) -> str:
        return self.question.answer.replace(" ", "_")

    @property
    def is_missing(self) -> bool:
        return self.is_needed and self.answer is None

    @property
    def revision(self) -> int:
        return self.answer.revision if self.answer else 0

    @property
    def text(self) -> str:
        """The answer as a text to be edited: a list has one entry a line."""
        value = self.answer.value if self.answer else ""
        return "\n".join(value) if isinstance(value, list) else str(value or "")

    @property
    def words(self) -> str:
        return assessing.in_words(self.answer.value if self.answer else None)

    @property
    def said(self) -> dict[str, str]:
        """Yes or no, and why."""
        return self.answer.value if self.answer else {}

    @property
    def lines(self) -> int:
        return max(LEAST_LINES.get(self.question.answer, 3), min(14, self.text.count("\n") + len(self.text) // 90 + 1))

    @property
    def rows(self) -> list[list[Cell]]:
        """The rows of a table, with empty ones to fill in."""
        held: Sequence[dict[str, str]] = self.answer.value if self.answer else []
        padded = [*held, *[{}] * SPARE_ROWS]
        return [
            [Cell(f"r{number}-{column}", f"{name}, row {number + 1}", row.get(name, "")) for column, name in enumerate(self.question.columns)]
            for number, row in enumerate(padded)
        ]


def key_of(place: Place) -> str:
    return f"{place.question.slug}-{place.use_id or 0}-{place.stakeholder_id or 0}"


@dataclass(frozen=True)
class Block:
    """One question with all the places where it is asked. `known` are lines that the portal knew by itself."""

    question: Question
    fields: Sequence[Field]
    known: Sequence[str] = ()

    @property
    def is_impacts(self) -> bool:
        return self.question.slug == assessing.IMPACTS


def sections(assessment: Assessment, form: selectors.Form, standing: selectors.Standing) -> list[Section]:
    numbers = sorted({question.section for question in form.questions})
    here = reverse("assessment", args=[assessment.pk])
    missing = standing.missing_by_section if assessment.state == AssessmentState.WRITING else {}
    return [Section(number, SECTIONS.get(number, f"Section {number}"), missing.get(number), f"{here}?section={number}") for number in numbers]


def blocks(assessment: Assessment, form: selectors.Form, standing: selectors.Standing, number: int) -> list[Block]:
    """The questions of one section in the form's order."""
    answers = selectors.answers_of(assessment)
    placed: dict[str, list[Field]] = {}
    for place in form.places:
        needed = assessing.is_needed(place, standing.sensitive)
        placed.setdefault(place.question.slug, []).append(Field(place, form.where(place), answers.get(place.key), needed))
    asked = [question for question in form.questions if question.section == number]
    return [Block(question, placed.get(question.slug, []), form.known.get(question.slug, [])) for question in asked]


def one_field(assessment: Assessment, form: selectors.Form, standing: selectors.Standing, place: Place) -> Field:
    held = selectors.answers_of(assessment).get(place.key)
    return Field(place, form.where(place), held, assessing.is_needed(place, standing.sensitive))


def sent_value(question: Question, data: QueryDict) -> Any:
    """What the form of one question sent, in the shape of its answer."""
    if question.answer == "list":
        return data.get("value", "").splitlines()
    if question.answer == "yes or no":
        return {"answer": data.get("value", ""), "why": data.get("why", "")}
    if question.answer == "table":
        return _sent_rows(question, data)
    return data.get("value", "")


def _sent_rows(question: Question, data: QueryDict) -> list[dict[str, str]]:
    numbers = range(assessing.MOST_ROWS + SPARE_ROWS + 1)
    return [{name: data.get(f"r{number}-{column}", "") for column, name in enumerate(question.columns)} for number in numbers if f"r{number}-0" in data]
