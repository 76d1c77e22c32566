"""What must hold of rating rounds, ratings and what was agreed."""

from __future__ import annotations

from collections.abc import Sequence

from harms.enums import RoundState
from harms.models import RatingRound
from harms.workflow import ROUND
from raiportal.integrity.histories import follows, is_recorded
from raiportal.integrity.invariants import Invariant, found_by
from raiportal.integrity.kernel import are_final

FINAL_TABLES = ("rating_round_harm", "rating_consensus", "scale_change", "scale_change_move")
_APART = """
select 'Harm ' || h.id, 'round ' || r.id from rating_round_harm p join rating_round r on r.id = p.round_id join harm h on h.id = p.harm_id
    where h.system_id <> r.system_id
union all
select 'Rating ' || g.id, 'round ' || p.round_id from rating g join rating_round_harm p on p.id = g.round_harm_id join rater t on t.id = g.rater_id
    where t.round_id <> p.round_id
union all
select 'Consensus ' || c.id, 'risk point ' || k.id from rating_consensus c join rating_round_harm p on p.id = c.round_harm_id
    join risk_point k on k.id = c.point_id where k.harm_id <> p.harm_id or k.severity <> c.severity or k.frequency <> c.frequency or k.kind <> 'inherent'
"""
_AFTER_THE_CLOSE = """
select g.id, r.id from rating g join rating_round_harm p on p.id = g.round_harm_id join rating_round r on r.id = p.round_id
    where r.closed_at is not null and g.updated_at > r.closed_at + interval '1 minute'
"""

INVARIANTS: Sequence[Invariant] = (
    Invariant("INV-08 of rating rounds", "What was agreed, and scores carried over, stay as they were written", are_final(*FINAL_TABLES)),
    Invariant("INV-15 of ratings", "Nothing is rated after its round was closed", found_by(_AFTER_THE_CLOSE, "Rating {0} came after round {1} was closed.")),
    Invariant("INV-16 of ratings", "Harms, ratings and what was agreed belong to their round", found_by(_APART, "{0} doesn't belong to {1}.")),
    Invariant("INV-18 of rating rounds", "Every rating round stands in the ledger as it is", is_recorded(RatingRound)),
    Invariant("INV-20 of rating rounds", "Rating rounds took allowed moves alone", follows(ROUND, RatingRound, begins=(RoundState.OPEN,))),
)
