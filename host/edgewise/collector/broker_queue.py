"""How many messages the broker keeps for a collector that is away or slow.

No broker tells its limit, so it is measured: a session of its own goes away, gets more messages
than mosquitto keeps by default, and counts those that it finds on its return.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any

import paho.mqtt.client as mqtt

from edgewise.mqtt import MqttClient
from edgewise.urls import BrokerUrl

__all__ = ["QueueCheck"]

# mosquitto.conf(5): max_queued_messages 1000, and max_inflight_messages 20 beside them
_MESSAGES = 1100
_LIMIT_S = 60
_REPEAT_S, _POLL_S = 0.2, 0.01
_COUNTED, _FIRST, _LAST = b"", b"first", b"last"


class QueueCheck:
    """A context manager that says in one line if ``broker`` keeps too few messages.

    It measures in a thread, with 1100 empty messages to <base>/queue-of-.../cmd/queue, which
    nobody reads. It says in one line, too, if that cannot be measured: the user may not write or
    read the topic, or the broker takes more than a minute.
    """

    def __init__(
        self, broker: BrokerUrl, base: str, client_id: str, say: Callable[[str], None]
    ) -> None:
        self._broker, self._base, self._say = broker, base, say
        # the number of the process: two collectors of one name do not measure together
        self._client_id = f"queue-of-{client_id}-{os.getpid()}"
        self._topic = f"{base}/{self._client_id}/cmd/queue"
        self._heard: list[bytes] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue check", daemon=True)

    def __enter__(self) -> QueueCheck:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(_LIMIT_S)

    def _run(self) -> None:
        self._end_s = time.monotonic() + _LIMIT_S
        try:
            n = self._measure()
        except (OSError, RuntimeError, TimeoutError):
            if not self._stopping.is_set():
                self._say(
                    f"broker {self._broker}: whether it keeps enough messages for a collector "
                    f"that is away is unknown: let this user write {self._base}/+/cmd/#"
                )
            return
        if n < _MESSAGES:
            self._say(
                f"broker {self._broker}: it keeps {n or 'no'} messages for a collector that is "
                f"away or slow{', more are lost' if n else ''}: use mosquitto with the folder of "
                "edgewise broker init, or with max_queued_messages 0"
            )

    def _measure(self) -> int:
        self._forget_session()  # an earlier measurement may have been killed
        with self._connect(self._client_id) as client:
            client.subscribe(self._topic, qos=1)
            self._publish_until_heard(client, _FIRST)
        try:
            with self._connect() as client:
                infos = [client.publish(self._topic, _COUNTED, qos=1) for _ in range(_MESSAGES)]
                self._wait_until(lambda: all(info.is_published() for info in infos))
            with self._connect(self._client_id) as client:
                client.subscribe(self._topic, qos=1)  # for a broker that keeps no sessions at all
                self._publish_until_heard(client, _LAST)
        finally:
            self._forget_session()
        return self._heard.count(_COUNTED)

    def _publish_until_heard(self, client: mqtt.Client, mark: bytes) -> None:
        # Messages come in order: with the mark, all before it are here. Nothing comes until the
        # broker knows the subscription, and a queue that is full drops the mark as well.
        while mark not in self._heard:
            client.publish(self._topic, mark, qos=1)
            next_s = time.monotonic() + _REPEAT_S
            self._wait_until(partial(self._is_heard, mark, next_s))

    def _is_heard(self, mark: bytes, end_s: float) -> bool:
        return mark in self._heard or time.monotonic() > end_s

    def _wait_until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            if self._stopping.wait(_POLL_S) or time.monotonic() > self._end_s:
                raise TimeoutError

    def _forget_session(self) -> None:
        with self._connect(self._client_id, is_clean=True):
            pass

    @contextmanager
    def _connect(self, client_id: str = "", is_clean: bool = False) -> Iterator[mqtt.Client]:
        client = MqttClient(self._broker, client_id, clean_session=is_clean or not client_id)
        client.on_message = self._on_message
        client.connect(self._broker.host, self._broker.port)
        client.loop_start()
        try:
            self._wait_until(client.is_connected)
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._heard.append(bytes(message.payload))
