"""A hostile node at the broker of `edgewise broker init`."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.broker.mosquitto import Mosquitto
from tests.broker.secured import client, password, run_secured, trust
from tests.shared import LIMIT_S

TOPIC = b"edgewise/n1/state"
# PUBLISH of 100,000 bytes in all: the first byte, the length, the topic
LARGE = b"\x30\xa0\x8d\x06" + len(TOPIC).to_bytes(2, "big") + TOPIC
CONNACK = 4  # bytes


@pytest.fixture(scope="module")
def mosquitto() -> Iterator[Mosquitto]:
    with run_secured("n1") as broker:
        yield broker


def connect_packet(user: str, secret: str) -> bytes:
    """CONNECT of MQTT 3.1.1, as paho writes it."""
    near, far = socket.socketpair()
    with near, far:
        node = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=user)
        node.username_pw_set(user, secret)
        node._sock = near
        node._send_connect(60)
        node.loop_write()
        far.settimeout(LIMIT_S)
        return far.recv(4096)


def test_a_message_that_is_too_large_ends_the_connection(mosquitto: Mosquitto) -> None:
    tls = trust(mosquitto.folder)
    with (
        client(mosquitto.folder, mosquitto.port, "operator") as operator,
        socket.create_connection(("localhost", mosquitto.port), LIMIT_S) as plain,
        tls.wrap_socket(plain, server_hostname="localhost") as node,
    ):
        operator.subscribe("edgewise/#")
        node.sendall(connect_packet("n1", password(mosquitto.folder, "n1")))
        assert node.recv(CONNACK) == b"\x20\x02\x00\x00"
        node.sendall(LARGE)
        assert node.recv(1) == b""
        assert operator.topics == []
