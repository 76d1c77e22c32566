"""Entries of the register that don't agree with themselves: each rule in words and as a filter, which always agree."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest

from harms import actions, consistency, selectors
from harms.consistency import RULES, Known
from harms.enums import CandidateSource, HarmState
from harms.models import Harm
from raiportal import clocks
from tests.harms.deciding import Scene

NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
FINE: dict[str, Any] = {
    "state": HarmState.ASSESSED,
    "priority": 4,
    "inherent_score": 4,
    "inherent_frequency": 2,
    "created_at": NOW,
    "updated_at": NOW,
    "title": "Invented dose",
}
DAY = datetime.timedelta(days=1)
BROKEN: Mapping[str, dict[str, Any]] = {
    "residual-above-inherent": {"residual_score": 6},
    "observed-worse": {"observed_score": 6},
    "frequency-contradicted": {"measured_frequency": 4},
    "high-unowned": {"priority": 13, "treatment": "accept"},
    "high-untreated": {"priority": 13, "owner_id": 1},
    "treatment-late": {"state": HarmState.IN_TREATMENT, "treatment_due_on": (NOW - DAY).date()},
    "acceptance-ends": {"state": HarmState.ACCEPTED, "accepted_until": NOW + DAY},
    "resolved-again": {"state": HarmState.RESOLVED, "resolved_at": NOW - DAY},
    "dismissed": {},
    "review-late": {"review_on": (NOW - DAY).date()},
    "unassessed": {"state": HarmState.PROPOSED, "priority": 0, "created_at": NOW - 31 * DAY},
}
KNOWN = {"resolved-again": Known(NOW, newest_instance_at=NOW), "dismissed": Known(NOW, is_dismissed=True)}


@pytest.mark.parametrize("slug", [rule.slug for rule in RULES])
def test_each_rule_is_broken_by_its_case_alone(slug: str) -> None:
    found = consistency.flags_of(Harm(**{**FINE, **BROKEN[slug]}), KNOWN.get(slug, Known(NOW)))

    assert [rule.slug for rule, _ in found] == [slug]
    assert consistency.flags_of(Harm(**FINE), Known(NOW)) == []


def test_merged_harm_breaks_no_rule() -> None:
    assert consistency.flags_of(Harm(**{**FINE, "residual_score": 6, "merged_into_id": 1}), Known(NOW)) == []


@pytest.mark.parametrize(("score", "days"), [(25, 30), (16, 90), (12, 180), (4, 365)])
def test_harm_without_a_date_is_looked_at_again_by_its_score(score: int, days: int) -> None:
    fields = {**FINE, "priority": score, "owner_id": 1, "treatment": "accept"}
    assert consistency.flags_of(Harm(**{**fields, "updated_at": NOW - days * DAY}), Known(NOW)) == []
    found = consistency.flags_of(Harm(**{**fields, "updated_at": NOW - (days + 1) * DAY}), Known(NOW))
    assert [rule.slug for rule, _ in found] == ["review-late"]


@pytest.mark.django_db
def test_filters_find_just_what_the_sentences_say() -> None:
    scene, now = Scene(), clocks.now()
    moved = {name: value for name, value in _moved(now).items() if name not in {"resolved-again", "dismissed"}}
    for fields in moved.values():
        harm = scene.harm((2, 2), treatment="")
        Harm.objects.filter(pk=harm.pk).update(**fields)
    resolved = scene.harm((2, 2))
    actions.resolve_harm(harm_id=resolved.pk, reason="Gone.", actor=scene.owner)
    Harm.objects.filter(pk=resolved.pk).update(resolved_at=now - DAY)
    candidate = actions.add_candidate(system=scene.system, source=CandidateSource.PERSON, title="Again", actor=scene.owner)
    actions.link_candidate(candidate_id=candidate.pk, harm_id=resolved.pk, actor=scene.owner)
    actions.propose_from_library(system=scene.system, slug="invented-facts", actor=scene.owner)
    actions.dismiss_offer(system=scene.system, slug="invented-facts", reason="It only ranks.", actor=scene.owner)
    harms = list(Harm.objects.order_by("pk"))

    said = selectors.flags_of_many(harms, now)

    for rule in RULES:
        by_words = {pk for pk, flags in said.items() if rule.slug in {flag.slug for flag, _ in flags}}
        assert set(selectors.flagged(Harm.objects.all(), rule.slug).values_list("pk", flat=True)) == by_words
        assert by_words, rule.slug
        assert {one.slug: count for one, count in selectors.counts_by_rule(scene.system)}[rule.slug] == len(by_words)
    assert set(selectors.flagged(Harm.objects.all(), "any").values_list("pk", flat=True)) == {pk for pk, flags in said.items() if flags}


def _moved(now: datetime.datetime) -> dict[str, dict[str, Any]]:
    """The broken cases as rows can hold them, moved to this moment."""
    apart = now - NOW
    shifted = {slug: {name: _shifted(value, apart) for name, value in fields.items()} for slug, fields in BROKEN.items()}
    shifted["high-unowned"] = {"priority": 15, "severity": 5, "frequency": 3, "owner": None}
    shifted["high-untreated"] = {"priority": 15, "severity": 5, "frequency": 3}
    shifted["frequency-contradicted"] |= {"measured_severity": 2, "measured_score": 8}
    shifted["treatment-late"] |= {"treatment": "mitigate", "treatment_words": "A filter."}
    shifted["acceptance-ends"] |= {"state_before": "assessed"}
    shifted["unassessed"] |= {"severity": None, "frequency": None}
    return shifted


def _shifted(value: Any, apart: datetime.timedelta) -> Any:
    if isinstance(value, datetime.datetime):
        return value + apart
    return value + datetime.timedelta(days=apart.days) if isinstance(value, datetime.date) else value
