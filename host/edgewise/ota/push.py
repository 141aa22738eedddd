"""Sends one model to one node: chunks as the node asks for them, then its verdict."""

from __future__ import annotations

import json
import queue
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import paho.mqtt.client as mqtt

from edgewise.ota.offer import chunk, offer
from edgewise.ota.refusals import with_cure
from edgewise.ota.targets import Target

__all__ = ["Verdict", "push"]

_RETRY_S = 3.0
_SILENCE_S = 60.0
_VERDICT_S = 300.0
_VERDICT_RETRY_S = 90.0  # a good verdict comes after a minute


@dataclass(frozen=True)
class Verdict:
    """The result of a push. Times are seconds from the offer, None for a step not reached.

    ``answered``: False where the node fell silent before it had the whole model; it runs the one
    before.
    """

    ok: bool
    error: str | None
    transfer_s: float | None = None
    trial_s: float | None = None
    verdict_s: float | None = None
    answered: bool = True


class _Conversation:
    """The conversation with one node about one offer."""

    def __init__(self, client: mqtt.Client, topic: str, name: str) -> None:
        self.name = name
        self._client = client
        self._topic = topic
        self._replies: queue.Queue[dict[str, Any]] = queue.Queue()
        client.message_callback_add(f"{topic}/result", self._on_message)
        client.subscribe(f"{topic}/result", 1)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            reply = json.loads(message.payload)
        except ValueError:
            return
        is_reply = isinstance(reply, dict) and reply.get("id") == self.name and "ok" in reply
        if is_reply and isinstance(reply.get("want"), int | None):
            self._replies.put(reply)

    def send(self, leaf: str, payload: str | bytes) -> None:
        self._client.publish(f"{self._topic}/{leaf}", payload, 1)

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        try:
            return self._replies.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def close(self) -> None:
        self._client.message_callback_remove(f"{self._topic}/result")


def push(
    client: mqtt.Client,
    target: Target,
    data: bytes,
    counter: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    silence_s: float | None = None,
) -> Verdict:
    """Send ``data`` (see `container`) over a connected client; return the node's verdict.

    ``counter`` must be above every earlier one of this node [milliseconds since 1970].
    ``progress`` is called with the bytes sent and the bytes in total. ``silence_s``: seconds
    without a word of the node that end the push [60; while it tries the model, 300]. As long as
    the node answers, a push may take any time.
    """
    name = secrets.token_hex(4)
    counter = int(1000 * time.time()) if counter is None else counter
    conversation = _Conversation(client, f"{target.base}/{target.node}/model", name)
    offer_text = json.dumps(offer(name, target.node, data, counter, target.secret))
    try:
        verdict = _transfer(conversation, offer_text, data, progress, silence_s)
    finally:
        conversation.close()
    return replace(verdict, error=verdict.error and with_cure(verdict.error))


def _transfer(
    conversation: _Conversation,
    offer_text: str,
    data: bytes,
    progress: Callable[[int, int], None],
    silence_s: float | None,
) -> Verdict:
    start = heard = time.monotonic()
    limit_s = silence_s or _SILENCE_S
    conversation.send("offer", offer_text)
    while True:
        reply = conversation.receive(min(_RETRY_S, limit_s))
        if reply is None:
            if time.monotonic() - heard >= limit_s:
                return Verdict(False, f"no answer within {limit_s:.0f} s", answered=False)
            # the node answers with the byte that it wants next
            conversation.send("offer", offer_text)
            continue
        heard = time.monotonic()
        if reply["ok"] is not None:
            return Verdict(reply["ok"], reply.get("error"))
        offset = reply.get("want")
        if offset is None:
            break
        progress(offset, len(data))
        conversation.send("chunk", chunk(data, offset))
    progress(len(data), len(data))
    return _wait_for_verdict(conversation, offer_text, start, silence_s or _VERDICT_S)


def _wait_for_verdict(
    conversation: _Conversation, offer_text: str, start: float, limit_s: float
) -> Verdict:
    transfer_s = time.monotonic() - start
    trial_s = None
    end = time.monotonic() + limit_s
    while (remaining_s := end - time.monotonic()) > 0:
        reply = conversation.receive(min(remaining_s, _VERDICT_RETRY_S))
        if reply is None:
            conversation.send("offer", offer_text)  # the node then repeats a verdict that was lost
            continue
        elapsed_s = round(time.monotonic() - start, 2)
        if reply["ok"] is not None:
            error = reply.get("error")
            return Verdict(reply["ok"], error, round(transfer_s, 2), trial_s, elapsed_s)
        if reply.get("trial") and trial_s is None:
            trial_s = elapsed_s
            end = time.monotonic() + limit_s
    return Verdict(False, f"no verdict within {limit_s:.0f} s", round(transfer_s, 2), trial_s)
