"""``edgewise simulate``: run the node's own files in MicroPython, with a log as its sensor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.log_options import say_source, with_log_options
from edgewise.cli.options import BrokerPasswordFile, Ca, JsonFlag, Seed
from edgewise.console import emit_json, progress_bar, say
from edgewise.errors import EdgewiseError, InputError, OutsideError
from edgewise.logs.choices import Choices

if TYPE_CHECKING:
    from edgewise.logs.log import Log
    from edgewise.simulator.fleet import Fleet
    from edgewise.urls import BrokerUrl

EXAMPLES = (
    "edgewise simulate --model models/mine --log LOG.csv",
    "edgewise simulate --model models/mine --log LOG.csv --stay --broker mqtt://localhost",
    "edgewise simulate --model models/mine --nodes 3 --speed 60 --broker mqtt://localhost",
    "edgewise simulate --model models/mine --config DIR/nodes/kitchen.toml "
    "--broker mqtts://localhost --ca DIR/ca.pem",
)
_PING_S = 60.0


@with_log_options
def simulate(
    *,
    choices: Choices,
    model: Annotated[Path, typer.Option(help="Model package")],
    log: Annotated[
        Path | None, typer.Option(help="Log that the simulated sensor plays [the UCI test rows]")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="The last part of the log, as 36h; several nodes play other parts"
        ),
    ] = None,
    nodes: Annotated[int, typer.Option(min=1, max=200, help="Number of nodes")] = 1,
    node: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the node, of several NAME-1, NAME-2 ... [that of --config, or a1b2c3]",
        ),
    ] = None,
    speed: Annotated[str, typer.Option(help="Speed in times real time, or max")] = "max",
    stay: Annotated[
        bool,
        typer.Option(
            "--stay",
            help="Move the log in time so that it ends now; then play it again in real time until "
            "Ctrl-C",
        ),
    ] = False,
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
    """Run simulated nodes until the broker has every reading of a log.

    With --stay they stay online after the log, for commands and new models.
    """
    from edgewise import settings
    from edgewise.board.filesystem import check_model
    from edgewise.broker.embedded import EmbeddedBroker
    from edgewise.cli.signals import end_as_interrupt
    from edgewise.package.store import load_package
    from edgewise.simulator.fleet import Fleet
    from edgewise.simulator.node import Playback
    from edgewise.urls import check_reachable, parse_broker

    pace = _speed(speed)
    _check_use(stay, json, node)
    node_settings = settings.load(config, settings.check_topics) if config else {}
    if node:
        node_settings["node"] = node
    loaded = load_package(model)
    if config:
        check_model(loaded, node_settings, config)
    logs = _logs(log, group, nodes, choices, since)
    if stay:
        logs = [_ending_now(part, pace) for part in logs]
    with ExitStack() as stack:
        url = broker or stack.enter_context(EmbeddedBroker(say=say)).url
        broker_url = parse_broker(url, ca, password_file=broker_password_file)
        check_reachable(broker_url)
        playback, folder = Playback(pace, seed, say), config.parent if config else Path()
        fleet = Fleet(loaded, logs, broker_url, node_settings, playback, folder)
        if broker:
            stack.enter_context(_hold_names(broker_url, node_settings, fleet.names))
        say(f"{nodes} node(s), {sum(len(p.time_s) for p in logs)} readings, broker {broker_url}")
        if stay:
            end_as_interrupt()
            with suppress(KeyboardInterrupt):
                _stay(fleet)
            return
        with _progress(pace) as step:
            outcome = fleet.simulate(progress=step)
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


def _check_use(stay: bool, json: bool, node: str | None) -> None:
    from edgewise.messages.names import name_error

    if stay and json:
        raise InputError("--json is the summary at the end, and --stay has no end: leave one out")
    if node is not None and (error := name_error(node)):
        raise InputError(f"--node {node!r}: {error}")


@contextmanager
def _hold_names(broker: BrokerUrl, config: dict[str, Any], names: list[str]) -> Iterator[None]:
    from edgewise.simulator.claim import claim

    base = str(config.get("base", "edgewise"))
    with claim(broker, base, names):
        login = _with_login(broker, config)
        if login is not None:
            _check_absent(login, base, names)
        yield


def _check_absent(broker: BrokerUrl, base: str, names: list[str]) -> None:
    """InputError if a node of this name answers at the broker: two would disconnect each other."""
    from edgewise.ota import Target, online, order
    from edgewise.ota.targets import connection

    with suppress(OutsideError), connection(broker) as client:
        for name in sorted({*names} & {*online(client, base)}):
            try:
                order(client, Target(base, name, ""), "ping", limit_s=_PING_S)
            except OutsideError:
                say(f"node {name}: was online at {broker}, does not answer, and is replaced")
                continue
            raise InputError(
                f"node {name}: one with this name is online at {broker}: end that one, or give "
                "this one another name with --node"
            )


def _with_login(broker: BrokerUrl, config: dict[str, Any]) -> BrokerUrl | None:
    # None: the node logs in with a certificate, whose files only it can use.
    mqtt = config.get("mqtt", {})
    if mqtt.get("cert"):
        return None
    if broker.user is not None or not mqtt.get("user"):
        return broker
    return replace(broker, user=mqtt["user"], password=mqtt.get("password", ""))


def _ending_now(log: Log, pace: float) -> Log:
    from edgewise.simulator.feed import ending_at

    length_s = float(log.time_s[-1] - log.time_s[0]) / pace if pace else 0.0
    return ending_at(log, time.time() + length_s)


def _progress(pace: float) -> AbstractContextManager[Callable[[int, int], None]]:
    # At a given pace the user knows how long it takes.
    return nullcontext(lambda done, total: None) if pace else progress_bar("playing the log")


def _stay(fleet: Fleet) -> None:
    with ExitStack() as stack:
        step = stack.enter_context(_progress(fleet.playback.speed))

        def on_played() -> None:
            stack.close()
            verb = "stays" if len(fleet.names) == 1 else "stay"
            names = ", ".join(fleet.names)
            say(f"every reading is acknowledged; {names} {verb} online, Ctrl-C ends it")

        fleet.stay(step, on_played)


def _logs(
    path: Path | None, group: str | None, nodes: int, choices: Choices, since: str | None
) -> list[Log]:
    from edgewise.collector.retention import parse_span
    from edgewise.logs.log import read_log
    from edgewise.logs.opening import open_log
    from edgewise.logs.public import get
    from edgewise.simulator.feed import parts_of

    if path is not None:
        log = open_log(path, group=group, choices=choices)
        say_source(log)
    else:
        dataset = read_log(get("occupancy").path, "occupied", None, "split")
        log = dataset.select(dataset.extra["split"] != "train")
    series = [log.select(rows) for rows in log.series()]
    if since is not None:
        series = parts_of(series, parse_span(since))
    return [series[i % len(series)] for i in range(nodes)]
