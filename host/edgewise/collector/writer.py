"""A thread that writes messages as rows, many in a commit; senders are told after the commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from edgewise.collector.identity import Lives
from edgewise.collector.storing import UNSTORABLE, Rows, empty_rows, insert, rejected_row
from edgewise.database import reason
from edgewise.messages.mqtt import parse, split_replay

__all__ = ["BATCH", "Counts", "Writer"]

BATCH = 500
_IDLE_S = 0.05
_QUEUE_MAX = 20 * BATCH
_RETRY_S = 1
_STOP_S = 60


class _Stopped(Exception):
    """The writer was stopped while the database was away."""


@dataclass(frozen=True)
class _Message:
    topic: str
    payload: bytes
    on_stored: Callable[[], None]


@dataclass
class Counts:
    """Counts since the start.

    ``readings``: rows written. ``duplicates``: readings whose key was there already.
    ``rejected``: malformed messages, in the table ``rejected`` or refused at once. ``bytes``: of
    payload. ``commits``, and ``failed`` commits.
    """

    readings: int = 0
    duplicates: int = 0
    rejected: int = 0
    bytes: int = 0
    commits: int = 0
    failed: int = 0


class Writer:
    """A thread that writes the messages given to `put`, with topics below ``base``, until stopped.

    It waits for a database that is away, and ``say`` gets a line. ``on_batch(rows)`` is called
    after each commit with the rows of each table.
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
        self._queue: Queue[_Message] = Queue(_QUEUE_MAX)
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self.counts = Counts()
        self.last_commit_at: float | None = None  # unix seconds
        self._batch_size = 0
        self._lives = Lives()
        self.on_batch: Callable[[Rows], None] = lambda rows: None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def __enter__(self) -> Writer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the thread if it does not run yet."""
        if self._thread.ident is None:
            self._thread.start()

    def put(
        self,
        topic: str,
        payload: bytes,
        on_stored: Callable[[], None] = lambda: None,
        timeout_s: float = threading.TIMEOUT_MAX,
    ) -> None:
        """Queue a message as it would come over MQTT; ``on_stored`` is called after its commit.

        Blocks while the queue is full. If the time is up or the writer was stopped before the
        message is in the queue, ``on_stored`` is never called.
        """
        end = time.monotonic() + timeout_s
        while not self._stopping.is_set() and time.monotonic() < end:
            with suppress(Full):
                self._queue.put(_Message(topic, payload, on_stored), timeout=_RETRY_S)
                return

    def count_refusal(self) -> None:
        """Count a malformed message that was refused at once."""
        with self._changed:
            self.counts.rejected += 1

    def stop(self) -> None:
        """Write the queued messages, then stop; does not wait for a database that is away."""
        if not self._stopping.is_set():
            self._stopping.set()
            if self._thread.is_alive():
                self._thread.join(_STOP_S)  # a database that does not answer blocks it for ever

    @property
    def unstored(self) -> int:
        """How many messages are queued and not stored yet."""
        return self._batch_size + self._queue.qsize()

    def wait_for(self, predicate: Callable[[Counts], bool], timeout_s: float) -> bool:
        """Whether ``predicate(counts)`` holds after a commit within ``timeout_s``."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self.counts), timeout_s)

    def _run(self) -> None:
        while (batch := self._take_batch()) or not self._stopping.is_set():
            self._batch_size = len(batch)
            try:
                self._store(batch)
            except _Stopped:
                return
            self._batch_size = 0

    def _take_batch(self) -> list[_Message]:
        # Takes only what came during the last commit: a broker that allows few unacknowledged
        # messages waits for this commit.
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
            message.on_stored()
        with self._changed:
            counts = self.counts
            counts.readings += new
            counts.duplicates += len(rows["reading"]) - new
            counts.rejected += len(rows["rejected"])
            counts.bytes += sum(len(m.payload) for m in batch)
            counts.commits += 1
            self.last_commit_at = time.time()
            self._changed.notify_all()
        self.on_batch(rows)

    def _rows(self, batch: list[_Message]) -> Rows:
        rows, now = empty_rows(), time.time()
        for message in batch:
            self._add_rows(rows, message.topic, message.payload, now)
        # only the last of each: a statement must not update a row twice
        rows["status"] = list({row["node"]: row for row in rows["status"]}.values())
        by_horizon = {(row["node"], row["minutes"]): row for row in rows["outlook"]}
        rows["outlook"] = list(by_horizon.values())
        return rows

    def _add_rows(self, rows: Rows, topic: str, payload: bytes, now: float) -> None:
        try:
            for table, row in parse(self.base, topic, payload, now):
                rows[table].append(row)
        except ValueError as e:
            parts = split_replay(topic, payload)
            for part in parts:
                self._add_rows(rows, topic, part, now)
            if not parts:
                rows["rejected"].append(rejected_row(topic, payload, e, now))

    def _commit(self, rows: Rows) -> int:
        # returns how many readings were new
        is_away = False
        while True:
            try:
                with self._engine.begin() as connection:
                    n_new = insert(connection, rows, self._lives)
                self._lives.learn(rows["event"])
                if is_away:
                    self.say("database: it is back")
                return n_new
            except UNSTORABLE:
                raise
            except SQLAlchemyError as e:
                if not is_away:
                    is_away = True
                    why = reason(e)
                    self.say(f"database: {why}: waiting for it, what comes stays at the broker")
                self.counts.failed += 1
                if self._stopping.wait(_RETRY_S):
                    raise _Stopped from e
                self._engine.dispose()  # the old connections may be dead
