"""INV-28: the outbox holds each event once, and what went out has its attempts."""

from __future__ import annotations

from collections.abc import Sequence

from raiportal.integrity.invariants import Invariant, all_of, found_by
from raiportal.integrity.kernel import are_final

_TWICE = "select kind, key, count(*) from notification_event group by kind, key having count(*) > 1 order by 1, 2"
_SENT_WITHOUT_ATTEMPT = """
select d.id from notification_delivery d where d.state = 'sent'
and not exists (select 1 from notification_delivery_attempt a where a.delivery_id = d.id and a.outcome = 'sent') order by 1
"""
_DEAD_WITHOUT_ATTEMPT = """
select d.id from notification_delivery d where d.state = 'dead'
and not exists (select 1 from notification_delivery_attempt a where a.delivery_id = d.id and a.outcome <> 'sent') order by 1
"""
_OF_ANOTHER_EVENT = """
select d.id from notification_delivery d join notification n on n.id = d.notification_id where n.event_id <> d.event_id order by 1
"""
_OF_ANOTHER_KIND = "select n.id, n.kind, e.kind from notification n join notification_event e on e.id = n.event_id where n.kind <> e.kind order by 1"
_STUCK = """
select d.id from notification_delivery d join notification_webhook w on w.id = d.webhook_id where d.state = 'waiting' and not w.is_active order by 1
"""

NOTIFICATIONS: Sequence[Invariant] = (
    Invariant(
        "INV-28",
        "Each event is in the outbox once, and each message that went out or was given up has the attempts that say so",
        all_of(
            found_by(_TWICE, "Event {0} {1} is there {2} times."),
            found_by(_SENT_WITHOUT_ATTEMPT, "Message {0} is sent, and no attempt says so."),
            found_by(_DEAD_WITHOUT_ATTEMPT, "Message {0} was given up, and no attempt failed."),
            found_by(_OF_ANOTHER_EVENT, "Message {0} tells of another event than its notification."),
            found_by(_OF_ANOTHER_KIND, "Notification {0} is called {1}, and its event {2}."),
            found_by(_STUCK, "Message {0} waits for a webhook that is switched off."),
            are_final("notification_delivery_attempt"),
        ),
    ),
)
