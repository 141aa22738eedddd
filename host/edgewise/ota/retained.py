"""Reads the retained messages of a broker."""

from __future__ import annotations

import queue
import time
from contextlib import suppress

import paho.mqtt.client as mqtt

__all__ = ["read_retained"]

_ANSWER_S = 60.0
_QUIET_S = 2.0  # MQTT does not mark the last retained message


def read_retained(client: mqtt.Client, topic: str) -> dict[str, bytes]:
    """Topic and payload of all retained messages that match the filter ``topic``.

    Waits until the broker has accepted the subscription, and then until no retained message has
    come for two seconds; other messages do not prolong the wait.
    """
    events: queue.Queue[mqtt.MQTTMessage | int] = queue.Queue()
    client.message_callback_add(topic, lambda _client, _data, message: events.put(message))
    client.on_subscribe = lambda _client, _data, mid, _codes, _properties: events.put(mid)
    _, subscription = client.subscribe(topic, 1)
    payloads: dict[str, bytes] = {}
    # without a connection there is no subscription, and no message comes
    end_s = time.monotonic() + (_QUIET_S if subscription is None else _ANSWER_S)
    with suppress(queue.Empty):
        while (remaining_s := end_s - time.monotonic()) > 0:
            event = events.get(timeout=remaining_s)
            if isinstance(event, int):
                if event == subscription:
                    end_s = time.monotonic() + _QUIET_S
                continue
            if event.payload:
                payloads[event.topic] = bytes(event.payload)
            if event.retain:
                end_s = time.monotonic() + _QUIET_S
    client.on_subscribe = None
    client.unsubscribe(topic)
    client.message_callback_remove(topic)
    return payloads
