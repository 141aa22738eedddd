"""Messages become rows, many in a commit; who sent one hears of it after its commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from edgewise.database import schema
from edgewise.messages import parse

__all__ = ["BATCH", "Counts", "Writer"]

BATCH = 500
_IDLE_S = 0.05
_WAITING_MAX = 20 * BATCH
_RETRY_S = 1
_REJECTED_MAX = 1000
_REJECTED_BYTES = 1024
_TABLES: dict[str, Table] = {
    "reading": schema.reading,
    "event": schema.events,
    "diag": schema.diag,
    "status": schema.status,
    "rejected": schema.rejected,
}


@dataclass(frozen=True)
class _Message:
    topic: str
    payload: bytes
    done: Callable[[], None]


@dataclass
class Counts:
    """Since the start: ``readings`` rows written, ``duplicates`` dropped by their key,
    ``rejected`` malformed messages, ``bytes`` of payload, ``commits``, ``failed`` commits."""

    readings: int = 0
    duplicates: int = 0
    rejected: int = 0
    bytes: int = 0
    commits: int = 0
    failed: int = 0


class Writer:
    """A thread that writes what is ``put``, below ``base``, until stopped.

    A database that is away is waited for, and ``say`` gets a line; nothing is done before it is
    stored. ``on_batch(rows)`` is called after each commit with the rows of each table.
    """

    def __init__(
        self,
        engine: Engine,
        base: str = "edgewise",
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.base = base
        self._engine = engine
        self._say = say
        self._queue: Queue[_Message] = Queue(_WAITING_MAX)
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self.counts = Counts()
        self.on_batch: Callable[[dict[str, list[dict[str, Any]]]], None] = lambda rows: None
        self._thread = threading.Thread(target=self._write, name="writer", daemon=True)

    def __enter__(self) -> Writer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to write, if it has not begun."""
        if self._thread.ident is None:
            self._thread.start()

    def put(self, topic: str, payload: bytes, done: Callable[[], None] = lambda: None) -> None:
        """Take a message as it would come over MQTT; ``done`` is called after its commit.

        Waits while the database is behind.
        """
        while not self._stopping.is_set():
            try:
                self._queue.put(_Message(topic, payload, done), timeout=_RETRY_S)
                return
            except Full:
                continue

    def stop(self) -> None:
        """Write what has been put, then end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def wait_for(self, predicate: Callable[[Counts], bool], timeout_s: float) -> bool:
        """Wait until ``predicate(counts)`` holds after a commit; False when time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self.counts), timeout_s)

    def _write(self) -> None:
        while True:
            batch = self._take()
            if batch:
                self._store(batch)
            elif self._stopping.is_set():
                return

    def _take(self) -> list[_Message]:
        # What has come during the last commit: a broker that lets few be unacknowledged waits
        # for this one.
        batch: list[_Message] = []
        try:
            batch.append(self._queue.get(timeout=_IDLE_S))
            while len(batch) < BATCH:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        return batch

    def _store(self, batch: list[_Message]) -> None:
        rows = self._rows(batch)
        new = self._commit(rows)
        if new is None:
            return
        for message in batch:
            message.done()
        with self._changed:
            counts = self.counts
            counts.readings += new
            counts.duplicates += len(rows["reading"]) - new
            counts.rejected += len(rows["rejected"])
            counts.bytes += sum(len(m.payload) for m in batch)
            counts.commits += 1
            self._changed.notify_all()
        self.on_batch(rows)

    def _rows(self, batch: list[_Message]) -> dict[str, list[dict[str, Any]]]:
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _TABLES}
        now = time.time()
        for message in batch:
            try:
                for table, row in parse(self.base, message.topic, message.payload, now):
                    rows[table].append(row)
            except ValueError as e:
                shown = message.payload[:_REJECTED_BYTES].decode(errors="replace")
                rows["rejected"].append(
                    {
                        "topic": message.topic[:_REJECTED_BYTES],
                        "payload": shown.replace("\0", "\ufffd"),
                        "why": str(e)[:_REJECTED_BYTES],
                        "received_at": now,
                    }
                )
        # the last word of each node in the batch: a statement may not meet a row twice
        rows["status"] = list({row["node"]: row for row in rows["status"]}.values())
        return rows

    def _commit(self, rows: dict[str, list[dict[str, Any]]]) -> int | None:
        # -> readings that were new
        away = False
        while True:
            try:
                with self._engine.begin() as connection:
                    new = self._insert(connection, rows)
                if away:
                    self._say("database: it is back")
                return new
            except SQLAlchemyError as e:
                if not away:
                    away = True
                    why = str(getattr(e, "orig", e)).splitlines()[0]
                    self._say(f"database: {why}: waiting for it, what comes stays at the broker")
                self.counts.failed += 1
                if self._stopping.wait(_RETRY_S):
                    return None

    def _insert(self, connection: Connection, rows: dict[str, list[dict[str, Any]]]) -> int:
        new = 0
        once: Any = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        for name, table in _TABLES.items():
            if not rows[name]:
                continue
            statement = once.insert(table)
            if table is schema.reading:
                statement = statement.on_conflict_do_nothing().returning(schema.reading.c.seq)
                new = len(connection.execute(statement, rows[name]).all())
                continue
            if table is schema.status:
                statement = statement.on_conflict_do_update(
                    index_elements=["node"],
                    set_={key: statement.excluded[key] for key in ("online", "received_at")},
                )
            connection.execute(statement, rows[name])
        if rows["rejected"]:
            newest = connection.execute(select(func.max(schema.rejected.c.id))).scalar_one()
            connection.execute(
                delete(schema.rejected).where(schema.rejected.c.id <= newest - _REJECTED_MAX)
            )
        return new
