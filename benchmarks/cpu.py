"""CPU seconds of processes with all their descendants, from /proc."""

import os
from pathlib import Path

from raiportal.embedded import processes

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
USER, SYSTEM, DEAD_USER, DEAD_SYSTEM = 11, 12, 13, 14  # positions in /proc/PID/stat after the command's closing bracket, see proc(5)


def seconds(leader: int) -> float:
    """CPU used so far by a session's live processes and by those of their children that ended."""
    return sum(_ticks(pid) for pid in processes.session_members(leader)) / TICKS_PER_SECOND


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(fields[place]) for place in (USER, SYSTEM, DEAD_USER, DEAD_SYSTEM))
