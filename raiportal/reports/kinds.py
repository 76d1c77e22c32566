"""Kinds of reports: what they are of, what goes into one, who may make and send one. Apps register theirs."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from raiportal.accounts.models import User
from raiportal.policy import Decision
from raiportal.registry import Registry
from raiportal.reports.content import Content
from raiportal.reports.models import Report


@dataclass(frozen=True)
class Making:
    """What a report is made from: its subject, who makes it, the moment that it is of, and the report before it (None for the first)."""

    subject: Any
    actor: User
    at: datetime.datetime
    before: Report | None


@dataclass(frozen=True)
class ReportKind:
    """`slug` is "app.noun", `name` what people call the kind ("Harm register"), `about` says in a sentence what is in it.

    `subject_kind` is the model's label in lower case ("systems.aisystem"), found through `subject_kinds`. `build` reads everything in a fixed number of
    queries. `may_make` answers for making, sending, reminding and taking back.
    """

    slug: str
    name: str
    about: str
    subject_kind: str
    build: Callable[[Making], Content]
    may_make: Callable[[User, Any], Decision]


report_kinds: Registry[ReportKind] = Registry(ReportKind)
