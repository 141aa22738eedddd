"""Folds whole months of readings in PostgreSQL: hours are computed there, and a table is dropped.

A month is taken out of the table of readings first, in an instant: from then on nothing writes it.
What a kill leaves behind is found by its name and folded later.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, text

from edgewise.database.months import BLOCK, PLACING_LOCK, attached_months, number_of
from edgewise.database.schema import HOUR_S, reading

__all__ = ["drop_empty_months", "fold_months", "take_back_months"]

_FOLD_LOCK = 0x45444748
_FOLDS_NONE = 0.0  # unix seconds: all readings are newer, or have no time
_HAS_ROWS = "SELECT EXISTS (SELECT 1 FROM reading_{})"
_LOCK_WAIT = "SET LOCAL lock_timeout = '5s'"  # behind a reader that takes long all others wait
_COLUMNS = ", ".join(column.name for column in reading.columns)
# as in edgewise.collector.retention: the clock of a node that was never set says nothing
_AT = "CASE WHEN ts IS NULL OR clock = 'unset' THEN received_at ELSE ts END"
_IS_LABELLED = (
    "EXISTS (SELECT 1 FROM label l WHERE l.node = r.node AND l.from_ts <= r.at AND l.to_ts > r.at)"
)
_IS_OLD = f"r.at < :limit AND NOT {_IS_LABELLED}"
_FIGURES = (("min", "min"), ("avg", "mean"), ("max", "max"))  # of SQL, of reading_hour
_GOOD, _NEW_GOOD = "(o.n - o.failed)", "(excluded.n - excluded.failed)"
_LEFT_OUT = text(
    "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relname ~ '^reading_[0-9]{6}$' "
    "AND NOT c.relispartition AND pg_table_is_visible(c.oid) ORDER BY 1"
)


def fold_months(engine: Engine, limit_s: float) -> Iterator[int]:
    """Fold the months that ended before ``limit_s``; yields the number of readings of each.

    The same hours come out as by `edgewise.collector.retention.fold`. Labelled readings, and
    newer ones, move to the partition of month 0.
    """
    with engine.connect() as connection:
        old = [n for n in attached_months(connection) if n < number_of(limit_s)]
    yield from _fold_all(engine, old, limit_s)


def drop_empty_months(engine: Engine, limit_s: float) -> None:
    """Drop the months that ended before ``limit_s`` and whose readings are all hours."""
    with engine.connect() as connection:
        old = [n for n in attached_months(connection) if n < number_of(limit_s)]
        empty = [n for n in old if not connection.scalar(text(_HAS_ROWS.format(n)))]
    for _ in _fold_all(engine, empty, _FOLDS_NONE):
        pass


def take_back_months(engine: Engine) -> None:
    """Make readings again of what a kill left out of the table."""
    for _ in _fold_all(engine, [], _FOLDS_NONE):
        pass


def _fold_all(engine: Engine, months: list[int], limit_s: float) -> Iterator[int]:
    for number in months:
        with engine.begin() as connection:
            _take_out(connection, number)
    with engine.connect() as connection:
        names = [str(name) for name in connection.scalars(_LEFT_OUT)]
    for name in names:
        with engine.begin() as connection:
            n = _fold(connection, name, limit_s)
        with engine.begin() as connection:
            _forget_blocks(connection)
        yield n


def _take_out(connection: Connection, number: int) -> None:
    connection.execute(text(_LOCK_WAIT))
    connection.execute(text(f"SELECT pg_advisory_xact_lock({PLACING_LOCK})"))
    if number in attached_months(connection):  # another collector may have been first
        connection.execute(text(f"UPDATE reading_block SET month = 0 WHERE month = {number}"))
        connection.execute(text(f"ALTER TABLE reading DETACH PARTITION reading_{number}"))


def _fold(connection: Connection, name: str, limit_s: float) -> int:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_FOLD_LOCK})"))
    if name not in connection.scalars(_LEFT_OUT).all():
        return 0  # another collector folded it
    rows = f"(SELECT *, {_AT} AS at FROM {name}) r"
    limit = {"limit": limit_s}
    n = connection.scalar(text(f"SELECT count(*) FROM {rows} WHERE {_IS_OLD}"), limit)
    connection.execute(text(_hours_of(rows)), limit)
    connection.execute(
        text(
            f"INSERT INTO reading ({_COLUMNS}, month) SELECT {_COLUMNS}, 0 FROM {rows} "
            f"WHERE NOT ({_IS_OLD}) ON CONFLICT DO NOTHING"
        ),
        limit,
    )
    connection.execute(text(f"DROP TABLE {name}"))
    return int(n or 0)


def _hours_of(rows: str) -> str:
    good = "FILTER (WHERE r.err IS NULL)"
    values = ", ".join(f"{f}(r.{c}) {good} AS {c}_{name}" for c in "th" for f, name in _FIGURES)
    names = ", ".join(f"{c}_{name}" for c in "th" for _, name in _FIGURES)
    joined = ", ".join(
        f"{c}_min = LEAST(o.{c}_min, excluded.{c}_min), "
        f"{c}_max = GREATEST(o.{c}_max, excluded.{c}_max), {c}_mean = "
        f"(COALESCE({_GOOD} * o.{c}_mean, 0) + COALESCE({_NEW_GOOD} * excluded.{c}_mean, 0)) "
        f"/ NULLIF({_GOOD} + {_NEW_GOOD}, 0)"
        for c in "th"
    )
    return (
        f"INSERT INTO reading_hour AS o (node, hour_ts, n, failed, {names}, cls) "
        f"SELECT r.node, floor(r.at / {HOUR_S}) * {HOUR_S} AS hour_ts, count(*), "
        f"count(*) FILTER (WHERE r.err IS NOT NULL), {values}, "
        f"mode() WITHIN GROUP (ORDER BY r.cls) {good} FROM {rows} WHERE {_IS_OLD} "
        "GROUP BY 1, 2 ON CONFLICT (node, hour_ts) DO UPDATE SET n = o.n + excluded.n, "
        f"failed = o.failed + excluded.failed, {joined}, "
        f"cls = CASE WHEN {_GOOD} >= {_NEW_GOOD} THEN o.cls ELSE excluded.cls END"
    )


def _forget_blocks(connection: Connection) -> None:
    # of month 0, those whose readings are hours now; nobody places one of them meanwhile
    connection.execute(text(f"SELECT pg_advisory_xact_lock({PLACING_LOCK})"))
    connection.execute(
        text(
            "DELETE FROM reading_block b WHERE month = 0 AND NOT EXISTS (SELECT 1 FROM "
            "reading_kept k WHERE k.node = b.node AND k.boot = b.boot "
            f"AND k.seq >= b.block::bigint * {BLOCK} AND k.seq < (b.block::bigint + 1) * {BLOCK})"
        )
    )
