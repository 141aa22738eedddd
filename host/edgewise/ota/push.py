"""One node and one model: pieces as the node asks for them, then its verdict."""

from __future__ import annotations

import json
import queue
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt

from edgewise.ota.offer import chunk, offer
from edgewise.ota.targets import Target

__all__ = ["Verdict", "push"]

_AGAIN_S = 3.0
_TRIES = 20
_VERDICT_S = 300.0
_ASK_S = 90.0  # a good verdict comes after a minute


@dataclass(frozen=True)
class Verdict:
    """What became of a push; seconds from the offer, None where it did not get so far."""

    ok: bool
    error: str | None
    transfer_s: float | None = None
    trial_s: float | None = None
    verdict_s: float | None = None


class _Talk:
    """The messages of one node about one offer."""

    def __init__(self, client: mqtt.Client, topic: str, name: str) -> None:
        self.name = name
        self._client = client
        self._topic = topic
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        client.message_callback_add(f"{topic}/result", self._on_message)
        client.subscribe(f"{topic}/result", 1)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            said = json.loads(message.payload)
        except ValueError:
            return
        right = isinstance(said, dict) and said.get("id") == self.name and "ok" in said
        if right and isinstance(said.get("want"), int | None):
            self._said.put(said)

    def send(self, leaf: str, payload: str | bytes) -> None:
        self._client.publish(f"{self._topic}/{leaf}", payload, 1)

    def hear(self, timeout_s: float) -> dict[str, Any] | None:
        try:
            return self._said.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def close(self) -> None:
        self._client.message_callback_remove(f"{self._topic}/result")


def push(
    client: mqtt.Client,
    target: Target,
    data: bytes,
    counter: int | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
    verdict_s: float = _VERDICT_S,
) -> Verdict:
    """Send ``data`` (see container) over a connected client and wait for the verdict.

    ``counter`` must be above every earlier one of this node [milliseconds since 1970].
    ``progress`` is called with bytes done and bytes in all.
    """
    name = secrets.token_hex(4)
    counter = int(1000 * time.time()) if counter is None else counter
    talk = _Talk(client, f"{target.base}/{target.node}/model", name)
    offered = json.dumps(offer(name, target.node, data, counter, target.secret))
    try:
        return _transfer(talk, offered, data, progress, verdict_s)
    finally:
        talk.close()


def _transfer(
    talk: _Talk,
    offered: str,
    data: bytes,
    progress: Callable[[int, int], None],
    verdict_s: float,
) -> Verdict:
    start = time.monotonic()
    talk.send("offer", offered)
    silent = 0
    while True:
        said = talk.hear(_AGAIN_S)
        if said is None:
            silent += 1
            if silent == _TRIES:
                return Verdict(False, f"no answer within {_TRIES * _AGAIN_S:.0f} s")
            talk.send("offer", offered)  # the node says where to go on
            continue
        silent = 0
        if said["ok"] is not None:
            return Verdict(said["ok"], said.get("error"))
        at = said.get("want")
        if at is None:
            break
        progress(at, len(data))
        talk.send("chunk", chunk(data, at))
    progress(len(data), len(data))
    return _wait_for_verdict(talk, offered, start, verdict_s)


def _wait_for_verdict(talk: _Talk, offered: str, start: float, verdict_s: float) -> Verdict:
    transfer_s = time.monotonic() - start
    trial_s = None
    end = time.monotonic() + verdict_s
    while (left_s := end - time.monotonic()) > 0:
        said = talk.hear(min(left_s, _ASK_S))
        if said is None:
            talk.send("offer", offered)  # a verdict that was lost is told again
            continue
        passed_s = round(time.monotonic() - start, 2)
        if said["ok"] is not None:
            error = said.get("error")
            return Verdict(said["ok"], error, round(transfer_s, 2), trial_s, passed_s)
        if said.get("trial") and trial_s is None:
            trial_s = passed_s
    return Verdict(False, f"no verdict within {verdict_s:.0f} s", round(transfer_s, 2), trial_s)
