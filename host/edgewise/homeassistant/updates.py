"""Models as updates of Home Assistant: tells their versions, and pushes one when asked to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.pool import ThreadPool
from typing import Any

import paho.mqtt.client as mqtt

from edgewise.errors import EdgewiseError
from edgewise.homeassistant.components import INSTALL, INSTALL_LEAF, VERSION_LEAF
from edgewise.ota import Target, container, order, push
from edgewise.package.store import Package

__all__ = ["Updates", "run_updates"]

_PUSHES_AT_ONCE = 8
_STATUS_S = 20.0
_CRC_BYTES = 4


class Updates:
    """Tells the model of each node, and sends ``package`` to the nodes that have a key.

    ``keys``: node -> its update.secret, "" without. ``report`` is called with a line for people.
    The version is the name of a model and the last bytes of its model.bin, so that two models of
    one name differ.
    """

    def __init__(
        self,
        client: mqtt.Client,
        base: str,
        package: Package,
        keys: Mapping[str, str],
        report: Callable[[str], None],
    ) -> None:
        self._client = client
        self._base = base
        self._data = container(package)
        self._latest = _version(package.info["name"], package.blob[-_CRC_BYTES:].hex())
        self._keys = keys
        self._report = report
        self._installed: dict[str, str] = {}
        self._asked: set[str] = set()
        self._pushing: set[str] = set()
        self._lock = threading.Lock()
        self._workers = ThreadPool(_PUSHES_AT_ONCE)

    def subscribe(self) -> None:
        """Listen to nodes and buttons, also after the connection was lost."""
        if not self._keys:
            return
        for leaf, callback in (
            ("status", self._on_status),
            ("event", self._on_event),
            (INSTALL_LEAF, self._on_install),
        ):
            topic = f"{self._base}/+/{leaf}"
            self._client.message_callback_add(topic, callback)
            self._client.subscribe(topic, 1)
        for node in self._keys:
            self._tell(node)

    def close(self) -> None:
        """End all pushes; their nodes keep the model that they have."""
        self._workers.terminate()
        for node in list(self._pushing):
            self._tell(node)

    def _on_status(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        node = self._node_of(message)
        if node is None or message.payload != b"online" or node in self._installed:
            return
        with self._lock:
            if node in self._asked:
                return
            self._asked.add(node)
        self._workers.apply_async(self._ask, (node,))

    def _ask(self, node: str) -> None:
        try:
            answer = order(
                self._client, Target(self._base, node, ""), "model", "status", _STATUS_S
            )
        except EdgewiseError:
            return  # its next start tells
        finally:
            self._asked.discard(node)
        value = answer.get("value")
        if isinstance(value, dict):
            self._note(node, value.get("name"), value.get("crc"))

    def _on_event(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        node = self._node_of(message)
        try:
            event = json.loads(message.payload)
        except (ValueError, RecursionError):
            return
        if node is not None and isinstance(event, dict) and event.get("event") == "reset":
            self._note(node, event.get("model"), event.get("crc"))

    def _note(self, node: str, name: Any, crc: Any) -> None:
        if isinstance(name, str) and isinstance(crc, str):
            self._installed[node] = _version(name, crc)
            if node not in self._pushing:  # a start on trial is not the end of a push
                self._tell(node)

    def _on_install(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        node = self._node_of(message)
        if node is None or message.retain or message.payload != INSTALL.encode():
            return
        with self._lock:
            has_model = self._installed.get(node) == self._latest
            if not self._keys[node] or has_model or node in self._pushing:
                return
            self._pushing.add(node)
        self._workers.apply_async(self._push, (node,))

    def _push(self, node: str) -> None:
        self._report(f"{node}: Home Assistant asks for {self._latest}")
        self._tell(node, 0)
        target = Target(self._base, node, self._keys[node])
        last_percent = 0

        def progress(sent: int, total: int) -> None:
            nonlocal last_percent
            percent = 100 * sent // total
            if percent >= last_percent + 10:
                last_percent = percent
                self._tell(node, percent)

        try:
            verdict = push(self._client, target, self._data, progress=progress)
        finally:
            self._pushing.discard(node)
        if verdict.ok:
            self._installed[node] = self._latest
        self._report(f"{node}: " + ("confirmed" if verdict.ok else f"rejected: {verdict.error}"))
        self._tell(node)

    def _tell(self, node: str, percent: int | None = None) -> None:
        state: dict[str, Any] = {"latest_version": self._latest}
        if node in self._installed:
            state["installed_version"] = self._installed[node]
        state["in_progress"] = percent is not None
        state["update_percentage"] = percent
        topic = f"{self._base}/{node}/{VERSION_LEAF}"
        self._client.publish(topic, json.dumps(state, ensure_ascii=False), 1, retain=True)

    def _node_of(self, message: mqtt.MQTTMessage) -> str | None:
        node = message.topic[len(self._base) + 1 :].split("/")[0]
        return node if node in self._keys else None


@contextmanager
def run_updates(updates: Updates) -> Iterator[None]:
    """A context in which buttons are answered."""
    updates.subscribe()
    try:
        yield
    finally:
        updates.close()


def _version(name: str, crc: str) -> str:
    return f"{name} {crc}"  # the blank keeps Home Assistant from comparing them as numbers
