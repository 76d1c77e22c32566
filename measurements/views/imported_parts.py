"""Where the outputs of an imported run come from, as its pages say it; nothing here speaks of a configuration, since there was none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from measurements.enums import RunSource
from measurements.judges import scales
from measurements.models import Run
from measurements.selectors import imported
from measurements.views.links import outputs_url


@dataclass(frozen=True)
class Source:
    """The file that a run came from, and what it says about itself; "" where it says nothing."""

    tool: str
    tool_version: str
    model: str
    file_name: str
    measured_at: str
    is_selection: bool
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
    plain = {name: str(told.get(name) or "") for name in ("tool", "tool_version", "model", "file_name", "measured_at")}
    return Source(**plain, is_selection=bool(told.get("is_selection")), file_digest=run.source_digest)


@dataclass(frozen=True)
class LabelLine:
    """What one person outside the portal labelled by one metric."""

    counts: imported.LabellerCounts
    highest: int
    rows_url: str


def label_lines(run: Run) -> list[LabelLine]:
    """Nothing for runs of the portal's own, whose outputs nobody outside has labelled."""
    if run.source != RunSource.IMPORTED:
        return []
    return [LabelLine(counts, scales.highest(counts.scale), outputs_url(run, metric=counts.metric_id)) for counts in imported.labels_of(run)]
