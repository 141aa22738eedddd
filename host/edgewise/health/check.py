"""All nodes, all checks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from edgewise import package
from edgewise.database.schema import model
from edgewise.errors import InputError
from edgewise.health.days import Finding, Recent, recent
from edgewise.health.drift import drift
from edgewise.health.neighbours import neighbours
from edgewise.health.remarks import Remark, current, save
from edgewise.health.sensors import failing, flat
from edgewise.hourly import of_db
from edgewise.package import Package
from edgewise.running import CRC_BYTES, versions

__all__ = ["Report", "check"]


@dataclass(frozen=True)
class Report:
    """``findings`` of the last days; ``remarks``: what is to be said now; ``new``: what of it
    began, or is over ("ok"); ``models``: node -> the model it was compared with."""

    findings: list[Finding]
    remarks: list[Remark]
    new: list[Remark]
    models: dict[str, str]


def check(engine: Engine, models: Path, now_s: float | None = None) -> Report:
    """Look at the last eight days of every node and write down what was found.

    ``models``: the folder with the packages, for what their models were trained on. Raises
    InputError where the database has no readings.
    """
    now_s = time.time() if now_s is None else now_s
    hours = of_db(engine)
    nodes = list(dict.fromkeys(series.node for series in hours))
    packages = _packages(models)
    findings = list(neighbours(hours, now_s))
    compared: dict[str, str] = {}
    for node in nodes:
        found = recent(engine, node, now_s)
        if found is None:
            continue
        findings += [*failing(found), *flat(found)]
        running = _running(engine, found, packages)
        if running is not None:
            compared[node] = str(running.info["name"])
            findings += drift(found, running)
    new = save(engine, findings, now_s)
    return Report(findings, current(engine, nodes, now_s), new, compared)


def _packages(models: Path) -> list[Package]:
    # The youngest first, those that can be read.
    paths = sorted(models.glob("*/model.json"), key=lambda path: -path.stat().st_mtime)
    return list(_readable(path.parent for path in paths))


def _readable(paths: Iterator[Path]) -> Iterator[Package]:
    for path in paths:
        try:
            yield package.load(path)
        except InputError:
            continue


def _running(engine: Engine, given: Recent, packages: list[Package]) -> Package | None:
    # What the node named at its last start; of one that named none the last one pushed, else
    # the youngest that knows all that the node says.
    query = select(model.c.sha256).where(model.c.node == given.node)
    with engine.connect() as connection:
        pushed = connection.scalar(query.order_by(model.c.installed_at.desc()).limit(1))
    said = {cls for cls in given.cls.tolist() if cls is not None}
    told = versions(engine, given.node)[:1]
    for found in packages:
        if told:
            runs = found.blob[-CRC_BYTES:].hex() == told[0].crc
        elif pushed:
            runs = found.info["sha256"]["model.bin"] == pushed
        else:
            runs = bool(said) and said <= set(found.classes)
        if runs:
            return found
    return None
