"""Runs all health checks on all nodes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from edgewise.database.models import packages_in, runs_on
from edgewise.database.nodes import known_nodes
from edgewise.forecast.hourly import hourly_of_database
from edgewise.health.days import Finding, recent_days
from edgewise.health.drift import drift
from edgewise.health.failing import Failure, find_failing
from edgewise.health.neighbours import neighbours
from edgewise.health.remarks import Remark, current, save
from edgewise.health.sensors import failing_findings, flat_findings
from edgewise.health.unjudged import find_unjudged

__all__ = ["Report", "check"]


@dataclass(frozen=True)
class Report:
    """The result of a check.

    ``findings``: of the last days. ``remarks``: the current ones. ``new``: remarks that began,
    or are over (text "ok"). ``models``: node -> name of the model it was compared with.
    ``nodes``: all. ``unjudged``: node -> why it is not judged. ``failures``: node -> when its
    sensor fails, for those whose failed reads become more.
    """

    findings: list[Finding]
    remarks: list[Remark]
    new: list[Remark]
    models: dict[str, str]
    nodes: list[str]
    unjudged: dict[str, str]
    failures: dict[str, Failure]


def check(engine: Engine, models: Path, now_s: float | None = None) -> Report:
    """Check the last eight days of every node, write the findings and return a report.

    ``models``: the folder with the packages, which describe the training data. Raises InputError
    where the database has no readings.
    """
    now_s = time.time() if now_s is None else now_s
    hours = hourly_of_database(engine)
    with engine.connect() as connection:
        nodes = known_nodes(connection)
    packages = packages_in(models)
    findings = list(neighbours(hours, now_s))
    model_names: dict[str, str] = {}
    failures: dict[str, Failure] = {}
    for node in nodes:
        recent = recent_days(engine, node, now_s)
        if recent is None:
            continue
        findings += [*failing_findings(recent), *flat_findings(recent)]
        failing, failure = find_failing(engine, node, now_s)
        findings += failing
        if failure:
            failures[node] = failure
        package = runs_on(engine, node, packages)
        if package is not None:
            model_names[node] = str(package.info["name"])
            findings += drift(recent, package, now_s)
    new = save(engine, findings, now_s)
    remarks = current(engine, nodes, now_s)
    unjudged = find_unjudged(engine, nodes, now_s)
    return Report(findings, remarks, new, model_names, nodes, unjudged, failures)
