"""``edgewise init``: ask a few questions and write node.toml and secrets.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from edgewise.cli.options import BrokerPasswordFile, JsonFlag
from edgewise.console import emit_json, say
from edgewise.errors import InputError

EXAMPLES = (
    "edgewise init",
    "edgewise init --node kitchen --wifi HOME --broker mqtt://user@raspberrypi.local "
    "--sensor dht22 --pin 4",
    "edgewise init --node kitchen --wifi HOME --broker here --sensor dht22 --pin 4",
    "edgewise init --node cellar --out nodes/cellar.toml",
)

# setting -> question, default; the answer for the broker holds several settings
_QUESTIONS: dict[str, tuple[str, Any]] = {
    "node": ("Name of the node, empty for the one of its MAC", ""),
    "node.here": ("Name of the node, which has a password at the broker here", None),
    "wifi.ssid": ("Wi-Fi network", None),
    "wifi.password": ("Its password", ""),
    "broker": ("Broker, mqtt://[user@]host, or here: that of edgewise up on this computer", None),
    "mqtt.password": ("Its password for that user", ""),
    "sensor.kind": ("Sensor, dht22 or dht11", "dht22"),
    "sensor.pin": ("GPIO of its data wire", 4),
}
_HERE, _NODE_HERE = "here", "node.here"
_HIDDEN_INPUTS = ("wifi.password", "mqtt.password")


def init(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Settings file to write")] = Path(
        "node.toml"
    ),
    node: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the node; empty: from its MAC address"),
    ] = None,
    wifi: Annotated[str | None, typer.Option(metavar="SSID", help="Wi-Fi network")] = None,
    wifi_password: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Wi-Fi password; empty for an open network")
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Broker, mqtt[s]://[user@]host[:port], or here: that of edgewise up",
        ),
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    sensor: Annotated[
        str | None, typer.Option(metavar="KIND", help="Sensor, dht22 or dht11")
    ] = None,
    pin: Annotated[
        int | None, typer.Option(metavar="GPIO", help="GPIO of the sensor's data wire")
    ] = None,
    chip: Annotated[
        str | None,
        typer.Option(metavar="CHIP", help="esp32-s2, -s3, -c3 or -c6; without it an esp32"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace existing files; the keys for updates stay")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Write a node's settings, and its secrets to a file that only you can read.

    Asks for each setting that no option gives. For a file in nodes/ beside node.toml it asks
    nothing: such a file is for one more node and holds what differs.
    """
    from edgewise import settings
    from edgewise.cli import outputs

    options = {
        "node": node,
        "wifi.ssid": wifi,
        "wifi.password": wifi_password,
        "broker": broker,
        "sensor.kind": sensor,
        "sensor.pin": pin,
    }
    base = settings.base_of(out)
    known_chip = chip or (settings.load(base).get("chip") if base else None)
    for key, value in options.items():
        if value is not None:
            _check(key, value, known_chip)
    if broker is not None and broker != _HERE:
        _mqtt(broker, broker_password_file)
    if base:
        options["node"] = node or out.stem
        answers = {key: value for key, value in options.items() if value is not None}
    else:
        answers = {
            key: _ask(key, chip) if value is None else value for key, value in options.items()
        }
    is_here = answers.get("broker") == _HERE
    if is_here:
        del answers["broker"]
        answers["node"] = answers.get("node") or _ask(_NODE_HERE)
    values = _settings(answers, broker_password_file) | ({"chip": chip} if chip else {})
    folder = (base or out).parent
    if is_here:
        if out.exists() and not force:
            raise InputError(f"{out}: exists already: name another, or --force replaces it")
        values["mqtt"] = _broker_here(folder, str(answers["node"]))
    if base and broker is not None:  # nothing of the broker of node.toml
        values["mqtt"] = {"user": "", "password": "", "tls": False} | values["mqtt"]
    for file in (out, out.with_name("secrets.toml")):
        if broker_password_file is not None and outputs.is_same(file, broker_password_file):
            raise InputError(f"{file}: is an input of this command: choose another --out")
    paths = settings.write(out, values, force)
    say(f"written: {', '.join(map(str, paths))}; next: edgewise build --config {out}")
    full = settings.load(out)
    for warning in settings.doubts(full):
        say(f"{out}: {warning}")
    secrets = out.with_name("secrets.toml")
    if secrets.is_file() and secrets not in paths:
        say(f"{secrets}: is kept as it is; its passwords and its key are for {out} too")
    if is_here:
        say(
            f"{folder / 'broker'}: from its next start edgewise up lets {values['node']} in, "
            f"at {values['mqtt']['host']}"
        )
    elif settings.complete(full)["mqtt"]["tls"]:
        say(f"TLS: put the broker's CA as ca.der into {out.parent.absolute()}")
    if json:
        emit_json({"written": [str(path) for path in paths]})


