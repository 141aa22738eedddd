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
from tests.broker.secured import Client, client, open_folder, password, trust
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
def running() -> Iterator[Mosquitto]:
    with open_folder() as parent:
        port = free_port()
        init(parent / "b", ["localhost"], ["n1", "n2"], port)
        with Mosquitto(parent / "b", port) as broker:
            yield broker


@pytest.fixture(scope="module")
def operator(running: Mosquitto) -> Iterator[Client]:
    with client(running.folder, running.port, "operator") as made:
        assert made.subscribe("#") == "Granted QoS 1"
        yield made


@pytest.fixture
def n1(running: Mosquitto) -> Iterator[Client]:
    with client(running.folder, running.port, "n1") as made:
        yield made


@pytest.mark.parametrize(
    "topic", ["edgewise/n1/state", "edgewise/n1/cmd/ping/result", "homeassistant/device/n1/config"]
)
def test_a_node_writes_its_own_topics(n1: Client, operator: Client, topic: str) -> None:
    operator.heard.clear()
    assert n1.publish(topic) == "Success"
    operator.wait_until(lambda: operator.heard == [topic])


@pytest.mark.parametrize(
    "topic",
    [
        "edgewise/n2/state",
        "edgewise/n2/cmd/reboot",
        "edgewise/n11/state",
        "edgewise/state",
        "homeassistant/device/n2/config",
        "homeassistant/status",
        "other",
    ],
)
def test_a_node_writes_no_other_topic(n1: Client, operator: Client, topic: str) -> None:
    operator.heard.clear()
    assert n1.publish(topic) == NO
    assert n1.publish("edgewise/n1/state") == "Success"
    operator.wait_until(lambda: operator.heard == ["edgewise/n1/state"])


# mosquitto 2.0 grants any subscription and keeps back what may not be read.
@pytest.mark.parametrize("topic", ["#", "edgewise/+/cmd/#", "edgewise/n2/#", "edgewise/#"])
def test_a_node_hears_its_own_commands_only(
    running: Mosquitto, n1: Client, operator: Client, topic: str
) -> None:
    n1.subscribe(topic)
    n1.subscribe("edgewise/n1/cmd/#")
    n1.subscribe("edgewise/n1/model/#")
    with client(running.folder, running.port, "n2") as n2:
        assert n2.publish("edgewise/n2/state") == "Success"
    assert operator.publish("edgewise/n2/cmd/reboot") == "Success"
    assert operator.publish("edgewise/n1/model/offer") == "Success"
    assert operator.publish("edgewise/n1/cmd/ping") == "Success"
    own = ["edgewise/n1/model/offer", "edgewise/n1/cmd/ping"]
    n1.wait_until(lambda: n1.heard[-1:] == own[-1:])
    assert list(dict.fromkeys(n1.heard)) == own


def test_the_operator_commands_and_reports_nothing(operator: Client) -> None:
    assert operator.publish("edgewise/n1/cmd/ping") == "Success"
    assert operator.publish("edgewise/n1/state") == NO
    assert operator.publish("homeassistant/device/n1/config") == "Success"
    assert operator.publish("homeassistant/status") == NO


@pytest.mark.parametrize(
    ("user", "pw"), [("n1", "wrong"), ("n1", None), ("n3", "x"), (None, None), ("n1", "of n2")]
)
def test_who_is_not_let_in(running: Mosquitto, user: str | None, pw: str | None) -> None:
    if pw == "of n2":
        pw = password(running.folder, "n2")
    with Client(running.port, trust(running.folder), user, pw) as refused:
        assert refused.answer == NO
    assert "not authorised" in running.log()


def url(running: Mosquitto, host: str = "localhost") -> str:
    said = (running.folder / "operator.url").read_text().strip()
    return said.replace("localhost", host)


def test_the_certificate_is_for_names_and_addresses(running: Mosquitto) -> None:
    for host in ("localhost", "127.0.0.1"):
        check_reachable(parse_broker(url(running, host), running.folder / "ca.pem"))


def test_another_ca_is_refused(running: Mosquitto, tmp_path: Path) -> None:
    with open_folder() as parent:
        init(parent / "other", ["localhost"], [])
        at = parse_broker(url(running), parent / "other/ca.pem")
        with pytest.raises(OutsideError, match=r"unable to get local issuer .*: check --ca"):
            check_reachable(at)
    with pytest.raises(OutsideError, match=r"certificate is refused: .*: check --ca"):
        check_reachable(parse_broker(url(running)))
    running.wait_until(lambda: "alert unknown ca" in running.log(), "nothing logged")


def test_another_host_name_is_refused(running: Mosquitto) -> None:
    at = parse_broker(url(running, "127.0.0.2"), running.folder / "ca.pem")
    with pytest.raises(OutsideError, match=r"mismatch.*127\.0\.0\.2.*init DIR --host NAME"):
        check_reachable(at)
    with (
        socket.create_connection(("127.0.0.1", running.port), LIMIT_S) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
    ):
        trust(running.folder).wrap_socket(plain, server_hostname="broker.example")
    running.wait_until(lambda: "alert bad certificate" in running.log(), "nothing logged")


