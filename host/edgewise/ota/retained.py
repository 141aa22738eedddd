"""What a broker keeps for those who come later."""

from __future__ import annotations

import queue
import time
from contextlib import suppress

import paho.mqtt.client as mqtt

__all__ = ["retained"]

_ANSWER_S = 60.0
_QUIET_S = 2.0  # nothing on the wire tells the last one


def retained(client: mqtt.Client, topic: str) -> dict[str, bytes]:
    """Topic and payload of all that the broker keeps below the filter ``topic``.

    Waits until the broker has taken the subscription, and then until it has sent none of them for
    two seconds; what nodes say meanwhile does not prolong the wait.
    """
    heard: queue.Queue[mqtt.MQTTMessage | int] = queue.Queue()
    client.message_callback_add(topic, lambda _client, _data, message: heard.put(message))
    client.on_subscribe = lambda _client, _data, mid, _codes, _properties: heard.put(mid)
    _, subscription = client.subscribe(topic, 1)
    found: dict[str, bytes] = {}
    # without a connection there is no subscription, and nothing will come
    end_s = time.monotonic() + (_QUIET_S if subscription is None else _ANSWER_S)
    with suppress(queue.Empty):
        while (left_s := end_s - time.monotonic()) > 0:
            event = heard.get(timeout=left_s)
            if isinstance(event, int):
                if event == subscription:
                    end_s = time.monotonic() + _QUIET_S
                continue
            if event.payload:
                found[event.topic] = bytes(event.payload)
            if event.retain:
                end_s = time.monotonic() + _QUIET_S
    client.on_subscribe = None
    client.unsubscribe(topic)
    client.message_callback_remove(topic)
    return found
