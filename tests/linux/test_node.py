"""`edgewise node`: the node's files as a process of this computer, with a real broker."""

from __future__ import annotations

import getpass
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.broker.mosquitto import Mosquitto, anonymous
from tests.broker.secured import run_secured
from tests.command import edgewise
from tests.counts import WHOLE, count
from tests.e2e.operator_of import NODE, Operator
from tests.e2e.test_spine import rows
from tests.linux.computer import Computer, Node
from tests.shared import LIMIT_S, wait_until

from edgenode.core.choice import make_heads
from edgenode.core.model import Model
from edgenode.core.pipeline import Pipeline
from edgenode.core.records import UNSURE
from edgewise.collector import Collector, Writer
from edgewise.package.store import Package
from edgewise.urls import parse_broker

SETTINGS = """\
node = "{node}"
period_ms = 2000
[mqtt]
host = "localhost"
port = {port}
[ntp]
host = ""
[actuator]
pin = 17
on = "closed"
[[outputs]]
name = "fan"
pin = 18
on = "open"
active = 0
[confirm]
need = 1
of = 1
[update]
secret = "{secret}"
"""
SECRET = "5a" * 32
LAST_LINE = re.compile(r"edgewise: mqtt: [1-9]\d* delivered, 0 dropped, [01] waiting")
READINGS = [(21.0, 40.0), (20.9, 40.4), (15.2, 60.5), (15.0, 61.0)]


@pytest.fixture
def broker(place: Path) -> Iterator[Mosquitto]:
    """A broker that keeps the collector's subscription while it is away."""
    config = f"max_queued_messages 0\npersistence true\nuser {getpass.getuser()}\n"
    with anonymous(place, config) as running:
        yield running


@pytest.fixture
def arguments(computer: Computer, model: Package, broker: Mosquitto) -> list[str]:
    computer.add_sensor(in_temp_input="21200", in_humidityrelative_input="40500")
    return options(computer.folder, model, broker)


def options(folder: Path, model: Package, broker: Mosquitto) -> list[str]:
    config = folder / "node.toml"
    config.write_text(SETTINGS.format(node=NODE, port=broker.port, secret=SECRET))
    config.chmod(0o600)
    return ["--config", str(config), "--model", str(model.path)]


@pytest.fixture
def operator(broker: Mosquitto) -> Iterator[Operator]:
    made = Operator(broker.url)
    made.secret = SECRET
    yield made
    made.close()


def statuses(operator: Operator) -> list[str]:
    said: list[str] = []
    operator.client.message_callback_add(
        f"edgewise/{NODE}/status", lambda _client, _data, message: said.append(message.payload)
    )
    return said


