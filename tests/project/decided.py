"""What was decided about harms of one system: objects behind the doors of the register's decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harms import actions
from harms.enums import CandidateSource
from harms.models import HarmCategory
from raiportal.accounts.models import User
from systems.models import AISystem

DISMISSED = "invented-facts"  # an entry of the library


def decided(system: AISystem, owner: User, words: Callable[[str], str]) -> dict[str, Any]:
    """A baseline, a candidate that waits and one that was dismissed, a dismissed entry of the library, and a resolved harm."""
    add = {"system": system, "source": CandidateSource.PERSON, "actor": owner}
    waiting = actions.add_candidate(title=words("first candidate")[:160], summary=words("what was seen"), **add)
    other = actions.add_candidate(title=words("second candidate")[:160], summary=words("what was seen"), subject=system, **add)
    category = HarmCategory.objects.order_by("position").first()
    resolved = actions.propose_harm(system=system, title=words("resolved harm title")[:160], category=category, origin="model", owner=owner, actor=owner)
    actions.assess_harm(harm_id=resolved.pk, severity=2, frequency=2, rationale=words("rationale"), actor=owner)
    actions.set_treatment(harm_id=resolved.pk, treatment="mitigate", words=words("treatment"), owner=owner, actor=owner)
    return {
        "candidate": waiting,
        "dismissed_candidate": actions.dismiss_candidate(candidate_id=other.pk, reason=words("reason for dismissing"), actor=owner),
        "dismissal": actions.dismiss_offer(system=system, slug=DISMISSED, reason=words("reason for dismissing an entry"), actor=owner),
        "resolved_harm": actions.resolve_harm(harm_id=resolved.pk, reason=words("reason for resolving"), actor=owner),
        "baseline": actions.make_baseline(system=system, title=words("baseline title")[:160], reason=words("reason for a baseline"), actor=owner),
    }
