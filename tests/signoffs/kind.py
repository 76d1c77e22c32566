"""A kind of sign-off over harms that only tests know, in force within a `with`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from harms.models import Harm
from raiportal.accounts.enums import Role
from raiportal.policy import ALLOWED
from raiportal.signoffs.kinds import RoleNeeded, Rules, SignOffKind, sign_off_kinds

ROLES = (RoleNeeded(Role.RISK_MANAGER), RoleNeeded(Role.REVIEWER, review_kind="legal"))
happened: list[tuple[str, int]] = []

KIND = SignOffKind(
    "tests.acceptance",
    "Acceptance",
    "harms.harm",
    lock=Harm.objects.lock,
    load=Harm.objects.in_bulk,
    snapshot=lambda harms: {harm.pk: {"title": harm.title, "description": harm.description} for harm in harms},
    rules=lambda harm: Rules(ROLES, validity_days=90),
    may_request=lambda user, harm: ALLOWED,
    words={"title": "Title"},
    approved=lambda request, harm, actor: happened.append(("approved", request.pk)),
    ended=lambda request, harm, actor, why: happened.append((str(why), request.pk)),
)


@contextmanager
def registered(**changed: Any) -> Iterator[SignOffKind]:
    happened.clear()
    kind = sign_off_kinds.register(replace(KIND, **changed))
    try:
        yield kind
    finally:
        del sign_off_kinds._entries[kind.slug]
