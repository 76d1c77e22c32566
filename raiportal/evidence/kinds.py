"""The registry of kinds of objects that evidence can be attached to, as apps further up fill it."""

from __future__ import annotations

from raiportal.evidence.subjects import Attachable, attachable

__all__ = ["Attachable", "attachable"]
