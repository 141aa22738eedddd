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
    "edgewise init --node kitchen --wifi HOME --broker https://readings.example.org "
    "--token-file FILE --sensor dht22 --pin 4",
    "edgewise init --node cellar --out nodes/cellar.toml",
)

# setting -> question, default; the answer for the broker holds several settings
_QUESTIONS: dict[str, tuple[str, Any]] = {
    "node": ("Name of the node, empty for the one of its MAC", ""),
    "node.here": ("Name of the node, which has a password at the broker here", None),
    "wifi.ssid": ("Wi-Fi network", None),
    "wifi.password": ("Its password", ""),
    "broker": (
        "Broker, mqtt://[user@]host, or here: that of edgewise up on this computer; or a "
        "collector, http[s]://host or coap://host",
        None,
    ),
    "mqtt.password": ("Its password for that user", ""),
    "server.token": ("Its token for this node", None),
    "sensor.kind": ("Sensor, dht22 or dht11", "dht22"),
    "sensor.pin": ("GPIO of its data wire", 4),
}
_HERE, _NODE_HERE = "here", "node.here"
_HIDDEN_INPUTS = ("wifi.password", "mqtt.password", "server.token")
_SERVERS = ("http", "https", "coap")
_NO_TOKEN = "--token-file: is for a collector: --broker http[s]://host or coap://host"
_TOKEN_MAX = 1000  # bytes of a file with one


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
            help="Broker, mqtt[s]://[user@]host[:port], or here: that of edgewise up; or a "
            "collector, http[s]://host[:port] or coap://host[:port]",
        ),
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with the node's token at a collector, mode 600"),
    ] = None,
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
        _link(broker, broker_password_file, token_file)
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
    values = _settings(answers, broker_password_file, token_file)
    values |= {"chip": chip} if chip else {}
    if base and token_file and broker is None:
        if settings.load(base).get("uplink", "mqtt") == "mqtt":
            raise InputError(_NO_TOKEN)
        values["server"] = {"token": _read_token(token_file)}
    folder = (base or out).parent
    if is_here:
        if out.exists() and not force:
            raise InputError(f"{out}: exists already: name another, or --force replaces it")
        values["mqtt"] = _broker_here(folder, str(answers["node"]))
    if base and "host" in values["mqtt"]:  # nothing of the broker of node.toml
        values["uplink"] = "mqtt"
        values["mqtt"] = {"user": "", "password": "", "tls": False} | values["mqtt"]
    for file in (out, out.with_name("secrets.toml")):
        for given in (broker_password_file, token_file):
            if given is not None and outputs.is_same(file, given):
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
    elif settings.uses_tls(settings.complete(full)):
        what = "broker" if "host" in values["mqtt"] else "server"
        say(f"TLS: put the {what}'s CA as ca.der into {out.parent.absolute()}")
    if json:
        emit_json({"written": [str(path) for path in paths]})


def _settings(
    answers: dict[str, Any], password_file: Path | None, token_file: Path | None
) -> dict[str, Any]:
    import secrets

    values: dict[str, Any] = {"wifi": {}, "mqtt": {}, "sensor": {}}
    if "broker" in answers:
        values |= _link(answers.pop("broker"), password_file, token_file)
    mqtt = values["mqtt"]
    if "user" in mqtt and "password" not in mqtt:
        mqtt["password"] = _ask("mqtt.password")
    if "server" in values and "token" not in values["server"]:
        values["server"]["token"] = _ask("server.token")
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
    any_server = {"url": "http://pi.local", "token": "0" * 16}
    if key == "broker":
        values = _link(value)
    if key == "server.token":
        values = {"uplink": "http", "server": {"token": value}}
    if "server" in values:
        values["server"] = any_server | values["server"]
    try:
        settings.check(values | ({"chip": chip} if chip else {}))
        settings.check_board(values | ({"chip": chip} if chip else {}))
    except settings.Wrong as e:
        raise InputError(e.line) from e


def _link(
    url: str, password_file: Path | None = None, token_file: Path | None = None
) -> dict[str, Any]:
    """Return the settings of the way that an address names."""
    scheme = url.partition("://")[0]
    if scheme not in _SERVERS:
        if token_file:
            raise InputError(_NO_TOKEN)
        return {"mqtt": _mqtt(url, password_file)}
    if password_file:
        raise InputError("--broker-password-file: a collector has a token: --token-file")
    server = {"url": url} | ({"token": _read_token(token_file)} if token_file else {})
    return {"uplink": scheme.removesuffix("s"), "server": server}


def _read_token(path: Path) -> str:
    from edgewise.urls import read_secret

    return read_secret("--token-file", path, _TOKEN_MAX).strip()


def _mqtt(url: str, password_file: Path | None = None) -> dict[str, Any]:
    from edgewise.urls import parse_broker

    broker = parse_broker(url, password_file=password_file)
    values: dict[str, Any] = {"host": broker.host, "port": broker.port}
    if broker.user:
        values["user"] = broker.user
        if broker.password is not None:
            values["password"] = broker.password
    return values | ({"tls": True} if broker.tls else {})
