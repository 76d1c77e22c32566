"""The panel with the newest that was done to an object, on the object's page."""

from __future__ import annotations

from typing import Any

from django import template
from django.db import models
from django.template import Context

from raiportal.accounts import roles
from raiportal.audit import selectors
from raiportal.audit.ledger import scope_of
from raiportal.audit.subjects import subject_kinds

register = template.Library()
LINES_SHOWN = 5


@register.inclusion_tag("administration/_history_panel.html", takes_context=True)
def history_panel(context: Context, subject: models.Model) -> dict[str, Any]:
    """`{% history_panel harm %}`: the newest lines and the way to all; nothing for somebody who may only read the object's overview. One query."""
    kind = subject._meta.label_lower
    if kind not in {known.slug for known in subject_kinds} or not roles.sees(context["request"].user, scope_of(subject)):
        return {"lines": []}
    found = selectors.history(kind, subject.pk, most=LINES_SHOWN + 1)
    return {"kind": kind, "pk": subject.pk, "lines": found[:LINES_SHOWN], "more": len(found) > LINES_SHOWN}
