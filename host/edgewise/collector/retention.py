"""Folds old readings into hourly rows in small steps, and deletes old hourly rows."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, exists, func, select
from sqlalchemy.exc import SQLAlchemyError

from edgewise.archive import Archive
from edgewise.archive.months import month_of, start_of
from edgewise.archive.writing import Held, hold, months_of, save_labels
from edgewise.collector.storing import dialect_of
from edgewise.database import reason
from edgewise.database.opening import one_at_a_time
from edgewise.database.readings import TIMES
from edgewise.database.schema import (
    HOUR_S,
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
        limit_s = start_of(month_of(limit_s))
    with engine.connect() as connection:
        nodes = connection.execute(select(reading.c.node).distinct()).scalars().all()
    for node in nodes:
        for held in _held_parts(engine, node, limit_s, archive):
            for column, condition in TIMES:
                while n := _fold_step(engine, node, column, condition, held):
                    yield n
    with engine.begin() as connection:
        connection.execute(delete(skipped).where(skipped.c.to_ts <= limit_s))


def _held_parts(
    engine: Engine, node: str, limit_s: float, archive: Archive | None
) -> Iterator[Held]:
    if archive is None:
        yield Held(-math.inf, limit_s)
        return
    for month in months_of(engine, node, limit_s, lambda column: ~_is_labelled(column)):
        yield hold(engine, archive, node, month)


def _is_labelled(column: Any) -> ColumnElement[bool]:
    return exists().where(
        label.c.node == reading.c.node, label.c.from_ts <= column, label.c.to_ts > column
    )


def _fold_step(engine: Engine, node: str, column: Any, condition: Any, held: Held) -> int:
    query = select(reading, column.label("at")).where(
        reading.c.node == node,
        column >= held.first_s,
        column < held.end_s,
        condition,
        ~_is_labelled(column),
    )
    with engine.begin() as connection:
        one_at_a_time(connection)  # two collectors of a group would fold the same rows
        found = connection.execute(query.order_by(column).limit(_ROWS)).mappings()
        rows = [row for row in found if held.has(row)]
        hours: dict[int, list[Any]] = {}
        for row in rows:
            hours.setdefault(int(row["at"] // HOUR_S * HOUR_S), []).append(row)
        for hour_ts, hour_rows in hours.items():
            _add_to_hour(connection, node, hour_ts, hour_rows)
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
                save_labels(self._engine, self._archive)
            yield from fold(self._engine, self._keep_s, archive=self._archive)

    def _say_archive(self, error: str) -> None:
        # Each state is said once.
        if error and error != self._archive_error:
            self._say(f"{error}; what is not archived stays, next try in an hour")
        if not error and self._archive_error:
            self._say("the archive is back")
        self._archive_error = error


def _add_to_hour(connection: Connection, node: str, hour_ts: int, rows: Sequence[Any]) -> None:
    hour = _hour_row(node, hour_ts, rows)
    old_hour = connection.execute(
        select(reading_hour).where(reading_hour.c.node == node, reading_hour.c.hour_ts == hour_ts)
    ).first()
    if old_hour is not None:
        hour = _join(dict(old_hour._mapping), hour)
    statement = dialect_of(connection).insert(reading_hour).values(hour)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["node", "hour_ts"], set_=hour)
    )


def _hour_row(node: str, hour_ts: int, rows: Sequence[Any]) -> dict[str, Any]:
    good = [row for row in rows if row["err"] is None]
    hour: dict[str, Any] = {"node": node, "hour_ts": hour_ts, "n": len(rows)}
    hour["failed"] = len(rows) - len(good)
    for c in "th":
        values = [row[c] for row in good]
        hour[f"{c}_min"] = min(values, default=None)
        hour[f"{c}_mean"] = sum(values) / len(values) if values else None
        hour[f"{c}_max"] = max(values, default=None)
    classes = Counter(row["cls"] for row in good if row["cls"] is not None)
    hour["cls"] = classes.most_common(1)[0][0] if classes else None
    return hour


def _join(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    # Joins two parts of an hour; the class is that of the part with more good readings.
    good_a, good_b = a["n"] - a["failed"], b["n"] - b["failed"]
    if not good_a or not good_b:
        return {**(a if good_a else b), "n": a["n"] + b["n"], "failed": a["failed"] + b["failed"]}
    joined = {**(a if good_a >= good_b else b)}
    joined |= {"n": a["n"] + b["n"], "failed": a["failed"] + b["failed"]}
    for c in "th":
        joined[f"{c}_min"] = min(a[f"{c}_min"], b[f"{c}_min"])
        joined[f"{c}_max"] = max(a[f"{c}_max"], b[f"{c}_max"])
        means = good_a * a[f"{c}_mean"] + good_b * b[f"{c}_mean"]
        joined[f"{c}_mean"] = means / (good_a + good_b)
    return joined
