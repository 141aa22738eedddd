"""The MQTT collector: it acknowledges a message only after its commit; a reading is one row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgewise.collector.writer import BATCH, Counts, Writer
from edgewise.errors import AwayError, OutsideError
from edgewise.messages.client import MqttClient
from edgewise.urls import BrokerUrl, check_reachable

__all__ = ["Collector"]

_SHARED = ("state", "replay", "event", "diag", "next")
# Each collector of a group hears all of them, in their order; a shared subscription would not
# get those that the broker retains.
_OWN = ("status",)
_CONNECT_S = 60
_RECONNECT_MAX_S = 10  # paho's default of 120 is a long time without readings
_SHORT_CONNECTION_S = 5
_NEVER_EXPIRES = 0xFFFFFFFF  # session expiry interval of MQTT 5


class Collector:
    """Puts the messages from ``broker`` below the base of ``writer`` into it, until stopped.

    ``counts``, ``connected_at`` and ``lost_at`` may be read at any time. The broker stores
    messages for ``client_id`` while the collector is away; with None it forgets the session at the
    end. Collectors with the same ``group`` share the messages (MQTT 5): each message goes to one
    of them, except that all hear who is online.
    """

    def __init__(
        self,
        broker: BrokerUrl,
        writer: Writer,
        client_id: str | None = "edgewise-collector",
        group: str | None = None,
    ) -> None:
        self.broker = broker
        self.connected_at: float | None = None  # unix seconds, None while the broker is away
        self.lost_at: float | None = None  # unix seconds, None while it is there
        share = f"$share/{group}/" if group else ""
        self._topics = [f"{share}{writer.base}/+/{name}" for name in _SHARED]
        self._topics += [f"{writer.base}/+/{name}" for name in _OWN]
        self._is_shared = group is not None
        self._answered = threading.Event()
        self._refusal: str | None = None
        self._is_lost = False
        self._subscribed_s = 0.0  # time of the subscription; 0: none yet
        self._connection = 0
        self.writer = writer
        self._client = self._make_client(client_id, group)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def _make_client(self, client_id: str | None, group: str | None) -> mqtt.Client:
        self._connect_options: dict[str, Any] = {}
        is_clean: bool | None = client_id is None
        version = MQTTProtocolVersion.MQTTv311
        if group:
            version, properties = MQTTProtocolVersion.MQTTv5, _connect_properties()
            if not is_clean:
                properties.SessionExpiryInterval = _NEVER_EXPIRES
            properties.ReceiveMaximum = BATCH
            self._connect_options = {"properties": properties, "clean_start": bool(is_clean)}
            is_clean = None  # MQTT 5 has clean_start instead
        client = MqttClient(
            self.broker,
            client_id or "",
            clean_session=is_clean,
            protocol=version,
            manual_ack=True,
        )
        client.max_inflight_messages_set(BATCH)
        client.reconnect_delay_set(1, _RECONNECT_MAX_S)
        return client

    @property
    def counts(self) -> Counts:
        """The counts of the writer so far."""
        return self.writer.counts

    def wait_for(self, predicate: Callable[[Counts], bool], timeout_s: float) -> bool:
        """Whether ``predicate(counts)`` holds after a commit within ``timeout_s``."""
        return self.writer.wait_for(predicate, timeout_s)

    def __enter__(self) -> Collector:
        try:
            self.start()
        except OutsideError:
            self.writer.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Connect and subscribe; AwayError when the broker is away, OutsideError if it refuses.

        The writer, too, is started; it goes on after an error.
        """
        check_reachable(self.broker)
        self.writer.start()
        try:
            self._client.connect(self.broker.host, self.broker.port, **self._connect_options)
        except OSError as e:
            raise AwayError(f"broker {self.broker}: {e}: check the address") from e
        self._client.loop_start()
        is_answered = self._answered.wait(_CONNECT_S)
        if self._refusal or not is_answered:
            self._client.loop_stop()
            error = OutsideError if self._refusal else AwayError
            why = self._refusal or f"no answer to CONNECT within {_CONNECT_S} s"
            login = "user, password, --cert" if self.broker.tls else "user, password"
            need = "; --group needs MQTT 5, which mosquitto has" if self._is_shared else ""
            raise error(f"broker {self.broker}: {why}: check {login} and rights{need}")

    def start_when_there(self, is_ended: Callable[[float], bool]) -> bool:
        """Start, wait for a broker that is away; False if ``is_ended(seconds)`` was true first.

        Each reason to wait is said once. OutsideError if the broker refuses: a wait is no cure.
        """
        since = time.strftime("%Y-%m-%d %H:%M:%S %Z")
        reasons: set[str] = set()
        delay_s = 1
        while True:
            try:
                self.start()
                return True
            except AwayError as e:
                if str(e) not in reasons:
                    reasons.add(str(e))
                    self.writer.say(f"{e}; waiting for it since {since}")
            if is_ended(delay_s):
                return False
            delay_s = min(2 * delay_s, _RECONNECT_MAX_S)

    def stop(self) -> None:
        """Commit and acknowledge the messages that have arrived, then disconnect."""
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

    def _on_subscribe(self, _c: mqtt.Client, _data: Any, _mid: int, codes: Any, _p: Any) -> None:
        if any(code.is_failure for code in codes):
            self._refuse("it does not let this user subscribe")
            return
        self._answered.set()
        self._subscribed_s = time.monotonic()
        self.connected_at, self.lost_at = time.time(), None
        if self._is_lost:
            self._is_lost = False
            self.writer.say(f"broker {self.broker}: it is back")

    def _refuse(self, why: str) -> None:
        if self._subscribed_s and why != self._refusal:
            self.writer.say(f"broker {self.broker}: {why}: waiting for it")
        self._refusal = why
        self._answered.set()

    def _on_disconnect(self, _c: mqtt.Client, _data: Any, _flags: Any, code: Any, _p: Any) -> None:
        self._connection += 1
        self.connected_at, self.lost_at = None, self.lost_at or time.time()
        if code.is_failure and self._subscribed_s and not self._is_lost:
            self._is_lost = True
            was_short = time.monotonic() - self._subscribed_s < _SHORT_CONNECTION_S
            question = (
                " (does another collector with this --db run in this folder?)" if was_short else ""
            )
            self.writer.say(f"broker {self.broker}: connection lost: waiting for it{question}")

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        mid, qos, connection = message.mid, message.qos, self._connection

        def acknowledge() -> None:
            # After a reconnect the same message id may belong to another message.
            if connection == self._connection:
                client.ack(mid, qos)

        self.writer.put(message.topic, bytes(message.payload), acknowledge)


def _connect_properties() -> Any:
    untyped_class: Any = Properties  # its constructor has no types
    return untyped_class(PacketTypes.CONNECT)
