"""Work by node on a real Dask cluster: the same bytes as here, also when a worker is killed."""

from __future__ import annotations

import operator
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from sqlalchemy import Engine
from tests.command import edgewise
from tests.counts import WHOLE
from tests.shared import small_log

from edgewise.cluster import share, work
from edgewise.collector import Writer
from edgewise.errors import OutsideError
from edgewise.features.table import build_table
from edgewise.logs.log import read_log
from edgewise.package.store import Package

ITEMS = 40
NODES = 6
FEATURES = ["t_level", "h_slope_30"]


def start(n_workers: int, processes: bool) -> LocalCluster:
    options = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "protocol": "tcp"}
    return LocalCluster(n_workers=n_workers, processes=processes, **options)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Two processes in the whole tests, else a thread: a process takes a second to start."""
    with start(2 if WHOLE else 1, WHOLE) as cluster:
        yield cluster.scheduler_address


def interrupt(items: Iterable[Any], act: Callable[[], object]) -> Iterator[Any]:
    """The items; ``act`` happens before the one in the middle is taken."""
    for i, item in enumerate(items):
        if i == NODES // 2:
            act()
        yield item


def store(engine: Engine) -> None:
    with Writer(engine) as writer:
        now_s = int(time.time())
        for node in range(NODES):
            for seq in range(4 * 96):
                t = f'{{"ts":{now_s - 900 * seq},"boot":1,"seq":{seq},"t":{20 + seq % 7},"h":40}}'
                writer.put(f"edgewise/n{node}/state", t.encode())


def test_results_are_in_the_order_of_the_items(scheduler: str) -> None:
    with share(scheduler) as each:
        assert each is not None
        assert list(each(operator.neg, range(ITEMS))) == [-n for n in range(ITEMS)]
        with pytest.raises(TypeError):
            list(each(operator.neg, ["text"]))


def test_commands_give_the_same_bytes(
    scheduler: str, tmp_path: Path, engine: Engine, db: str, request: pytest.FixtureRequest
) -> None:
    log = small_log(tmp_path / "log.csv", rows=300, nodes=NODES)
    commands: list[list[Any]] = [["data", "features", log, "--label", "status"]]
    if WHOLE:
        store(engine)
        model: Package = request.getfixturevalue("model")
        commands += [
            ["predict", model.path, log, "--group", "node"],
            ["health", "--db", db, "--json"],
            ["forecast", "--db", db, "--json", "--prophet", "never"],
        ]
    for command in commands:
        here, there = edgewise(*command), edgewise(*command, "--dask", scheduler)
        assert (here.returncode, there.returncode) == (0, 0), there.stderr
        assert here.stdout == there.stdout != ""


@pytest.mark.skipif(not WHOLE, reason="starts processes: in make test-all")
def test_a_worker_is_killed(tmp_path: Path) -> None:
    log = read_log(small_log(tmp_path / "log.csv", nodes=NODES), group="node")
    here = build_table(log, FEATURES, [], log.period_ms)
    with start(2, processes=True) as cluster, Client(cluster) as client:
        killed = []

        def kill() -> None:
            pid = next(iter(client.run(os.getpid).values()))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

        with share(cluster.scheduler_address) as each:

            def killing(function: Any, items: Iterable[Any]) -> Iterator[Any]:
                assert each is not None
                return each(function, interrupt(items, kill))

            there = build_table(log, FEATURES, [], log.period_ms, each=killing)
        assert len(killed) == 1
    for name in ("x", "valid", "age"):
        assert np.array_equal(getattr(here, name), getattr(there, name))


def test_the_scheduler_goes_away() -> None:
    cluster = start(1, processes=False)
    with (
        pytest.raises(OutsideError, match="the scheduler went away: start it and run this again"),
        share(cluster.scheduler_address) as each,
    ):
        assert each is not None
        list(each(time.sleep, interrupt([0.01] * ITEMS, cluster.close)))


@pytest.mark.parametrize("address", ["localhost", "tcp://a", "http://a:1", "tcp://a b:1"])
def test_an_address_that_is_none(address: str, tmp_path: Path) -> None:
    log = small_log(tmp_path / "log.csv")
    result = edgewise("data", "features", log, "--dask", address)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr
    assert f"--dask {address}: write tcp://HOST:8786" in result.stderr


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_SCHEDULER_S", 0.2)
    monkeypatch.setattr(work, "_WORKER_S", 0.2)
    with (
        pytest.raises(OutsideError, match="no scheduler answers: start one with: dask scheduler"),
        share("tcp://127.0.0.1:1"),
    ):
        pass
    with (
        start(0, processes=False) as cluster,
        pytest.raises(OutsideError, match="it has no worker: start some with: dask worker tcp://"),
        share(cluster.scheduler_address),
    ):
        pass


def test_dask_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(OutsideError, match=r"dask is not installed .* run: .*dask"),
        share("tcp://127.0.0.1:1"),
    ):
        pass
