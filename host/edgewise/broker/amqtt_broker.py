"""amqtt's broker, changed so that no client is cut off by another and every queue has a bound.

What amqtt 0.12.1 does, and what is done here:

- A client that connects is sent the retained messages of everybody's subscriptions, with a wait
  after each; a subscription that is made meanwhile ends its connection ("dictionary changed size
  during iteration"). Here it is sent those of its own subscriptions, without a wait.
- Messages are acknowledged, then pass a queue without a bound, one a turn of the event loop; each
  is compared with every subscription. Here a message is sent on before it is acknowledged, and a
  tree finds the subscriptions.
- A client that connects again leaves its old connection open, whose last will may come later and
  say that the client is gone. Here the old connection ends first.

What is changed for a single client is in `connection`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from math import ceil
from typing import Any

from amqtt.adapters import StreamReaderAdapter
from amqtt.broker import Broker
from amqtt.session import Session
from paho.mqtt.matcher import MQTTMatcher

from edgewise.broker.connection import Connection, Writer

__all__ = ["AmqttBroker"]

_CONNECT_S = 60  # for the first packet
_SILENCE = 1.5  # keepalives, as MQTT says

_Subscribers = list[tuple[Session, int]]


class AmqttBroker(Broker):  # type: ignore[misc]  # amqtt has no types
    """A broker of MQTT 3.1.1 for ``config``; ``say`` is told of clients that it had to cut off."""

    def __init__(self, config: dict[str, Any], say: Callable[[str], object]) -> None:
        super().__init__(config)
        self._subscriptions = _Subscriptions()
        self._connections: dict[str, Connection] = {}
        self._say = say

    @property
    def port(self) -> int:
        """The port of the started broker."""
        (server,) = self._servers.values()
        return int(server.instance.sockets[0].getsockname()[1])

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        try:
            await self._client_connected(
                listener_name, StreamReaderAdapter(reader), Writer(writer)
            )
        except OSError:
            pass  # gone, or nothing came
        except Exception as e:  # noqa: BLE001 - whatever a client sends ends that client alone
            self._say(f"broker: a client is cut off: {e!r}")
        finally:
            writer.transport.abort()

    async def _initialize_client_session(self, *streams: Any) -> tuple[Connection, Session]:
        async with asyncio.timeout(_CONNECT_S):
            _, session = await super()._initialize_client_session(*streams)
        session.keep_alive = ceil(session.keep_alive * _SILENCE)
        deliver = partial(self._deliver_from, session)
        return Connection(self.plugins_manager, deliver, self._say), session

    async def _handle_client_session(
        self, reader: Any, writer: Any, session: Session, connection: Connection, *listener: Any
    ) -> None:
        name = str(session.client_id)
        while (old := self._connections.get(name)) is not None:
            old.abort()
            await old.ended.wait()
        self._connections[name] = connection
        try:
            await super()._handle_client_session(reader, writer, session, connection, *listener)
        finally:
            del self._connections[name]
            connection.ended.set()

    async def _deliver_from(self, session: Session, message: asyncio.Future[Any]) -> bool:
        return bool(await self._handle_message_delivery(session, None, message))

    async def _broadcast_message(
        self, session: Session | None, topic: str, data: bytes, force_qos: int | None = None
    ) -> None:
        for subscribers in self._subscriptions.match(topic):
            for subscriber, qos in subscribers:
                if connection := self._connections.get(subscriber.client_id):
                    connection.send(topic, data, qos if force_qos is None else min(qos, force_qos))

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        topic_filter, qos = subscription
        connection = self._connections.get(session.client_id)
        subscribers = self._subscriptions.get(topic_filter, ())
        if connection is None or all(own is not session for own, _ in subscribers):
            return
        for topic, retained in self._retained_messages.items():
            if self._matches(topic, topic_filter):
                connection.send(topic, retained.data, min(qos, retained.qos or 0), retain=True)


class _Subscriptions(dict[str, _Subscribers]):
    """Subscribers by topic filter, found by topic."""

    def __init__(self) -> None:
        super().__init__()
        self._matcher = _tree()

    def __setitem__(self, topic_filter: str, subscribers: _Subscribers) -> None:
        super().__setitem__(topic_filter, subscribers)
        self._matcher[topic_filter] = subscribers

    def __delitem__(self, topic_filter: str) -> None:
        super().__delitem__(topic_filter)
        del self._matcher[topic_filter]

    def clear(self) -> None:
        super().clear()
        self._matcher = _tree()

    def match(self, topic: str) -> Iterator[_Subscribers]:
        """The subscribers of each filter that ``topic`` matches."""
        matches: Iterator[_Subscribers] = self._matcher.iter_match(topic)
        return matches


def _tree() -> Any:
    untyped_class: Any = MQTTMatcher
    return untyped_class()
