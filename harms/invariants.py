"""What must hold of harms and their scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harms.actions import digest_of
from harms.enums import CandidateState, HarmState
from harms.models import Baseline, Candidate, Harm
from harms.workflow import CANDIDATE, HARM
from raiportal.integrity.histories import follows, is_recorded
from raiportal.integrity.invariants import Invariant, found_by
from raiportal.integrity.kernel import are_final

FINAL_TABLES = ("risk_scale", "risk_scale_level", "risk_point", "register_baseline")
_OTHER_SYSTEM = """
select 'A use of harm ' || h.id, 'its intended use' from harm_use u join harm h on h.id = u.harm_id join intended_use i on i.id = u.intended_use_id
    where i.system_id <> h.system_id
union all
select 'Risk point ' || p.id, 'its intended use' from risk_point p join harm h on h.id = p.harm_id join intended_use i on i.id = p.intended_use_id
    where i.system_id <> h.system_id
union all
select 'Harm ' || h.id, 'the harm that it was merged into' from harm h join harm o on o.id = h.merged_into_id where o.system_id <> h.system_id
union all
select 'Candidate ' || c.id, 'its harm' from harm_candidate c join harm h on h.id = c.harm_id where c.system_id <> h.system_id
"""
_ACCEPTED_WITHOUT_APPROVAL = """
select h.id from harm h where h.state = 'accepted' and not exists (
    select 1 from sign_off_request r where r.kind = 'harms.acceptance' and r.subject_id = h.id and r.state = 'approved' and r.ended_at is null
)
"""


def _unlike_their_digests() -> Iterator[str]:
    for baseline in Baseline.objects.order_by("pk").iterator(chunk_size=10):
        if digest_of(baseline.content) != baseline.digest:
            yield f"Baseline {baseline.pk} isn't what its digest says."


INVARIANTS: Sequence[Invariant] = (
    Invariant(
        "INV-01 of harms",
        "A harm is accepted by a sign-off",
        found_by(_ACCEPTED_WITHOUT_APPROVAL, "Harm {0} is accepted and no approval says so."),
    ),
    Invariant("INV-08 of harms", "Scores and their scales stay as they were given", are_final(*FINAL_TABLES)),
    Invariant("INV-16 of harms", "A harm and its intended uses belong to one system", found_by(_OTHER_SYSTEM, "{0} belongs to another system than {1}.")),
    Invariant("INV-18 of harms", "Every harm stands in the ledger as it is", is_recorded(Harm)),
    Invariant("INV-20 of harms", "Harms took allowed moves alone", follows(HARM, Harm, begins=(HarmState.PROPOSED,))),
    Invariant("INV-18 of candidates", "Every candidate stands in the ledger as it is", is_recorded(Candidate)),
    Invariant("INV-20 of candidates", "Candidates took allowed moves alone", follows(CANDIDATE, Candidate, begins=(CandidateState.WAITING,))),
    Invariant("INV-04 of baselines", "Baselines are what was frozen", _unlike_their_digests),
)
