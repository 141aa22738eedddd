"""``edgewise ha``: announce nodes to Home Assistant, remove them, import late readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli import ha_import
from edgewise.cli.help import examples, make_app
from edgewise.cli.node_names import DbOrNone, names_reader
from edgewise.cli.options import (
    Base,
    Broker,
    BrokerPasswordFile,
    Ca,
    DbPasswordFile,
    JsonFlag,
    NodeOrAll,
)
from edgewise.console import emit_json, printable, say
from edgewise.errors import InputError, OutsideError

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

    from edgewise.cli.signals import End
    from edgewise.database.names import NodeName
    from edgewise.homeassistant import Display
    from edgewise.homeassistant.updates import Updates
    from edgewise.package.store import Package

_EXAMPLES = (
    "edgewise ha publish --model models/mine --broker mqtt://pi.local --stay",
    "edgewise ha publish --model models/mine --broker mqtt://pi.local --config node.toml",
    "edgewise ha publish --model models/mine --broker mqtt://pi.local --config node.toml --stay "
    "--updates",
    "edgewise ha publish --model models/mine --broker mqtt://pi.local --fahrenheit",
    "edgewise ha publish --model models/mine --broker mqtt://pi.local --db sqlite:///edgewise.db",
    "edgewise ha clean --broker mqtt://pi.local --node attic",
)
app = make_app(*_EXAMPLES, *ha_import.EXAMPLES, no_args_is_help=True)
app.command("import", epilog=examples(*ha_import.EXAMPLES))(ha_import.ha_import)
_BUFFER_READINGS = 228  # a sleeping node keeps these in RTC memory before it must report
_NAMES_S = 10.0  # between two looks at the names in the database
_MISSED_REPORTS = 2.5  # its reading expires after these


@app.callback()
def ha() -> None:
    """Announce nodes to Home Assistant, remove them from it, or import late readings."""


@app.command(epilog=examples(*_EXAMPLES[:-1]))
def publish(
    broker: Broker,
    model: Annotated[Path, typer.Option(help="Model package that names the classes")],
    broker_password_file: BrokerPasswordFile = None,
    node: NodeOrAll = "all",
    config: Annotated[
        Path | None,
        typer.Option(
            help="Settings of the nodes, as for edgewise build; needed for nodes that sleep or "
            "have outputs"
        ),
    ] = None,
    stay: Annotated[
        bool,
        typer.Option("--stay", help="Keep running and announce again when Home Assistant starts"),
    ] = False,
    updates: Annotated[
        bool,
        typer.Option(
            "--updates",
            help="With --stay: show the model of each node, with a button that sends --model to "
            "it, signed with the key in --config",
        ),
    ] = False,
    fahrenheit: Annotated[
        bool,
        typer.Option(
            "--fahrenheit",
            help="Announce temperatures in Fahrenheit; nodes still report Celsius. Home Assistant "
            "shows the unit of its own settings with and without it",
        ),
    ] = False,
    colder_by: Annotated[
        float | None,
        typer.Option(
            metavar="KELVIN",
            min=0,
            max=30,
            help="For the risk of mould: how much colder than the air the coldest surface is [3]",
        ),
    ] = None,
    ca: Ca = None,
    base: Base = "edgewise",
    db: DbOrNone = None,
    db_password_file: DbPasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """Announce nodes to Home Assistant; the broker keeps the announcement."""
    from edgewise import homeassistant as ha
    from edgewise.cli.signals import catch_end
    from edgewise.homeassistant.updates import Updates
    from edgewise.package.store import load_package

    if updates and not (stay and config):
        raise InputError(
            "--updates: this command sends the models: add --stay, and --config with the keys"
        )
    loaded = load_package(model)
    expire_s = _read_expiry(config, loaded.period_ms)
    read_names = names_reader(db, db_password_file)
    if node != "all":
        ha.config_topic(node)
    with _connect(broker, ca, broker_password_file) as client:
        nodes = ha.find_nodes(client, base) if node == "all" else {node: True}
        if not nodes:
            raise OutsideError(f"no node below {base}/ has said anything yet: name it with --node")
        display = (
            ha.Display(fahrenheit) if colder_by is None else ha.Display(fahrenheit, colder_by)
        )
        keys = _keys(config, nodes, expire_s) if config and updates else {}
        outputs = _read_outputs(config)
        unnamed = _devices(nodes, loaded, base, expire_s, display, keys, outputs)
        devices = _add_names(unnamed, read_names())
        ha.publish(client, devices)
        wait_for_end = catch_end() if stay else None
        for name in devices:
            say(f"announced: {name}")
        if json:
            emit_json({"announced": list(devices)})
        if wait_for_end:
            keys = {name: key for name, key in keys.items() if name in devices}
            read = None if db is None else lambda: _add_names(unnamed, read_names())
            _stay(client, devices, Updates(client, base, loaded, keys, say), wait_for_end, read)


@app.command(epilog=examples(_EXAMPLES[-1]))
def clean(
    broker: Broker,
    node: NodeOrAll,
    broker_password_file: BrokerPasswordFile = None,
    ca: Ca = None,
    base: Base = "edgewise",
    json: JsonFlag = False,
) -> None:
    """Remove nodes from Home Assistant."""
    from edgewise import homeassistant as ha

    with _connect(broker, ca, broker_password_file) as client:
        nodes = ha.find_announced(client, base) if node == "all" else [node]
        ha.clean(client, base, nodes)
        for name in nodes:
            say(f"removed: {name}")
    if json:
        emit_json({"taken_back": nodes})


def _devices(
    nodes: Mapping[str, bool],
    model: Package,
    base: str,
    expire_s: Callable[[str], int | None],
    display: Display,
    keys: Mapping[str, str],
    outputs: Callable[[str], list[str]],
) -> dict[str, dict[str, Any]]:
    from edgewise import homeassistant as ha
    from edgewise.package.heads import is_alone
    from edgewise.training.detector import UNUSUAL

    node_model = ha.NodeModel(
        model.classes,
        model.info["name"],
        alarm=UNUSUAL if is_alone(model.info) else None,
        has_u="detector" in model.heads,
        minutes=model.heads.get("next", {}).get("minutes", []),
        learns="learn" in model.heads,
    )
    devices = {}
    for node, has_status in nodes.items():
        expiry_s = expire_s(node)
        try:
            if expiry_s is None and not has_status:
                raise InputError(f"node {node!r}: it sleeps: name its settings with --config")
            update = None if node not in keys else "push" if keys[node] else "show"
            devices[node] = ha.discovery(
                node, node_model, base, display, expiry_s, update, outputs(node)
            )
        except InputError as e:
            say(f"left out: {e}")
    if not devices:
        raise OutsideError(f"no node below {base}/ can be announced: see the lines above")
    return devices


def _add_names(
    devices: Mapping[str, dict[str, Any]], names: Mapping[str, NodeName]
) -> dict[str, dict[str, Any]]:
    from edgewise import homeassistant as ha

    return {
        node: ha.with_name(device, names[node].name, names[node].room) if node in names else device
        for node, device in devices.items()
    }


def _follow_names(
    wait_for_end: End,
    client: mqtt.Client,
    devices: dict[str, dict[str, Any]],
    read: Callable[[], dict[str, dict[str, Any]]],
) -> None:
    # ``devices``: what is announced again at each start of Home Assistant, updated here
    from edgewise import homeassistant as ha

    problem = ""
    while not wait_for_end(_NAMES_S):
        try:
            renamed = {node: new for node, new in read().items() if new != devices[node]}
            devices.update(renamed)
            if renamed:
                ha.publish(client, renamed)
                say(f"announced with a new name: {', '.join(renamed)}")
        except OutsideError as e:
            if str(e) != problem:
                say(str(e))
            problem = str(e)
        else:
            problem = ""


def _stay(
    client: mqtt.Client,
    devices: dict[str, dict[str, Any]],
    updates: Updates,
    wait_for_end: End,
    read: Callable[[], dict[str, dict[str, Any]]] | None,
) -> None:
    # ``read``: the devices with their names of now; None where there are no names
    from edgewise import homeassistant as ha
    from edgewise.homeassistant.updates import run_updates

    def resume() -> None:
        say("announced again")
        updates.subscribe()

    with ha.publish_at_birth(client, devices, resume), run_updates(updates):
        if read is None:
            wait_for_end()
        else:
            _follow_names(wait_for_end, client, devices, read)


def _keys(
    config: Path, nodes: Mapping[str, bool], expire_s: Callable[[str], int | None]
) -> dict[str, str]:
    """Node -> its key, "" without, of the nodes that listen all the time."""
    from edgewise.ota import key_of

    keys = {node: key_of(config, node) for node in nodes if expire_s(node) is None}
    for node, key in keys.items():
        if not key:
            say(f"{printable(node)}: no update.secret in {config}: only the versions are shown")
    return keys


def _read_expiry(config: Path | None, period_ms: int) -> Callable[[str], int | None]:
    """Return a function: node -> seconds until its reading expires, None if it does not sleep."""
    from edgewise import settings

    fleet = settings.fleet(config) if config else {}
    default = settings.load(config) if config else {}

    def expire_s(node: str) -> int | None:
        node_settings = settings.complete(fleet.get(node) or default)
        if not node_settings["sleep"] or node_settings["node"] not in ("", node):
            return None
        readings = node_settings["report_every"] or _BUFFER_READINGS
        return int(_MISSED_REPORTS * readings * (node_settings["period_ms"] or period_ms) / 1000)

    return expire_s


def _read_outputs(config: Path | None) -> Callable[[str], list[str]]:
    """Return a function: node -> the names of its outputs."""
    from edgewise import settings

    fleet = settings.fleet(config) if config else {}
    default = settings.load(config) if config else {}

    def outputs(node: str) -> list[str]:
        given = fleet.get(node) or default
        is_other = given.get("node", "") not in ("", node)
        return [] if is_other else [row["name"] for row in given.get("outputs", ())]

    return outputs


def _connect(
    broker: str, ca: Path | None, password_file: Path | None
) -> AbstractContextManager[mqtt.Client]:
    from edgewise.ota.targets import connection
    from edgewise.urls import parse_broker

    return connection(parse_broker(broker, ca, password_file=password_file))
