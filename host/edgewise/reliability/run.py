"""Run one scenario with one node, the proxy, mosquitto, the collector and a database."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine

from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.errors import EdgewiseError
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.reliability.behaviours import Behaviour, Pass
from edgewise.reliability.figures import Figures, Rows, Slots, recoveries
from edgewise.reliability.mosquitto import Mosquitto
from edgewise.reliability.proxy import Relay
from edgewise.reliability.scenarios import Phase, Scenario
from edgewise.reliability.server import NODE, TOKEN, Server
from edgewise.reliability.stage import COLLECTOR, Stage
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import BrokerUrl, parse_broker

__all__ = ["RATE", "flat_log", "run", "run_all", "simulate_node"]

RATE = 20
# waits until so many readings are stored -> how many came again
Settle = Callable[[int], Awaitable[int]]
_LOG_START_S = 1_700_000_000
_STORE_LIMIT_S = 120.0
_POLL_S = 0.01
_END_POLL_S = 0.1
# A run fails after _LIMIT times the time of its slots, plus the time to start the node.
_LIMIT = 5
_START_LIMIT_S = 120.0
_PATIENCE_S = 120.0  # on the node's clock, until a disturbance has met something


def flat_log(slots: int, period_ms: int) -> Log:
    """Return a log of ``slots`` readings that change slowly."""
    i = np.arange(slots)
    return Log(
        path="reliability",
        time_s=(_LOG_START_S + i * period_ms // 1000).astype(np.float64),
        node=np.full(slots, "", dtype=object),
        t_dc=(210 + i % 20).astype(np.int16),
        h_pm=(450 + i % 50).astype(np.int16),
        valid=np.ones(slots, dtype=bool),
        label=None,
        line=i + 1,
        extra={},
        label_name=None,
        period_ms=period_ms,
    )


def simulate_node(
    package: Package,
    port: int,
    config: dict[str, Any],
    log: Log,
    world: dict[str, str],
    uplink: str = "mqtt",
) -> SimulatedNode:
    """Return a node for what is at ``port`` of loopback, by ``uplink``.

    ``config``: its other settings; of ``mqtt.host`` any uplink takes the host.
    """
    defaults = node_config({"period_ms": log.period_ms}, BrokerUrl("127.0.0.1", port), NODE)
    mqtt = defaults["mqtt"] | config.get("mqtt", {})
    full = {**defaults, **config, "mqtt": mqtt}
    if uplink != "mqtt":
        server = {"url": f"{uplink}://{mqtt['host']}:{port}", "token": TOKEN}
        full |= {"uplink": uplink, "server": server}
    return SimulatedNode(package, log, full, boot=1, world=world)


@asynccontextmanager
async def _with_broker(
    scenario: Scenario, folder: Path, engine: Engine, rate: int
) -> AsyncIterator[tuple[Stage, Settle]]:
    async with Mosquitto(folder, scenario.persistent) as broker, Stage(broker, rate) as stage:
        collector = Collector(parse_broker(broker.url), Writer(engine), client_id=COLLECTOR)
        await asyncio.to_thread(collector.start)

        async def settle(readings: int) -> int:
            await asyncio.to_thread(
                collector.wait_for, lambda c: c.readings >= readings, _STORE_LIMIT_S
            )
            return collector.counts.duplicates

        try:
            yield stage, settle
        finally:
            await asyncio.to_thread(collector.stop)


@asynccontextmanager
async def _with_server(
    scenario: Scenario, folder: Path, engine: Engine, rate: int
) -> AsyncIterator[tuple[Stage, Settle]]:
    async with (
        Server(scenario.uplink, engine) as server,
        Stage(server, rate, scenario.uplink) as stage,
    ):

        async def settle(_readings: int) -> int:
            await server.stop()  # what it answered is stored
            return server.duplicates

        yield stage, settle


async def run(scenario: Scenario, package: Package, rate: int = RATE) -> Figures:
    """Return the figures of ``scenario``; the node's clock is ``rate`` times as fast as ours."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="edgewise-reliability-") as name:
        folder = Path(name)
        engine = open_db(f"sqlite:///{folder / 'edgewise.db'}")
        begin = _with_broker if scenario.uplink == "mqtt" else _with_server
        async with begin(scenario, folder, engine, rate) as (stage, settle):
            lines, disturbances, why = await _run_node(scenario, package, stage)
            slots = Slots.from_lines(lines)
            repeats = await settle(slots.read)
        rows = Rows.count(engine, _LOG_START_S, scenario.period_ms, slots.missed)
        engine.dispose()
    taken_count = max(slots.read, rows.last_seq)
    return Figures(
        name=scenario.name,
        what=scenario.what,
        taken=taken_count,
        lost=taken_count - rows.rows + rows.doubled,
        doubled=rows.doubled,
        repeats=repeats,
        mistimed=rows.mistimed,
        slots=slots.read + slots.missed,
        late=slots.late + slots.missed,
        worst_ms=slots.worst_ms,
        recovery=recoveries(disturbances.times, stage.proxy.acks),
        reconnects=max(0, stage.proxy.connects - 1),
        boots=rows.boots,
        acts=disturbances.acts,
        wall_s=round(time.monotonic() - start, 1),
        why=why,
    )