def test_a_node_reads_decides_drives_and_obeys(
    computer: Computer, arguments: list[str], operator: Operator
) -> None:
    said = statuses(operator)
    with computer.start(*arguments) as node:
        state = operator.hear("state", seq=2)
        assert (state["t"], state["h"], state["cls"]) == (21.2, 40.5, "closed")
        assert abs(state["ts"] - time.time()) < LIMIT_S
        line = computer.dev / "gpiochip1.17"
        wait_until(lambda: line.read_text() == "01")
        assert operator.order("actuator", "off")["ok"]
        wait_until(lambda: line.read_text() == "010")
        fan = computer.dev / "gpiochip1.18"
        assert fan.read_text() == "1"
        assert operator.order("actuator", {"fan": "on"})["ok"]
        wait_until(lambda: fan.read_text() == "10")
        answer = operator.order("diag")["value"]
        assert (answer["runtime"], answer["reset"]) == ("viper-table", "pwron")
        assert answer["reads"] == {"ok": answer["taken"]}
        second = edgewise("node", *arguments)
        assert second.returncode == 2
        folder = computer.folder / ".edgewise" / NODE
        assert f"error: {folder}: process" in second.stderr
        assert "runs a node here already: end it, or name another folder" in second.stderr
        assert node.end() == 0
        assert LAST_LINE.fullmatch(node.lines[-1]), node.lines
        assert fan.read_text() == "101"  # safe at the end
    wait_until(lambda: said[-1:] == [b"offline"], lambda: said)
    assert (folder.stat().st_mode & 0o777, (folder / "config.json").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


def test_a_restart_is_the_same_process(
    computer: Computer, arguments: list[str], operator: Operator
) -> None:
    with computer.start(*arguments) as node:
        boot = operator.hear("state", seq=1)["boot"]
        assert operator.order("config", {"base": "edgewise", "hold": 1})["ok"] is False
        assert operator.order("reboot")["ok"]
        reset = operator.hear("event", event="reset")
        while reset["boot"] == boot:
            reset = operator.hear("event", event="reset")
        assert (reset["boot"], reset["from"]) == (boot + 1, "soft")
        wait_until(lambda: len((computer.dev / "gpiochip1.17").read_text()) == 4)  # again, twice
        assert edgewise("node", *arguments).returncode == 2
        fds = list(Path(f"/proc/{node.process.pid}/fd").iterdir())
        assert len(fds) < 12, [fd.readlink() for fd in fds]
        assert node.end(signal.SIGINT) == 0


def taken(*nodes: Node) -> set[tuple[int, int]]:
    return {(state["boot"], state["seq"]) for node in nodes for state in node.states()}


def test_kill_9_in_an_outage_loses_and_doubles_nothing(
    computer: Computer, arguments: list[str], broker: Mosquitto, engine: Engine
) -> None:
    broker_url = parse_broker(broker.url)
    with Collector(broker_url, Writer(engine)):
        pass
    nodes = [computer.start(*arguments)]
    wait_until(lambda: len(nodes[0].states()) > 0)
    broker.stop()
    for _ in range(count(1, 10)):
        n = len(nodes[-1].states())
        wait_until(lambda n=n: len(nodes[-1].states()) > n + 2)
        time.sleep(random.uniform(0, 2))  # anywhere: no result depends on it
        nodes[-1].kill()
        if len(nodes) > 1:  # three kills in a minute would be three bad starts: so its power
            (nodes[-1].folder / "runs").write_text("another boot of the computer\n")
        nodes.append(computer.start(*arguments))
    with nodes[-1] as last:
        wait_until(lambda: len(last.states()) > 0)
        broker.start()
        everything = taken(*nodes)
        with Collector(broker_url, Writer(engine)):
            wait_until(lambda: everything <= stored(engine), lambda: everything - stored(engine))
            assert last.end() == 0
            everything = taken(*nodes)
            wait_until(lambda: everything <= stored(engine), lambda: everything - stored(engine))
    found = [(row.boot, row.seq) for row in rows(engine, NODE)]
    assert sorted(found) == sorted(everything)
    boots = sorted({boot for boot, _ in found})
    assert boots == list(range(boots[0], boots[0] + len(nodes)))
    assert [max(seq for b, seq in found if b == boot) for boot in boots] == [
        sum(b == boot for b, _ in found) for boot in boots
    ]


def stored(engine: Engine) -> set[tuple[int, int]]:
    return {(row.boot, row.seq) for row in rows(engine, NODE)}


def test_a_sensor_that_fails_is_tried_again(
    computer: Computer, arguments: list[str], operator: Operator
) -> None:
    folder = computer.add_sensor(in_temp_input="errno 5")
    with computer.start(*arguments):
        assert operator.hear("state", seq=2)["err"] == "checksum"
        (folder / "in_temp_input").write_text("errno 110\n")
        operator.hear("state", err="timeout")
        (folder / "in_temp_input").write_text("21000\n")
        assert "err" not in operator.hear("state", t=21.0)


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ('[actuator]\npin = 17\non = "ajar"', 2, "config: actuator.on must be one of"),
        ("[actuator]\npin = 13\nfollow = 'class'\non = 'open'", 1, "output: GPIO 13: name a chip"),
        ("sleep = true", 2, "sleep: a node on Linux stays awake: leave it out"),
        ("outbox = 1", 2, "node.toml:2: outbox must be 10..2000"),
        ("[mqtt]\ntls = true\nhost = 'localhost'", 2, "ca.der: cannot be read"),
    ],
)
def test_what_cannot_run_is_one_line(
    computer: Computer, model: Package, line: str, code: int, text: str
) -> None:
    computer.add_sensor(in_temp_input="21000", in_humidityrelative_input="40000")
    config = computer.folder / "node.toml"
    config.write_text(f'node = "{NODE}"\n{line}\n')
    arguments = ["--config", str(config), "--model", str(model.path)]
    if code == 2 and "config:" not in text:
        result = edgewise("node", *arguments)
        assert (result.returncode, result.stderr.count("\n")) == (2, 1)
        assert text in result.stderr
        return
    with computer.start(*arguments) as node:
        assert node.process.wait(LIMIT_S) == code
        wait_until(lambda: any(text in line for line in node.lines), lambda: node.lines)
        assert not any("Traceback" in line for line in node.lines)


