"""Settings for clouds: their limits as rules, and a node at a broker that wants certificates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from tests.broker.mosquitto import Mosquitto, free_port
from tests.command import edgewise
from tests.counts import WHOLE
from tests.shared import LIMIT_S

from edgewise.broker.certificates import Authority, key_bytes, make_key
from edgewise.cloud import CLOUDS, violations
from edgewise.logs.log import Log
from edgewise.messages.client import MqttClient
from edgewise.package.store import Package
from edgewise.settings import complete, load, tls_files, write
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import BrokerUrl

HOSTS = {
    "aws": "abc123-ats.iot.eu-west-1.amazonaws.com",
    "azure": "lab.westeurope-1.ts.eventgrid.azure.net",
    "generic": "broker.example",
}
# like a cloud: who has no certificate of ours stays out, and has its own topics only
BROKER = """listener {port} 127.0.0.1
cafile ca.pem
certfile server.pem
keyfile server.key
require_certificate true
use_identity_as_username true
message_size_limit 131072
acl_file acl
"""
ACL = "user watcher\ntopic read #\npattern readwrite edgewise/%u/#\n"


class Cloud:
    """A folder with a CA, and what it signed for the node "kitchen" and for a watcher."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        now = datetime.now(UTC)
        self.authority = Authority.make(make_key(), now)
        self.ca = self.write("ca.pem", self.authority.certificate.public_bytes(Encoding.PEM))
        key = make_key()
        server = self.authority.server(["localhost"], key, now, 30)
        self.write("server.pem", server.public_bytes(Encoding.PEM))
        self.write("server.key", key_bytes(key))
        self.write("acl", ACL.encode())
        self.write("mosquitto.conf", BROKER.format(port=self.port).encode())
        self.cert, self.key = self.sign("kitchen")

    def write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        path.chmod(0o644)
        return path

    def sign(self, name: str, now: datetime | None = None) -> tuple[Path, Path]:
        key = make_key()
        cert = self.authority.client(name, key, now or datetime.now(UTC))
        pem = self.write(f"{name}.pem", cert.public_bytes(Encoding.PEM))
        return pem, self.write(f"{name}.key", key_bytes(key))


@pytest.fixture
def cloud(place: Path) -> Cloud:
    return Cloud(place)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    values = {"node": "kitchen", "wifi": {"ssid": "HOME", "password": "12345678"}}
    write(tmp_path / "node.toml", {**values, "mqtt": {"host": "old.example", "user": "me"}})
    return tmp_path / "node.toml"


def run(provider: str, config: Path, cloud: Cloud, out: Path, **given: Any) -> Any:
    options = {"host": HOSTS[provider], "ca": cloud.ca, "cert": cloud.cert, "key": cloud.key}
    words = [word for name, value in (options | given).items() for word in (f"--{name}", value)]
    return edgewise("cloud", provider, "--config", config, "--out", out, *words)


@pytest.mark.parametrize("provider", list(CLOUDS))
def test_settings_are_written_and_fit(
    provider: str, config: Path, cloud: Cloud, tmp_path: Path
) -> None:
    out = tmp_path / provider / "node.toml"
    before = config.read_bytes()
    result = run(provider, config, cloud, out)
    assert result.returncode == 0, result.stderr
    assert "edgewise build --config" in result.stderr
    assert config.read_bytes() == before
    full = complete(load(out))
    assert full["mqtt"]["host"] == HOSTS[provider]
    assert full["mqtt"]["user"] == ("kitchen" if provider == "azure" else "")
    assert full["wifi"]["ssid"] == "HOME"
    assert sorted(tls_files(load(out), out)) == ["ca.der", "cert.der", "key.der"]
    assert (out.parent / "key.der").stat().st_mode & 0o777 == 0o600
    assert edgewise("cloud", provider, "--config", out).returncode == 0
    assert edgewise("config", "check", out).returncode == 0
    again = run(provider, config, cloud, out)
    assert (again.returncode, "exists already" in again.stderr) == (2, True)


@pytest.mark.skipif(not WHOLE, reason="a node in MicroPython, twice: in make test-all")
def test_a_node_at_a_broker_that_wants_its_certificate(
    config: Path, cloud: Cloud, tmp_path: Path, model: Package, log: Log
) -> None:
    out = tmp_path / "aws" / "node.toml"
    assert run("aws", config, cloud, out).returncode == 0
    files = tls_files(load(out), out)
    watcher_cert, watcher_key = cloud.sign("watcher")
    both = cloud.write("both.pem", watcher_cert.read_bytes() + watcher_key.read_bytes())
    heard: list[mqtt.MQTTMessage] = []
    with Mosquitto(cloud.folder, cloud.port) as broker:
        url = BrokerUrl("localhost", cloud.port, tls=True, ca=cloud.ca, cert=both)
        watcher = MqttClient(url)
        watcher.on_message = lambda _client, _data, message: heard.append(message)
        watcher.connect(url.host, url.port)
        watcher.subscribe("#", 1)
        watcher.loop_start()
        settings = node_config(load(out), BrokerUrl("localhost", cloud.port, tls=True), "kitchen")
        assert (settings["mqtt"]["cert"], settings["mqtt"]["key"]) == ("cert.der", "key.der")
        with SimulatedNode(model, log.select(range(20)), settings, 1, files=files) as node:
            assert node.wait(LIMIT_S)
            assert node.result() == (20, 0, 0)
        watcher.disconnect()
        watcher.loop_stop()
        assert "as edgewise-kitchen " in broker.log()  # the client id, as the thing's name
    rules = CLOUDS["aws"]
    assert len(heard) >= 20
    for message in heard:
        assert message.topic.count("/") <= rules.slashes
        assert len(message.payload) <= rules.payload_bytes
        assert message.qos <= 1
    no_key = {**settings, "mqtt": {**settings["mqtt"], "cert": "", "key": ""}}
    with Mosquitto(cloud.folder, cloud.port) as broker:
        with SimulatedNode(model, log.select(range(3)), no_key, 1, files=files) as node:
            broker.wait_until(lambda: "certificate" in broker.log(), "not refused")
        assert "edgewise-kitchen" not in broker.log()


