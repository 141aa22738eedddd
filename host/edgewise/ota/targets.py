"""The connection to the broker, the online nodes, their keys, and commands to a node."""

from __future__ import annotations

import json
import queue
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edgewise import settings
from edgewise.errors import InputError, OutsideError
from edgewise.ota.retained import retained
from edgewise.urls import BrokerUrl, check_reachable

__all__ = ["Target", "ask", "connect", "connection", "online", "secret_of"]

_CONNECT_S = 60.0
_ANSWER_S = 60.0


@dataclass(frozen=True)
class Target:
    """A node to send to: its name below ``base``, and its update.secret in hex."""

    base: str
    node: str
    secret: str


def connect(broker: BrokerUrl) -> mqtt.Client:
    """A connected client with its loop running; OutsideError if the broker is away or refuses."""
    check_reachable(broker)
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls:
        client.tls_set_context(broker.tls_context())
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
    statuses = retained(client, f"{base}/+/status")
    return sorted(
        topic.split("/")[-2] for topic, status in statuses.items() if status == b"online"
    )


def secret_of(config: Path, node: str) -> str:
    """The key of ``node``: update.secret of its own file in nodes/, otherwise of ``config``."""
    node_settings = settings.fleet(config).get(node) or settings.load(config)
    secret = str(node_settings.get("update", {}).get("secret", ""))
    if len(secret) != 64 or set(secret.lower()) - set("0123456789abcdef"):
        raise InputError(
            f"{config}: no update.secret of 64 hex digits: run edgewise init, and put it on the "
            "node with make flash or make deploy"
        )
    return secret


def ask(client: mqtt.Client, base: str, node: str, verb: str, value: str) -> dict[str, Any]:
    """The node's answer to a command; OutsideError when none comes."""
    name = secrets.token_hex(4)
    answers: queue.Queue[dict[str, Any]] = queue.Queue()

    def on_message(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            answer = json.loads(message.payload)
        except (ValueError, RecursionError):
            return
        if isinstance(answer, dict) and answer.get("id") == name and "ok" in answer:
            answers.put(answer)

    topic = f"{base}/{node}/cmd/{verb}"
    client.message_callback_add(f"{topic}/result", on_message)
    client.subscribe(f"{topic}/result", 1)
    client.publish(topic, json.dumps({"id": name, "value": value}), 1)
    try:
        return answers.get(timeout=_ANSWER_S)
    except queue.Empty:
        raise OutsideError(f"node {node}: no answer within {_ANSWER_S:.0f} s: is it on?") from None
    finally:
        client.message_callback_remove(f"{topic}/result")
