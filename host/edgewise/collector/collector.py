"""From MQTT to the database: acknowledged only after the commit, one row a reading."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgewise.collector.writer import BATCH, Counts, Writer
from edgewise.errors import OutsideError
from edgewise.urls import BrokerUrl, check_reachable

__all__ = ["Collector"]

_TOPICS = ("state", "replay", "event", "diag", "status")
_CONNECT_S = 60
_RECONNECT_MAX_S = 10  # paho's own 120 would be a long time without readings
_SHORT_S = 5
_FOREVER_S = 0xFFFFFFFF  # session expiry of MQTT 5


class Collector:
    """Puts what comes from ``broker`` below the base of ``writer`` into it, until stopped.

    ``counts`` may be read at any time. The broker keeps what arrives for ``client_id`` while the
    collector is away; None is forgotten at the end. Those with the same ``group`` share what
    comes (MQTT 5), one message goes to one.
    """

    def __init__(
        self,
        broker: BrokerUrl,
        writer: Writer,
        client_id: str | None = "edgewise-collector",
        group: str | None = None,
    ) -> None:
        self._broker = broker
        self._topics = [f"{writer.base}/+/{name}" for name in _TOPICS]
        self._ready = threading.Event()
        self._refused: str | None = None
        self._lost = False
        self._since_s = 0.0  # of the subscription
        self._connection = 0
        self.writer = writer
        self._client = self._make_client(client_id, group)
        if group:
            self._topics = [f"$share/{group}/{topic}" for topic in self._topics]
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            self._client.tls_set_context(broker.tls_context())
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._message

    def _make_client(self, client_id: str | None, group: str | None) -> mqtt.Client:
        self._connect_more: dict[str, Any] = {}
        clean: bool | None = client_id is None
        version = MQTTProtocolVersion.MQTTv311
        if group:
            version, properties = MQTTProtocolVersion.MQTTv5, _properties()
            if not clean:
                properties.SessionExpiryInterval = _FOREVER_S
            properties.ReceiveMaximum = BATCH
            self._connect_more = {"properties": properties, "clean_start": bool(clean)}
            clean = None
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id or "",
            clean_session=clean,
            protocol=version,
            manual_ack=True,
        )
        client.max_inflight_messages_set(BATCH)
        client.reconnect_delay_set(1, _RECONNECT_MAX_S)
        return client

    @property
    def counts(self) -> Counts:
        """What has been written so far."""
        return self.writer.counts

    def wait_for(self, predicate: Callable[[Counts], bool], timeout_s: float) -> bool:
        """Wait until ``predicate(counts)`` holds after a commit; False when time is up."""
        return self.writer.wait_for(predicate, timeout_s)

    def __enter__(self) -> Collector:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Connect and subscribe; OutsideError when the broker is not there or refuses."""
        check_reachable(self._broker)
        self.writer.start()
        try:
            self._client.connect(self._broker.host, self._broker.port, **self._connect_more)
        except OSError as e:
            self.writer.stop()
            raise OutsideError(f"broker {self._broker}: {e}: check the address") from e
        self._client.loop_start()
        ready = self._ready.wait(_CONNECT_S)
        if self._refused or not ready:
            self._client.loop_stop()
            self.writer.stop()
            why = self._refused or f"no answer to CONNECT within {_CONNECT_S} s"
            what = "user, password, --cert" if self._broker.tls else "user, password"
            raise OutsideError(f"broker {self._broker}: {why}: check {what} and rights")

    def stop(self) -> None:
        """Commit what has arrived, acknowledge it, disconnect."""
        self.writer.stop()
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _p: Any
    ) -> None:
        if code.is_failure:
            self._refuse(str(code))
        else:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _subscribed(self, _c: mqtt.Client, _data: Any, _mid: int, codes: Any, _p: Any) -> None:
        if any(code.is_failure for code in codes):
            self._refuse("it does not let this user subscribe")
            return
        self._ready.set()
        self._since_s = time.monotonic()
        if self._lost:
            self._lost = False
            self.writer.say(f"broker {self._broker}: it is back")

    def _refuse(self, why: str) -> None:
        if self._since_s and why != self._refused:
            self.writer.say(f"broker {self._broker}: {why}: waiting for it")
        self._refused = why
        self._ready.set()

    def _disconnected(self, _c: mqtt.Client, _data: Any, _flags: Any, code: Any, _p: Any) -> None:
        self._connection += 1
        if code.is_failure and self._since_s and not self._lost:
            self._lost = True
            short = time.monotonic() - self._since_s < _SHORT_S
            ask = " (does another collector with this --db run in this folder?)" if short else ""
            self.writer.say(f"broker {self._broker}: connection lost: waiting for it{ask}")

    def _message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        mid, qos, connection = message.mid, message.qos, self._connection

        def done() -> None:
            # On another connection the number may be that of another message.
            if connection == self._connection:
                client.ack(mid, qos)

        self.writer.put(message.topic, bytes(message.payload), done)


def _properties() -> Any:
    made: Any = Properties
    return made(PacketTypes.CONNECT)
