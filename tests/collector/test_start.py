"""A broker that is not there when `collect` starts: it is waited for, if a wait can help."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from tests.broker.mosquitto import Mosquitto, anonymous, free_port
from tests.broker.secured import password, run_secured
from tests.cli.test_cli import edgewise
from tests.collector.test_collector import publish, wait_for_rows
from tests.collector.test_outages import make_messages
from tests.forked import Forked
from tests.shared import LIMIT_S, wait_until

from edgewise.database import open_db
from edgewise.urls import parse_broker

REFUSED = (
    r"broker mqtt://\S+: Connection refused: check the port and that a broker runs \(edgewise "
    r"broker starts one\); waiting for it since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]\S*"
)


class Collect:
    """`edgewise collect` with the lines that it says in a file."""

    def __init__(self, broker: str, folder: Path, *options: str) -> None:
        self.db = f"sqlite:///{folder / 'a.db'}"
        self._log = folder / "collect.log"
        words = ("collect", "--broker", broker, "--db", self.db, *options)
        self._process = Forked(*words, log=self._log)

    def lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    def wait_for(self, part: str) -> None:
        wait_until(lambda: any(part in line for line in self.lines()), self.lines)

    def end(self, number: signal.Signals | None = signal.SIGTERM) -> int:
        """The exit code, after the signal ``number`` or by itself."""
        if number:
            self._process.send_signal(number)
        return self._process.wait(LIMIT_S)


def test_a_broker_that_starts_later(tmp_path: Path) -> None:
    broker = anonymous(tmp_path)
    collect = Collect(broker.url, tmp_path)
    collect.wait_for("waiting for it since")
    with broker:
        collect.wait_for("collecting edgewise/+ from")
        publish(broker.url, make_messages(0, 10))
        wait_for_rows(open_db(collect.db), 10)
        assert collect.end() == 0
    lines = collect.lines()
    assert re.fullmatch(REFUSED, lines[0])
    assert [line.split(",")[0] for line in lines[1:]] == [
        f"collecting edgewise/+ from {parse_broker(broker.url)}",
        "10 readings",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_wait_ends_with_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    collect = Collect("mqtt://no-such-host.invalid", tmp_path)
    collect.wait_for("the host name is not known")
    assert collect.end(number) == 0
    assert len(collect.lines()) == 2  # the reason and the counts


def test_a_user_who_is_refused_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "passwords").write_text("")
    broker = anonymous(tmp_path)
    config = tmp_path / "mosquitto.conf"
    config.write_text(config.read_text().replace("allow_anonymous true", "allow_anonymous false"))
    collect = Collect(broker.url.replace("//", "//u:pw@"), tmp_path)
    collect.wait_for("waiting for it since")
    with broker:
        assert collect.end(None) == 1
    assert "Not authorized: check user, password and rights" in collect.lines()[-1]


@pytest.fixture(scope="module")
def secured() -> Mosquitto:
    with run_secured("n1") as broker:
        yield broker


@pytest.mark.parametrize(
    ("secret", "ca", "message"),
    [
        ("wrong", "ca.pem", "Not authorized: check user, password, --cert and rights"),
        ("", None, "its certificate is refused"),
    ],
)
def test_what_no_wait_cures_ends_at_once(
    secured: Mosquitto, tmp_path: Path, secret: str, ca: str | None, message: str
) -> None:
    secret = secret or password(secured.folder, "operator")
    url = f"mqtts://operator:{secret}@localhost:{secured.port}"
    options = ("--ca", str(secured.folder / ca)) if ca else ()
    collect = Collect(url, tmp_path, *options)
    assert collect.end(None) == 1
    (line,) = collect.lines()
    assert message in line and secret not in line


def test_other_inputs_work_meanwhile(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("time,temperature,humidity\n2024-01-01T00:00:00Z,20,50\n")
    url = f"mqtt://127.0.0.1:{free_port()}"
    collect = Collect(url, tmp_path, "--replay", str(log), "--node", "n1")
    collect.wait_for("waiting for it since")
    wait_for_rows(open_db(collect.db), 1)
    assert collect.end() == 0


def test_once_is_about_a_broker(tmp_path: Path) -> None:
    words = ("--serial", "/dev/none", "--db", f"sqlite:///{tmp_path / 'a.db'}", "--once")
    result = edgewise("collect", *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "error: --once: it is about a broker, name one: --broker URL\n"
