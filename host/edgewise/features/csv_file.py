"""Write the training table as CSV."""

from __future__ import annotations

import csv
import io

from edgewise.features.table import Table
from edgewise.logs.log import Log
from edgewise.logs.writing import iso

__all__ = ["features_csv"]


def features_csv(log: Log, features: list[str], table: Table) -> str:
    """Return CSV rows of time,node,class and the features in hundredths, without failed reads."""
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(("time", "node", "class", *features))
    label = [None] * len(log) if log.label is None else log.label.tolist()
    columns = (log.time_s.tolist(), log.node.tolist(), label, table.x.tolist())
    for time_s, node, cls, x, valid in zip(*columns, table.valid.tolist(), strict=True):
        if valid:
            out.writerow((iso(time_s), node, cls or "", *x))
    return text.getvalue()
