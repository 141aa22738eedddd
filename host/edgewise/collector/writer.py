"""Messages become rows, many in a commit; who sent one hears of it after its commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from edgewise.collector.storing import UNSTORABLE, Rows, empty_rows, insert, rejected_row
from edgewise.database import reason
from edgewise.messages.mqtt import parse

__all__ = ["BATCH", "Counts", "Writer"]

BATCH = 500
_IDLE_S = 0.05
_WAITING_MAX = 20 * BATCH
_RETRY_S = 1
_STOP_S = 60


class _Away(Exception):
    pass


@dataclass(frozen=True)
class _Message:
    topic: str
    payload: bytes
    done: Callable[[], None]


@dataclass
class Counts:
    """Since the start: ``readings`` rows written, ``duplicates`` dropped by their key,
    ``rejected`` malformed messages, kept aside or refused, ``bytes`` of payload, ``commits``,
    ``failed`` commits."""

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
        self.say = say
        self._queue: Queue[_Message] = Queue(_WAITING_MAX)
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self.counts = Counts()
        self._held = 0
        self.on_batch: Callable[[Rows], None] = lambda rows: None
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

    def put(
        self,
        topic: str,
        payload: bytes,
        done: Callable[[], None] = lambda: None,
        timeout_s: float = threading.TIMEOUT_MAX,
    ) -> None:
        """Take a message as it would come over MQTT; ``done`` is called after its commit.

        Waits while the database is behind. What is not taken, because time is up or the writer
        was stopped, is never done.
        """
        end = time.monotonic() + timeout_s
        while not self._stopping.is_set() and time.monotonic() < end:
            with suppress(Full):
                self._queue.put(_Message(topic, payload, done), timeout=_RETRY_S)
                return

    def refused(self) -> None:
        """Count a malformed message that its sender was told of at once."""
        with self._changed:
            self.counts.rejected += 1

    def stop(self) -> None:
        """Write what has been put, then end; a database that is away is not waited for."""
        if not self._stopping.is_set():
            self._stopping.set()
            if self._thread.is_alive():
                self._thread.join(_STOP_S)  # a database that does not answer holds it for ever

    @property
    def left(self) -> int:
        """How many messages were put and are not stored."""
        return self._held + self._queue.qsize()

    def wait_for(self, predicate: Callable[[Counts], bool], timeout_s: float) -> bool:
        """Wait until ``predicate(counts)`` holds after a commit; False when time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self.counts), timeout_s)

    def _write(self) -> None:
        while (batch := self._take()) or not self._stopping.is_set():
            self._held = len(batch)
            try:
                self._store(batch)
            except _Away:
                return
            self._held = 0

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
        if not batch:
            return
        rows = self._rows(batch)
        new = 0
        try:
            new = self._commit(rows)
        except UNSTORABLE as e:
            if len(batch) > 1:
                half = len(batch) // 2
                self._store(batch[:half])
                self._store(batch[half:])
                return
            rows = empty_rows()
            rows["rejected"].append(rejected_row(batch[0].topic, batch[0].payload, e, time.time()))
            with suppress(*UNSTORABLE):
                self._commit(rows)
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

    def _rows(self, batch: list[_Message]) -> Rows:
        rows, now = empty_rows(), time.time()
        for message in batch:
            try:
                for table, row in parse(self.base, message.topic, message.payload, now):
                    rows[table].append(row)
            except ValueError as e:
                rows["rejected"].append(rejected_row(message.topic, message.payload, e, now))
        # the last word of each node in the batch: a statement may not meet a row twice
        rows["status"] = list({row["node"]: row for row in rows["status"]}.values())
        return rows

    def _commit(self, rows: Rows) -> int:
        # -> readings that were new
        away = False
        while True:
            try:
                with self._engine.begin() as connection:
                    new = insert(connection, rows)
                if away:
                    self.say("database: it is back")
                return new
            except UNSTORABLE:
                raise
            except SQLAlchemyError as e:
                if not away:
                    away = True
                    said = reason(e)
                    self.say(f"database: {said}: waiting for it, what comes stays at the broker")
                self.counts.failed += 1
                if self._stopping.wait(_RETRY_S):
                    raise _Away from e
                self._engine.dispose()  # what it was connected to may be gone for good
