"""``edgewise simulate``: run the node's own files in MicroPython, with a log as its sensor."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from edgewise.cli.log_options import say_source, with_log_options
from edgewise.cli.options import BrokerPasswordFile, Ca, JsonFlag, Seed
from edgewise.console import emit_json, say
from edgewise.errors import EdgewiseError, InputError
from edgewise.logs.choices import Choices

EXAMPLES = (
    "edgewise simulate --model models/mine --log LOG.csv",
    "edgewise simulate --model models/mine --nodes 3 --speed 60 --broker mqtt://localhost",
    "edgewise simulate --model models/mine --config DIR/nodes/kitchen.toml "
    "--broker mqtts://localhost --ca DIR/ca.pem",
)


@with_log_options
def simulate(
    *,
    choices: Choices,
    model: Annotated[Path, typer.Option(help="Model package")],
    log: Annotated[
        Path | None, typer.Option(help="Log that the simulated sensor plays [the UCI test rows]")
    ] = None,
    nodes: Annotated[int, typer.Option(min=1, max=200, help="Number of nodes")] = 1,
    speed: Annotated[str, typer.Option(help="Times real time, or max")] = "max",
    broker: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Broker, mqtt[s]://[user@]host[:port] [an embedded one]"),
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    ca: Ca = None,
    config: Annotated[Path | None, typer.Option(help="Settings of the nodes, a node.toml")] = None,
    group: Annotated[str | None, typer.Option(help="Column with the node's name")] = None,
    seed: Seed = 0,
    json: JsonFlag = False,
) -> None:
    """Run simulated nodes until the broker has every reading of a log."""
    from edgewise import settings
    from edgewise.broker.embedded import EmbeddedBroker
    from edgewise.package.store import load_package
    from edgewise.simulator import fleet
    from edgewise.simulator.node import Playback
    from edgewise.urls import check_reachable, parse_broker

    pace = _speed(speed)
    node_settings = settings.load(config, settings.check_topics) if config else {}
    loaded = load_package(model)
    logs = _logs(log, group, nodes, choices)
    with ExitStack() as stack:
        url = broker or stack.enter_context(EmbeddedBroker(say=say)).url
        broker_url = parse_broker(url, ca, password_file=broker_password_file)
        check_reachable(broker_url)
        say(f"{nodes} node(s), {sum(len(p.time_s) for p in logs)} readings, broker {broker_url}")
        outcome = fleet.simulate(
            loaded,
            logs,
            broker_url,
            node_settings,
            Playback(pace, seed, say),
            folder=config.parent if config else Path(),
        )
    say(
        f"{outcome.readings_taken} readings taken, {outcome.readings_delivered} acknowledged, "
        f"{outcome.readings_lost} lost, {outcome.wall_s} s"
    )
    if json:
        emit_json(outcome.as_dict())
    if not outcome.ok:
        raise EdgewiseError(f"{outcome.readings_lost} readings were lost: look at the lines above")


def _speed(text: str) -> float:
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.01 <= speed <= 1e6:
        raise InputError(f"--speed {text}: a number such as 1 or 60, or max")
    return speed


def _logs(path: Path | None, group: str | None, nodes: int, choices: Choices) -> list[Any]:
    from edgewise.logs.log import read_log
    from edgewise.logs.opening import open_log
    from edgewise.logs.public import get

    if path is not None:
        log = open_log(path, group=group, choices=choices)
        say_source(log)
    else:
        dataset = read_log(get("occupancy").path, "occupied", None, "split")
        log = dataset.select(dataset.extra["split"] != "train")
    series = [log.select(rows) for rows in log.series()]
    return [series[i % len(series)] for i in range(nodes)]
