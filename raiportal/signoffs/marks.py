"""How each standing of a sign-off looks: words, icon and tone."""

from __future__ import annotations

from raiportal.look.marks import Mark
from raiportal.signoffs.enums import Held

MARKS: dict[Held, Mark] = {
    Held.NONE: Mark("Never asked for", "missing"),
    Held.OPEN: Mark("Waits for sign-off", "clock", "info"),
    Held.APPROVED: Mark("Signed off", "holds", "ok"),
    Held.REFUSED: Mark("Refused", "fails", "bad"),
    Held.WITHDRAWN: Mark("Withdrawn", "missing"),
    Held.REVOKED: Mark("Revoked", "fails", "bad"),
    Held.LAPSED: Mark("Lapsed", "stale", "warn"),
    Held.STALE: Mark("Out of date", "stale", "warn"),
}
