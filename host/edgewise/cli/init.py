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
)

# setting -> question, default; the answer for the broker holds several settings
_QUESTIONS: dict[str, tuple[str, Any]] = {
    "node": ("Name of the node, empty for the one of its MAC", ""),
    "wifi.ssid": ("Wi-Fi network", None),
    "wifi.password": ("Its password", ""),
    "broker": ("Broker, mqtt://[user@]host", None),
    "mqtt.password": ("Its password for that user", ""),
    "sensor.kind": ("Sensor, dht22 or dht11", "dht22"),
    "sensor.pin": ("GPIO of its data wire", 4),
}
# GPIO -> its other use; ESP32 series datasheet, 2.2 and 2.4
_OTHER_USES = {
    **dict.fromkeys((1, 3), "the serial line"),
    **dict.fromkeys(range(6, 12), "the flash"),
    12: "the voltage of the flash at the start",
    **dict.fromkeys(range(34, 40), "an input without pull-up"),
}
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
        typer.Option(metavar="URL", help="Broker, mqtt[s]://[user@]host[:port]"),
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    sensor: Annotated[
        str | None, typer.Option(metavar="KIND", help="Sensor, dht22 or dht11")
    ] = None,
    pin: Annotated[
        int | None, typer.Option(metavar="GPIO", help="GPIO of the sensor's data wire")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace existing files; the key for updates changes")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Write a node's settings, and its secrets to a file that only you can read.

    Asks for each setting that no option gives.
    """
    from edgewise import settings

    options = {
        "node": node,
        "wifi.ssid": wifi,
        "wifi.password": wifi_password,
        "broker": broker,
        "sensor.kind": sensor,
        "sensor.pin": pin,
    }
    for key, value in options.items():
        if value is not None:
            _check(key, value)
    if broker is not None:
        _mqtt(broker, broker_password_file)
    answers = {key: _ask(key) if value is None else value for key, value in options.items()}
    values = _settings(answers, broker_password_file)
    paths = settings.write(out, values, force)
    say(f"written: {', '.join(map(str, paths))}; next: edgewise build --config {out}")
    if values["mqtt"].get("tls"):
        say(f"TLS: put the broker's CA as ca.der into {out.parent.absolute()}")
    if use := _OTHER_USES.get(values["sensor"]["pin"]):
        say(
            f"GPIO {values['sensor']['pin']} is {use} of an ESP32: fit for a sensor on other chips"
        )
    if json:
        emit_json({"written": [str(path) for path in paths]})


def _settings(answers: dict[str, Any], password_file: Path | None) -> dict[str, Any]:
    import secrets

    mqtt = _mqtt(answers.pop("broker"), password_file)
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


def _ask(key: str) -> Any:
    question, default = _QUESTIONS[key]

    def read(text: str) -> Any:
        # typer prints the error and asks again
        try:
            value = type(default)(text) if default is not None else text
            _check(key, value)
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


def _check(key: str, value: Any) -> None:
    from edgewise import settings

    if key == "broker":
        _mqtt(value)
        return
    section, _, name = key.rpartition(".")
    try:
        settings.check({section: {name: value}} if section else {name: value})
    except settings.Wrong as e:
        raise InputError(f"{e}: correct it") from e


def _mqtt(url: str, password_file: Path | None = None) -> dict[str, Any]:
    from edgewise.urls import parse_broker

    broker = parse_broker(url, password_file=password_file)
    values: dict[str, Any] = {"host": broker.host, "port": broker.port}
    if broker.user:
        values["user"] = broker.user
        if broker.password is not None:
            values["password"] = broker.password
    return values | ({"tls": True} if broker.tls else {})
