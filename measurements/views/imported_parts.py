"""Where the outputs of an imported run come from, as its pages say it; nothing here speaks of a configuration, since there was none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from measurements.enums import RunSource
from measurements.models import Run


@dataclass(frozen=True)
class Source:
    """The file that a run came from, and what it says about itself; "" where it says nothing."""

    tool: str
    tool_version: str
    model: str
    file_name: str
    file_digest: str

    @property
    def words(self) -> str:
        """`garak 0.17.1, report.jsonl`."""
        tool = f"{self.tool} {self.tool_version}".strip()
        return ", ".join(part for part in (tool, self.file_name) if part)


def source_of(run: Run) -> Source | None:
    """None for a run of the portal's own."""
    if run.source != RunSource.IMPORTED:
        return None
    told: Mapping[str, Any] = run.snapshot.get("imported", {})
    plain = {name: str(told.get(name) or "") for name in ("tool", "tool_version", "model", "file_name")}
    return Source(**plain, file_digest=run.source_digest)
