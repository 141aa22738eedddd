"""A database with readings that came late and others that did not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from edgewise.database import open_db
from edgewise.database.schema import reading

HOUR_S = 3600
NOW_HOUR = int(time.time()) // HOUR_S * HOUR_S


class Rows:
    """``add`` stores readings; hours count back from the one that is running."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._engine = open_db(self.url)
        self._seq = 0

    def add(
        self,
        hours_ago: int,
        values: list[tuple[float | None, float | None]],
        late: int = 1,
        node: str = "attic",
        **fields: Any,
    ) -> int:
        """The start of the hour; the readings are a minute apart after those there before."""
        start_s = NOW_HOUR - hours_ago * HOUR_S
        rows = []
        for t, h in values:
            self._seq += 1
            err = "timeout" if t is None else None
            rows.append(
                {"node": node, "boot": 1, "seq": self._seq, "ts": start_s + self._seq, "t": t}
                | {"h": h, "cls": None, "p": None, "err": err, "late": late}
                | {"received_at": NOW_HOUR, "clock": None}
                | fields
            )
        with self._engine.begin() as connection:
            connection.execute(reading.insert(), rows)
        return start_s
