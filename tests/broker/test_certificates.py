"""Client certificates instead of passwords, and MicroPython's TLS on what was made."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from tests.broker.mosquitto import Mosquitto
from tests.broker.secured import Client, open_folder, run_secured, trust
from tests.shared import LIMIT_S

from edgewise.broker.certificates import Key, key_bytes
from edgewise.broker.setup import init
from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.urls import parse_broker

NO = "Not authorized"
# Prints `in`, or the error, of a connection that checks as the node's does.
NODE_TLS = """
import socket, sys, tls
port, name, ca, cert, key = sys.argv[1:]
def read(path):
    with open(path, "rb") as f:
        return f.read()
made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
made.verify_mode = tls.CERT_REQUIRED
made.load_verify_locations(read(ca))
if cert:
    made.load_cert_chain(read(cert), read(key))
plain = socket.socket()
plain.connect(socket.getaddrinfo("127.0.0.1", int(port))[0][-1])
try:
    link = made.wrap_socket(plain, server_hostname=name)
    link.write(b"\\x10\\x0e\\0\\4MQTT\\4\\2\\0\\x3c\\0\\2n1")
    print("in" if link.read(4) == b"\\x20\\2\\0\\0" else "refused")
except (OSError, ValueError) as e:
    print(e)
"""


@pytest.fixture(scope="module")
def mosquitto() -> Iterator[Mosquitto]:
    with run_secured("n1", "n2", certificates=True) as broker:
        yield broker


def make_context(ca_folder: Path, certificate: bytes, key: bytes) -> ssl.SSLContext:
    context = trust(ca_folder)
    with open_folder() as parent:
        (parent / "both.pem").write_bytes(certificate + key)
        context.load_cert_chain(parent / "both.pem")
    return context


def as_node(ca_folder: Path, folder: Path, node: str) -> ssl.SSLContext:
    """Present a node's certificate from the DER files that its board holds."""
    chain = ssl.DER_cert_to_PEM_cert((folder / f"nodes/{node}-cert.der").read_bytes())
    key = load_der_private_key((folder / f"nodes/{node}-key.der").read_bytes(), None)
    assert isinstance(key, Key)
    return make_context(ca_folder, chain.encode(), key_bytes(key, Encoding.PEM))


def test_the_certificate_is_the_name(mosquitto: Mosquitto, tmp_path: Path) -> None:
    folder = mosquitto.folder
    broker_url = parse_broker(
        (folder / "operator.url").read_text().strip(), folder / "ca.pem", folder / "operator.pem"
    )
    collector = Collector(broker_url, Writer(open_db(f"sqlite:///{tmp_path / 'a.db'}")))
    collector.start()
    state = '{"ts":1700000000,"boot":1,"seq":0,"t":21.5,"h":40,"cls":"a","p":0.9}'
    # the user in CONNECT counts for nothing
    with Client(mosquitto.port, as_node(folder, folder, "n1"), "n2", "x") as n1:
        assert n1.publish("edgewise/n2/state", state) == NO
        assert n1.publish("edgewise/n1/state", state) == "Success"
    assert collector.wait_for(lambda c: c.readings == 1, LIMIT_S)
    collector.stop()


def handshake(mosquitto: Mosquitto, context: ssl.SSLContext) -> str:
    """What TLS 1.2 says; with 1.3 the refusal comes after the handshake."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", mosquitto.port), LIMIT_S) as plain:
        try:
            context.wrap_socket(plain, server_hostname="localhost").close()
        except ssl.SSLError as e:
            return str(e)
    return ""


def test_who_is_not_let_in(mosquitto: Mosquitto) -> None:
    folder = mosquitto.folder
    assert handshake(mosquitto, as_node(folder, folder, "n1")) == ""
    assert "HANDSHAKE_FAILURE" in handshake(mosquitto, trust(folder))
    mosquitto.wait_until(
        lambda: "peer did not return a certificate" in mosquitto.log(), "nothing logged"
    )
    with open_folder() as parent:
        init(parent / "other", ["localhost"], ["n1"], certificates=True)
        foreign = as_node(folder, parent / "other", "n1")
        assert "UNKNOWN_CA" in handshake(mosquitto, foreign)
    server = make_context(
        folder, (folder / "server.pem").read_bytes(), (folder / "server.key").read_bytes()
    )
    assert "UNSUPPORTED_CERTIFICATE" in handshake(mosquitto, server)


def test_a_second_run_adds_a_node(mosquitto: Mosquitto) -> None:
    result = init(mosquitto.folder, [], ["n1", "n9"])
    assert (result.certificates, result.added, result.kept) == (True, ["n9"], ["n1"])
    mosquitto.reload()
    with Client(mosquitto.port, as_node(mosquitto.folder, mosquitto.folder, "n9")) as n9:
        assert n9.publish("edgewise/n9/state") == "Success"
        assert n9.publish("edgewise/n1/state") == NO


@pytest.mark.parametrize(
    ("name", "ca", "node", "output"),
    [
        ("localhost", "own", "n1", "in"),
        ("127.0.0.1", "own", "n1", "in"),
        ("broker.example", "own", "n1", "CN"),
        ("localhost", "other", "n1", "not correctly signed by the trusted CA"),
        ("localhost", "own", "", "-30592"),  # an alert from the other side
    ],
)
def test_micropython_checks_it_too(
    mosquitto: Mosquitto,
    micropython_command: list[str],
    name: str,
    ca: str,
    node: str,
    output: str,
) -> None:
    folder = mosquitto.folder
    with open_folder() as parent:
        init(parent / "other", ["localhost"], [])
        ca_path = {"own": folder, "other": parent / "other"}[ca] / "nodes/ca.der"
        pair = [folder / f"nodes/{node}-{part}.der" if node else "" for part in ("cert", "key")]
        script = parent / "node_tls.py"
        script.write_text(NODE_TLS)
        result = subprocess.run(
            [*micropython_command, script, str(mosquitto.port), name, ca_path, *pair],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
    assert output in result.stdout, result
    assert (result.stdout.strip() == "in") == (output == "in")
