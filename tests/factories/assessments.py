"""Impact assessments, as far filled in as a test needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harms import actions, assessing, selectors
from harms.assessing import Place
from harms.models import Assessment
from raiportal.accounts.models import User
from systems.models import AISystem, IntendedUse, Stakeholder


def plain(place: Place) -> str:
    return f"About {place.question.slug}."


def value_for(place: Place, words: Callable[[Place], str] = plain) -> Any:
    """An answer that fits the question; a trigger gets a no."""
    question, said = place.question, words(place)
    shapes: dict[str, Any] = {
        "text": said,
        "list": [said],
        "choice": question.choices[0] if question.choices else "",
        "yes or no": {"answer": "no", "why": said},
        "table": [dict.fromkeys(question.columns, said)],
    }
    return shapes[question.answer]


def answer_needed(assessment: Assessment, actor: User, words: Callable[[Place], str] = plain) -> None:
    """Everything without which the assessment can't be closed, impacts too."""
    form = selectors.form_of(assessment)
    for place in form.places:
        if assessing.is_needed(place, selectors.standing_of(assessment, form).sensitive):
            actions.answer_question(
                assessment_id=assessment.pk,
                question=place.question.slug,
                use_id=place.use_id,
                stakeholder_id=place.stakeholder_id,
                value=value_for(place, words),
                actor=actor,
            )
    for use in IntendedUse.objects.filter(system=assessment.system, archived_at=None, is_supported=True):
        group = Stakeholder.objects.filter(system=assessment.system, archived_at=None).order_by("number")[0]
        said = words(Place(assessing.question_of("impact", "Impact", {"section": 2, "asked": "once", "question": "", "answer": "text"})))
        actions.add_impact(assessment_id=assessment.pk, use=use, stakeholder=group, benefit=said, potential_harm=said, actor=actor)


def make_assessment(system: AISystem, actor: User, *, is_complete: bool = False) -> Assessment:
    assessment = actions.start_assessment(system=system, actor=actor)
    if is_complete:
        answer_needed(assessment, actor)
    return assessment
