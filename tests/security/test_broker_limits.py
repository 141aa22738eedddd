"""A hostile node at the broker of `edgewise broker init`."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.broker.mosquitto import Mosquitto, free_port
from tests.broker.secured import client, open_folder, password, trust
from tests.shared import LIMIT_S

from edgewise.broker.setup import init

LARGE_BYTES = 100_000
CONNACK = 4  # bytes


@pytest.fixture(scope="module")
def mosquitto() -> Iterator[Mosquitto]:
    with open_folder() as parent:
        port = free_port()
        init(parent / "b", ["localhost"], ["n1"], port)
        with Mosquitto(parent / "b", port) as broker:
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


def varint(n: int) -> bytes:
    data = bytearray()
    while n or not data:
        n, low = divmod(n, 128)
        data.append(low | (128 if n else 0))
    return bytes(data)


def test_a_message_that_is_too_large_ends_the_connection(mosquitto: Mosquitto) -> None:
    topic = b"edgewise/n1/state"
    head = b"\x30" + varint(LARGE_BYTES) + len(topic).to_bytes(2, "big") + topic
    tls = trust(mosquitto.folder)
    with (
        client(mosquitto.folder, mosquitto.port, "operator") as operator,
        socket.create_connection(("localhost", mosquitto.port), LIMIT_S) as plain,
        tls.wrap_socket(plain, server_hostname="localhost") as node,
    ):
        operator.subscribe("edgewise/#")
        node.sendall(connect_packet("n1", password(mosquitto.folder, "n1")))
        assert node.recv(CONNACK) == b"\x20\x02\x00\x00"
        node.sendall(head)
        assert node.recv(1) == b""
        assert operator.topics == []
