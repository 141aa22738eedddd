"""The models that ran on a node, as it told with each of its starts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from edgewise.database.schema import events

__all__ = ["CRC_BYTES", "Version", "package_of", "versions"]

_STARTS_MAX = 200
CRC_BYTES = 4


@dataclass(frozen=True)
class Version:
    """``since``: unix seconds of the first start with it; ``crc``: the end of its model.bin, in
    hex; ``again``: it had run before."""

    since: float
    name: str
    crc: str
    again: bool


def versions(engine: Engine, node: str) -> list[Version]:
    """What runs on ``node`` and what ran before it, the youngest first."""
    query = (
        select(events.c.ts, events.c.received_at, events.c.payload)
        .where(events.c.node == node, events.c.event == "reset")
        .order_by(events.c.received_at.desc(), events.c.id.desc())
        .limit(_STARTS_MAX)
    )
    with engine.connect() as connection:
        rows = list(connection.execute(query))
    found: list[Version] = []
    seen: set[str] = set()
    starts = [start for row in reversed(rows) if (start := _start(row))]
    for (name, crc), run in groupby(starts, key=lambda start: start[1:]):
        found.append(Version(next(run)[0], name, crc, crc in seen))
        seen.add(crc)
    return found[::-1]


def _start(row: Any) -> tuple[float, str, str] | None:
    said = json.loads(row.payload)
    name, crc = said.get("model"), said.get("crc")
    if not isinstance(name, str) or not isinstance(crc, str):
        return None
    return row.received_at if row.ts is None else row.ts, name, crc


def package_of(version: Version, models: Path, names: list[str]) -> str | None:
    """Which of the packages ``names`` below ``models`` it is; None for none of them."""
    for name in names:
        try:
            end = (models / name / "model.bin").read_bytes()[-CRC_BYTES:]
        except OSError:
            continue
        if end.hex() == version.crc:
            return name
    return None
