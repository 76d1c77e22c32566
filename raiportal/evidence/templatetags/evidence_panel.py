"""The panel with the evidence of an object, on the object's page."""

from __future__ import annotations

from typing import Any

from django import template
from django.db import models
from django.template import Context
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from raiportal.accounts import roles
from raiportal.audit.ledger import scope_of
from raiportal.evidence import policies, selectors
from raiportal.evidence.enums import EvidenceKind
from raiportal.evidence.models import Evidence
from raiportal.evidence.subjects import attachable
from raiportal.look import items

register = template.Library()
SHOWN = 8  # the newest; the list has the rest
DIGEST_SHOWN = 8  # characters


@register.inclusion_tag("evidence/_evidence_panel.html", takes_context=True)
def evidence_panel(context: Context, subject: models.Model) -> dict[str, Any]:
    """`{% evidence_panel harm %}`: the newest evidence and the way to more; nothing for somebody who may only read the object's overview. One query."""
    user, kind = context["request"].user, subject._meta.label_lower
    if attachable.get(kind) is None or not roles.sees(user, scope_of(subject)):
        return {"kind": ""}
    rows = selectors.of(subject)
    shown = [drawn(row) for row in rows[:SHOWN]]
    return {"kind": kind, "pk": subject.pk, "rows": shown, "count": len(rows), "hidden": len(rows) - len(shown), "may_add": policies.may_add(user, subject)}


def drawn(row: Evidence) -> items.Evidence:
    """A row as the look's list of evidence shows it."""
    by = f"added by {row.added_by.name}"
    is_used = bool(getattr(row, "is_used", False))
    if row.kind == EvidenceKind.FILE and row.file is not None:
        digest = f"{row.file.sha256[:4]} {row.file.sha256[4:DIGEST_SHOWN]}"
        return items.Evidence("file", row.title, reverse("evidence-file", args=[row.pk]), f"{filesizeformat(row.file.size)}, {by}", digest, is_used)
    if row.kind == EvidenceKind.LINK:
        return items.Evidence("link", row.title, row.url, by, is_relied_on=is_used)
    return items.Evidence("live", row.title, reverse("evidence-object", args=[row.pk]), f"Live object, {by}", is_relied_on=is_used)
