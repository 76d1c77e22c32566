"""Where the sign-off of an object stands, on the object's page, and the way to ask for one."""

from __future__ import annotations

from typing import Any

from django import template
from django.db import models
from django.template import Context

from raiportal.accounts import roles
from raiportal.audit.ledger import scope_of
from raiportal.signoffs import selectors
from raiportal.signoffs.enums import Held
from raiportal.signoffs.kinds import sign_off_kinds
from raiportal.signoffs.marks import MARKS

register = template.Library()
WAITING = frozenset({Held.OPEN, Held.STALE, Held.APPROVED})


@register.inclusion_tag("signoffs/parts/sign_off_panel.html", takes_context=True)
def sign_off_panel(context: Context, slug: str, subject: models.Model) -> dict[str, Any]:
    """`{% sign_off_panel "harms.assessment" assessment %}`: its standing, who is missing, and the button to ask; nothing for who may not read it."""
    user, kind = context["request"].user, sign_off_kinds[slug]
    if not roles.sees(user, scope_of(subject)):
        return {}
    standing = selectors.standing(slug, subject)
    return {
        "kind": kind,
        "subject": subject,
        "standing": standing,
        "mark": MARKS[standing.state],
        "may_ask": kind.may_request(user, subject) if standing.state not in WAITING else None,
        "csrf_token": context.get("csrf_token"),
    }
