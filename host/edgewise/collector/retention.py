"""Folds old readings into hourly rows in small steps, and deletes old hourly rows."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Engine, bindparam, delete, exists, func, select
from sqlalchemy.exc import SQLAlchemyError

from edgewise.collector.hours import add_to_hour
from edgewise.database import reason
from edgewise.database.opening import one_at_a_time
from edgewise.database.schema import (
    HOUR_S,
    TIMES,
    clash,
    diag,
    events,
    forecast,
    label,
    reading,
    reading_hour,
    skipped,
)
from edgewise.errors import EdgewiseError, InputError

if TYPE_CHECKING:
    from edgewise.archive import Archive

__all__ = ["Keeper", "clock_error", "fold", "forget", "parse_span"]

_ROWS = 5000  # readings that one step folds
_CLOCK_S = 86400  # readings come more often than once a day
_PAUSE_S = 0.05  # between steps, because others write as well
_UNITS_S = {"h": HOUR_S, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


def parse_span(text: str) -> float:
    """The seconds of a time such as 36h, 90d, 12w or 5y; InputError."""
    match = re.fullmatch(r"([1-9]\d{0,4})([hdwy])", text)
    if not match:
        raise InputError(f"{text!r}: write a time such as 36h, 90d, 12w or 5y")
    return int(match[1]) * _UNITS_S[match[2]]


def fold(
    engine: Engine, keep_s: float, now_s: float | None = None, archive: Archive | None = None
) -> Iterator[int]:
    """Turn readings older than ``keep_s`` into rows of reading_hour, in steps of up to 5,000.

    Yields the number of readings after each step's commit. A late reading, whose hour was folded
    before, is added to that hour. Labelled readings stay, as training data. Skipped periods whose
    readings were folded are deleted. With ``archive`` a month is folded when all of it is that
    old, and only what is in the archive: EdgewiseError where that fails.
    """
    limit_s = ((time.time() if now_s is None else now_s) - keep_s) // HOUR_S * HOUR_S
    if archive is not None:
        limit_s = _first_of_month(limit_s)
    with engine.connect() as connection:
        nodes = connection.execute(select(reading.c.node).distinct()).scalars().all()
    for node in nodes:
        for part in _parts(engine, node, limit_s, archive):
            for column, condition in TIMES:
                while n := _fold_step(engine, node, column, condition, part):
                    yield n
    with engine.begin() as connection:
        connection.execute(delete(skipped).where(skipped.c.to_ts <= limit_s))


@dataclass(frozen=True)
class _Part:
    # Readings first_s <= time < end_s of a node that may go; keys None: all of them may.
    first_s: float
    end_s: float
    keys: frozenset[tuple[int, int, float]] | None = None

    def has(self, row: Any) -> bool:
        key = row["boot"], row["seq"], row["received_at"]
        return self.keys is None or key in self.keys


def _parts(engine: Engine, node: str, limit_s: float, archive: Archive | None) -> Iterator[_Part]:
    if archive is None:
        yield _Part(-math.inf, limit_s)
        return
    # they import numpy, which a collector without an archive does not need
    from edgewise.archive import writing
    from edgewise.archive.months import end_of, start_of

    for month in writing.months_of(engine, node, limit_s, lambda column: ~_is_labelled(column)):
        keys = writing.hold(engine, archive, node, month)
        yield _Part(start_of(month), end_of(month), keys)


def _first_of_month(time_s: float) -> float:
    from edgewise.archive.months import month_of, start_of

    return start_of(month_of(time_s))


def _is_labelled(column: Any) -> ColumnElement[bool]:
    return exists().where(
        label.c.node == reading.c.node, label.c.from_ts <= column, label.c.to_ts > column
    )


def _fold_step(engine: Engine, node: str, column: Any, condition: Any, part: _Part) -> int:
    query = select(reading, column.label("at")).where(
        reading.c.node == node,
        column >= part.first_s,
        column < part.end_s,
        condition,
        ~_is_labelled(column),
    )
    with engine.begin() as connection:
        one_at_a_time(connection)  # two collectors of a group would fold the same rows
        found = connection.execute(query.order_by(column).limit(_ROWS)).mappings()
        rows = [row for row in found if part.has(row)]
        hours: dict[int, list[Any]] = {}
        for row in rows:
            hours.setdefault(int(row["at"] // HOUR_S * HOUR_S), []).append(row)
        for hour_ts, hour_rows in hours.items():
            add_to_hour(connection, node, hour_ts, hour_rows)
        if rows:
            connection.execute(
                delete(reading).where(
                    reading.c.node == bindparam("n"),
                    reading.c.boot == bindparam("b"),
                    reading.c.seq == bindparam("s"),
                ),
                [{"n": row["node"], "b": row["boot"], "s": row["seq"]} for row in rows],
            )
    return len(rows)


def forget(engine: Engine, keep_s: float, now_s: float | None = None) -> None:
    """Delete hourly rows, forecasts, clashes, events and diag rows older than ``keep_s``."""
    limit_s = (time.time() if now_s is None else now_s) - keep_s
    with engine.begin() as connection:
        connection.execute(delete(reading_hour).where(reading_hour.c.hour_ts < limit_s))
        connection.execute(delete(forecast).where(forecast.c.ts < limit_s))
        for table in (clash, events, diag):
            connection.execute(delete(table).where(table.c.received_at < limit_s))


def clock_error(engine: Engine, now_s: float) -> str | None:
    """Why ``now_s`` may be a wrong clock: no reading is from the day before it or after it.

    The time stamps are the nodes' own where they have a clock. None: the clock can be right.
    """
    c = reading.c
    gaps_s: list[float] = []
    with engine.connect() as connection:
        for node in connection.scalars(select(c.node).distinct()).all():
            newest = select(func.max(c.ts)).where(c.node == node)
            # one reading with a time far ahead does not hide those before it
            times = [connection.scalar(newest.where(c.ts <= now_s + _CLOCK_S))]
            times.append(connection.scalar(newest))
            if times[1] is None:
                received = select(func.max(c.received_at)).where(c.node == node)
                times = [connection.scalar(received)]
            gaps_s += [abs(time_s - now_s) for time_s in times if time_s is not None]
    if not gaps_s or min(gaps_s) <= _CLOCK_S:
        return None
    return (
        f"the clock of this computer is {min(gaps_s) / 86400:.0f} days from the newest readings: "
        "nothing is folded or deleted; set the clock, or wait for readings"
    )


class Keeper:
    """A context manager: a thread that calls `fold` and `forget`, now and every hour.

    It does nothing while the clock of this computer can be wrong, see `clock_error`.

    ``keep_s``: for readings, ``keep_hourly_s``: for hourly rows; None keeps all. ``say`` gets a
    line when readings were folded, and when the database or the ``archive`` is away.
    """

    def __init__(
        self,
        engine: Engine,
        keep_s: float | None,
        keep_hourly_s: float | None,
        say: Callable[[str], None],
        archive: Archive | None = None,
    ) -> None:
        self._engine, self._keep_s, self._keep_hourly_s = engine, keep_s, keep_hourly_s
        self._say, self._archive = say, archive
        self._archive_error = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Keeper:
        if self._keep_s is not None or self._keep_hourly_s is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._fold_and_forget()
            except SQLAlchemyError as e:
                self._say(f"retention: {reason(e)}: next try in an hour")
            if self._stopping.wait(HOUR_S):
                return

    def _fold_and_forget(self) -> None:
        if error := clock_error(self._engine, time.time()):
            self._say(f"retention: {error}")
            return
        folded = 0
        try:
            for n in self._fold_steps():
                folded += n
                if self._stopping.wait(_PAUSE_S):
                    return
        except EdgewiseError as e:
            self._say_archive(str(e))
        else:
            self._say_archive("")
        if self._keep_hourly_s is not None:
            forget(self._engine, self._keep_hourly_s)
        if folded:
            self._say(f"{folded} old readings are hours now")

    def _fold_steps(self) -> Iterator[int]:
        if self._keep_s is not None:
            if self._archive is not None:
                from edgewise.archive.writing import save_labels

                save_labels(self._engine, self._archive)
            yield from fold(self._engine, self._keep_s, archive=self._archive)

    def _say_archive(self, error: str) -> None:
        # Each state is said once.
        if error and error != self._archive_error:
            self._say(f"{error}; what is not archived stays, next try in an hour")
        if not error and self._archive_error:
            self._say("the archive is back")
        self._archive_error = error
