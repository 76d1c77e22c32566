"""The registries of kinds of objects that evidence can be attached to, and of what follows when it is, as apps further up fill them."""

from __future__ import annotations

from raiportal.evidence.subjects import Attachable, EvidenceFollower, attachable, evidence_followers

__all__ = ["Attachable", "EvidenceFollower", "attachable", "evidence_followers"]
