"""The one answer to "may this person do this to that object, and if not, why": a Decision.

Rules live in each app's `policies.py` as `may_...(user, thing) -> Decision`. Actions call `.require()`, pages use the same
decision to draw a button or to say why there is none, the API lists it.
"""

from __future__ import annotations

from dataclasses import dataclass

from raiportal.errors import PolicyDenied


@dataclass(frozen=True)
class Decision:
    """Allowed, or denied with a sentence that the person can act on."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def require(self) -> None:
        """Raise PolicyDenied with the reason unless allowed."""
        if not self.allowed:
            raise PolicyDenied(self.reason)


ALLOWED = Decision(allowed=True)


def denied(reason: str) -> Decision:
    return Decision(allowed=False, reason=reason)
