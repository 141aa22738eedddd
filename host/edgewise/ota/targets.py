"""Which nodes there are, their keys, and a question to one of them."""

from __future__ import annotations

import json
import queue
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edgewise import settings
from edgewise.errors import InputError, OutsideError
from edgewise.ota.retained import retained
from edgewise.urls import BrokerUrl, check_reachable

__all__ = ["Target", "ask", "connect", "online", "secret_of"]


@dataclass(frozen=True)
class Target:
    """A node to send to: its name below ``base``, and its update.secret in hex."""

    base: str
    node: str
    secret: str


_CONNECT_S = 60.0
_ANSWER_S = 60.0


def connect(broker: BrokerUrl) -> mqtt.Client:
    """A connected client whose loop runs; OutsideError where the broker is away or refuses."""
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
        refused = answers.get(timeout=_CONNECT_S)
    except (OSError, queue.Empty) as e:
        client.loop_stop()
        why = str(e) or "no answer"
        raise OutsideError(f"broker {broker}: {why}: check the address") from e
    if refused:
        client.loop_stop()
        raise OutsideError(f"broker {broker}: {refused}: check user, password and rights")
    return client


def online(client: mqtt.Client, base: str) -> list[str]:
    """Names of the nodes whose retained status is online."""
    found = retained(client, f"{base}/+/status")
    return sorted(topic.split("/")[-2] for topic, said in found.items() if said == b"online")


def secret_of(config: Path, node: str) -> str:
    """The key of ``node``: update.secret of its own file in nodes/, else of ``config``."""
    given = settings.fleet(config).get(node) or settings.load(config)
    secret = str(given.get("update", {}).get("secret", ""))
    if len(secret) != 64 or set(secret.lower()) - set("0123456789abcdef"):
        raise InputError(
            f"{config}: no update.secret of 64 hex digits: run edgewise init, and put it on the "
            "node with make flash or make deploy"
        )
    return secret


def ask(client: mqtt.Client, base: str, node: str, verb: str, value: str) -> dict[str, Any]:
    """Send a command and wait for its answer; OutsideError when none comes."""
    name = secrets.token_hex(4)
    answers: queue.Queue[dict[str, Any]] = queue.Queue()

    def heard(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            said = json.loads(message.payload)
        except (ValueError, RecursionError):
            return
        if isinstance(said, dict) and said.get("id") == name and "ok" in said:
            answers.put(said)

    topic = f"{base}/{node}/cmd/{verb}"
    client.message_callback_add(f"{topic}/result", heard)
    client.subscribe(f"{topic}/result", 1)
    client.publish(topic, json.dumps({"id": name, "value": value}), 1)
    try:
        return answers.get(timeout=_ANSWER_S)
    except queue.Empty:
        raise OutsideError(f"node {node}: no answer within {_ANSWER_S:.0f} s: is it on?") from None
    finally:
        client.message_callback_remove(f"{topic}/result")
