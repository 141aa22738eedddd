"""The model that was trained for a node and does not run on it yet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, select

from edgewise.database.models import runs_on, versions
from edgewise.database.schema import label, reading
from edgewise.package.heads import is_alone
from edgewise.package.store import Package

__all__ = ["new_model"]

_CRC_BYTES = 4
_READINGS = 1000  # whose classes tell those of the model


def new_model(engine: Engine, node: str, packages: Sequence[Package]) -> Package | None:
    """Return the newest of ``packages`` if it is later than the one on ``node``, else None.

    ``packages``: the oldest first, as `edgewise.database.models.packages_in` gives them. One that
    ran on the node before, or that shares no class with the node's model and its labels, does
    not count, nor does a detector without classes.
    """
    running = runs_on(engine, node, packages)
    ran = {version.crc for version in versions(engine, node)}
    known = _classes(engine, node) | set(running.classes if running else ())
    for package in reversed(packages):
        if package is running:
            return None
        is_of_node = bool(known & set(package.classes)) and not is_alone(package.info)
        if is_of_node and package.blob[-_CRC_BYTES:].hex() not in ran:
            return package
    return None


def _classes(engine: Engine, node: str) -> set[str]:
    c = reading.c
    newest = select(c.cls).where(c.node == node).order_by(c.ts.desc()).limit(_READINGS)
    labelled = select(label.c.cls).where(label.c.node == node).distinct()
    with engine.connect() as connection:
        return {*connection.scalars(newest), *connection.scalars(labelled)} - {None}
