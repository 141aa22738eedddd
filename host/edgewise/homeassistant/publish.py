"""Announces nodes, announces them again when Home Assistant starts, and removes them."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt

from edgewise.errors import OutsideError
from edgewise.homeassistant.components import VERSION_LEAF
from edgewise.homeassistant.device import ORIGIN, config_topic
from edgewise.ota.retained import read_retained

__all__ = ["clean", "find_announced", "find_nodes", "publish", "publish_at_birth"]

_PUBLISH_S = 60.0
_SPREAD_S = 5.0  # a random delay, so that not all answer the birth message at once


def find_nodes(client: mqtt.Client, base: str) -> dict[str, bool]:
    """The nodes with a retained reading or status: name -> whether it has a status.

    A sleeping node has no status.
    """
    status = read_retained(client, f"{base}/+/status")
    messages = read_retained(client, f"{base}/+/state") | status
    return {
        topic.split("/")[-2]: f"{topic.rpartition('/')[0]}/status" in status
        for topic in sorted(messages)
    }


def find_announced(client: mqtt.Client, base: str, prefix: str = "homeassistant") -> list[str]:
    """Names of the nodes below ``base`` that Edgewise has announced."""
    names = []
    for topic, payload in read_retained(client, f"{prefix}/device/+/config").items():
        node = topic.split("/")[-2]
        try:
            device = json.loads(payload)
            is_ours = device["o"]["name"] == ORIGIN
            is_below_base = device["cmps"]["temperature"]["state_topic"] == f"{base}/{node}/state"
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # the message is not from Edgewise
        if is_ours and is_below_base:
            names.append(node)
    return sorted(names)


def publish(
    client: mqtt.Client, devices: Mapping[str, Mapping[str, Any]], prefix: str = "homeassistant"
) -> None:
    """Announce ``devices`` (node -> discovery payload), retained; OutsideError if that fails."""
    messages = {config_topic(node, prefix): json.dumps(device) for node, device in devices.items()}
    _publish_retained(client, messages, prefix)


def clean(
    client: mqtt.Client, base: str, nodes: Iterable[str], prefix: str = "homeassistant"
) -> None:
    """Remove the announcements of ``nodes``; Home Assistant then removes the devices."""
    nodes = list(nodes)
    _publish_retained(client, {config_topic(node, prefix): "" for node in nodes}, prefix)
    for node in nodes:
        _send(client, f"{base}/{node}/{VERSION_LEAF}", "")


@contextmanager
def publish_at_birth(
    client: mqtt.Client,
    devices: Mapping[str, Mapping[str, Any]],
    on_published: Callable[[], None] = lambda: None,
    prefix: str = "homeassistant",
) -> Iterator[None]:
    """A context that announces ``devices`` again some seconds after Home Assistant's start.

    It also does so when the connection to the broker is back.
    """

    def publish_all() -> None:
        for node, device in devices.items():
            client.publish(config_topic(node, prefix), json.dumps(device), 1, retain=True)
        on_published()

    def on_message(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.payload == b"online" and not message.retain:
            timer = threading.Timer(random.uniform(0, _SPREAD_S), publish_all)
            timer.daemon = True
            timer.start()

    def on_connect(_client: mqtt.Client, _d: Any, _f: Any, code: Any, _p: Any) -> None:
        if not code.is_failure:  # the broker is back, and may have lost its retained messages
            client.subscribe(topic, 1)
            publish_all()

    topic = f"{prefix}/status"
    client.message_callback_add(topic, on_message)
    client.on_connect = on_connect
    client.subscribe(topic, 1)
    try:
        yield
    finally:
        client.on_connect = None
        client.message_callback_remove(topic)


def _publish_retained(client: mqtt.Client, messages: Mapping[str, str], prefix: str) -> None:
    # MQTT 3.1.1 also acknowledges a message that the user may not write, so it is read back.
    for topic, payload in messages.items():
        _send(client, topic, payload)
    stored = read_retained(client, f"{prefix}/device/+/config")
    for topic, payload in messages.items():
        if stored.get(topic, b"") != payload.encode():
            raise OutsideError(f"{topic}: the broker does not take it: check this user's rights")


def _send(client: mqtt.Client, topic: str, payload: str) -> None:
    message = client.publish(topic, payload, 1, retain=True)
    try:
        message.wait_for_publish(_PUBLISH_S)
        is_published = message.is_published()
    except RuntimeError:  # the connection is lost
        is_published = False
    if not is_published:
        raise OutsideError(f"{topic}: the broker does not answer: check that it runs")
