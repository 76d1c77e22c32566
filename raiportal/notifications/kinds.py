"""What people are told about: every kind says in one sentence when it is sent. Apps register theirs; a matrix test demands a producer for each."""

from __future__ import annotations

from dataclasses import dataclass

from raiportal.registry import Registry


@dataclass(frozen=True)
class NotificationKind:
    """`slug` is "app.what_happened"; `words` finish the row "Told when …" with whom it reaches; urgent ones stand out in the list and the mail."""

    slug: str
    label: str
    words: str
    is_urgent: bool = False


notification_kinds: Registry[NotificationKind] = Registry(NotificationKind)
