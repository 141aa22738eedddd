"""Nodes are announced, announced again when Home Assistant starts, and taken back."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt

from edgewise.errors import OutsideError
from edgewise.homeassistant.device import ORIGIN, config_topic
from edgewise.ota.retained import retained

__all__ = ["clean", "find_announced", "find_nodes", "publish", "publish_at_birth"]

_SENT_S = 60.0
_SPREAD_S = 5.0  # so that not all answer the birth message at once


def find_nodes(client: mqtt.Client, base: str) -> dict[str, bool]:
    """The nodes that have left a reading or a status with the broker, and which a status.

    A node that sleeps has none.
    """
    status = retained(client, f"{base}/+/status")
    found = retained(client, f"{base}/+/state") | status
    return {
        topic.split("/")[-2]: f"{topic.rpartition('/')[0]}/status" in status
        for topic in sorted(found)
    }


def find_announced(client: mqtt.Client, base: str, prefix: str = "homeassistant") -> list[str]:
    """Names of the nodes below ``base`` that are announced by Edgewise."""
    names = []
    for topic, payload in retained(client, f"{prefix}/device/+/config").items():
        node = topic.split("/")[-2]
        try:
            told = json.loads(payload)
            ours = told["o"]["name"] == ORIGIN
            below = told["cmps"]["temperature"]["state_topic"] == f"{base}/{node}/state"
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # someone else's
        if ours and below:
            names.append(node)
    return sorted(names)


def publish(
    client: mqtt.Client, devices: Mapping[str, Mapping[str, Any]], prefix: str = "homeassistant"
) -> None:
    """Announce ``devices``, node -> discovery payload, retained; OutsideError."""
    told = {config_topic(node, prefix): json.dumps(device) for node, device in devices.items()}
    _keep(client, told, prefix)


def clean(client: mqtt.Client, nodes: Iterable[str], prefix: str = "homeassistant") -> None:
    """Take the announcements of ``nodes`` back; Home Assistant forgets the devices."""
    _keep(client, {config_topic(node, prefix): "" for node in nodes}, prefix)


@contextmanager
def publish_at_birth(
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


def _keep(client: mqtt.Client, told: Mapping[str, str], prefix: str) -> None:
    # What a user may not write is acknowledged all the same (MQTT 3.1.1): read it again.
    for topic, payload in told.items():
        _send(client, topic, payload)
    kept = retained(client, f"{prefix}/device/+/config")
    for topic, payload in told.items():
        if kept.get(topic, b"") != payload.encode():
            raise OutsideError(f"{topic}: the broker does not take it: check this user's rights")


def _send(client: mqtt.Client, topic: str, payload: str) -> None:
    sent = client.publish(topic, payload, 1, retain=True)
    try:
        sent.wait_for_publish(_SENT_S)
        there = sent.is_published()
    except RuntimeError:  # the connection is lost
        there = False
    if not there:
        raise OutsideError(f"{topic}: the broker does not answer: check that it runs")
