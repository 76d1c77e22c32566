"""Impact assessments as pages, exports and rules read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import QuerySet

from harms import assessing
from harms.assessing import Place, Question
from harms.enums import AssessmentState
from harms.models import Answer, Assessment, Harm, Impact
from raiportal.audit.models import Entry
from raiportal.catalogues import selectors as catalogues
from systems.models import AISystem, IntendedUse, Stakeholder

FORM = "impact-assessment"
MOST_HARMS = 200  # of a register, shown in the summary, worst first


def newest_of_each(systems: Iterable[AISystem]) -> dict[int, tuple[Assessment | None, Assessment | None]]:
    """By system the newest closed version and the one that is being written; one query."""
    found: dict[int, tuple[Assessment | None, Assessment | None]] = {}
    rows = Assessment.objects.filter(system__in=[system.pk for system in systems]).exclude(state=AssessmentState.DISCARDED).defer("form")
    for row in rows.order_by("system", "state", "-number").distinct("system", "state"):
        closed, writing = found.get(row.system_id, (None, None))
        found[row.system_id] = (row, writing) if row.state == AssessmentState.CLOSED else (closed, row)
    return found


@dataclass(frozen=True)
class Named:
    """A use or a stakeholder as the form knew it."""

    id: int
    code: str
    title: str

    @property
    def label(self) -> str:
        return f"{self.code} {self.title}"


@dataclass(frozen=True)
class Form:
    """What is asked in one assessment, of which uses and stakeholders, and what the portal knew by itself (lines by question)."""

    questions: Sequence[Question]
    uses: Sequence[Named]
    stakeholders: Sequence[Named]
    known: dict[str, list[str]]

    @property
    def places(self) -> list[Place]:
        return assessing.places(self.questions, [use.id for use in self.uses], [group.id for group in self.stakeholders])

    def frozen(self) -> dict[str, Any]:
        return {
            "questions": [question.frozen() for question in self.questions],
            "uses": [asdict(use) for use in self.uses],
            "stakeholders": [asdict(group) for group in self.stakeholders],
            "known": self.known,
        }

    def where(self, place: Place) -> str:
        """The use or the stakeholder that a place is about, or nothing."""
        named = {("use", use.id): use.label for use in self.uses} | {("group", group.id): group.label for group in self.stakeholders}
        return named.get(("use", place.use_id or 0), "") or named.get(("group", place.stakeholder_id or 0), "")


def assessments_of(system: AISystem) -> QuerySet[Assessment]:
    return Assessment.objects.filter(system=system).select_related("created_by", "closed_by", "based_on").order_by("-number")


def newest_closed(system: AISystem) -> Assessment | None:
    return Assessment.objects.filter(system=system, state=AssessmentState.CLOSED).order_by("-number").first()


def form_of(assessment: Assessment) -> Form:
    """The form as it stands now, or as it was frozen when the assessment was closed."""
    if assessment.form is not None:
        kept = assessment.form
        return Form(
            [assessing.question_of(body["slug"], body["title"], body) for body in kept["questions"]],
            [Named(**use) for use in kept["uses"]],
            [Named(**group) for group in kept["stakeholders"]],
            kept["known"],
        )
    system = assessment.system
    questions = [assessing.question_of(entry.slug, entry.title, entry.body) for entry in catalogues.entries(FORM)]
    uses = IntendedUse.objects.filter(system=system, archived_at=None, is_supported=True).order_by("number")
    groups = Stakeholder.objects.filter(system=system, archived_at=None).order_by("number")
    known = {question.slug: _KNOWN[question.taken_from](assessment) for question in questions if question.taken_from}
    return Form(questions, [Named(use.pk, use.code, use.title) for use in uses], [Named(group.pk, group.code, group.name) for group in groups], known)


def _history(assessment: Assessment) -> list[str]:
    """Who wrote on it, as the ledger has it."""
    about = Entry.objects.about("harms.assessment", assessment.pk).exclude(actor=None)
    names = about.order_by("actor__name").values_list("actor__name", flat=True).distinct()
    return [f"Written by {name}" for name in names]


def _places(assessment: Assessment) -> list[str]:
    system, lines = assessment.system, []
    for label, slugs, catalogue, other in (
        ("Jurisdictions", system.jurisdictions, "jurisdictions", system.other_places),
        ("Regions", system.regions, "regions", ""),
        ("Languages", system.languages, "languages", system.other_languages),
    ):
        titles = catalogues.titles(catalogue) if slugs else {}
        named = [titles.get(slug, slug) for slug in slugs] + ([other] if other else [])
        lines += [f"{label}: {', '.join(named)}"] if named else []
    return lines


def _uses(is_supported: bool) -> Callable[[Assessment], list[str]]:
    def lines(assessment: Assessment) -> list[str]:
        held = IntendedUse.objects.filter(system=assessment.system, archived_at=None, is_supported=is_supported).order_by("number")
        return [f"{use.code} {use.title}{': ' + use.description if use.description else ''}" for use in held]

    return lines


def _register(assessment: Assessment) -> list[str]:
    worst = Harm.objects.on_register().filter(system=assessment.system).order_by("-priority", "-pk")[:MOST_HARMS]
    return [f"{harm.code} {harm.title} ({harm.get_state_display().lower()}{f', score {harm.priority}' if harm.priority else ''})" for harm in worst]


_KNOWN: dict[str, Callable[[Assessment], list[str]]] = {
    "history": _history,
    "purpose": lambda assessment: [assessment.system.purpose] if assessment.system.purpose else [],
    "places": _places,
    "intended uses": _uses(True),
    "unfit uses": _uses(False),
    "register": _register,
    "sign-offs": lambda assessment: [],
}


def answers_of(assessment: Assessment) -> dict[tuple[str, int | None, int | None], Answer]:
    rows = Answer.objects.filter(assessment=assessment).select_related("answered_by").order_by("pk")
    return {(row.question, row.intended_use_id, row.stakeholder_id): row for row in rows}


def impacts_of(assessment: Assessment) -> QuerySet[Impact]:
    rows = Impact.objects.filter(assessment=assessment).select_related("intended_use", "stakeholder", "harm")
    return rows.order_by("intended_use__number", "stakeholder__number", "pk")


@dataclass(frozen=True)
class Standing:
    """How far an assessment is: what is answered of what is needed, what is missing in words, and which uses are sensitive and why."""

    needed: int
    missing: list[str]
    missing_by_section: dict[int, int]
    sensitive: dict[int, list[str]]  # use id -> titles of the triggers

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def is_sensitive(self) -> bool:
        return bool(self.sensitive)


def standing_of(assessment: Assessment, form: Form | None = None) -> Standing:
    form = form or form_of(assessment)
    values = {key: row.value for key, row in answers_of(assessment).items()}
    triggers = assessing.triggers_of(form.questions, values)
    asked = form.places
    missing = assessing.unanswered(asked, values, triggers)
    words = [f"{place.question.title}{' in ' + form.where(place) if form.where(place) else ''}" for place in missing]
    sections = [place.question.section for place in missing]
    needed = sum(assessing.is_needed(place, triggers) for place in asked)
    impacts = next((question for question in form.questions if question.slug == assessing.IMPACTS), None)
    if impacts is not None:
        said = set(Impact.objects.filter(assessment=assessment).values_list("intended_use", flat=True))
        without = [use for use in form.uses if use.id not in said]
        words += [f"{impacts.title} in {use.label}" for use in without]
        sections += [impacts.section] * len(without)
        needed += len(form.uses)
    if not form.uses:
        words.insert(0, "An intended use: add the first one")
        sections.append(1)
        needed += 1
    sensitive = {use_id: [question.title for question in yes] for use_id, yes in triggers.items()}
    return Standing(needed, words, {number: sections.count(number) for number in set(sections)}, sensitive)


@dataclass(frozen=True)
class Changed:
    """One answer that differs between two versions."""

    section: int
    title: str
    where: str
    before: str
    after: str


def differences(before: Assessment, after: Assessment) -> list[Changed]:
    """What changed from one version to another: answers, what groups gain or suffer, and what the portal knew; in the form's order."""
    old, new = form_of(before), form_of(after)
    old_said, new_said = _said(before, old), _said(after, new)
    found = []
    for key in [*new_said, *(key for key in old_said if key not in new_said)]:
        section, title, where, said = new_said.get(key) or (*old_said[key][:3], "")
        earlier = old_said[key][3] if key in old_said else ""
        if earlier != said:
            found.append(Changed(section, title, where, earlier, said))
    return sorted(found, key=lambda change: change.section)


