"""`edgewise node`: the node's files as a process of this computer, with a real broker."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.broker.mosquitto import Mosquitto
from tests.command import edgewise
from tests.counts import WHOLE, count
from tests.e2e.operator_of import NODE, Operator
from tests.e2e.test_spine import rows
from tests.linux.computer import Computer
from tests.linux.settings import LAST_LINE, stored, taken
from tests.shared import LIMIT_S, wait_until

from edgewise.collector import Collector, Writer
from edgewise.urls import parse_broker


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
        assert answer["runtime"] in ("viper-table", "python-table")  # as the processor
        assert answer["reset"] == "pwron"
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
