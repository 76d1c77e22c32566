"""Whose a run or a judging is, and whether they may still run it: asked by every pump at every tick, as a part of a statement that it sends anyway.

Docs/decisions 0014: queued work belongs to whoever started or last resumed it, and stops when that person loses the right. The rule is that of
`policies.may_operate_run`, here in SQL, since a pump neither loads people nor keeps their roles; a test compares the two for every role.
"""

from __future__ import annotations

from raiportal.accounts.enums import UserKind
from systems.policies import ACT_IN_SYSTEM

_HAS_RIGHT = """
exists (select 1 from account_user u where u.id = coalesce({work}.responsible_id, {work}.created_by_id) and (u.kind = '{system}' or u.is_active and exists (
    select 1 from account_membership m where m.user_id = u.id and m.role in ({roles})
    and (m.until is null or m.until > clock_timestamp()) and (m.scope_id is null or m.scope_id = {scope}))))
"""


def has_right(work: str, scope: str) -> str:
    """SQL: whether the person to whom the row with alias `work` belongs may operate it; `scope` is the column with its system's id."""
    named = ", ".join(f"'{role.value}'" for role in ACT_IN_SYSTEM)
    return _HAS_RIGHT.format(work=work, scope=scope, roles=named, system=UserKind.SYSTEM.value).strip()
