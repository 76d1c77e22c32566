"""Writing impact assessments: versions, answers, what groups gain or suffer, and closing."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max

from harms import assessing, policies, selectors
from harms.actions.register import propose_harm
from harms.assessing import Place
from harms.enums import AssessmentState, Origin
from harms.errors import AnswerChanged
from harms.models import Answer, Assessment, Harm, HarmCategory, Impact
from harms.workflow import ASSESSMENT
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Conflict, Invalid, Missing
from systems.models import AISystem, IntendedUse, Stakeholder

NOT_ASKED = "The form asks no such question there."
NOT_A_PLACE = "Choose one of this system that is not archived."
SAYS_NOTHING = "Say what they may gain, or what it may do to them."


@transaction.atomic
def start_assessment(*, system: AISystem, actor: User) -> Assessment:
    """Begin a version of the system's impact assessment, with everything that the last closed one says. Raises Conflict while one is being written."""
    locked: AISystem = AISystem.objects.lock(system.pk)
    policies.may_propose_harm(actor, locked).require()
    writing = Assessment.objects.filter(system=locked, state=AssessmentState.WRITING).first()
    if writing is not None:
        raise Conflict(f"{writing} is being written already: go on with that one.")
    number = (Assessment.objects.filter(system=locked).aggregate(last=Max("number"))["last"] or 0) + 1
    base = selectors.newest_closed(locked)
    started = Assessment.objects.create(system=locked, number=number, based_on=base, created_by=actor)
    if base is not None:
        _carry_over(base, started)
    ledger.record("harms.assessment_started", subject=started, actor=actor, version=number, based_on=base.number if base else None)
    return started


def _carry_over(base: Assessment, started: Assessment) -> None:
    """The answers of the version before, where what they are about is still there. Who said them is still named."""
    uses = set(IntendedUse.objects.filter(system=started.system, archived_at=None).values_list("pk", flat=True)) | {None}
    groups = set(Stakeholder.objects.filter(system=started.system, archived_at=None).values_list("pk", flat=True)) | {None}
    kept = ("question", "intended_use_id", "stakeholder_id", "value", "answered_at", "answered_by_id")
    answers = Answer.objects.filter(assessment=base).order_by("pk").values(*kept)
    Answer.objects.bulk_create(Answer(assessment=started, **row) for row in answers if row["intended_use_id"] in uses and row["stakeholder_id"] in groups)
    said = ("intended_use_id", "stakeholder_id", "benefit", "potential_harm", "harm_id", "created_by_id")
    impacts = Impact.objects.filter(assessment=base).order_by("pk").values(*said)
    Impact.objects.bulk_create(Impact(assessment=started, **row) for row in impacts if row["intended_use_id"] in uses and row["stakeholder_id"] in groups)


@transaction.atomic
def answer_question(
    *, assessment_id: int, question: str, value: Any, use_id: int | None = None, stakeholder_id: int | None = None, seen: int | None = None, actor: User
) -> Answer | None:
    """Keep one answer; an empty one takes it away. `seen` is the revision that the writer had before them (0: none); without it theirs counts.

    Raises Invalid for what doesn't fit the question, AnswerChanged when somebody else was faster.
    """
    assessment = _being_written(assessment_id, actor)
    place = _place(assessment, question, use_id, stakeholder_id)
    fitted = assessing.fitting(place.question, value)
    where = {"assessment": assessment, "question": question, "intended_use_id": use_id, "stakeholder_id": stakeholder_id}
    held = Answer.objects.filter(**where).select_related("answered_by").first()
    if held is not None and held.value == fitted:
        return held
    if seen is not None and seen != (held.revision if held else 0) and held is not None:
        raise AnswerChanged(held)
    said = _written(assessment, where, held, fitted, actor)
    before = held.value if held else None
    _note(assessment, "harms.assessment_answered", place, before, fitted, actor)
    return said


def _written(assessment: Assessment, where: dict[str, Any], held: Answer | None, fitted: Any, actor: User) -> Answer | None:
    if fitted is None:
        Answer.objects.filter(**where).delete()
        return None
    if held is None:
        return Answer.objects.create(**where, value=fitted, answered_by=actor)
    Answer.objects.filter(pk=held.pk).update(value=fitted, revision=held.revision + 1, answered_at=clocks.now(), answered_by=actor)
    return Answer.objects.select_related("answered_by").get(pk=held.pk)


def _note(assessment: Assessment, action: str, place: Place, before: Any, after: Any, actor: User) -> None:
    changes = {place.question.title: [assessing.in_words(before), assessing.in_words(after)]}
    ledger.record(
        action, subject=assessment, actor=actor, changes=changes, question=place.question.slug, intended_use=place.use_id, stakeholder=place.stakeholder_id
    )


def _place(assessment: Assessment, slug: str, use_id: int | None, stakeholder_id: int | None) -> Place:
    """Where the question is asked. Raises Invalid where it isn't."""
    wanted = (slug, use_id, stakeholder_id)
    for place in selectors.form_of(assessment).places:
        if place.key == wanted:
            return place
    raise Invalid(NOT_ASKED, field="question")


