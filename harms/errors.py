"""Every way in which harms say no beyond the kernel's own."""

from __future__ import annotations

from typing import Any

from raiportal.errors import Conflict


class AnswerChanged(Conflict):
    """Somebody else changed this answer meanwhile. `answer` is theirs; nothing of either text is lost."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        super().__init__(f"{answer.answered_by.name} changed this answer meanwhile. Yours is still in the field and not kept.")


class WarningChanged(Conflict):
    """The content warning is another one than the person read, or there is none yet."""

    def __init__(self) -> None:
        super().__init__("The content warning is not the one that you read. Read it as it is now, and say again that you take part.")


class ExposureLimit(Conflict):
    """The day's limit is reached, or a break is due; it protects the tester."""


class Spent(Conflict):
    """The campaign's own limit is reached: probes or tokens."""
