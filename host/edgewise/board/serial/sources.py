"""Where `edgewise record` hears readings: the serial line or MQTT; both are one queue."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edgewise.board.serial.port import Lost, SerialReader
from edgewise.errors import OutsideError
from edgewise.messages.mqtt import parse
from edgewise.messages.serial import Hello, Reading, decode
from edgewise.urls import BrokerUrl, check_reachable

__all__ = ["Heard", "MqttSource", "SerialSource", "Source"]

_CONNECT_S = 60


@dataclass(frozen=True)
class Heard:
    """A reading with its node and unix seconds; ``t`` and ``h`` are None where it failed."""

    time_s: float
    node: str
    t: float | None
    h: float | None


class Source(Protocol):
    """Something to listen to, as a context manager."""

    def __enter__(self) -> Source: ...

    def __exit__(self, *_: Any) -> None: ...

    def next(self, timeout_s: float) -> Heard | str | None:
        """A reading, a line for the user, or None when nothing came in time."""


class SerialSource:
    """The serial line of one node; ``port`` as in SerialReader."""

    def __init__(self, port: str) -> None:
        self._reader = SerialReader(port)
        self._node = ""

    def __enter__(self) -> SerialSource:
        self._reader.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.__exit__(kind, error, trace)

    def next(self, timeout_s: float) -> Heard | str | None:
        """See Source."""
        try:
            event = self._reader.events.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(event, Lost):
            return f"port gone: {event.why}"
        if not isinstance(event, bytes):
            return None
        said = decode(event)
        if isinstance(said, Hello):
            self._node = said.node
        if not isinstance(said, Reading):
            return None
        return Heard(time.time() if said.ts is None else said.ts, self._node, said.t, said.h)


class MqttSource:
    """The live readings of ``node`` below ``base``, without what it replays after an outage."""

    def __init__(self, broker: BrokerUrl, node: str, base: str) -> None:
        self._broker = broker
        self._base = base
        self._topic = f"{base}/{node}/state"
        self._heard: queue.Queue[Heard | str] = queue.Queue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            self._client.tls_set_context(broker.tls_context())
        self._answer: queue.Queue[str | None] = queue.Queue()
        self._client.on_connect = self._on_connect
        self._client.on_message = self._message

    def __enter__(self) -> MqttSource:
        check_reachable(self._broker)
        try:
            self._client.connect(self._broker.host, self._broker.port)
            self._client.loop_start()
            refused = self._answer.get(timeout=_CONNECT_S)
        except (OSError, queue.Empty) as e:
            self._client.loop_stop()
            why = str(e) or "no answer"
            raise OutsideError(f"broker {self._broker}: {why}: check the address") from e
        if refused:
            self._client.loop_stop()
            raise OutsideError(f"broker {self._broker}: {refused}: check user and password")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def next(self, timeout_s: float) -> Heard | str | None:
        """See Source."""
        try:
            return self._heard.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _p: Any
    ) -> None:
        self._answer.put(str(code) if code.is_failure else None)
        client.subscribe(self._topic, 1)

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.retain:
            return  # of earlier
        try:
            rows = parse(self._base, message.topic, bytes(message.payload), time.time())
        except ValueError as e:
            self._heard.put(f"not a reading: {e}")
            return
        for _, row in rows:
            ts = row["received_at"] if row["ts"] is None else row["ts"]
            self._heard.put(Heard(ts, row["node"], row["t"], row["h"]))