def test_no_input_is_written_over(config: Path, cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "key.der").write_bytes(cloud.key.read_bytes())
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for given in ({"key": tmp_path / "key.der"}, {}):
        result = run("aws", config, cloud, config.with_name("node.toml"), **given)
        assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr
        assert "is an input of this command" in result.stderr
    result = run("aws", config, cloud, tmp_path / "other.toml", key=tmp_path / "key.der")
    assert "key.der: is an input of this command" in result.stderr
    assert files == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


SETTINGS: dict[str, Any] = {
    "node": "kitchen",
    "mqtt": {
        "host": HOSTS["aws"],
        "port": 8883,
        "tls": True,
        "cert": "cert.der",
        "key": "key.der",
    },
}


@pytest.mark.parametrize(
    ("provider", "change", "text"),
    [
        ("aws", {"node": ""}, "a cloud knows its clients by name"),
        ("aws", {"base": "a/b/c/d/e/f"}, "has 9 slashes, AWS IoT Core takes 7"),
        ("aws", {"base": "b" * 64, "node": "n" * 32}, None),
        ("aws", {"mqtt": {"port": 443}}, "needs ALPN, which MicroPython has not: use 8883"),
        ("aws", {"mqtt": {"port": 1883}}, "AWS IoT Core listens on 8883"),
        ("aws", {"mqtt": {"keepalive_s": 10}}, "AWS IoT Core takes 30 to 1200"),
        ("aws", {"mqtt": {"cert": ""}}, "AWS IoT Core wants a certificate: --cert, --key"),
        ("aws", {"mqtt": {"host": "evil.example"}}, "is none of AWS IoT Core"),
        ("aws", {"mqtt": {"tls": False}}, "mqtt.tls is false"),
        ("azure", {"mqtt": {"host": HOSTS["azure"]}}, "mqtt.user is empty"),
        ("generic", {"mqtt": {"port": 443, "cert": "", "key": ""}}, None),
    ],
)
def test_rules(provider: str, change: dict[str, Any], text: str | None) -> None:
    values = {**SETTINGS, **change, "mqtt": {**SETTINGS["mqtt"], **change.get("mqtt", {})}}
    found = list(violations(CLOUDS[provider], complete(values)))
    if text is None:
        assert found == []
    else:
        assert len(found) == 1 and text in found[0], found


def wrong_files(cloud: Cloud) -> Iterator[tuple[dict[str, Path], str]]:
    _, other_key = cloud.sign("other")
    yield {"key": other_key}, "is not the key of"
    yield {"cert": cloud.key}, "is no certificate in PEM or DER"
    yield {"key": cloud.cert}, "is no private key in PEM or DER"
    yield {"ca": cloud.folder / "absent.pem"}, "cannot be read"
    secret = make_key().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    yield {"key": cloud.write("secret.key", secret)}, "is encrypted"
    cloud.authority = Authority.make(make_key(), datetime.now(UTC) - timedelta(days=8000))
    old_cert, old_key = cloud.sign("old", datetime.now(UTC) - timedelta(days=8000))
    yield {"cert": old_cert, "key": old_key}, "expired on"


def test_papers_that_a_node_cannot_use(config: Path, cloud: Cloud, tmp_path: Path) -> None:
    out = tmp_path / "aws" / "node.toml"
    for files, text in wrong_files(cloud):
        result = run("aws", config, cloud, out, **files)
        assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr
        assert text in result.stderr
        assert not out.parent.exists()


def test_wrong_use(config: Path, cloud: Cloud) -> None:
    for options, text in (
        (["--host", "a"], "are for --out FILE"),
        (["--out", "x.toml"], "--out needs --host, --ca, --cert and --key"),
        ([], "is none of AWS IoT Core"),
    ):
        result = edgewise("cloud", "aws", "--config", config, *options)
        assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr
        assert text in result.stderr


def test_what_is_to_be_done_is_in_the_json(config: Path, cloud: Cloud, tmp_path: Path) -> None:
    out = tmp_path / "aws" / "node.toml"
    options = ["--host", HOSTS["aws"], "--ca", cloud.ca, "--cert", cloud.cert, "--key", cloud.key]
    arguments = ["cloud", "aws", "--config", config, "--out", out, *options, "--json"]
    result = edgewise(*arguments)
    report = json.loads(result.stdout)
    assert report["cloud"] == "AWS IoT Core"
    assert len(report["written"]) == len({Path(path).name for path in report["written"]})
    policy = json.loads(report["do"][1].split("policy: ")[1])
    actions = {statement["Action"]: statement["Resource"] for statement in policy["Statement"]}
    assert actions["iot:Connect"] == ["arn:aws:iot:*:*:client/edgewise-kitchen"]
    assert edgewise(*arguments).returncode == 2
    assert edgewise(*arguments, "--force").returncode == 0