def _said(assessment: Assessment, form: Form) -> dict[Any, tuple[int, str, str, str]]:
    """Everything that an assessment says, as (section, title, where, words), by a key that holds over versions."""
    answers = answers_of(assessment)
    said: dict[Any, tuple[int, str, str, str]] = {}
    for question in form.questions:
        if question.taken_from:
            said[question.slug] = (question.section, question.title, "", "\n".join(form.known.get(question.slug, [])))
    for place in form.places:
        row = answers.get(place.key)
        said[place.key] = (place.question.section, place.question.title, form.where(place), assessing.in_words(row.value if row else None))
    for impact in impacts_of(assessment):
        key = (assessing.IMPACTS, impact.intended_use_id, impact.stakeholder_id)
        lines = said.get(key, (2, "Stakeholders", f"{impact.intended_use.code}, {impact.stakeholder.name}", ""))
        more = "\n".join(
            part
            for part in (f"Gains: {impact.benefit}" if impact.benefit else "", f"May suffer: {impact.potential_harm}" if impact.potential_harm else "")
            if part
        )
        said[key] = (*lines[:3], f"{lines[3]}\n{more}".strip())
    return {key: line for key, line in said.items() if line[3]}


@dataclass(frozen=True)
class Across:
    """One question with its answer in each use, side by side."""

    question: Question
    cells: list[str]


