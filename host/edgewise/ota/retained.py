"""Reads the retained messages of a broker."""

from __future__ import annotations

import queue
import time

import paho.mqtt.client as mqtt

__all__ = ["read_retained"]

_ANSWER_S = 60.0
_QUIET_S = 2.0  # MQTT does not mark the last retained message


def read_retained(client: mqtt.Client, topic: str) -> dict[str, bytes]:
    """Topic and payload of all retained messages that match the filter ``topic``.

    Waits until the broker has accepted the subscription, until no retained message has come for
    two seconds, and then for one more answer of the broker: on a busy machine two seconds alone
    say nothing. Other messages do not prolong the wait.
    """
    return _Reader(client, topic).read()


class _Reader:
    def __init__(self, client: mqtt.Client, topic: str) -> None:
        self._client, self._topic = client, topic
        self._events: queue.Queue[mqtt.MQTTMessage | int] = queue.Queue()
        self._payloads: dict[str, bytes] = {}
        self._count = 0  # of retained messages

    def read(self) -> dict[str, bytes]:
        client, events = self._client, self._events
        client.message_callback_add(self._topic, lambda _c, _d, message: events.put(message))
        client.on_subscribe = lambda _c, _d, mid, _codes, _properties: events.put(mid)
        client.on_unsubscribe = lambda _c, _d, mid, _codes, _properties: events.put(mid)
        _, subscription = client.subscribe(self._topic, 1)
        # without a connection there is no subscription, and no message comes
        if subscription is None:
            self._collect(_QUIET_S)
        elif self._wait_for(subscription):
            while self._is_late():
                pass
        client.on_subscribe = client.on_unsubscribe = None
        client.unsubscribe(self._topic)
        client.message_callback_remove(self._topic)
        return self._payloads

    def _is_late(self) -> bool:
        # Whether a retained message came after two quiet seconds, before the broker's answer to
        # the end of a subscription that there is not. Brokers answer in order.
        self._collect(_QUIET_S)
        count = self._count
        _, number = self._client.unsubscribe("edgewise/none")
        return number is not None and self._wait_for(number) and self._count > count

    def _wait_for(self, number: int) -> bool:
        return self._collect(_ANSWER_S, number)

    def _collect(self, limit_s: float, number: int | None = None) -> bool:
        # Keep messages until the broker answers ``number`` (True), or for ``limit_s`` (False);
        # without a number each retained message begins the time again.
        end_s = time.monotonic() + limit_s
        while True:
            try:
                event = self._events.get(timeout=max(0.0, end_s - time.monotonic()))
            except queue.Empty:
                return False
            if isinstance(event, int):
                if event == number:
                    return True
                continue
            if event.payload:
                self._payloads[event.topic] = bytes(event.payload)
            if event.retain:
                self._count += 1
                if number is None:
                    end_s = time.monotonic() + limit_s
