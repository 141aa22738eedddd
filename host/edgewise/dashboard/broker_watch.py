"""A connection to the broker that tells within seconds that it is away."""

from __future__ import annotations

from typing import Any

from edgewise.messages.client import MqttClient
from edgewise.urls import BrokerUrl

__all__ = ["BrokerWatch"]

_KEEPALIVE_S = 5
_RETRY_S = (1, 5)


class BrokerWatch:
    """A client that only stays connected; ``problem`` is why it is not, "" while it is."""

    def __init__(self, broker: BrokerUrl) -> None:
        self.problem = ""
        self._client = MqttClient(broker)
        self._client.reconnect_delay_set(*_RETRY_S)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = lambda *_: self._set("no connection")
        self._client.on_disconnect = self._on_disconnect
        self._client.connect_async(broker.host, broker.port, _KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: Any, _props: Any) -> None:
        self._set(f"it refuses: {code}" if code.is_failure else "")

    def _on_disconnect(
        self, _client: Any, _data: Any, _flags: Any, code: Any, _props: Any
    ) -> None:
        if not self.problem:
            self._set("the connection has ended")

    def _set(self, problem: str) -> None:
        self.problem = problem
