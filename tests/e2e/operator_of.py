"""Someone who sends commands to a simulated node and hears what it says."""

from __future__ import annotations

import json
import queue
import time
from typing import Any

import paho.mqtt.client as mqtt
from tests.shared import LIMIT_S

from edgewise.messages.client import MqttClient
from edgewise.ota.order import order_payload
from edgewise.ota.targets import Target
from edgewise.urls import parse_broker

FAST = {"EDGEWISE_SIM_RATE": "30"}  # a minute of the node takes two seconds
NODE = "a1b2c3"


class Operator:
    """Sends commands to one node and hears all that it says."""

    def __init__(self, url: str) -> None:
        broker_url = parse_broker(url)
        self.messages: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.client = MqttClient(broker_url)
        self.client.on_message = self._on_message
        self.client.connect(broker_url.host, broker_url.port)
        self.client.subscribe(f"edgewise/{NODE}/#", 1)
        self.client.loop_start()
        self._number = 0
        self.secret = ""  # the key that signs the orders, "": none does

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        leaf = message.topic.removeprefix(f"edgewise/{NODE}/")
        is_command = leaf.startswith(("cmd/", "model/")) and not leaf.endswith("/result")
        if leaf != "status" and not is_command:
            self.messages.put((leaf, json.loads(message.payload)))

    def send(self, verb: str, payload: str | bytes, retain: bool = False) -> None:
        topic = f"edgewise/{NODE}/cmd/{verb}"
        self.client.publish(topic, payload, 1, retain).wait_for_publish(LIMIT_S)

    def hear(self, leaf: str, **match: Any) -> dict[str, Any]:
        """The next message of ``leaf`` with these values."""
        end_s = time.monotonic() + LIMIT_S
        while True:
            message_leaf, value = self.messages.get(timeout=max(0.0, end_s - time.monotonic()))
            if message_leaf == leaf and all(value.get(k) == v for k, v in match.items()):
                return dict(value)

    def order(self, verb: str, value: Any = None) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._number += 1
        target = Target("edgewise", NODE, self.secret)
        self.send(verb, order_payload(target, verb, value, self._number))
        return self.hear(f"cmd/{verb}/result", id=self._number)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
