"""An MQTT client for the address of a broker: paho's, with a `loop_stop` that always works."""

from __future__ import annotations

from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from edgewise.urls import BrokerUrl

__all__ = ["MqttClient"]


class MqttClient(mqtt.Client):
    """paho's client with user, password and TLS of ``broker``, not connected yet.

    ``options`` as of paho's. InputError names a file of ``broker`` that cannot be used.
    """

    def __init__(self, broker: BrokerUrl, client_id: str = "", **options: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id, **options)
        if broker.user is not None:
            self.username_pw_set(broker.user, broker.password)
        if broker.tls:
            self.tls_set_context(broker.tls_context())

    def loop_stop(self) -> MQTTErrorCode:
        """End the network thread and wait for its end; it may have ended already."""
        try:
            return super().loop_stop()
        except AttributeError:  # paho 2.2: the thread set `_thread` to None before the join
            return MQTTErrorCode.MQTT_ERR_SUCCESS
