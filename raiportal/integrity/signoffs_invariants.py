"""What must hold of sign-offs: approvals are whole, nobody signed their own work, nobody twice, and digests are those of the snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from raiportal.integrity.invariants import Invariant, found_by
from raiportal.integrity.kernel import are_final
from raiportal.signoffs.models import SignOffRequest
from raiportal.signoffs.snapshots import digest_of

CHUNK = 500  # requests read at a time
_LACKING = """
select q.id, r ->> 'key' from sign_off_request q cross join lateral jsonb_array_elements(q.rules -> 'roles') r
where q.state = 'approved' and q.ended_at is null and q.valid_until > now()
    and (select count(*) from sign_off s join account_user u on u.id = s.person_id
        where s.request_id = q.id and s.role = r ->> 'key' and s.verdict in ('approve', 'approve_with_conditions') and s.digest = q.digest
            and s.valid_until >= q.valid_until and u.kind = 'person') < (r ->> 'quorum')::int
order by 1
"""
_OWN_WORK = """
select s.id, s.request_id from sign_off s join sign_off_request q on q.id = s.request_id
where q.excluded_ids @> to_jsonb(s.person_id) or q.excluded_ids @> to_jsonb(coalesce(s.stand_in_for_id, s.person_id)) or q.requested_by_id = s.person_id
order by 1
"""
_TWICE = "select request_id, coalesce(stand_in_for_id, person_id) from sign_off group by 1, 2 having count(*) > 1 order by 1"
_OTHER_DIGEST = "select s.id, s.request_id from sign_off s join sign_off_request q on q.id = s.request_id where s.digest <> q.digest order by 1"


def _digests_hold() -> Iterator[str]:
    for pk, snapshot, digest in SignOffRequest.objects.order_by("pk").values_list("pk", "snapshot", "digest").iterator(CHUNK):
        if digest_of(snapshot) != digest:
            yield f"The digest of request {pk} for sign-off isn't that of its snapshot."


SIGN_OFFS: Sequence[Invariant] = (
    Invariant("INV-01 of sign-offs", "An approval has everybody's sign-off", found_by(_LACKING, "Request {0} is approved without enough sign-offs as {1}.")),
    Invariant("INV-02", "Nobody signed what they asked for or had a hand in", found_by(_OWN_WORK, "Sign-off {0} of request {1} is by somebody excluded.")),
    Invariant("INV-03", "One person counts once", found_by(_TWICE, "In request {0} user {1} counts twice.")),
    Invariant("INV-04", "A request's digest is that of its snapshot", _digests_hold),
    Invariant("INV-04 of verdicts", "A sign-off is on its request's digest", found_by(_OTHER_DIGEST, "Sign-off {0} isn't on the digest of request {1}.")),
    Invariant("INV-08 of sign-offs", "Sign-offs are written once", are_final("sign_off")),
)
