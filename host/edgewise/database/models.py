"""The models that run and ran on a node, as it told with each of its starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from edgewise.database.schema import events, model, reading
from edgewise.errors import InputError
from edgewise.package.store import Package, load_package

__all__ = ["Version", "packages_in", "runs_on", "versions"]

_STARTS_MAX = 200
_CRC_BYTES = 4
_READINGS = 1000


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


def packages_in(models: Path) -> list[Package]:
    """The packages in a folder, the oldest first; those that cannot be read are left out."""
    found = []
    for path in sorted(models.glob("*/model.json"), key=lambda path: path.stat().st_mtime):
        with suppress(InputError):
            found.append(load_package(path.parent))
    return found


def runs_on(engine: Engine, node: str, packages: Iterable[Package]) -> Package | None:
    """Which of ``packages`` runs on ``node``: the one that it named at its last start.

    Of a node that named none it is the last one that the dashboard pushed, else the first that
    knows all classes that the node said of late.
    """
    c = reading.c
    pushed = select(model.c.sha256).where(model.c.node == node).order_by(model.c.id.desc())
    of_late = select(c.cls).where(c.node == node).order_by(c.ts.desc()).limit(_READINGS)
    with engine.connect() as connection:
        sha256 = connection.scalar(pushed.limit(1))
        said = {cls for cls in connection.scalars(of_late) if cls is not None}
    if told := versions(engine, node):
        return _first(packages, lambda p: p.blob[-_CRC_BYTES:].hex() == told[0].crc)
    if sha256:
        return _first(packages, lambda p: p.info["sha256"]["model.bin"] == sha256)
    return _first(packages, lambda p: bool(said) and said <= set(p.classes))


def _first(packages: Iterable[Package], runs: Callable[[Package], bool]) -> Package | None:
    return next(filter(runs, packages), None)
