"""How backup and restore say no."""

from __future__ import annotations


class CannotBackUp(Exception):
    """The backup can't be made; the message says what has to change."""


class CannotRestore(Exception):
    """The archive can't be restored here; nothing was changed, and the message says what has to change."""
