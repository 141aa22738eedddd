"""Commands to a node; those that change something are signed with its key."""

from __future__ import annotations

import json
import queue
import secrets
import time
from typing import Any

import paho.mqtt.client as mqtt

from edgenode.core import signed
from edgewise.errors import OutsideError
from edgewise.ota.targets import Target

__all__ = ["order", "order_payload"]

_ANSWER_S = 60.0
_TRIAL_S = 300.0  # of a configuration; a node goes back after three minutes


def order_payload(
    target: Target, verb: str, value: Any, name: str | int, counter: int | None = None
) -> bytes:
    """The payload for ``cmd/<verb>``, signed if the target has a key.

    ``name`` is the id of the answer. ``counter`` must be above every earlier one of this node
    [milliseconds since 1970].
    """
    fields = {"id": name} if value is None else {"id": name, "value": value}
    if not target.secret:
        return _json(fields).encode()
    counter = time.time_ns() // 1_000_000 if counter is None else counter
    head = _json(fields | {"counter": counter})[:-1] + ","
    mac = signed.sign(target.secret, "edgewise-command-1", target.node, verb, head)
    return f'{head}"hmac":"{mac}"}}'.encode()


def _json(fields: dict[str, Any]) -> str:
    # no escapes: MicroPython's json would split an escaped character beyond U+FFFF in two
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def order(
    client: mqtt.Client,
    target: Target,
    verb: str,
    value: Any = None,
    limit_s: float | None = None,
) -> dict[str, Any]:
    """The node's answer to a command; OutsideError when none comes.

    ``limit_s``: how long to wait for it [60 s; 300 s for a changed configuration].
    """
    name = secrets.token_hex(4)
    answers: queue.Queue[dict[str, Any]] = queue.Queue()

    def on_message(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            answer = json.loads(message.payload)
        except (ValueError, RecursionError):
            return
        if isinstance(answer, dict) and answer.get("id") == name and "ok" in answer:
            answers.put(answer)

    topic = f"{target.base}/{target.node}/cmd/{verb}"
    limit_s = limit_s or (_ANSWER_S if verb != "config" or value is None else _TRIAL_S)
    client.message_callback_add(f"{topic}/result", on_message)
    client.subscribe(f"{topic}/result", 1)
    client.publish(topic, order_payload(target, verb, value, name), 1)
    try:
        return answers.get(timeout=limit_s)
    except queue.Empty:
        raise OutsideError(
            f"node {target.node}: no answer within {limit_s:.0f} s: is it on?"
        ) from None
    finally:
        client.message_callback_remove(f"{topic}/result")
