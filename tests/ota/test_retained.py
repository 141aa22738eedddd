"""What a broker keeps is told apart from what nodes say meanwhile."""

from __future__ import annotations

import threading

import pytest

from edgewise.ota import retained
from edgewise.ota.targets import connect
from edgewise.urls import parse_broker


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_nodes_that_never_fall_silent_do_not_prolong_it(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retained, "_ANSWER_S", float(threading.TIMEOUT_MAX))
    client, node = (connect(parse_broker(broker)) for _ in range(2))
    node.publish("edgewise/a/state", "kept", 1, retain=True).wait_for_publish()
    stop = threading.Event()

    def talk() -> None:
        while not stop.wait(0.2):
            node.publish("edgewise/b/state", "live", 1)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        messages = retained.read_retained(client, "edgewise/+/state")
    finally:
        stop.set()
        thread.join()
        for one in (client, node):
            one.disconnect()
            one.loop_stop()
    assert messages == {"edgewise/a/state": b"kept", "edgewise/b/state": b"live"}


@pytest.mark.parametrize("broker", ["amqtt", "mosquitto"], indirect=True)
def test_a_message_that_comes_after_the_quiet_time_is_read(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retained, "_QUIET_S", 0.0)  # as on a machine that stands still
    client, node = (connect(parse_broker(broker)) for _ in range(2))
    topics = [f"edgewise/{i}/state" for i in range(50)]
    for topic in topics:
        node.publish(topic, "kept", 1, retain=True).wait_for_publish()
    try:
        assert [*retained.read_retained(client, "edgewise/+/state")] == topics
    finally:
        for one in (client, node):
            one.disconnect()
            one.loop_stop()
