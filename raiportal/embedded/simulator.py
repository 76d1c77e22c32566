"""`manage.py sandbox`: the simulator in a process of its own. It is started, never imported: nothing of the portal may lean on it."""

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Become `python -m raiportal.sandbox`, whose exit code and signals are then the caller's. Never returns."""
    os.execv(sys.executable, [sys.executable, "-m", "raiportal.sandbox", *arguments])  # noqa: S606  (this interpreter, no shell)
