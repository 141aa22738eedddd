"""Folds old readings into hourly rows in small steps, and deletes old hourly rows."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, exists, func, select
from sqlalchemy.exc import SQLAlchemyError

from edgewise.collector.old_months import fold_months
from edgewise.collector.storing import dialect_of
from edgewise.database import reason
from edgewise.database.months import is_split, make_months
from edgewise.database.nodes import nodes_with_unfolded
from edgewise.database.opening import one_at_a_time
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
from edgewise.errors import InputError

__all__ = ["Keeper", "clock_error", "fold", "forget", "parse_span"]

_ROWS = 5000  # readings that one step folds
_CLOCK_S = 86400  # readings come more often than once a day
_PAUSE_S = 0.05  # between steps, because others write as well
# The time of a reading, each with the readings that it is for. Each has an index. Of "ahead" the
# clock of this computer may have been the wrong one: ts folds none too early.
_TIMES = (
    (reading.c.ts, reading.c.clock.is_distinct_from("unset")),
    (reading.c.received_at, reading.c.ts.is_(None)),
    (reading.c.received_at, reading.c.clock == "unset"),
)
_UNITS_S = {"h": HOUR_S, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


def parse_span(text: str) -> float:
    """The seconds of a time such as 36h, 90d, 12w or 5y; InputError."""
    match = re.fullmatch(r"([1-9]\d{0,4})([hdwy])", text)
    if not match:
        raise InputError(f"{text!r}: write a time such as 36h, 90d, 12w or 5y")
    return int(match[1]) * _UNITS_S[match[2]]


def fold(engine: Engine, keep_s: float, now_s: float | None = None) -> Iterator[int]:
    """Turn readings older than ``keep_s`` into rows of reading_hour, in steps of up to 5,000.

    Yields the number of readings after each step's commit. A late reading, whose hour was folded
    before, is added to that hour. Labelled readings stay, as training data. Skipped periods whose
    readings were folded are deleted. In PostgreSQL a whole month is a step.
    """
    limit_s = ((time.time() if now_s is None else now_s) - keep_s) // HOUR_S * HOUR_S
    if is_split(engine):
        yield from fold_months(engine, limit_s)
    with engine.connect() as connection:
        nodes = nodes_with_unfolded(connection)
    for node in nodes:
        for column, condition in _TIMES:
            while n := _fold_step(engine, node, column, condition, limit_s):
                yield n
    with engine.begin() as connection:
        connection.execute(delete(skipped).where(skipped.c.to_ts <= limit_s))


def _fold_step(engine: Engine, node: str, column: Any, condition: Any, limit_s: float) -> int:
    is_labelled = exists().where(
        label.c.node == reading.c.node, label.c.from_ts <= column, label.c.to_ts > column
    )
    query = select(reading, column.label("at")).where(
        reading.c.node == node, column < limit_s, condition, ~is_labelled
    )
    with engine.begin() as connection:
        one_at_a_time(connection)  # two collectors of a group would fold the same rows
        rows = connection.execute(query.order_by(column).limit(_ROWS)).mappings().all()
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
        for node in nodes_with_unfolded(connection):
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

    It does nothing while the clock of this computer can be wrong, see `clock_error`. In PostgreSQL
    it makes the partitions of this month and the next, the first time before it returns.

    ``keep_s``: for readings, ``keep_hourly_s``: for hourly rows; None keeps all. ``say`` gets a
    line when readings were folded, and when the database is away.
    """

    def __init__(
        self,
        engine: Engine,
        keep_s: float | None,
        keep_hourly_s: float | None,
        say: Callable[[str], None],
    ) -> None:
        self._engine, self._keep_s, self._keep_hourly_s = engine, keep_s, keep_hourly_s
        self._say = say
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Keeper:
        self._make_months()
        if is_split(self._engine) or self._forgets:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def _forgets(self) -> bool:
        return self._keep_s is not None or self._keep_hourly_s is not None

    def _run(self) -> None:
        while True:
            if self._forgets:
                try:
                    self._fold_and_forget()
                except SQLAlchemyError as e:
                    self._say(f"retention: {reason(e)}: next try in an hour")
            if self._stopping.wait(HOUR_S):
                return
            self._make_months()

    def _make_months(self) -> None:
        try:
            make_months(self._engine, time.time())
            if is_split(self._engine) and self._keep_s is None:
                for _ in fold_months(self._engine, 0.0):
                    pass  # nothing is that old: what a kill left of an earlier --keep goes back
        except SQLAlchemyError as e:
            self._say(f"partitions: {reason(e)}: next try in an hour")

    def _fold_and_forget(self) -> None:
        if error := clock_error(self._engine, time.time()):
            self._say(f"retention: {error}")
            return
        folded = 0
        if self._keep_s is not None:
            for n in fold(self._engine, self._keep_s):
                folded += n
                if self._stopping.wait(_PAUSE_S):
                    return
        if self._keep_hourly_s is not None:
            forget(self._engine, self._keep_hourly_s)
        if folded:
            self._say(f"{folded} old readings are hours now")


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
