"""Fills a PostgreSQL with as many readings as are asked for, and times what the pages read.

``python -m tests.database.many --nodes 1000 --days 350``: a reading of each node every five
minutes, 100.8 million; two more nodes report every 30 s. Prints what docs/scale.md quotes. The
server is a local one, without fsync.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, text
from tests.database import postgres

from edgewise.collector.old_months import fold_months
from edgewise.dashboard import fleet, series
from edgewise.dashboard.figures import figures
from edgewise.dashboard.hours import Hours
from edgewise.database import open_db
from edgewise.database.months import BLOCK, attached_months, make_months, number_of

_DAY_S = 86400
_NODES = ("n0", "long0")  # a reading every five minutes, every 30 s
_MONTH = "to_char(to_timestamp(s.first + (s.seq / {block}) * {block} * {step}.0), 'YYYYMM')::int"
_ROWS = (
    "INSERT INTO reading (node, boot, seq, ts, t, h, cls, p, late, received_at, month) "
    "SELECT {name} || n, 1, seq, s.first + seq * {step} + n, "
    "round((21 + 4 * sin(seq / 288.0 + n))::numeric, 1), "
    "round((45 + 9 * cos(seq / 288.0 + n))::numeric, 1), "
    "CASE (seq / 100 + n) % 5 WHEN 0 THEN 'open' ELSE 'closed' END, 0.9, 0, "
    "s.first + seq * {step} + n + 0.2, " + _MONTH + " "
    "FROM (SELECT :first AS first, generate_series(:begin, :end - 1) AS seq) s, "
    "generate_series(0, :nodes - 1) n"
)
_BLOCKS = (
    "INSERT INTO reading_block SELECT node, boot, seq / {block}, min(month) FROM reading "
    "GROUP BY 1, 2, 3"
)


def fill(engine: Engine, nodes: int, days: int) -> None:
    """Readings of the last ``days``, month by month as they come."""
    first_s = float(int(time.time()) - days * _DAY_S)
    for day in range(days + 1):
        make_months(engine, first_s + day * _DAY_S)
    for name, n, step in (("'n'", nodes, 300), ("'long'", 2, 30)):
        sql = text(_ROWS.format(name=name, step=step, block=BLOCK))
        for day in range(days):
            span = {"begin": day * _DAY_S // step, "end": (day + 1) * _DAY_S // step}
            with engine.begin() as connection:
                connection.execute(sql, {"first": first_s, "nodes": n, **span})
    with engine.begin() as connection:
        connection.execute(text(_BLOCKS.format(block=BLOCK)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def measure(
    engine: Engine, names: tuple[str, ...] = _NODES, say: Callable[[str], None] = print
) -> None:
    """Say how long each part of the pages takes, the first and the second time."""

    def timed(what: str, read: Callable[[], object]) -> None:
        seconds = []
        for _ in range(2):
            begin_s = time.perf_counter()
            read()
            seconds.append(time.perf_counter() - begin_s)
        say(f"{what}: {seconds[0]:.3f} s, again {seconds[1]:.3f} s")

    timed("overview, all nodes", lambda: fleet.fleet(engine))
    for name in names:
        extent = series.extent(engine, name)
        assert extent is not None
        first_s, last_s = extent
        hours = Hours()
        timed(f"{name}, state", partial(fleet.node, engine, name))
        for what, span_s in (
            ("a day", _DAY_S),
            ("a month", 30 * _DAY_S),
            ("all", last_s - first_s),
        ):
            read = partial(series.window, engine, name, last_s - span_s, last_s, 1000, hours)
            timed(f"{name}, chart of {what}", read)
        timed(f"{name}, figures", partial(figures, engine, name, {}, last_s, None))


def fold_oldest(engine: Engine, say: Callable[[str], None] = print) -> None:
    """Say how long the oldest whole month takes to become hours."""
    with engine.connect() as connection:
        oldest, following = attached_months(connection)[:2]
    limit_s = time.time()
    while number_of(limit_s) > following:
        limit_s -= _DAY_S
    begin_s = time.perf_counter()
    n = sum(fold_months(engine, limit_s))
    say(f"month {oldest}: {n} readings are hours after {time.perf_counter() - begin_s:.1f} s")


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--days", type=int, default=350)
    parser.add_argument("--db", help="one that is filled already")
    parser.add_argument("--node", action="append", help="whose pages are read [n0, long0]")
    options = parser.parse_args()
    if options.db:
        engine = open_db(options.db)
        measure(engine, tuple(options.node or _NODES))
        fold_oldest(engine)
        return
    with (
        tempfile.TemporaryDirectory(prefix="many-") as folder,
        postgres.run_server(Path(folder)) as url,
    ):
        engine = open_db(url)
        fill(engine, options.nodes, options.days)
        measure(engine)
        fold_oldest(engine)


if __name__ == "__main__":
    _main()
