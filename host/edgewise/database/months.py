"""PostgreSQL only: readings are in the partition of the month in which they came.

A partition knows only its own keys, and a reading may come again in the next month. So all
readings of a block, 1,024 numbers of a boot, go where its first reading went: `reading_block` says
where. Month 0 holds readings of before there were partitions, and those that outlive their month.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from edgewise.database.opening import one_at_a_time
from edgewise.database.schema import reading

__all__ = [
    "BLOCK",
    "PLACING_LOCK",
    "attached_months",
    "by_month",
    "in_months",
    "is_split",
    "make_months",
    "number_of",
]

BLOCK = 1024  # readings of a boot that stay together; the migration has the same number
PLACING_LOCK = 0x45444746  # shared by those that place readings, whole for who closes a month
_LOCK_WAIT = "SET LOCAL lock_timeout = '5s'"  # a reader that takes long must not stop the writers
_metadata = MetaData()
by_month = reading.to_metadata(_metadata)
by_month.append_column(Column("month", Integer, primary_key=True))
_block = Table(
    "reading_block",
    _metadata,
    Column("node", String(64), primary_key=True),
    Column("boot", Integer, primary_key=True),
    Column("block", Integer, primary_key=True),
    Column("month", Integer, nullable=False),
)
_ATTACHED = text(
    "SELECT substr(relname, 9)::integer FROM pg_inherits JOIN pg_class ON oid = inhrelid "
    "WHERE inhparent = 'reading'::regclass AND relname ~ '^reading_[0-9]{6}$' ORDER BY 1"
)
_KEYS_MAX = 5000  # in one query: it may have 65,535 parameters

Block = tuple[str, int, int]


def number_of(time_s: float) -> int:
    """The month of a time in unix seconds, as 202612, UTC."""
    year, month, *_ = time.gmtime(time_s)
    return 100 * year + month


def is_split(engine: Engine) -> bool:
    """Whether the readings of this database are in partitions."""
    return engine.dialect.name == "postgresql"


def attached_months(connection: Connection) -> list[int]:
    """The months that have a partition, as 202612, the oldest first."""
    return list(connection.scalars(_ATTACHED))


def make_months(engine: Engine, now_s: float) -> None:
    """Make the partitions of this month and the next where they are missing."""
    if not is_split(engine):
        return
    month = number_of(now_s)
    wanted = {month, month + 1 if month % 100 < 12 else month + 89}
    with engine.connect() as connection:
        if wanted <= set(attached_months(connection)):
            return
    with engine.begin() as connection:
        connection.execute(text(_LOCK_WAIT))
        one_at_a_time(connection)
        for number in sorted(wanted - set(attached_months(connection))):
            # neither readers nor writers wait for ATTACH: there is no default partition
            for statement in (
                f"CREATE TABLE reading_{number} (LIKE reading INCLUDING DEFAULTS)",
                f"ALTER TABLE reading ATTACH PARTITION reading_{number} "
                f"FOR VALUES FROM ({number}) TO ({number + 1})",
            ):
                connection.execute(text(statement))


def in_months(
    connection: Connection, rows: list[dict[str, Any]], now_s: float
) -> list[dict[str, Any]]:
    """``rows`` of readings, each with the month of its block; until the commit none is closed."""
    connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({PLACING_LOCK})"))
    blocks = sorted({_block_of(row) for row in rows})
    month_of = _known(connection, blocks)
    if new := [block for block in blocks if block not in month_of]:
        month = _newest(connection, now_s)
        values = [dict(zip(("node", "boot", "block"), block, strict=True)) for block in new]
        statement = insert(_block).values(month=month).on_conflict_do_nothing()
        connection.execute(statement, [{**value, "month": month} for value in values])
        month_of |= _known(connection, new)  # another collector may have been first
    return [{**row, "month": month_of[_block_of(row)]} for row in rows]


def _block_of(row: dict[str, Any]) -> Block:
    return row["node"], row["boot"], row["seq"] // BLOCK


def _known(connection: Connection, blocks: list[Block]) -> dict[Block, int]:
    c = _block.c
    months: dict[Block, int] = {}
    for start in range(0, len(blocks), _KEYS_MAX):
        part = blocks[start : start + _KEYS_MAX]
        query = select(_block).where(tuple_(c.node, c.boot, c.block).in_(part))
        months |= {(r.node, r.boot, r.block): r.month for r in connection.execute(query)}
    return months


def _newest(connection: Connection, now_s: float) -> int:
    # The newest month that has begun; 0 if there is none, so that no reading is without a place.
    now = number_of(now_s)
    return max((number for number in attached_months(connection) if number <= now), default=0)