def classes(model: Package) -> list[str]:
    """What the host says of the readings."""
    walker = Model(model.blob)
    heads = make_heads(walker)
    pipeline = Pipeline(walker.features, walker.contract["filters"])
    pushed = [
        heads.push(pipeline.push(slot, round(10 * t), round(10 * h)), pipeline.age)
        for slot, (t, h) in enumerate(READINGS, 1)
    ]
    return [walker.classes[cls] if cls != UNSURE else None for cls in pushed]


def test_the_state_is_not_in_a_package(computer: Computer, model: Package) -> None:
    (computer.folder / "node.toml").write_text(f'node = "{NODE}"\n')
    arguments = ["--config", computer.folder / "node.toml", "--model", model.path]
    for folder in ("state", "."):
        result = edgewise(
            "node", *arguments, "--sensor", "command:true", "--state", model.path / folder
        )
        assert result.returncode == 2
        assert "name another folder" in result.stderr
    assert not (model.path / "state").exists()


def test_the_command_becomes_the_node(tmp_path: Path, model: Package, broker: Mosquitto) -> None:
    """The whole way, through exec: nothing is replaced."""
    arguments = options(tmp_path, model, broker)
    text = (tmp_path / "node.toml").read_text()
    (tmp_path / "node.toml").write_text(text.partition("[actuator]")[0])
    command = [sys.executable, "-m", "edgewise.cli.main", "node", *arguments]
    (tmp_path / "readings").write_text("".join(f"{t} {h}\n" for t, h in READINGS))
    read = f"cd {tmp_path}; sed -n 1p readings; sed -i 1d readings"
    process = subprocess.Popen(
        [*command, "--sensor", f"command:{read}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = (line for line in process.stdout if line.startswith("state "))
        states = [json.loads(line[6:]) for line, _ in zip(lines, READINGS, strict=False)]
        assert [(state["t"], state["h"]) for state in states] == READINGS
        assert [state["cls"] for state in states] == classes(model)
        assert len(set(classes(model))) == 2
        assert "run_node.py" in Path(f"/proc/{process.pid}/cmdline").read_text()
        process.terminate()
        out, err = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
        process.wait(LIMIT_S)
    assert process.returncode == 0, out + err
    assert f"node {NODE}, sensor command {read}, state in {tmp_path}/" in err


@pytest.mark.skipif(not WHOLE, reason="the node's TLS is tested in tests/e2e: make test-all")
def test_tls_with_the_ca_beside_the_settings(computer: Computer, model: Package) -> None:
    computer.add_sensor(in_temp_input="21000", in_humidityrelative_input="40000")
    with run_secured("n1") as broker:
        config = broker.folder / "nodes/n1.toml"
        text = config.read_text()
        config.write_text(f'period_ms = 2000\n{text}\n[ntp]\nhost = ""\n')
        state = computer.folder / "state"
        with computer.start("--config", config, "--model", model.path, "--state", state) as node:
            wait_until(lambda: "edgewise: mqtt: connected" in node.lines, lambda: node.lines)
            n = len(node.states())
            wait_until(lambda: len(node.states()) > n + 1, lambda: node.lines)
            assert node.end() == 0
        assert LAST_LINE.fullmatch(node.lines[-1]), node.lines
        written = (state / "config.json").read_text()
    assert '"host":"127.0.0.1"' in written and '"server_name":"localhost"' in written
    assert (state / "ca.der").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not WHOLE, reason="a trial takes a minute: make test-all")
def test_a_pushed_model_stays(
    computer: Computer, arguments: list[str], broker: Mosquitto, operator: Operator, tmp_path: Path
) -> None:
    pushed = other_model(tmp_path)
    with computer.start(*arguments) as node:
        operator.hear("state", seq=1)
        target = ("--node", NODE, "--broker", broker.url, "--config", arguments[1])
        result = edgewise("push", "--model", pushed, *target, "--anyway", "--json")
        assert result.returncode == 0, result.stdout + result.stderr
        assert node.end() == 0
    for changed in (False, True):
        if changed:
            config = Path(arguments[1])
            config.write_text(config.read_text().replace("period_ms = 2000", "period_ms = 3000"))
        with computer.start(*arguments) as node:
            wait_until(node.states)
            operator.hear("state", boot=node.states()[0]["boot"])
            assert operator.order("model", "status")["value"]["name"] == pushed.name
            period = operator.order("config")["value"]["period_ms"]
            assert period == (3000 if changed else 2000)
            assert node.end() == 0


def other_model(folder: Path) -> Path:
    from tests.shared import small_log

    from edgewise.compile import compile_model
    from edgewise.features.splitting import split_log
    from edgewise.training import Budget, train

    log = small_log(folder / "other.csv", 400)
    compile_model(train(*split_log(log), Budget(20)), folder / "other", {})
    return folder / "other"
