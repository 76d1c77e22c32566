"""Every change of notifications: telling, reading, webhooks, deliveries."""

from raiportal.notifications.actions.deliveries import deliver_due, send_again
from raiportal.notifications.actions.reading import mark_all_read, mark_read
from raiportal.notifications.actions.telling import notify
from raiportal.notifications.actions.webhooks import add_webhook, change_webhook, end_webhook, renew_secret, resume_webhook

__all__ = [
    "add_webhook",
    "change_webhook",
    "deliver_due",
    "end_webhook",
    "mark_all_read",
    "mark_read",
    "notify",
    "renew_secret",
    "resume_webhook",
    "send_again",
]