def test_plain_tcp_is_refused(running: Mosquitto) -> None:
    with socket.create_connection(("127.0.0.1", running.port), LIMIT_S) as plain:
        plain.sendall(b"\x10\x0e\0\4MQTT\4\2\0\x3c\0\2n1")
        try:
            answer = plain.recv(100)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"\x20")  # no CONNACK: an alert or the end
    running.wait_until(lambda: "wrong version number" in running.log(), "nothing logged")


def test_tls_1_1_is_refused(running: Mosquitto) -> None:
    old = trust(running.folder)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", running.port), LIMIT_S) as plain,
        pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"),
    ):
        old.wrap_socket(plain, server_hostname="localhost")
    running.wait_until(lambda: "unsupported protocol" in running.log(), "nothing logged")


def test_an_expired_certificate_is_refused_until_it_is_renewed() -> None:
    with open_folder() as parent:
        folder, port = parent / "b", free_port()
        init(folder, ["localhost"], ["n1"], port, now=LONG_AGO)
        with Mosquitto(folder, port) as broker:
            at = parse_broker(url(broker), folder / "ca.pem")
            with pytest.raises(OutsideError, match="has expired: edgewise broker init renews it"):
                check_reachable(at)
            broker.wait_until(lambda: "alert certificate expired" in broker.log(), "not logged")
            assert init(folder, [], []).server == "renewed"
            broker.reload()
            check_reachable(at)


def test_it_survives_a_move_and_takes_a_new_node_while_it_runs() -> None:
    with open_folder() as parent:
        folder, port = parent / "b", free_port()
        init(folder, ["localhost"], ["n1"], port)
        with Mosquitto(folder, port) as broker, client(folder, port, "n1") as n1:
            assert n1.publish("edgewise/n1/state") == "Success"
        moved = folder.rename(parent / "moved")
        with Mosquitto(moved, port) as broker, client(moved, port, "n1") as n1:
            done = init(moved, [], ["n1", "n3"])
            assert (done.added, done.kept) == (["n3"], ["n1"])
            with client(moved, port, "n3") as early:
                assert early.answer == NO
            broker.reload()
            with client(moved, port, "n3") as n3:
                assert n3.publish("edgewise/n3/state") == "Success"
                assert n3.publish("edgewise/n1/state") == NO
            assert n1.publish("edgewise/n1/state") == "Success"


def test_what_waits_for_the_collector_outlives_the_broker() -> None:
    n = count(1100, 1500)  # mosquitto's own limit is 1,000
    with open_folder() as parent:
        folder, port = parent / "b", free_port()
        init(folder, ["localhost"], ["n1"], port)
        at = parse_broker((folder / "operator.url").read_text().strip(), folder / "ca.pem")
        engine = open_db(f"sqlite:///{parent / 'a.db'}")
        with Mosquitto(folder, port) as broker:
            early = Collector(at, Writer(engine))
            early.start()
            early.stop()
            with client(folder, port, "n1") as n1:
                for seq in range(n):
                    assert n1.publish("edgewise/n1/state", STATE % seq) == "Success"
            broker.stop()
            broker.start()
            late = Collector(at, Writer(engine))
            late.start()
            assert late.wait_for(lambda c: c.readings >= n, LIMIT_S)
            late.stop()
        assert (late.counts.readings, late.counts.rejected) == (n, 0)


def collect(*words: str | Path, cwd: Path) -> str:
    """The one line of a collector that cannot start."""
    done = edgewise("collect", "--db", "sqlite:///a.db", *words, cwd=cwd)
    assert done.returncode in (1, 2), done.stderr
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_the_collector_says_why_it_may_not(running: Mosquitto, tmp_path: Path) -> None:
    ca = running.folder / "ca.pem"
    good = url(running)
    secret = password(running.folder, "operator")
    wrong = good.replace(secret, "wrong")
    said = collect("--broker", wrong, "--ca", ca, cwd=tmp_path)
    assert "Not authorized: check user, password, --cert and rights" in said
    assert "check --ca" in collect("--broker", good, cwd=tmp_path)
    said = collect("--broker", good.replace("mqtts:", "mqtt:"), "--ca", ca, cwd=tmp_path)
    assert "--ca is for TLS: write mqtts://" in said
    said = collect("--broker", good, "--ca", "none.pem", cwd=tmp_path)
    assert "--ca none.pem: no certificate in PEM can be read" in said
    said = collect("--broker", good, "--ca", ca, "--cert", ca, cwd=tmp_path)
    assert f"--cert {ca}: no certificate with its key" in said
    assert secret not in said


def test_a_broker_without_tls_is_named(tmp_path: Path) -> None:
    with anonymous(tmp_path) as plain, pytest.raises(OutsideError, match=r"no TLS|EOF|reset"):
        check_reachable(parse_broker(plain.url.replace("mqtt:", "mqtts:")))
