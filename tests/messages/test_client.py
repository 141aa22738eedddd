"""The MQTT client of the host ends without an error, whenever its thread does."""

from __future__ import annotations

import threading

import pytest
from tests.shared import wait_until

from edgewise.messages.client import MqttClient
from edgewise.urls import parse_broker


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_a_thread_that_ends_by_itself_while_it_is_stopped(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = parse_broker(broker)
    client = MqttClient(address)
    client.connect(address.host, address.port)
    others = set(threading.enumerate())
    client.loop_start()
    (network_thread,) = set(threading.enumerate()) - others
    wait_until(client.is_connected)
    current_thread, stopper = threading.current_thread, threading.get_ident()

    def current_thread_late() -> threading.Thread:
        """What paho asks after its first look at the thread: by now that has ended."""
        if threading.get_ident() == stopper:
            client.disconnect()
            wait_until(lambda: not network_thread.is_alive())
        return current_thread()

    with monkeypatch.context() as patch:
        patch.setattr(threading, "current_thread", current_thread_late)
        client.loop_stop()
    assert not client.is_connected()
