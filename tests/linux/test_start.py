"""How a node on Linux starts: what it refuses, and the command that becomes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.broker.mosquitto import Mosquitto
from tests.broker.secured import run_secured
from tests.command import edgewise
from tests.counts import WHOLE
from tests.e2e.operator_of import NODE
from tests.linux.computer import Computer
from tests.linux.settings import LAST_LINE, options
from tests.shared import LIMIT_S, wait_until

from edgenode.core.choice import make_heads
from edgenode.core.model import Model
from edgenode.core.pipeline import Pipeline
from edgenode.core.records import UNSURE
from edgewise.linux.node import _reachable
from edgewise.package.store import Package

READINGS = [(21.0, 40.0), (20.9, 40.4), (15.2, 60.5), (15.0, 61.0)]


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


def test_a_server_here_is_found_without_a_name_server() -> None:
    server = {"url": "https://localhost/x", "token": "0123456789abcdef"}
    found = _reachable({"uplink": "http", "server": server})["server"]
    assert found == server | {"url": "https://127.0.0.1:443/x", "name": "localhost"}
    other = {"uplink": "coap", "server": server | {"url": "coap://pi.lan"}}
    assert _reachable(other) == other
