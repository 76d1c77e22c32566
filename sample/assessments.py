"""The impact assessments of the sample programme, filled in through the same actions as anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harms import actions
from harms.models import Assessment, HarmCategory, Impact
from raiportal.accounts.models import User
from systems.models import AISystem, IntendedUse, Stakeholder

EVERY_USE = "every use"


def add_assessment(described: Mapping[str, Any], system: AISystem) -> Assessment:
    """One version with everything that is said; closed if the sample says so."""
    actor = system.owner or system.created_by
    assessment = actions.start_assessment(system=system, actor=actor)
    uses = {use.title: use for use in IntendedUse.objects.filter(system=system, is_supported=True)}
    groups = {group.name: group for group in Stakeholder.objects.filter(system=system)}
    _answer(assessment, described["answers"], actor)
    for title, use in uses.items():
        said = described.get("uses", {})
        _answer(assessment, {**said.get(EVERY_USE, {}), **said.get(title, {})}, actor, use_id=use.pk)
    for name, answers in described.get("stakeholders", {}).items():
        _answer(assessment, answers, actor, stakeholder_id=groups[name].pk)
    for entry in described.get("impacts", ()):
        _add_impact(entry, assessment, uses, groups, actor)
    return actions.close_assessment(assessment_id=assessment.pk, actor=actor) if described.get("is_closed") else assessment


def _answer(assessment: Assessment, answers: Mapping[str, Any], actor: User, **where: int) -> None:
    for question, value in answers.items():
        actions.answer_question(assessment_id=assessment.pk, question=question, value=value, actor=actor, **where)


def _add_impact(entry: Mapping[str, Any], assessment: Assessment, uses: Mapping[str, IntendedUse], groups: Mapping[str, Stakeholder], actor: User) -> Impact:
    impact = actions.add_impact(
        assessment_id=assessment.pk,
        use=uses[entry["use"]],
        stakeholder=groups[entry["stakeholder"]],
        benefit=entry["benefit"],
        potential_harm=entry["potential_harm"],
        actor=actor,
    )
    if "becomes" in entry:
        category = HarmCategory.objects.get(slug=entry["becomes"]["category"])
        actions.propose_from_impact(impact_id=impact.pk, title=entry["becomes"]["title"], category=category, actor=actor)
    return impact
