"""Sources of readings for `edgewise record`: the serial line or MQTT, each with a queue."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import paho.mqtt.client as mqtt

from edgewise.board.serial.port import Lost, SerialReader
from edgewise.errors import OutsideError
from edgewise.messages.client import MqttClient
from edgewise.messages.mqtt import parse
from edgewise.messages.serial import Hello, Reading, decode
from edgewise.urls import BrokerUrl, check_reachable

__all__ = ["Heard", "MqttSource", "SerialSource", "Source"]

_CONNECT_S = 60


@dataclass(frozen=True)
class Heard:
    """A reading with its node and unix seconds; ``t`` and ``h`` are None for a failed read."""

    time_s: float
    node: str
    t: float | None
    h: float | None


class Source(Protocol):
    """A source of readings, as a context manager."""

    def __enter__(self) -> Source: ...

    def __exit__(self, *_: Any) -> None: ...

    def next(self, timeout_s: float) -> Heard | str | None:
        """Return a reading, a message for the user, or None if none came in ``timeout_s``."""


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
        message = decode(event)
        if isinstance(message, Hello):
            self._node = message.node
        if not isinstance(message, Reading):
            return None
        return Heard(
            time.time() if message.ts is None else message.ts, self._node, message.t, message.h
        )


class MqttSource:
    """The live readings of ``node`` below ``base``, without those replayed after an outage."""

    def __init__(self, broker: BrokerUrl, node: str, base: str) -> None:
        self._broker = broker
        self._base = base
        self._topic = f"{base}/{node}/state"
        self._heard: queue.Queue[Heard | str] = queue.Queue()
        self._client = MqttClient(broker)
        self._answer: queue.Queue[str | None] = queue.Queue()
        self._client.on_connect = self._on_connect
        self._client.on_message = self._message

    def __enter__(self) -> MqttSource:
        check_reachable(self._broker)
        try:
            self._client.connect(self._broker.host, self._broker.port)
            self._client.loop_start()
            refusal = self._answer.get(timeout=_CONNECT_S)
        except (OSError, queue.Empty) as e:
            self._client.loop_stop()
            reason = str(e) or "no answer"
            raise OutsideError(f"broker {self._broker}: {reason}: check the address") from e
        if refusal:
            self._client.loop_stop()
            raise OutsideError(f"broker {self._broker}: {refusal}: check user and password")
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
            return  # a retained message is an old one
        try:
            rows = parse(self._base, message.topic, bytes(message.payload), time.time())
        except ValueError as e:
            self._heard.put(f"not a reading: {e}")
            return
        for _, row in rows:
            ts = row["received_at"] if row["ts"] is None else row["ts"]
            self._heard.put(Heard(ts, row["node"], row["t"], row["h"]))
