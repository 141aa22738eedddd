"""Many clients of a broker at once: nodes that publish with QoS 1 and one collector.

python -m tests.broker.load URL CLIENTS MESSAGES RATE: what a broker does, messages a second.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from tests.shared import LIMIT_S

from edgewise.urls import BrokerUrl, parse_broker

_TICK_S = 0.005
_PAYLOAD = 100  # bytes, as a reading has


class Load:
    """``clients`` nodes with a last will, two subscriptions and retained messages each."""

    def __init__(self, broker: BrokerUrl, clients: int) -> None:
        self._broker = broker
        self._loop = asyncio.get_running_loop()
        self._nodes = [f"n{i}" for i in range(clients)]
        self._clients: dict[str, mqtt.Client] = {}
        self._subscribed = 0
        self.lost: list[str] = []  # clients whose connection ended
        self.acknowledged = 0
        self.received: Counter[bytes] = Counter()
        self.delays_s: list[float] = []

    async def connect(self) -> None:
        """The collector connects first, then all nodes at once."""
        self._connect("collector", "edgewise/#")
        await self._until(lambda: self._subscribed == 1)
        for node in self._nodes:
            self._connect(node, f"edgewise/{node}/cmd/#", f"edgewise/{node}/model/#")
            await asyncio.sleep(0)
        await self._until(lambda: bool(self.lost) or self._is_connected())
        self._pings = asyncio.create_task(self._ping())

    async def publish(self, messages: int, rate: float = float("inf")) -> float:
        """Publish them, ``rate`` a second, and wait for all; the seconds that it took."""
        first, start_s = sum(self.received.values()), time.monotonic()
        acknowledged, sent = self.acknowledged, 0
        while sent < messages:
            due = min(messages, int(min(messages, (time.monotonic() - start_s) * rate)) + 1)
            for number in range(sent, due):
                node = self._nodes[number % len(self._nodes)]
                payload = f"{first + number} {time.monotonic()}".encode().ljust(_PAYLOAD)
                self._clients[node].publish(f"edgewise/{node}/state", payload, 1, retain=True)
            sent = due
            await asyncio.sleep(_TICK_S)
        await self._until(
            lambda: (
                self.lost
                or (
                    self.acknowledged == acknowledged + messages
                    and len(self.received) == first + messages
                )
            )
        )
        return time.monotonic() - start_s

    async def disconnect(self) -> None:
        self._pings.cancel()
        for client in self._clients.values():
            client.on_disconnect = None
            client.disconnect()
        await self._until(lambda: not any(c.want_write() for c in self._clients.values()))

    def _is_connected(self) -> bool:
        # Each node is subscribed and has its status acknowledged.
        return self._subscribed == len(self._clients) and self.acknowledged == len(self._nodes)

    def _connect(self, name: str, *topics: str) -> None:
        loop = self._loop
        client = mqtt.Client(CallbackAPIVersion.VERSION2, name)
        client.on_socket_open = lambda c, _, sock: loop.add_reader(sock, c.loop_read)
        client.on_socket_close = lambda _c, _, sock: loop.remove_reader(sock)
        client.on_socket_register_write = lambda c, _, sock: loop.add_writer(sock, c.loop_write)
        client.on_socket_unregister_write = lambda _c, _, sock: loop.remove_writer(sock)
        client.on_connect = lambda c, *_: c.subscribe([(topic, 1) for topic in topics])
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = lambda *_: self.lost.append(name)
        if name == "collector":
            client.on_message = self._on_message
        else:
            client.on_publish = self._on_publish
            client.will_set(f"edgewise/{name}/status", "offline", 1, retain=True)
            client.publish(f"edgewise/{name}/status", "online", 1, retain=True)
        self._clients[name] = client
        client.connect(self._broker.host, self._broker.port)

    def _on_subscribe(self, *_: Any) -> None:
        self._subscribed += 1

    def _on_publish(self, _c: Any, _data: Any, _mid: int, *_: Any) -> None:
        self.acknowledged += 1

    def _on_message(self, _c: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/state") and not message.retain:
            number, sent_s = message.payload.split()
            self.received[number] += 1
            self.delays_s.append(time.monotonic() - float(sent_s))

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(1)
            for client in self._clients.values():
                client.loop_misc()

    async def _until(self, look: Any) -> None:
        # the limit is for a broker that stands still: how much it does a second is the machine's
        done, end_s = 0, time.monotonic() + LIMIT_S
        while not look():
            await asyncio.sleep(_TICK_S)
            if done != (done := self._subscribed + self.acknowledged + len(self.received)):
                end_s = time.monotonic() + LIMIT_S
            if time.monotonic() > end_s:
                raise TimeoutError(f"the broker stands still after {done} packets")


async def report(url: str, clients: int, messages: int, rate: float) -> None:
    load = Load(parse_broker(url), clients)
    start_s = time.monotonic()
    await load.connect()
    connect_s = time.monotonic() - start_s
    took_s = await load.publish(messages, rate)
    await load.disconnect()
    delays_ms = sorted(1000 * delay_s for delay_s in load.delays_s)
    median_ms, late_ms = (delays_ms[len(delays_ms) * part // 100] for part in (50, 99))
    print(
        f"{clients} clients connected in {connect_s:.1f} s, {len(load.lost)} cut off\n"
        f"{messages} messages in {took_s:.1f} s: {messages / took_s:.0f}/s, "
        f"{len(load.received)} delivered, {load.acknowledged - clients} acknowledged\n"
        f"delay {median_ms:.0f} ms median, {late_ms:.0f} ms for 99 %"
    )


if __name__ == "__main__":
    asyncio.run(report(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
