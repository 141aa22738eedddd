"""One client of amqtt's broker.

What amqtt 0.12.1 does, and what is done here:

- Each packet becomes a task, each message to a client one more that waits for the client's
  acknowledgement: whatever a client does not read or sends without a pause is held in memory.
  Here the next packet is read after the one before is done, and a client that leaves more unread
  or unacknowledged than the limits below is cut off.
- A client that falls silent stays connected and its last will is never sent. Here its connection
  ends after the time that MQTT gives.
- A client that disconnects while its connection is set up is not noticed, or taken for one that
  broke off. Here the first end counts, whenever it comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from amqtt.adapters import StreamWriterAdapter
from amqtt.errors import AMQTTError, MQTTError, NoDataError, ProtocolHandlerError
from amqtt.mqtt import packet_class
from amqtt.mqtt.constants import QOS_0, QOS_2
from amqtt.mqtt.packet import (
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBSCRIBE,
    UNSUBSCRIBE,
    MQTTFixedHeader,
)
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.plugins.manager import PluginManager
from amqtt.session import IncomingApplicationMessage, OutgoingApplicationMessage

__all__ = ["PACKET_MAX", "UNSENT_MAX", "Connection", "Writer"]

PACKET_MAX = 1 << 20  # bytes
UNSENT_MAX = 1 << 26  # bytes, as in the mosquitto.conf of `edgewise broker init`
_UNACKNOWLEDGED_MAX = 60_000  # messages; MQTT has numbers for 65,535
_CLOSE_S = 5
# a connection that ends: gone, no MQTT, or ended while a packet was handled
_ENDS = (AMQTTError, MQTTError, NoDataError, ProtocolHandlerError, OSError)


class Writer(StreamWriterAdapter):  # type: ignore[misc]  # amqtt has no types
    """amqtt's writer, with a limit for the wait for a client that does not read."""

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken."""
        return int(self._writer.transport.get_write_buffer_size())

    def abort(self) -> None:
        """Close the connection without what is unsent."""
        self._writer.transport.abort()

    async def close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await super().close()
        except TimeoutError:
            self.abort()


class Connection(BrokerProtocolHandler):  # type: ignore[misc]  # amqtt has no types
    """``deliver`` is given each message and returns whether it is valid; ``say`` gets errors."""

    def __init__(
        self,
        plugins: PluginManager[Any],
        deliver: Callable[[asyncio.Future[Any]], Awaitable[bool]],
        say: Callable[[str], object],
    ) -> None:
        super().__init__(plugins)
        self.ended = asyncio.Event()
        self._deliver = deliver
        self._say = say
        self._is_accepted = False
        self._end: asyncio.Future[Any] = self._loop.create_future()
        self._tasks: set[asyncio.Task[Any]] = set()  # of messages with QoS 2
        self._silence: asyncio.TimerHandle | None = None
        self._heard_s = self._loop.time()
        self._handlers: dict[int, Callable[[Any], Awaitable[None]]] = {
            CONNECT: self.handle_connect,
            DISCONNECT: self.handle_disconnect,
            PINGREQ: self.handle_pingreq,
            PUBACK: self.handle_puback,
            PUBCOMP: self.handle_pubcomp,
            PUBLISH: self.handle_publish,
            PUBREC: self.handle_pubrec,
            PUBREL: self.handle_pubrel,
            SUBSCRIBE: self.handle_subscribe,
            UNSUBSCRIBE: self.handle_unsubscribe,
        }

    def abort(self) -> None:
        """Cut the client off: its last will is sent."""
        self.writer.abort()

    def send(self, topic: str, data: bytes, qos: int, retain: bool = False) -> None:
        """Send a message; cut the client off if it does not take its messages."""
        if not self._is_accepted:
            return
        unsent, inflight = self.writer.unsent, self.session.inflight_out
        if unsent > UNSENT_MAX or len(inflight) >= _UNACKNOWLEDGED_MAX:
            self._is_accepted = False
            self._say(
                f"broker: client {self.session.client_id} is cut off, it does not take its "
                f"messages: {unsent >> 20} MB unread, {len(inflight)} unacknowledged"
            )
            self.abort()
        elif qos == QOS_2:
            self._start(self.mqtt_publish(topic, data, qos, retain))
        else:
            packet_id = self.session.next_packet_id if qos else None
            message = OutgoingApplicationMessage(packet_id, topic, qos, data, retain)
            message.publish_packet = message.build_publish_packet()
            if packet_id is not None:
                inflight[packet_id] = message
            self.writer.write(message.publish_packet.to_bytes())

    async def mqtt_connack_authorize(self, authorize: bool) -> None:
        await super().mqtt_connack_authorize(authorize)
        self._is_accepted = authorize

    async def start(self) -> None:
        limit_s: int | None = self.session.keep_alive or None
        self.keepalive_timeout = None  # amqtt's own timer does nothing
        await super().start()
        if limit_s:
            self._check_silence(limit_s)

    async def stop(self) -> None:
        self._is_accepted = False
        if self._silence:
            self._silence.cancel()
        for task in self._tasks:
            task.cancel()
        await self.handle_disconnect(None)
        await super().stop()

    async def wait_disconnect(self) -> Any:
        return await asyncio.shield(self._end)

    async def handle_disconnect(self, disconnect: Any) -> None:
        if not self._end.done():
            self._end.set_result(disconnect)

    async def handle_connect(self, connect: Any) -> None:
        await self.handle_disconnect(None)  # a second CONNECT

    async def _retry_deliveries(self) -> None:
        unacknowledged = list(self.session.inflight_out.values())
        self.session.inflight_out.clear()
        self.session.inflight_in.clear()
        for message in unacknowledged:
            self.send(message.topic, message.data, message.qos, message.retain)

    async def handle_puback(self, puback: Any) -> None:
        self.session.inflight_out.pop(puback.packet_id, None)

    async def handle_publish(self, publish_packet: Any) -> None:
        if publish_packet.qos == QOS_2:
            self._start(super().handle_publish(publish_packet))
            return
        message = IncomingApplicationMessage(
            publish_packet.packet_id,
            publish_packet.topic_name,
            publish_packet.qos,
            publish_packet.data,
            publish_packet.retain_flag,
        )
        message.publish_packet = publish_packet
        done = self._loop.create_future()
        done.set_result(message)
        if not await self._deliver(done):
            self.abort()
        elif publish_packet.qos != QOS_0:
            await self._send_packet(PubackPacket.build(publish_packet.packet_id))

    async def _reader_loop(self) -> None:
        self._reader_ready.set()
        try:
            while header := await MQTTFixedHeader.from_stream(self.reader):
                if header.remaining_length > PACKET_MAX:
                    self._say(
                        f"broker: client {self.session.client_id} is cut off: it sends a message "
                        f"of {header.remaining_length} bytes, {PACKET_MAX} are the most"
                    )
                    break
                packet = await packet_class(header).from_stream(self.reader, fixed_header=header)
                self._heard_s = self._loop.time()
                await self._handlers[header.packet_type](packet)
        except (asyncio.CancelledError, *_ENDS):
            pass
        except Exception as e:  # noqa: BLE001 - whatever a client sends ends that client alone
            self._say(f"broker: client {self.session.client_id} is cut off: {e!r}")
        await self.handle_connection_closed()
        self._reader_stopped.set()
        await self.stop()

    def _check_silence(self, limit_s: float) -> None:
        left_s = self._heard_s + limit_s - self._loop.time()
        if left_s > 0:
            self._silence = self._loop.call_later(left_s, self._check_silence, limit_s)
        else:
            self.abort()

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # a client that does not answer is no error of the broker
