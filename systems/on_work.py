"""What waits in the systems that somebody owns or contributes to: what is missing next."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db.models import Q
from django.urls import reverse

from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.work.sources import WorkItem, WorkSource
from systems import policies, selectors
from systems.enums import EmergencyState, Stage
from systems.extensions import Step
from systems.models import AISystem, Document, EmergencyActivation

MOST_SYSTEMS = 30  # whose next steps are listed; who has more looks at the portfolio
STEPS_START = 40  # ranks of steps begin below everything that somebody else waits for


def _next_steps(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    own = roles.scopes_with(user, Role.OWNER, Role.CONTRIBUTOR)
    systems = list(AISystem.objects.filter(pk__in=own).exclude(stage=Stage.RETIRED).order_by("pk")[:MOST_SYSTEMS])
    by_system = selectors.standings(systems, user)
    steps = [(system, step) for system in systems for step in selectors.next_steps(by_system[system.pk], own_alone=True)]
    return [_item(system, step) for system, step in sorted(steps, key=lambda pair: pair[1].rank)[:most]]


def _item(system: AISystem, step: Step) -> WorkItem:
    return WorkItem(step.title, step.why, step.url, step.act, STEPS_START + step.rank, system=system.name)


def _emergencies(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    """Emergency activations that wait for a second person, and those that acted and wait for somebody else's review."""
    open_ones = EmergencyActivation.objects.visible_to(user).filter(Q(state=EmergencyState.WAITING, expires_at__gt=now) | Q(state=EmergencyState.ACTED))
    rows = open_ones.select_related("system__scope", "created_by").order_by("created_at", "pk")[:most]
    return [_emergency(row) for row in rows if _may_settle(user, row)]


def _may_settle(user: User, row: EmergencyActivation) -> bool:
    decision = policies.may_confirm_emergency if row.state == EmergencyState.WAITING else policies.may_review_emergency
    return decision(user, row).allowed


def _emergency(row: EmergencyActivation) -> WorkItem:
    url, where = reverse("emergency", args=[row.pk]), row.get_environment_display().lower()
    if row.state == EmergencyState.WAITING:
        why = f"{row.created_by.name} asks for it; without a second person it lapses."
        return WorkItem(f"Confirm or refuse an emergency activation in {where}", why, url, "Look at it", 5, row.system.name, due_at=row.expires_at)
    title = f"Review the emergency activation in {where}"
    why = "It acted past the checks, and nobody has said yet whether that was right."
    return WorkItem(title, why, url, "Review", 10, row.system.name, since=row.confirmed_at)


def _documents(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    """Documents that go with the deployments of somebody's own systems, in a version that they haven't acknowledged."""
    systems = list(AISystem.objects.filter(owner=user, pk__in=roles.scopes_with(user, Role.OWNER)).exclude(stage=Stage.RETIRED).order_by("pk")[:MOST_SYSTEMS])
    unread = selectors.unread_by_owner(systems)
    return [_document(system, found) for system in systems for found in unread.get(system.pk, [])][:most]


def _document(system: AISystem, found: Document) -> WorkItem:
    why = f"You own a system that it goes with. Version {found.version} has to be read and acknowledged."
    return WorkItem(f"Read “{found.title}”", why, reverse("document", args=[found.pk]), "Read it", 30, system.name, since=found.updated_at)


SOURCES = (
    WorkSource("emergencies", "Emergency activations", _emergencies, order=1),
    WorkSource("documents", "Documents to acknowledge", _documents, order=50),
    WorkSource("next-steps", "Next steps of your systems", _next_steps, order=60),
)
