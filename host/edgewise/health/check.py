"""All nodes, all checks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from edgewise.database.models import packages_in, runs_on
from edgewise.forecast.hourly import hourly_of_database
from edgewise.health.days import Finding, recent_days
from edgewise.health.drift import drift
from edgewise.health.neighbours import neighbours
from edgewise.health.remarks import Remark, current, save
from edgewise.health.sensors import failing_findings, flat_findings

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
    hours = hourly_of_database(engine)
    nodes = list(dict.fromkeys(series.node for series in hours))
    packages = packages_in(models)
    findings = list(neighbours(hours, now_s))
    compared: dict[str, str] = {}
    for node in nodes:
        found = recent_days(engine, node, now_s)
        if found is None:
            continue
        findings += [*failing_findings(found), *flat_findings(found)]
        running = runs_on(engine, node, packages)
        if running is not None:
            compared[node] = str(running.info["name"])
            findings += drift(found, running, now_s)
    new = save(engine, findings, now_s)
    return Report(findings, current(engine, nodes, now_s), new, compared)
