"""Pushing from the page through the broker that `edgewise broker init` makes: TLS and rights."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.broker.mosquitto import Mosquitto, free_port
from tests.broker.secured import open_folder, password, trust
from tests.dashboard.conftest import NODE, Serve, whole
from tests.dashboard.past import rooms, store
from tests.dashboard.test_teaching import log_in

from edgewise.broker.setup import init
from edgewise.messages.client import MqttClient
from edgewise.urls import BrokerUrl

KEY = "0f" * 32


def write_pem(folder: Path) -> Path:
    """The certificate and the key of the node, as Python reads them."""
    cert, key = (
        f.read_bytes() for f in (folder / f"nodes/{NODE}-{part}.der" for part in ("cert", "key"))
    )
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "node.pem"
    path.write_bytes(
        load_der_private_key(key, None).private_bytes(*form)
        + ssl.DER_cert_to_PEM_cert(cert).encode()
    )
    return path


@contextmanager
def run_refusing_node(folder: Path, port: int) -> Iterator[list[Any]]:
    """A node that takes no model and has none before; yields what it was offered."""
    offers: list[Any] = []
    tls, user, word = trust(folder), None, None
    if (folder / f"nodes/{NODE}-key.der").exists():
        tls.load_cert_chain(write_pem(folder))
    else:
        user, word = NODE, password(folder, NODE)
    client = MqttClient(BrokerUrl("localhost", port, user, word))
    client.tls_set_context(tls)
    base = f"edgewise/{NODE}"

    def on_message(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        payload = json.loads(message.payload)
        offers.append(payload)
        topic = message.topic.replace("/offer", "") + "/result"
        client.publish(topic, json.dumps({"id": payload["id"], "ok": False, "error": "not I"}), 1)

    client.on_message = on_message
    client.on_connect = lambda *_: client.subscribe(
        [(f"{base}/model/offer", 1), (f"{base}/cmd/model", 1)]
    )
    client.connect("localhost", port)
    client.loop_start()
    yield offers
    client.disconnect()
    client.loop_stop()


@whole
@pytest.mark.parametrize(
    "certificates", [False, True], ids=lambda c: "certificate" if c else "password"
)
def test_over_tls_with_the_operators_rights(
    page: Page,
    serve: Serve,
    engine: Engine,
    secret: str,
    tmp_path: Path,
    repo: Path,
    certificates: bool,
) -> None:
    store(engine, rooms(NODE))
    (tmp_path / "node.toml").write_text(f'[update]\nsecret = "{KEY}"\n')
    (tmp_path / "node.toml").chmod(0o600)
    with open_folder() as parent:
        folder, port = parent / "b", free_port()
        init(folder, ["localhost"], [NODE], port, certificates=certificates)
        broker = (folder / "operator.url").read_text().strip()
        tls_options = ["--ca", str(folder / "ca.pem")]
        tls_options += ["--cert", str(folder / "operator.pem")] if certificates else []
        with Mosquitto(folder, port), run_refusing_node(folder, port) as offers:
            url = serve("--broker", broker, *tls_options, "--models", str(repo / "models"))
            log_in(page, url, secret)
            page.goto(f"{url}/node?id={NODE}")
            panel = page.locator(".panel", has=page.get_by_text("Model", exact=True))
            page.get_by_role("button", name="Push ...").click()
            page.get_by_role("dialog").get_by_role("button", name="Push").click()
            expect(panel).to_contain_text("rejected: not I")
            page.get_by_role("button", name="Roll back").click()
            expect(panel).to_contain_text("refused: not I")
        assert [sorted(payload) for payload in offers] == [
            ["id"],  # which model it runs
            ["counter", "hmac", "id", "sha256", "size"],
            ["counter", "hmac", "id", "value"],
        ]
        page.get_by_role("button", name="Roll back").click()
        expect(panel).to_contain_text("check the port and that a broker runs")
        if not certificates:
            assert password(folder, "operator") not in page.content()
