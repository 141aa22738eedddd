"""From MQTT to the database: acknowledged only after the commit, one row a reading."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Connection, Engine, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from edgewise import schema
from edgewise.errors import OutsideError
from edgewise.messages import parse
from edgewise.urls import BrokerUrl, check_reachable

__all__ = ["Collector"]

_TOPICS = ("state", "replay", "event", "diag", "status")
_BATCH = 500
_BATCH_S = 0.05
_CONNECT_S = 10
_RETRY_S = 1
_REJECTED_MAX = 1000
_REJECTED_BYTES = 1024
_TABLES: dict[str, Table] = {
    "reading": schema.reading,
    "event": schema.events,
    "diag": schema.diag,
    "rejected": schema.rejected,
}


class Collector:
    """Collects below ``base`` until stopped; the counters may be read at any time.

    ``readings`` rows written, ``duplicates`` dropped by their key, ``rejected`` malformed
    messages, ``bytes`` of payload. ``on_batch()`` is called after each commit. The broker keeps
    what arrives for ``client_id`` while the collector is away; None is forgotten at the end.
    """

    def __init__(
        self,
        broker: BrokerUrl,
        engine: Engine,
        base: str = "edgewise",
        client_id: str | None = "edgewise-collector",
    ) -> None:
        self._broker = broker
        self._engine = engine
        self._base = base
        self._queue: SimpleQueue[mqtt.MQTTMessage] = SimpleQueue()
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._refused: str | None = None
        self.readings = self.duplicates = self.rejected = self.bytes = 0
        self.on_batch: Callable[[], None] = lambda: None
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id or "",
            clean_session=client_id is None,
            manual_ack=True,
        )
        self._client.max_inflight_messages_set(_BATCH)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            self._client.tls_set_context(broker.tls_context())
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _client, _data, message: self._queue.put(message)
        self._writer = threading.Thread(target=self._write, name="collector", daemon=True)

    def start(self) -> None:
        """Connect and subscribe; OutsideError when the broker is not there or refuses."""
        check_reachable(self._broker)
        try:
            self._client.connect(self._broker.host, self._broker.port)
        except OSError as e:
            raise OutsideError(f"broker {self._broker}: {e}: check the address") from e
        self._client.loop_start()
        ready = self._ready.wait(_CONNECT_S)
        if self._refused or not ready:
            self._client.loop_stop()
            why = self._refused or f"no answer to CONNECT within {_CONNECT_S} s"
            what = "user, password, --cert" if self._broker.tls else "user, password"
            raise OutsideError(f"broker {self._broker}: {why}: check {what} and rights")
        self._writer.start()

    def stop(self) -> None:
        """Commit what has arrived, acknowledge it, disconnect."""
        self._stopping.set()
        if self._writer.is_alive():
            self._writer.join()
        self._client.disconnect()
        self._client.loop_stop()

    def wait_for(self, predicate: Callable[[Collector], bool], timeout_s: float) -> bool:
        """Wait until ``predicate(self)`` holds after a commit; False when time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout_s)

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _p: Any) -> None:
        if code.is_failure:
            self._refused = str(code)
            self._ready.set()
            return
        client.subscribe([(f"{self._base}/+/{name}", 1) for name in _TOPICS])

    def _write(self) -> None:
        while True:
            batch = self._take()
            if batch:
                self._store(batch)
            elif self._stopping.is_set():
                return

    def _take(self) -> list[mqtt.MQTTMessage]:
        batch: list[mqtt.MQTTMessage] = []
        end = time.monotonic() + _BATCH_S
        while len(batch) < _BATCH:
            try:
                batch.append(self._queue.get(timeout=max(0.0, end - time.monotonic())))
            except Empty:
                break
        return batch

    def _store(self, batch: list[mqtt.MQTTMessage]) -> None:
        rows = self._rows(batch)
        counts = self._commit(rows)
        if counts is None:
            return
        for message in batch:
            self._client.ack(message.mid, message.qos)
        with self._changed:
            new, sent = counts["reading"], len(rows["reading"])
            self.readings += new
            self.duplicates += sent - new
            self.rejected += len(rows["rejected"])
            self.bytes += sum(len(m.payload) for m in batch)
            self._changed.notify_all()
        self.on_batch()

    def _rows(self, batch: list[mqtt.MQTTMessage]) -> dict[str, list[dict[str, Any]]]:
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _TABLES}
        now = time.time()
        for message in batch:
            topic = message.topic
            try:
                for table, row in parse(self._base, topic, bytes(message.payload), now):
                    rows[table].append(row)
            except ValueError as e:
                shown = message.payload[:_REJECTED_BYTES].decode(errors="replace")
                rows["rejected"].append(
                    {
                        "topic": topic[:_REJECTED_BYTES],
                        "payload": shown.replace("\0", "\ufffd"),
                        "why": str(e)[:_REJECTED_BYTES],
                        "received_at": now,
                    }
                )
        return rows

    def _commit(self, rows: dict[str, list[dict[str, Any]]]) -> Counter[str] | None:
        # A database that is away is waited for: nothing is acknowledged before it is stored.
        while True:
            try:
                with self._engine.begin() as connection:
                    return self._insert(connection, rows)
            except SQLAlchemyError:
                if self._stopping.wait(_RETRY_S):
                    return None

    def _insert(
        self, connection: Connection, rows: dict[str, list[dict[str, Any]]]
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        once: Any = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        for name, table in _TABLES.items():
            if not rows[name]:
                continue
            statement = once.insert(table)
            if table is schema.reading:
                statement = statement.on_conflict_do_nothing()
            counts[name] = connection.execute(statement, rows[name]).rowcount
        if rows["rejected"]:
            newest = connection.execute(select(func.max(schema.rejected.c.id))).scalar_one()
            connection.execute(
                delete(schema.rejected).where(schema.rejected.c.id <= newest - _REJECTED_MAX)
            )
        return counts