def _settings(answers: dict[str, Any], password_file: Path | None) -> dict[str, Any]:
    import secrets

    mqtt = _mqtt(answers.pop("broker"), password_file) if "broker" in answers else {}
    if "user" in mqtt and "password" not in mqtt:
        mqtt["password"] = _ask("mqtt.password")
    values: dict[str, Any] = {"wifi": {}, "mqtt": mqtt, "sensor": {}}
    for path, value in answers.items():
        section, _, key = path.rpartition(".")
        if section:
            values[section][key] = value
        elif value:
            values[key] = value
    keys = {key: secrets.token_hex(32) for key in ("secret", "fleet_secret")}
    return values | {"update": keys}


def _broker_here(folder: Path, node: str) -> dict[str, Any]:
    """Return the settings mqtt of ``node`` for the broker of `edgewise up` on ``folder``.

    Makes its folder, and the file ca.der that they name.
    """
    from edgewise import settings
    from edgewise.broker import setup
    from edgewise.logs.writing import write_atomic

    broker, ca = folder / "broker", folder / "ca.der"
    known = broker / "nodes/ca.der"
    if ca.exists() and not (known.exists() and known.read_bytes() == ca.read_bytes()):
        raise InputError(f"{ca}: is the CA of another broker: move it")
    setup.init(broker, [], [node])
    if not (broker / ".gitignore").exists():
        write_atomic(broker / ".gitignore", b"*\n")
    nodes = broker / "nodes"
    write_atomic(ca, known.read_bytes())
    values: dict[str, Any] = settings.load(nodes / f"{node}.toml")["mqtt"]
    for name in (values.get("cert"), values.get("key")):
        if name:
            write_atomic(folder / name, (nodes / name).read_bytes(), 0o600)
    return values


def _ask(key: str, chip: str | None = None) -> Any:
    question, default = _QUESTIONS[key]

    def read(text: str) -> Any:
        # typer prints the error and asks again
        try:
            value = type(default)(text) if default is not None else text
            _check(key, value, chip)
            return value
        except InputError as e:
            raise typer.BadParameter(str(e)) from e
        except ValueError as e:
            raise typer.BadParameter("a whole number is expected") from e

    try:
        return typer.prompt(
            question,
            default,
            hide_input=key in _HIDDEN_INPUTS,
            show_default=bool(default),
            err=True,
            value_proc=read,
        )
    except typer.Abort as e:
        if isinstance(e.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from e
        raise InputError(f"{key}: no answer: type one, or give it as an option") from e


def _check(key: str, value: Any, chip: str | None) -> None:
    from edgewise import settings

    section, _, name = ("node" if key == _NODE_HERE else key).rpartition(".")
    values: dict[str, Any] = {section: {name: value}} if section else {name: value}
    if key == "broker" and value == _HERE:
        return
    if key == "broker":
        values = {"mqtt": _mqtt(value)}
    try:
        settings.check(values | ({"chip": chip} if chip else {}))
        settings.check_board(values | ({"chip": chip} if chip else {}))
    except settings.Wrong as e:
        raise InputError(e.line) from e


def _mqtt(url: str, password_file: Path | None = None) -> dict[str, Any]:
    from edgewise.urls import parse_broker

    broker = parse_broker(url, password_file=password_file)
    values: dict[str, Any] = {"host": broker.host, "port": broker.port}
    if broker.user:
        values["user"] = broker.user
        if broker.password is not None:
            values["password"] = broker.password
    return values | ({"tls": True} if broker.tls else {})