def _being_written(assessment_id: int, actor: User) -> Assessment:
    assessment: Assessment = Assessment.objects.lock(assessment_id)
    policies.may_write_assessment(actor, assessment).require()
    ASSESSMENT.require_state(assessment, AssessmentState.WRITING)
    return assessment


@transaction.atomic
def add_impact(*, assessment_id: int, use: IntendedUse, stakeholder: Stakeholder, benefit: str = "", potential_harm: str = "", actor: User) -> Impact:
    """Say what a group may gain from a use and what it may do to them."""
    assessment = _being_written(assessment_id, actor)
    _require_of(assessment, use, "use")
    _require_of(assessment, stakeholder, "stakeholder")
    words: dict[str, Any] = _words(benefit, potential_harm)
    impact = Impact(assessment=assessment, intended_use=use, stakeholder=stakeholder, created_by=actor, **words)
    require_clean(impact)
    impact.save(force_insert=True)
    ledger.record("harms.impact_added", subject=impact, actor=actor, use=use.code, stakeholder=stakeholder.code, **words)
    return impact


@transaction.atomic
def edit_impact(*, impact_id: int, benefit: str, potential_harm: str, actor: User) -> Impact:
    """Change the words of one row."""
    impact = _impact(impact_id, actor)
    require_clean(Impact(**_words(benefit, potential_harm)))
    ledger.apply_changes(impact, actor=actor, action="harms.impact_changed", **_words(benefit, potential_harm))
    return impact


@transaction.atomic
def remove_impact(*, impact_id: int, actor: User) -> None:
    """Take a row away from an assessment that is being written; the ledger keeps its words."""
    impact = _impact(impact_id, actor)
    ledger.record("harms.impact_removed", subject=impact, actor=actor, benefit=impact.benefit, potential_harm=impact.potential_harm)
    impact.delete()


def _impact(impact_id: int, actor: User) -> Impact:
    found = Impact.objects.filter(pk=impact_id).values_list("assessment_id", flat=True).first()
    if found is None:
        raise Missing("This row is gone.")
    _being_written(found, actor)
    impact: Impact | None = Impact.objects.filter(pk=impact_id).select_related("assessment").first()
    if impact is None:
        raise Missing("This row is gone.")
    return impact


@transaction.atomic
def propose_from_impact(*, impact_id: int, title: str, category: HarmCategory, origin: str = Origin.SCENARIO, actor: User) -> Harm:
    """Make a harm of what a use may do to a group; also of a closed assessment's. Raises Conflict where that was done already."""
    found = Impact.objects.filter(pk=impact_id).values_list("assessment_id", flat=True).first()
    if found is None:
        raise Missing("This row is gone.")
    assessment: Assessment = Assessment.objects.lock(found)
    policies.may_write_assessment(actor, assessment).require()
    impact = Impact.objects.select_related("intended_use", "stakeholder", "harm").get(pk=impact_id)
    if impact.harm is not None:
        raise Conflict(f"{impact.harm.code} came from this row already.")
    if not impact.potential_harm:
        raise Invalid("This row says nothing about harm.", field="title")
    description = f"{impact.potential_harm}\n\nWhom it hurts: {impact.stakeholder.name}"
    harm = propose_harm(
        system=assessment.system, title=title, description=description, category=category, origin=origin, uses=[impact.intended_use], actor=actor
    )
    ledger.apply_changes(impact, actor=actor, action="harms.impact_became_harm", harm=harm)
    return harm


@transaction.atomic
def close_assessment(*, assessment_id: int, actor: User) -> Assessment:
    """Freeze a complete assessment with the questions as they were asked and what the portal knew. Raises Unmet with everything that is missing."""
    assessment: Assessment = Assessment.objects.lock(assessment_id)
    form = selectors.form_of(assessment).frozen() if assessment.state == AssessmentState.WRITING else None
    closed: Assessment = ASSESSMENT.advance(assessment, "close", actor=actor, form=form, closed_at=clocks.now(), closed_by=actor)
    return closed


@transaction.atomic
def discard_assessment(*, assessment_id: int, reason: str, actor: User) -> Assessment:
    """Give up a version that is being written. What it says is kept and counts no more."""
    said = require_text(reason, field="reason", sentence="Say why.")
    discarded: Assessment = ASSESSMENT.advance(Assessment.objects.lock(assessment_id), "discard", actor=actor, note=said)
    return discarded


def _require_of(assessment: Assessment, row: IntendedUse | Stakeholder, field: str) -> None:
    if row.system_id != assessment.system_id or row.archived_at is not None:
        raise Invalid(NOT_A_PLACE, field=field)


def _words(benefit: str, potential_harm: str) -> dict[str, str]:
    words = {"benefit": benefit.strip(), "potential_harm": potential_harm.strip()}
    if not any(words.values()):
        raise Invalid(SAYS_NOTHING, field="potential_harm")
    return words
