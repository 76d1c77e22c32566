"""A webhook of the sample programme. It is switched off once the programme stands: nothing of it leaves this machine."""

from __future__ import annotations

from raiportal.accounts.models import User
from raiportal.notifications import actions
from raiportal.notifications.models import Webhook

ADDRESS = "https://chat.example.invalid/hooks/responsible-ai"  # a name that never resolves (RFC 2606)
WHY_OFF = "An example. Enter the address of a chat or ticket system of your own, and switch it on."


def add_webhook(administrator: User) -> Webhook:
    """A webhook for what is urgent in any system."""
    kinds = ["systems.emergency_asked", "measurements.run_paused", "measurements.right_lost"]
    webhook, _ = actions.add_webhook(name="Chat of the responsible-AI office", url=ADDRESS, kinds=kinds, scope=None, actor=administrator)
    return webhook


def switch_off(webhook: Webhook, administrator: User) -> None:
    actions.end_webhook(webhook_id=webhook.pk, reason=WHY_OFF, actor=administrator)
