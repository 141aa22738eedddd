"""What a broker keeps for those who come later."""

from __future__ import annotations

import queue
import time

import paho.mqtt.client as mqtt

__all__ = ["retained"]

_ANSWER_S = 60.0
_QUIET_S = 2.0  # nothing on the wire tells the last one


def retained(client: mqtt.Client, topic: str) -> dict[str, bytes]:
    """Topic and payload of all that the broker keeps below the filter ``topic``.

    Waits until the broker has taken the subscription and then sent nothing for two seconds.
    """
    heard: queue.Queue[mqtt.MQTTMessage | int] = queue.Queue()
    client.message_callback_add(topic, lambda _client, _data, message: heard.put(message))
    client.on_subscribe = lambda _client, _data, mid, _codes, _properties: heard.put(mid)
    _, asked = client.subscribe(topic, 1)
    taken = asked is None  # not connected: nothing will come
    found: dict[str, bytes] = {}
    end_s = time.monotonic() + _ANSWER_S
    try:
        while (left_s := end_s - time.monotonic()) > 0:
            said = heard.get(timeout=_QUIET_S if taken else left_s)
            if isinstance(said, int):
                taken |= said == asked
            elif said.payload:
                found[said.topic] = bytes(said.payload)
    except queue.Empty:
        pass
    client.on_subscribe = None
    client.unsubscribe(topic)
    client.message_callback_remove(topic)
    return found
