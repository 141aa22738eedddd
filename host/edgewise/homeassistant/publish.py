"""Nodes are announced, announced again when Home Assistant starts, and taken back."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt

from edgewise.errors import OutsideError
from edgewise.homeassistant.device import ORIGIN, config_topic

__all__ = ["again_at_birth", "announced", "clean", "publish", "seen"]

_RETAINED_S = 2.0
_SENT_S = 10.0
_SPREAD_S = 5.0  # so that not all answer the birth message at once


def seen(client: mqtt.Client, base: str) -> list[str]:
    """Names of the nodes that have left a reading or a status with the broker."""
    found = _retained(client, f"{base}/+/state") | _retained(client, f"{base}/+/status")
    return sorted({topic.split("/")[-2] for topic in found})


def announced(client: mqtt.Client, base: str, prefix: str = "homeassistant") -> list[str]:
    """Names of the nodes below ``base`` that are announced by Edgewise."""
    names = []
    for topic, payload in _retained(client, f"{prefix}/device/+/config").items():
        node = topic.split("/")[-2]
        try:
            told = json.loads(payload)
            ours = told["o"]["name"] == ORIGIN
            below = told["cmps"]["temperature"]["state_topic"] == f"{base}/{node}/state"
        except (ValueError, KeyError, TypeError):
            continue  # somebody else's
        if ours and below:
            names.append(node)
    return sorted(names)


def publish(
    client: mqtt.Client, devices: Mapping[str, Mapping[str, Any]], prefix: str = "homeassistant"
) -> None:
    """Announce ``devices``, node -> discovery payload, retained."""
    for node, told in devices.items():
        _send(client, config_topic(node, prefix), json.dumps(told))


def clean(client: mqtt.Client, node: str, prefix: str = "homeassistant") -> None:
    """Take the announcement of ``node`` back; Home Assistant forgets the device."""
    _send(client, config_topic(node, prefix), "")


@contextmanager
def again_at_birth(
    client: mqtt.Client,
    devices: Mapping[str, Mapping[str, Any]],
    told: Callable[[], None] = lambda: None,
    prefix: str = "homeassistant",
) -> Iterator[None]:
    """While this lasts, announce ``devices`` again some seconds after Home Assistant's start,
    and when the broker comes back."""

    def again() -> None:
        for node, device in devices.items():
            client.publish(config_topic(node, prefix), json.dumps(device), 1, retain=True)
        told()

    def heard(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.payload == b"online" and not message.retain:
            timer = threading.Timer(random.uniform(0, _SPREAD_S), again)
            timer.daemon = True
            timer.start()

    def connected(_client: mqtt.Client, _d: Any, _f: Any, code: Any, _p: Any) -> None:
        if not code.is_failure:  # the broker is back, and may have forgotten
            client.subscribe(topic, 1)
            again()

    topic = f"{prefix}/status"
    client.message_callback_add(topic, heard)
    client.on_connect = connected
    client.subscribe(topic, 1)
    try:
        yield
    finally:
        client.on_connect = None
        client.message_callback_remove(topic)


def _retained(client: mqtt.Client, topic: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}

    def heard(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.payload:
            found[message.topic] = bytes(message.payload)

    client.message_callback_add(topic, heard)
    client.subscribe(topic, 1)
    time.sleep(_RETAINED_S)
    client.unsubscribe(topic)
    client.message_callback_remove(topic)
    return dict(found)


def _send(client: mqtt.Client, topic: str, payload: str) -> None:
    sent = client.publish(topic, payload, 1, retain=True)
    sent.wait_for_publish(_SENT_S)
    if not sent.is_published():
        raise OutsideError(f"{topic}: the broker does not take it: check the rights of this user")
