"""A folder of `edgewise broker init` with mosquitto on it, and paho clients that talk to it."""

from __future__ import annotations

import ssl
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from tests.broker.mosquitto import Mosquitto, free_port
from tests.shared import LIMIT_S

from edgewise.broker.setup import init
from edgewise.messages.client import MqttClient
from edgewise.urls import BrokerUrl


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder through which root's mosquitto, by then user mosquitto, may pass."""
    with tempfile.TemporaryDirectory(prefix="edgewise-broker-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def run_secured(*nodes: str, **options: Any) -> Iterator[Mosquitto]:
    """mosquitto on a new folder of `edgewise broker init`; ``options`` as of `init`."""
    with open_folder() as parent:
        port = free_port()
        init(parent / "b", ["localhost"], list(nodes), port, **options)
        with Mosquitto(parent / "b", port) as broker:
            yield broker


def password(folder: Path, user: str) -> str:
    if user == "operator":
        return str(urlsplit((folder / "operator.url").read_text().strip()).password)
    return str(tomllib.loads((folder / f"nodes/{user}.toml").read_text())["mqtt"]["password"])


def trust(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder / "ca.pem")


class Client:
    """An MQTT 5 client, for version 5 says why; `answer` is the reason in the CONNACK."""

    def __init__(
        self, port: int, tls: ssl.SSLContext, user: str | None = None, pw: str | None = None
    ) -> None:
        self.topics: list[str] = []
        self.answer = ""
        self._codes: dict[int, list[str]] = {}
        self._condition = threading.Condition()
        self._client = MqttClient(BrokerUrl("localhost", port, user, pw), protocol=mqtt.MQTTv5)
        self._client.tls_set_context(tls)
        self._client.on_connect = lambda c, d, flags, code, p: self._note(answer=str(code))
        self._client.on_publish = lambda c, d, mid, code, p: self._note(mid, [str(code)])
        self._client.on_subscribe = lambda c, d, mid, codes, p: self._note(mid, codes)
        self._client.on_message = lambda c, d, message: self._hear(message.topic)
        self._client.connect("localhost", port)
        self._client.loop_start()
        self.wait_until(lambda: bool(self.answer))

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, mid: int = 0, codes: Any = (), answer: str = "") -> None:
        with self._condition:
            self.answer = answer or self.answer
            self._codes[mid] = [str(code) for code in codes]
            self._condition.notify_all()

    def _hear(self, topic: str) -> None:
        with self._condition:
            self.topics.append(topic)
            self._condition.notify_all()

    def wait_until(self, condition: Any) -> None:
        with self._condition:
            assert self._condition.wait_for(condition, LIMIT_S), (self.answer, self.topics)

    def publish(self, topic: str, payload: str = "{}") -> str:
        """Publish with QoS 1; the reason in the PUBACK, Success even if nobody subscribed."""
        mid = self._client.publish(topic, payload, qos=1).mid
        self.wait_until(lambda: mid in self._codes)
        return self._codes[mid][0].replace("No matching subscribers", "Success")

    def subscribe(self, topic: str) -> str:
        """Subscribe with QoS 1; the reason in the SUBACK."""
        mid = self._client.subscribe(topic, qos=1)[1]
        self.wait_until(lambda: mid in self._codes)
        return self._codes[int(mid or 0)][0]


def client(folder: Path, port: int, user: str) -> Client:
    """One with the credentials that the folder holds for it."""
    return Client(port, trust(folder), user, password(folder, user))
