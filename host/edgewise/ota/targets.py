"""The connection to the broker, the online nodes and their keys."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt

from edgewise import settings
from edgewise.errors import InputError, OutsideError
from edgewise.messages.client import MqttClient
from edgewise.ota.retained import read_retained
from edgewise.urls import BrokerUrl, check_reachable

__all__ = ["Target", "connect", "connection", "key_of", "online", "secret_of", "statuses"]

_CONNECT_S = 60.0


@dataclass(frozen=True)
class Target:
    """A node to send to: its name below ``base``, and its update.secret in hex ("": none)."""

    base: str
    node: str
    secret: str


def connect(broker: BrokerUrl) -> mqtt.Client:
    """A connected client with its loop running; OutsideError if the broker is away or refuses."""
    check_reachable(broker)
    client = MqttClient(broker)
    answers: queue.Queue[str | None] = queue.Queue()
    client.on_connect = lambda _c, _d, _f, code, _p: answers.put(
        str(code) if code.is_failure else None
    )
    try:
        client.connect(broker.host, broker.port)
        client.loop_start()
        refusal = answers.get(timeout=_CONNECT_S)
    except (OSError, queue.Empty) as e:
        client.loop_stop()
        why = str(e) or "no answer"
        raise OutsideError(f"broker {broker}: {why}: check the address") from e
    if refusal:
        client.loop_stop()
        raise OutsideError(f"broker {broker}: {refusal}: check user, password and rights")
    return client


@contextmanager
def connection(broker: BrokerUrl) -> Iterator[mqtt.Client]:
    """A client as from `connect`, which is disconnected at the end of the block."""
    client = connect(broker)
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def online(client: mqtt.Client, base: str) -> list[str]:
    """Names of the nodes whose retained status is online."""
    return [node for node, status in statuses(client, base).items() if status == "online"]


def statuses(client: mqtt.Client, base: str) -> dict[str, str]:
    """The retained status of each node, online or offline, sorted by name."""
    messages = read_retained(client, f"{base}/+/status")
    return {
        topic.split("/")[-2]: status.decode(errors="replace")
        for topic, status in sorted(messages.items())
    }


def key_of(config: Path, node: str) -> str:
    """The key of ``node``, update.secret in hex; "" where the settings are missing or have none.

    It is the one of its own file in nodes/, otherwise the one of ``config``. InputError, also for
    a node that by these settings sends to a server and hears nothing.
    """
    if not config.exists():
        return ""
    node_settings = settings.fleet(config).get(node) or settings.load(config)
    uplink = node_settings.get("uplink", "mqtt")
    if uplink != "mqtt" and node_settings.get("node") == node:
        raise InputError(
            f"node {node}: uplink = {uplink!r} brings no command and no model to a node: use the "
            "cable: edgewise deploy"
        )
    return str(node_settings.get("update", {}).get("secret", ""))


def secret_of(config: Path, node: str) -> str:
    """The key of ``node`` as from `key_of`; InputError if there is none."""
    secret = key_of(config, node)
    if not secret:
        raise InputError(
            f"{config}: no update.secret of 64 hex digits: run edgewise init, and put it on the "
            "node with make flash or make deploy"
        )
    return secret