def side_by_side(assessment: Assessment, form: Form) -> list[Across]:
    """What is asked in each use, one row a question and one cell a use."""
    answers = answers_of(assessment)
    rows = []
    for question in form.questions:
        if question.asked == assessing.PER_USE and question.is_answered_by_hand:
            found = [answers.get((question.slug, use.id, None)) for use in form.uses]
            rows.append(Across(question, [assessing.in_words(row.value if row else None) for row in found]))
    return rows


def snapshots(assessments: Sequence[Assessment]) -> dict[int, dict[str, Any]]:
    """By id what is signed of closed assessments: the form as it was frozen with all answers and impacts, in plain values."""
    held: dict[int, dict[str, Any]] = {row.pk: {"version": row.number, "form": row.form, "answers": [], "impacts": []} for row in assessments}
    for answer in Answer.objects.filter(assessment__in=held).order_by("question", "intended_use", "stakeholder"):
        said = {"question": answer.question, "intended_use": answer.intended_use_id, "stakeholder": answer.stakeholder_id, "value": answer.value}
        held[answer.assessment_id]["answers"].append(said)
    for impact in Impact.objects.filter(assessment__in=held).order_by("pk"):
        about = {"intended_use": impact.intended_use_id, "stakeholder": impact.stakeholder_id}
        held[impact.assessment_id]["impacts"].append({**about, "benefit": impact.benefit, "potential_harm": impact.potential_harm})
    return held


def authors_of(assessments: Sequence[Assessment]) -> dict[int, set[int]]:
    """By the id of each version everybody whose words are in it, also those that an earlier version brought along."""
    found: dict[int, set[int]] = {assessment.pk: set() for assessment in assessments}
    answered = Answer.objects.filter(assessment__in=found).values_list("assessment_id", "answered_by_id").distinct()
    for assessment_id, user_id in (*answered, *Impact.objects.filter(assessment__in=found).values_list("assessment_id", "created_by_id").distinct()):
        found[assessment_id].add(user_id)
    return found
