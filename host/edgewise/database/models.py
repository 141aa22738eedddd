"""The models of a node, now and before, from the event that it sends at each start."""

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
_READINGS = 1000  # whose classes tell the model


@dataclass(frozen=True)
class Version:
    """A model that ran on a node.

    ``since``: unix seconds of the first start with it. ``crc``: the last four bytes of its
    model.bin, in hex. ``again``: whether it had run before.
    """

    since: float
    name: str
    crc: str
    again: bool


def versions(engine: Engine, node: str) -> list[Version]:
    """The models that ran on ``node``, the current one first."""
    query = (
        select(events.c.ts, events.c.received_at, events.c.payload)
        .where(events.c.node == node, events.c.event == "reset")
        .order_by(events.c.received_at.desc(), events.c.id.desc())
        .limit(_STARTS_MAX)
    )
    with engine.connect() as connection:
        rows = list(connection.execute(query))
    history: list[Version] = []
    known_crcs: set[str] = set()
    starts = [start for row in reversed(rows) if (start := _start(row))]
    for (name, crc), run in groupby(starts, key=lambda start: start[1:]):
        history.append(Version(next(run)[0], name, crc, crc in known_crcs))
        known_crcs.add(crc)
    return history[::-1]


def _start(row: Any) -> tuple[float, str, str] | None:
    payload = json.loads(row.payload)
    name, crc = payload.get("model"), payload.get("crc")
    if not isinstance(name, str) or not isinstance(crc, str):
        return None
    return row.received_at if row.ts is None else row.ts, name, crc


def packages_in(models: Path) -> list[Package]:
    """The readable packages in the folder ``models``, the oldest first."""
    packages = []
    for path in sorted(models.glob("*/model.json"), key=lambda path: path.stat().st_mtime):
        with suppress(InputError):
            packages.append(load_package(path.parent))
    return packages


def runs_on(engine: Engine, node: str, packages: Iterable[Package]) -> Package | None:
    """The one of ``packages`` that runs on ``node``; None if it is not among them.

    It is the one that the node named at its last start. If the node named none, it is the last
    one that the dashboard pushed, else the first that has all classes of the node's newest
    readings.
    """
    c = reading.c
    pushes = select(model.c.sha256).where(model.c.node == node).order_by(model.c.id.desc())
    newest = select(c.cls).where(c.node == node).order_by(c.ts.desc()).limit(_READINGS)
    with engine.connect() as connection:
        sha256 = connection.scalar(pushes.limit(1))
        classes = {cls for cls in connection.scalars(newest) if cls is not None}
    if history := versions(engine, node):
        return _first(packages, lambda p: p.blob[-_CRC_BYTES:].hex() == history[0].crc)
    if sha256:
        return _first(packages, lambda p: p.info["sha256"]["model.bin"] == sha256)
    return _first(packages, lambda p: bool(classes) and classes <= set(p.classes))


def _first(packages: Iterable[Package], matches: Callable[[Package], bool]) -> Package | None:
    return next(filter(matches, packages), None)
