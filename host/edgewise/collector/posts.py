"""What nodes post, by HTTP or CoAP: whose it may be, and into the database before the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from anyio import to_thread

from edgewise.collector.tokens import ALL_NODES
from edgewise.collector.writer import Writer

__all__ = [
    "AWAY",
    "OTHER_NODE",
    "KindError",
    "Message",
    "OtherNode",
    "check_node",
    "store",
    "topic_of",
]

AWAY = "the database is away or behind: send it again"
OTHER_NODE = "the token is of another node"
_KINDS = ("state", "replay", "event", "diag", "next", "status")
_STORED_S = 30.0

Message = tuple[str, bytes]
"""Topic and payload."""


class OtherNode(Exception):
    """The token is not of the node that a message is of."""


class KindError(ValueError):
    """No node sends such messages."""


def check_node(node: str, nodes: set[str]) -> None:
    """OtherNode if ``node`` is not one of ``nodes``; ValueError for a name that no topic has."""
    if not nodes & {node, ALL_NODES}:
        raise OtherNode
    if set(node) & set("+#"):
        raise ValueError("node has + or #, which no topic may have")


def topic_of(base: str, node: str, kind: str, nodes: set[str]) -> str:
    """The topic that the message ``kind`` of a node has by MQTT; errors as in `check_node`.

    KindError for another kind. The writer judges what the message holds, as of one by MQTT.
    """
    check_node(node, nodes)
    if kind not in _KINDS:
        raise KindError(f"a node sends {', '.join(_KINDS)}")
    return f"{base}/{node}/{kind}"


async def store(writer: Writer, messages: list[Message]) -> bool:
    """Whether all ``messages`` are in the database, soon enough for the answer."""
    loop = asyncio.get_running_loop()
    stored_messages = asyncio.Semaphore(0)

    def on_stored() -> None:
        with suppress(RuntimeError):  # the server has stopped meanwhile
            loop.call_soon_threadsafe(stored_messages.release)

    try:
        async with asyncio.timeout(_STORED_S):
            await to_thread.run_sync(_put, writer, messages, on_stored, abandon_on_cancel=True)
            for _ in messages:
                await stored_messages.acquire()
    except (TimeoutError, asyncio.CancelledError):  # cancelled: the server stops
        return False
    return True


def _put(writer: Writer, messages: list[Message], on_stored: Callable[[], None]) -> None:
    # blocks while the database is away
    end = time.monotonic() + _STORED_S
    for topic, payload in messages:
        writer.put(topic, payload, on_stored, end - time.monotonic())