@dataclass
class _Disturbances:
    times: list[tuple[float, float]]  # start and end on the node's clock
    acts: int | None


async def _run_node(
    scenario: Scenario, package: Package, stage: Stage
) -> tuple[list[str], _Disturbances, str | None]:
    # Returns the lines of the node, its disturbances, and the reason for a bad end.
    log = flat_log(scenario.slots, scenario.period_ms)
    phases = scenario.script(stage)
    world = {
        "EDGEWISE_SIM_RATE": str(stage.proxy.rate),
        "EDGEWISE_SIM_DNS": str(stage.names_port),
    }
    limit_s = (
        _START_LIMIT_S + _LIMIT * scenario.slots * scenario.period_ms / 1000 / stage.proxy.rate
    )
    disturbances = _Disturbances([], None)
    await stage.proxy.become(phases[0][0])
    port, uplink = stage.proxy.port, scenario.uplink
    with simulate_node(package, port, scenario.config, log, world, uplink) as node:
        stage.flash = node.flash
        script = asyncio.create_task(_play(stage.proxy, phases, disturbances))
        why = await _wait_for_end(node, limit_s)
        if not script.done():
            script.cancel()
            why = why or "it ended before the script"
        await asyncio.gather(script, return_exceptions=True)
    if not script.cancelled():
        script.result()
    if any(behaviour.counts for behaviour, _ in phases):
        disturbances.acts = sum(behaviour.acts for behaviour, _ in phases if behaviour.counts)
    return node.lines, disturbances, why


async def _play(proxy: Relay, phases: list[Phase], disturbances: _Disturbances) -> None:
    # Follows the node's clock, so that the node meets the same on a busy computer.
    end_s = 0.0
    for behaviour, length_s in phases:
        await proxy.become(behaviour)
        start_s = proxy.node_s()
        end_s += length_s
        while (left_s := end_s - proxy.node_s()) > 0 or (
            _is_undisturbed(behaviour, phases) and left_s > -_PATIENCE_S
        ):
            # half of the way: the clock of the node also moves with its work
            await asyncio.sleep(max(_POLL_S, left_s / 2 / proxy.rate))
        end_s = max(end_s, proxy.node_s())
        await behaviour.end(proxy)
        if not isinstance(behaviour, Pass):
            disturbances.times.append((start_s, proxy.node_s()))
    await proxy.become(Pass())


def _is_undisturbed(behaviour: Behaviour, phases: list[Phase]) -> bool:
    # Whether the last disturbance goes on: on a busy computer the node may have been without a
    # connection all the time.
    counting = [b for b, _ in phases if b.counts and not isinstance(b, Pass)]
    return (
        bool(counting) and behaviour is counting[-1] and not any(b.has_acted() for b in counting)
    )


async def _wait_for_end(node: SimulatedNode, limit_s: float) -> str | None:
    # Returns the reason for a bad end, None for a good one.
    end = time.monotonic() + limit_s
    while not node.wait(0):
        if time.monotonic() > end:
            return f"no end within {limit_s:.0f} s"
        await asyncio.sleep(_END_POLL_S)
    try:
        _, dropped, waiting = node.result()
    except EdgewiseError as e:
        return str(e)
    return f"{dropped} dropped, {waiting} waiting" if dropped or waiting else None


async def run_all(
    scenarios: Sequence[Scenario],
    package: Package,
    jobs: int,
    rate: int = RATE,
    on_done: Callable[[Figures], None] = lambda figures: None,
) -> list[Figures]:
    """Run ``jobs`` scenarios at a time and return their figures in the order of ``scenarios``.

    ``on_done`` gets the figures of each scenario as soon as it ends.
    """
    semaphore = asyncio.Semaphore(jobs)

    async def run_one(scenario: Scenario) -> Figures:
        async with semaphore:
            figures = await run(scenario, package, rate)
            on_done(figures)
            return figures

    return await asyncio.gather(*map(run_one, scenarios))
