"""The labelled periods of a node: list, add and remove them."""

from __future__ import annotations

import math
import time
from typing import Any

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.exc import IntegrityError

from edgenode.core.loader import CLASSES_MAX, check_names
from edgewise.database.schema import label, reading
from edgewise.errors import InputError
from edgewise.package.store import Package

__all__ = ["add_label", "known_classes", "labels_of", "remove_label"]

_READINGS = 1000  # whose classes tell those of the model


def labels_of(engine: Engine, node: str) -> list[Any]:
    """The rows of the node's labels, the newest first."""
    query = select(label).where(label.c.node == node).order_by(label.c.created_at.desc())
    with engine.connect() as connection:
        return list(connection.execute(query))


def known_classes(engine: Engine, node: str, package: Package | None) -> list[str]:
    """The classes of the model that runs on ``node``, and of all labels.

    ``package``: that model; None if it is not known: its classes are those of the newest readings.
    """
    c = reading.c
    newest = select(c.cls).where(c.node == node).order_by(c.ts.desc()).limit(_READINGS)
    with engine.connect() as connection:
        labelled = list(connection.scalars(select(label.c.cls).distinct().order_by(label.c.cls)))
        running = package.classes if package else sorted({*connection.scalars(newest)} - {None})
    return list(dict.fromkeys([*running, *labelled]))


def add_label(engine: Engine, node: str, from_s: float, to_s: float, cls: str, author: str) -> int:
    """Label ``from_s <= ts < to_s`` and return how many readings are in it.

    Raises InputError for a class name that a model cannot have, for a period without readings,
    and for a period that begins at the same time as another.
    """
    cls = cls.strip()
    try:
        check_names([cls], "classes", CLASSES_MAX)
    except ValueError as e:
        raise InputError(f"class {cls[:40]!r}: {e}: choose another name") from e
    if not (math.isfinite(from_s) and math.isfinite(to_s)):
        raise InputError("not a valid period: choose another")
    in_period = (reading.c.node == node, reading.c.ts >= from_s, reading.c.ts < to_s)
    row = {"node": node, "from_ts": from_s, "to_ts": to_s, "cls": cls, "author": author}
    try:
        with engine.begin() as connection:
            n = connection.scalar(select(func.count()).select_from(reading).where(*in_period)) or 0
            if not n:
                raise InputError(
                    "no readings in this period, or only hourly means: choose another"
                )
            connection.execute(label.insert().values(**row, created_at=time.time()))
    except IntegrityError as e:
        raise InputError("another label begins at the same time: undo that first") from e
    return n


def remove_label(engine: Engine, node: str, from_s: float) -> None:
    """Remove the label that begins at ``from_s``."""
    with engine.begin() as connection:
        connection.execute(delete(label).where(label.c.node == node, label.c.from_ts == from_s))
