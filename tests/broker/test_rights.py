"""mosquitto on the folder of `edgewise broker init` as written: who gets in, and who may what."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.broker.mosquitto import Mosquitto, anonymous, free_port
from tests.broker.secured import Client, client, open_folder, password, run_secured, trust
from tests.command import edgewise
from tests.counts import count
from tests.shared import LIMIT_S

from edgewise.broker.setup import init
from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.errors import OutsideError
from edgewise.urls import check_reachable, parse_broker

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
STATE = '{"ts":1700000000,"boot":1,"seq":%d,"t":21.5,"h":40,"cls":"a","p":0.9}'
NO = "Not authorized"


@pytest.fixture(scope="module")
def mosquitto() -> Iterator[Mosquitto]:
    with run_secured("n1", "n2") as broker:
        yield broker


@pytest.fixture(scope="module")
def operator(mosquitto: Mosquitto) -> Iterator[Client]:
    with client(mosquitto.folder, mosquitto.port, "operator") as operator_client:
        assert operator_client.subscribe("#") == "Granted QoS 1"
        yield operator_client


@pytest.fixture
def n1(mosquitto: Mosquitto) -> Iterator[Client]:
    with client(mosquitto.folder, mosquitto.port, "n1") as node_client:
        yield node_client


@pytest.mark.parametrize("topic", ["edgewise/n1/state", "edgewise/n1/cmd/ping/result"])
def test_a_node_writes_its_own_topics(n1: Client, operator: Client, topic: str) -> None:
    operator.topics.clear()
    assert n1.publish(topic) == "Success"
    operator.wait_until(lambda: operator.topics == [topic])


@pytest.mark.parametrize(
    "topic",
    [
        "edgewise/n2/state",
        "edgewise/n2/cmd/reboot",
        "edgewise/n11/state",
        "edgewise/state",
        "homeassistant/device/n1/config",
        "homeassistant/device/n2/config",
        "homeassistant/status",
        "other",
    ],
)
def test_a_node_writes_no_other_topic(n1: Client, operator: Client, topic: str) -> None:
    operator.topics.clear()
    assert n1.publish(topic) == NO
    assert n1.publish("edgewise/n1/state") == "Success"
    operator.wait_until(lambda: operator.topics == ["edgewise/n1/state"])


# mosquitto 2.0 grants any subscription and keeps back what may not be read.
@pytest.mark.parametrize("topic", ["#", "edgewise/+/cmd/#", "edgewise/n2/#", "edgewise/#"])
def test_a_node_hears_its_own_commands_only(
    mosquitto: Mosquitto, n1: Client, operator: Client, topic: str
) -> None:
    n1.subscribe(topic)
    n1.subscribe("edgewise/n1/cmd/#")
    n1.subscribe("edgewise/n1/model/#")
    with client(mosquitto.folder, mosquitto.port, "n2") as n2:
        assert n2.publish("edgewise/n2/state") == "Success"
    assert operator.publish("edgewise/n2/cmd/reboot") == "Success"
    assert operator.publish("edgewise/n1/model/offer") == "Success"
    assert operator.publish("edgewise/n1/cmd/ping") == "Success"
    own_topics = ["edgewise/n1/model/offer", "edgewise/n1/cmd/ping"]
    n1.wait_until(lambda: n1.topics[-1:] == own_topics[-1:])
    assert list(dict.fromkeys(n1.topics)) == own_topics


def test_the_operator_commands_and_reports_nothing(operator: Client) -> None:
    assert operator.publish("edgewise/n1/cmd/ping") == "Success"
    assert operator.publish("edgewise/n1/state") == NO
    assert operator.publish("homeassistant/device/n1/config") == "Success"
    assert operator.publish("homeassistant/status") == NO


@pytest.mark.parametrize(
    ("user", "pw"), [("n1", "wrong"), ("n1", None), ("n3", "x"), (None, None), ("n1", "of n2")]
)
def test_who_is_not_let_in(mosquitto: Mosquitto, user: str | None, pw: str | None) -> None:
    if pw == "of n2":
        pw = password(mosquitto.folder, "n2")
    with Client(mosquitto.port, trust(mosquitto.folder), user, pw) as stranger:
        assert stranger.answer == NO
    assert "not authorised" in mosquitto.log()


def url(mosquitto: Mosquitto, host: str = "localhost") -> str:
    operator_url = (mosquitto.folder / "operator.url").read_text().strip()
    return operator_url.replace("localhost", host)


def test_the_certificate_is_for_names_and_addresses(mosquitto: Mosquitto) -> None:
    for host in ("localhost", "127.0.0.1"):
        check_reachable(parse_broker(url(mosquitto, host), mosquitto.folder / "ca.pem"))


def test_another_ca_is_refused(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with open_folder() as parent:
        init(parent / "other", ["localhost"], [])
        broker_url = parse_broker(url(mosquitto), parent / "other/ca.pem")
        with pytest.raises(OutsideError, match=r"unable to get local issuer .*: check --ca"):
            check_reachable(broker_url)
    with pytest.raises(OutsideError, match=r"certificate is refused: .*: check --ca"):
        check_reachable(parse_broker(url(mosquitto)))
    mosquitto.wait_until(lambda: "alert unknown ca" in mosquitto.log(), "nothing logged")


def test_another_host_name_is_refused(mosquitto: Mosquitto) -> None:
    broker_url = parse_broker(url(mosquitto, "127.0.0.2"), mosquitto.folder / "ca.pem")
    with pytest.raises(OutsideError, match=r"mismatch.*127\.0\.0\.2.*init DIR --host NAME"):
        check_reachable(broker_url)
    with (
        socket.create_connection(("127.0.0.1", mosquitto.port), LIMIT_S) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
    ):
        trust(mosquitto.folder).wrap_socket(plain, server_hostname="broker.example")
    mosquitto.wait_until(lambda: "alert bad certificate" in mosquitto.log(), "nothing logged")


def test_plain_tcp_is_refused(mosquitto: Mosquitto) -> None:
    with socket.create_connection(("127.0.0.1", mosquitto.port), LIMIT_S) as plain:
        plain.sendall(b"\x10\x0e\0\4MQTT\4\2\0\x3c\0\2n1")
        try:
            answer = plain.recv(100)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"\x20")  # no CONNACK: an alert or the end
    mosquitto.wait_until(lambda: "wrong version number" in mosquitto.log(), "nothing logged")


def test_tls_1_1_is_refused(mosquitto: Mosquitto) -> None:
    context = trust(mosquitto.folder)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", mosquitto.port), LIMIT_S) as plain,
        pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")
    mosquitto.wait_until(lambda: "unsupported protocol" in mosquitto.log(), "nothing logged")


def test_an_expired_certificate_is_refused_until_it_is_renewed() -> None:
    with open_folder() as parent:
        folder, port = parent / "b", free_port()
        init(folder, ["localhost"], ["n1"], port, now=LONG_AGO)
        with Mosquitto(folder, port) as broker:
            broker_url = parse_broker(url(broker), folder / "ca.pem")
            with pytest.raises(OutsideError, match="has expired: edgewise broker init renews it"):
                check_reachable(broker_url)
            broker.wait_until(lambda: "alert certificate expired" in broker.log(), "not logged")
            assert init(folder, [], []).server == "renewed"
            broker.reload()
            check_reachable(broker_url)


def test_it_survives_a_move_and_takes_a_new_node_while_it_runs() -> None:
    with open_folder() as parent:
        folder, port = parent / "b", free_port()
        init(folder, ["localhost"], ["n1"], port)
        with Mosquitto(folder, port) as broker, client(folder, port, "n1") as n1:
            assert n1.publish("edgewise/n1/state") == "Success"
        new_folder = folder.rename(parent / "moved")
        with Mosquitto(new_folder, port) as broker, client(new_folder, port, "n1") as n1:
            result = init(new_folder, [], ["n1", "n3"])
            assert (result.added, result.kept) == (["n3"], ["n1"])
            with client(new_folder, port, "n3") as early_client:
                assert early_client.answer == NO
            broker.reload()
            with client(new_folder, port, "n3") as n3:
                assert n3.publish("edgewise/n3/state") == "Success"
                assert n3.publish("edgewise/n1/state") == NO
            assert n1.publish("edgewise/n1/state") == "Success"


def test_what_waits_for_the_collector_outlives_the_broker() -> None:
    n = count(1100, 1500)  # mosquitto's own limit is 1,000
    with open_folder() as parent:
        folder, port = parent / "b", free_port()
        init(folder, ["localhost"], ["n1"], port)
        broker_url = parse_broker((folder / "operator.url").read_text().strip(), folder / "ca.pem")
        engine = open_db(f"sqlite:///{parent / 'a.db'}")
        with Mosquitto(folder, port) as broker:
            first_collector = Collector(broker_url, Writer(engine))
            first_collector.start()
            first_collector.stop()
            with client(folder, port, "n1") as n1:
                for seq in range(n):
                    assert n1.publish("edgewise/n1/state", STATE % seq) == "Success"
            broker.stop()
            broker.start()
            second_collector = Collector(broker_url, Writer(engine))
            second_collector.start()
            assert second_collector.wait_for(lambda c: c.readings >= n, LIMIT_S)
            second_collector.stop()
        assert (second_collector.counts.readings, second_collector.counts.rejected) == (n, 0)


def collect(*arguments: str | Path, cwd: Path) -> str:
    """The one line of a collector that cannot start."""
    result = edgewise("collect", "--db", "sqlite:///a.db", *arguments, cwd=cwd)
    assert result.returncode in (1, 2), result.stderr
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def test_the_collector_says_why_it_may_not(mosquitto: Mosquitto, tmp_path: Path) -> None:
    ca = mosquitto.folder / "ca.pem"
    operator_url = url(mosquitto)
    secret = password(mosquitto.folder, "operator")
    wrong_url = operator_url.replace(secret, "wrong")
    message = collect("--broker", wrong_url, "--ca", ca, cwd=tmp_path)
    assert "Not authorized: check user, password, --cert and rights" in message
    assert "check --ca" in collect("--broker", operator_url, cwd=tmp_path)
    message = collect(
        "--broker", operator_url.replace("mqtts:", "mqtt:"), "--ca", ca, cwd=tmp_path
    )
    assert "--ca is for TLS: write mqtts://" in message
    message = collect("--broker", operator_url, "--ca", "none.pem", cwd=tmp_path)
    assert "--ca none.pem: no certificate in PEM can be read" in message
    message = collect("--broker", operator_url, "--ca", ca, "--cert", ca, cwd=tmp_path)
    assert f"--cert {ca}: no certificate with its key" in message
    assert secret not in message


def test_a_broker_without_tls_is_named(tmp_path: Path) -> None:
    with anonymous(tmp_path) as plain, pytest.raises(OutsideError, match=r"no TLS|EOF|reset"):
        check_reachable(parse_broker(plain.url.replace("mqtt:", "mqtts:")))
