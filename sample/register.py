"""What the sample programme decided about its harms: one accepted with an end, one merged, known harms dismissed, candidates, and two baselines."""

from __future__ import annotations

import datetime
from typing import Any

from harms import actions, selectors
from harms.enums import CandidateSource, Origin
from harms.models import Harm, HarmCategory
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.signoffs import actions as sign_offs
from systems.models import AISystem

DISMISSED = 2  # known harms of each system
TREATED_IN_DAYS = 45


def decide(system: AISystem, manager: User) -> None:
    """Between two baselines: a treatment, a review, an acceptance and a merge."""
    owner = system.owner or system.created_by
    actions.make_baseline(system=system, title="Before the first decisions", reason="Every harm as the assessment left it.", actor=owner)
    worst = selectors.harms_of(system).first()
    if worst is not None:
        _treat(worst, owner)
    for offer in selectors.known_harms(system)[-DISMISSED:]:
        reason = "Looked at with the team: nothing in this system leads to it."
        actions.dismiss_offer(system=system, slug=offer.entry.slug, model_name=offer.model_name, reason=reason, actor=owner)
    kept = _add("Wording sounds surer than its source", system, owner, (2, 2))
    again = _add("Doubts in the source are left out of the wording", system, owner, (2, 3))
    actions.merge_harms(harm_id=again.pk, into_id=kept.pk, reason="Both say that doubts get lost. One harm, looked at once.", actor=owner)
    if owner != manager:
        _accept(kept, owner, manager)
    _collect(system, kept, owner)
    actions.make_baseline(system=system, title="After the first decisions", reason="What the register's next report is compared with.", actor=owner)


def _treat(worst: Harm, owner: User) -> None:
    due_on = clocks.now().date() + datetime.timedelta(days=TREATED_IN_DAYS)
    words = "Answers are checked against their source before anybody sees them."
    actions.set_treatment(harm_id=worst.pk, treatment="mitigate", words=words, owner=owner, due_on=due_on, actor=owner)
    actions.record_review(harm_id=worst.pk, note="Ten answers of the last week were read; nothing new.", actor=owner)


def _add(title: str, system: AISystem, owner: User, levels: tuple[int, int]) -> Harm:
    category = HarmCategory.objects.get(slug="confabulation")
    harm = actions.propose_harm(system=system, title=title, category=category, origin=Origin.MODEL, owner=owner, actor=owner)
    severity, frequency = levels
    actions.assess_harm(harm_id=harm.pk, severity=severity, frequency=frequency, rationale="Seen in a handful of readings.", actor=owner)
    return harm


def _accept(harm: Harm, owner: User, manager: User) -> None:
    actions.set_treatment(harm_id=harm.pk, treatment="accept", words="Readers know the source and check it. More would cost more than it spares.", actor=owner)
    request = sign_offs.request_sign_off(kind="harms.acceptance", subject_id=harm.pk, message="What remains is small, and we bear it.", actor=owner)
    reason = "The readings support the levels, and the end is near enough to look again."
    sign_offs.sign(request_id=request.pk, role="risk_manager", verdict="approve", reason=reason, seen=request.digest, actor=manager)


def _collect(system: AISystem, known: Harm, owner: User) -> None:
    """Three candidates: one belongs to a known harm, one was none, one waits."""
    said: dict[str, Any] = {"system": system, "source": CandidateSource.PERSON, "actor": owner}
    linked, dismissed, _ = (
        actions.add_candidate(title=title, summary=summary, **said)
        for title, summary in (
            ("“Certainly” where the source said “perhaps”", "Noticed while reading answers of Tuesday."),
            ("An answer came in capitals", "A colleague thought it shouted."),
            ("The answer named a colleague", "The name stood in the source. Should it be in the answer?"),
        )
    )
    actions.link_candidate(candidate_id=linked.pk, harm_id=known.pk, reason="The same loss of doubt.", actor=owner)
    actions.dismiss_candidate(candidate_id=dismissed.pk, reason="The question was in capitals too.", actor=owner)
