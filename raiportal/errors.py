"""Every way in which the portal says no: five kinds, each with its HTTP status.

One middleware (pages) and one exception handler (API) turn them into answers. The message is a whole sentence for
a person and says what to do; it never carries secrets, prompts or model output.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence


class RaiportalError(Exception):
    """A refusal with a sentence for the person who asked. `code` is stable and meant for programs."""

    status = 500
    code = "error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class PolicyDenied(RaiportalError):
    """Not you: somebody else may do this."""

    status = 403
    code = "denied"


class Missing(RaiportalError):
    """Nothing here that you may know of."""

    status = 404
    code = "missing"


class Conflict(RaiportalError):
    """Not in this state of things."""

    status = 409
    code = "conflict"


class WrongState(Conflict):
    """Not now: the object is in a state from which this move does not start."""

    code = "wrong_state"


class Unmet(Conflict):
    """Not yet: `missing` lists everything that still lacks, as sentences."""

    code = "unmet"

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(" ".join(missing))
        self.missing = list(missing)


class StaleSnapshot(Conflict):
    """The subject changed after it was looked at."""

    code = "stale_snapshot"


class Invalid(RaiportalError):
    """Readable, but refused. `field` names the input it belongs to, so that a form can show it there."""

    status = 422
    code = "invalid"

    def __init__(self, detail: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.field = field


class Unavailable(RaiportalError):
    """Something that we need does not answer; trying again later may work."""

    status = 503
    code = "unavailable"


class NoRoom(Unavailable):
    """A disk of the portal is full; nothing was kept."""

    code = "no_room"


DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})  # numbers of an OSError
NO_ROOM = "There is no room on the portal's disk, so nothing was kept. Tell whoever operates the portal, and do it again later."


def is_disk_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in DISK_FULL
