"""Kinds of deadlines: when people are reminded, whom, and who is asked when nothing happens. Apps register theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from raiportal.deadlines.models import Deadline
from raiportal.registry import Registry


def _nobody(deadline: Deadline) -> Iterable[int]:
    return ()


@dataclass(frozen=True)
class DeadlineKind:
    """`remind_days` before it is due (days of 24 hours); `recipients` and `escalate_to` give users' ids; `title` and `url` are what they are told."""

    slug: str
    label: str
    remind_days: tuple[int, ...]
    recipients: Callable[[Deadline], Iterable[int]]
    title: Callable[[Deadline], str]
    url: Callable[[Deadline], str]
    escalate_to: Callable[[Deadline], Iterable[int]] = _nobody
    escalate_after_days: int = 0  # after it was due; 0 = at once, where there is somebody to escalate to
    is_always: bool = False  # told also to people who may not open the system
    is_work: bool = True  # listed as work by itself; False where another source of work lists what is due


deadline_kinds: Registry[DeadlineKind] = Registry(DeadlineKind)
