"""`edgewise simulate --stay`: the node goes on after its log, and nobody takes its name."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.command import edgewise
from tests.e2e.operator_of import NODE, Operator
from tests.forked import Forked
from tests.shared import LIMIT_S, wait_until

from edgewise.package.store import Package

ROWS = 20


@pytest.fixture
def arguments(model: Package, log_path: Path, broker: str, tmp_path: Path) -> list[str]:
    """Of `simulate`: a log of a few rows, and a reading in five seconds."""
    log = tmp_path / "log.csv"
    log.write_text("".join(log_path.read_text().splitlines(keepends=True)[: ROWS + 1]))
    (tmp_path / "node.toml").write_text("period_ms = 5000\n")
    options = ["--log", str(log), "--config", str(tmp_path / "node.toml"), "--broker", broker]
    return ["simulate", "--model", str(model.path), *options]


@contextmanager
def staying(arguments: list[str], log: Path) -> Iterator[Forked]:
    process = Forked(*arguments, "--stay", log=log)
    try:
        wait_until(lambda: "stays online" in log.read_text() or process.returncode, log.read_text)
        assert process.returncode is None, log.read_text()
        yield process
    finally:
        process.terminate()
        process.wait(LIMIT_S)


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_a_node_stays_after_its_log_and_keeps_its_name(
    arguments: list[str], operator: Operator, tmp_path: Path
) -> None:
    start_s = time.time()
    log = tmp_path / "said"
    with staying(arguments, log) as process:
        first, last = (operator.hear("state", seq=seq) for seq in (1, ROWS))
        assert start_s - 2 <= last["ts"] <= time.time()  # the log ends now
        again = operator.hear("state", seq=ROWS + 1)
        assert (again["t"], again["h"]) == (first["t"], first["h"])
        assert last["ts"] < again["ts"] <= time.time() + 1

        taken = edgewise(*arguments)
        assert taken.returncode == 2
        line = f"error: node {NODE} at {arguments[-1]}: process {process.pid} simulates it already"
        assert taken.stderr.splitlines()[-1].startswith(line)
        other = edgewise(*arguments, EDGEWISE_CACHE=str(_other_cache(tmp_path)))
        assert other.returncode == 2  # as on another computer, or a board with this name
        assert other.stderr.splitlines()[-1] == (
            f"error: node {NODE}: one with this name is online at {arguments[-1]}: end that one, "
            "or give this one another name with --node"
        )

        operator.order("reboot")  # it goes on where it was
        reset = operator.hear("state", seq=1)
        assert reset["boot"] == first["boot"] + 1 and reset["ts"] >= again["ts"]
        process.terminate()
        assert process.wait(LIMIT_S) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def _other_cache(tmp_path: Path) -> Path:
    """A cache with the same downloads, and no claims."""
    from edgewise.paths import cache_dir

    other = tmp_path / "cache"
    other.mkdir()
    for path in cache_dir().iterdir():
        if path.name != "simulated":
            (other / path.name).symlink_to(path)
    return other


def test_a_name_that_nobody_answers_to_is_free(
    arguments: list[str], operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.cli.simulate._PING_S", 0.5)
    topic = "edgewise/ghost/status"
    operator.client.publish(topic, "online", 1, True).wait_for_publish(LIMIT_S)
    result = edgewise(*arguments, "--node", "ghost", "--json")
    assert result.returncode == 0, result.stderr
    assert f"node ghost: was online at {arguments[-1]}, does not answer" in result.stderr
    assert json.loads(result.stdout)["nodes"] == ["ghost"]
    assert "playing the log ...\n" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stay", "--json"], "--json is the summary at the end, and --stay has no end"),
        (["--node", "a/b"], "--node 'a/b': not a name for a node"),
        (["--since", "soon"], "'soon': write a time such as"),
    ],
)
def test_wrong_options_are_named(arguments: list[str], options: list[str], message: str) -> None:
    result = edgewise(*arguments, *options)
    assert result.returncode == 2
    assert message in result.stderr and result.stderr.count("\n") == 1
