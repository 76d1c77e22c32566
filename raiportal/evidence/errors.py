"""How evidence says no."""

from __future__ import annotations

from raiportal.errors import Conflict


class ReliedOn(Conflict):
    """Something relied on this evidence, so it stays."""

    code = "relied_on"
