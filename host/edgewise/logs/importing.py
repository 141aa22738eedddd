"""Files of other loggers as a log, and the figures that tell whether they were understood."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.logs.choices import Choices
from edgewise.logs.join import join_files
from edgewise.logs.log import Log, read_log
from edgewise.logs.plausible import check_plausible
from edgewise.times import LOCAL, iso

__all__ = ["Summary", "add_date", "describe", "import_files"]

_2000_S = 946684800.0
_GAP_PERIODS = 3


@dataclass(frozen=True)
class Summary:
    """``period_s``: 0 without one; ``gaps``: steps of more than three periods; ``first``,
    ``last``: ISO 8601; ``nodes``: their names, none for a log without."""

    rows: int
    failed_reads: int
    period_s: float
    gaps: int
    first: str
    last: str
    nodes: list[str]
    classes: dict[str, int]

    def lines(self) -> list[str]:
        """Return the figures as short lines."""
        first, last = (LOCAL.localize_iso(text) for text in (self.first, self.last))
        lines = [
            f"{self.rows} rows, {self.failed_reads} failed reads, every {self.period_s:g} s, "
            f"{self.gaps} gaps, {first} to {last}"
        ]
        if self.nodes:
            lines.append(f"nodes: {', '.join(self.nodes)}")
        if self.classes:
            counts = ", ".join(f"{cls} {n}" for cls, n in self.classes.items())
            lines.append(f"classes: {counts}")
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return asdict(self)


def import_files(paths: list[Path], label: str | None, group: str | None, choices: Choices) -> Log:
    """Return one plausible log of all files. Raises InputError, OutsideError."""
    log = join_files([read_log(path, label, group, choices=choices) for path in paths])
    check_plausible(log, choices)
    return log


def add_date(log: Log) -> Log:
    """Return a log whose times count from its start as one that began with the year 2000."""
    return replace(log, time_s=log.time_s + _2000_S) if log.source.since_start else log


def describe(log: Log) -> Summary:
    """Return the figures of a log."""
    gap_s = _GAP_PERIODS * log.period_ms / 1000
    gaps = sum(int((np.diff(log.time_s[rows]) > gap_s).sum()) for rows in log.series())
    labels = [] if log.label is None else [cls for cls in log.label.tolist() if cls is not None]
    dated = add_date(log)
    return Summary(
        rows=len(log),
        failed_reads=int((~log.valid).sum()),
        period_s=log.period_ms / 1000,
        gaps=gaps,
        first=iso(float(dated.time_s.min())),
        last=iso(float(dated.time_s.max())),
        nodes=sorted({node for node in log.node.tolist() if node}),
        classes={cls: labels.count(cls) for cls in sorted(set(labels))},
    )
