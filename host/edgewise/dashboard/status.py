"""What the status page tells: broker, collector, disk, forecast, notifications, versions."""

from __future__ import annotations

import platform
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select, text

from edgewise import __version__
from edgewise.database.schema import forecast, notify_target
from edgewise.database.services import COLLECTOR, NOTIFY, Service, services
from edgewise.database.size import disk_free, size_of

__all__ = ["Row", "status_rows"]

_DISK_LOW = 1 << 30
_GIB, _MIB = 1 << 30, 1 << 20


@dataclass(frozen=True)
class Row:
    """One line. ``state``: ok, bad, or none where there is nothing to judge.

    A pair (text before, unix seconds) in ``times`` is shown with the time on the page's clock.
    """

    name: str
    state: str
    text: str
    times: tuple[tuple[str, float], ...] = ()


def status_rows(engine: Engine, now_s: float | None = None) -> list[Row]:
    """The lines of the status page; sizes in bytes are those of ``collect --metrics``."""
    now_s = time.time() if now_s is None else now_s
    programs = services(engine)
    collector = programs.get(COLLECTOR)
    return [
        _broker(collector, now_s),
        _collector(collector, now_s),
        _database(engine),
        _disk(engine),
        _forecast(engine, now_s),
        *_notify(engine, programs.get(NOTIFY), now_s),
        _versions(engine, collector),
    ]


def _broker(collector: Service | None, now_s: float) -> Row:
    if collector is None or not collector.is_alive(now_s):
        return Row("Broker", "none", "unknown: edgewise collect does not run")
    facts = collector.facts
    if facts.get("broker") is None:
        return Row("Broker", "none", "none: the readings do not come over MQTT")
    name = str(facts["broker"]).rpartition("@")[2]
    if facts.get("broker_since"):
        since = ("connected since", float(facts["broker_since"]))
        return Row("Broker", "ok", name, (since,))
    lost = facts.get("broker_lost_at")
    times = (("away since", float(lost)),) if lost else ()
    return Row("Broker", "bad", f"{name} does not answer: check it and the network", times)


def _collector(collector: Service | None, now_s: float) -> Row:
    if collector is None:
        return Row("Collector", "none", "edgewise collect has not run on this database yet")
    commit = collector.facts.get("last_commit_at")
    times = (("last commit", float(commit)),) if commit else ()
    if not collector.is_alive(now_s):
        seen = ("last seen", collector.seen_at)
        return Row("Collector", "bad", "has stopped: start edgewise collect", (seen, *times))
    count = f"{collector.facts.get('readings', 0)} readings stored since its start"
    waiting = int(collector.facts.get("waiting") or 0)
    more = f", {waiting} messages wait" if waiting else ""
    return Row("Collector", "ok", count + more, (("runs since", collector.started_at), *times))


def _database(engine: Engine) -> Row:
    name = "PostgreSQL" if engine.dialect.name == "postgresql" else "SQLite"
    return Row("Database", "ok", f"{name}, {_size(size_of(engine))}")


def _disk(engine: Engine) -> Row:
    free = disk_free(engine)
    if free is None:
        return Row("Disk", "none", "on the database server, not known here")
    if free < _DISK_LOW:
        return Row("Disk", "bad", f"{_size(free)} free: make room, or use collect --keep")
    return Row("Disk", "ok", f"{_size(free)} free")


def _forecast(engine: Engine, now_s: float) -> Row:
    c = forecast.c
    with engine.connect() as connection:
        made_at = connection.scalar(select(func.max(c.made_at)))
        ahead = select(func.count(c.node.distinct())).where(c.ts > now_s)
        n = connection.scalar(ahead) or 0
    if made_at is None:
        return Row("Forecast", "none", "none yet: edgewise forecast --stay makes one every hour")
    text = (
        f"for {n} node{'s' if n > 1 else ''}"
        if n
        else "out of date: start edgewise forecast --stay"
    )
    return Row("Forecast", "ok" if n else "bad", text, (("made", float(made_at)),))


def _notify(engine: Engine, notify: Service | None, now_s: float) -> list[Row]:
    if notify is None:
        return [Row("Notifications", "none", "edgewise notify has not run on this database yet")]
    rows = []
    if not notify.is_alive(now_s):
        seen = (("last seen", notify.seen_at),)
        rows.append(Row("Notifications", "bad", "have stopped: start edgewise notify", seen))
    with engine.connect() as connection:
        targets = connection.execute(select(notify_target).order_by(notify_target.c.name)).all()
    return rows + [_target(row) for row in targets]


def _target(row: Any) -> Row:
    name = f"Notifications to {row.name}"
    sent = (("last sent", float(row.sent_at)),) if row.sent_at else ()
    if row.failing_since is not None:
        times = (("fails since", float(row.failing_since)), *sent)
        text = f"{row.error}: try {row.tries + 1} follows, nothing is lost"
        return Row(name, "bad", text, times)
    return Row(name, "ok", "" if sent else "nothing sent yet", sent)


def _versions(engine: Engine, collector: Service | None) -> Row:
    if engine.dialect.name == "sqlite":
        database = f"SQLite {sqlite3.sqlite_version}"
    else:
        with engine.connect() as connection:
            database = f"PostgreSQL {connection.scalar(text('SHOW server_version'))}"
    own = f"Edgewise {__version__}, Python {platform.python_version()}, {database}"
    other = str(collector.facts.get("version")) if collector else __version__
    if other != __version__:
        return Row(
            "Versions",
            "bad",
            f"{own}; collector {other}: install the same version and start the collector again",
        )
    return Row("Versions", "ok", own)


def _size(n: int) -> str:
    return f"{n / _GIB:.1f} GiB" if n >= _GIB else f"{n / _MIB:.1f} MiB"
