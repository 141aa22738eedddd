"""What cannot work on a board, though each setting has the right type and size."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgenode.core import url
from edgewise.messages.names import name_error
from edgewise.settings.hosts import host_error, spelling_error
from edgewise.settings.model import Wrong, complete
from edgewise.settings.pins import USUAL_CHIPS, other_uses, pin_errors

__all__ = ["check_board", "check_topics", "doubts"]

_SSID_BYTES = 32  # IEEE 802.11, 9.4.2.2
_PASSPHRASE = re.compile(r"[ -~]{8,63}")  # IEEE 802.11, J.4.1
_PSK = re.compile(r"[0-9A-Fa-f]{64}")


def check_board(values: Mapping[str, Any], chips: Sequence[str] = USUAL_CHIPS) -> None:
    """Raise Wrong for the first setting with which a board cannot work.

    ``chips``: those that the board may have, if ``values`` do not name its chip; empty for a node
    on a PC, whose pins are any and which may reach itself.
    """
    check_topics(values)
    settings = complete(values)
    for path, text in [
        *_wifi_errors(settings["wifi"]),
        *_host_errors(settings, host_error if chips else spelling_error),
        *pin_errors(values, _chips(values, chips)),
    ]:
        raise Wrong(path, text, cure="")


def check_topics(values: Mapping[str, Any]) -> None:
    """Raise Wrong for a node's name or a base that topics cannot have."""
    settings = complete(values)
    node = settings["node"]
    if node and (error := name_error(node)):
        hint = "; {mac} is for edgewise flash --node" if "{mac}" in node else ""
        raise Wrong(("node",), f"node {node!r}: {error}{hint}", cure="")
    if error := _base_error(settings["base"]):
        raise Wrong(("base",), f"base {settings['base']!r} {error}", cure="")


def doubts(values: Mapping[str, Any], chips: Sequence[str] = USUAL_CHIPS) -> list[str]:
    """Return a line for each setting that is allowed and seldom meant; ``chips`` as above."""
    settings = complete(values)
    warnings = [
        f"{section}.{key} is empty: this node says its readings on the serial line alone"
        for section, key in _needed(settings["uplink"])
        if not settings[section][key]
    ]
    ssid = settings["wifi"]["ssid"]
    if ssid != ssid.strip():
        warnings.append(f"wifi.ssid: {ssid!r} begins or ends with a blank")
    warnings += [
        f"{name}: {host} has an underscore, which many name servers refuse: prefer its address"
        for name, host in _hosts(settings).items()
        if "_" in host
    ]
    return warnings + other_uses(values, _chips(values, chips))


def _needed(uplink: str) -> list[tuple[str, str]]:
    # without a server the settings of another uplink are refused
    return [("wifi", "ssid"), *([("mqtt", "host")] if uplink == "mqtt" else [])]


def _chips(values: Mapping[str, Any], chips: Sequence[str]) -> Sequence[str]:
    return (values["chip"],) if chips and "chip" in values else chips


def _base_error(base: str) -> str | None:
    if any(c.isspace() or not c.isprintable() for c in base):
        return "has a blank: use letters, digits, - and _"
    if "$" in base:
        return "has a $, which is for the broker's own topics: leave it out"
    if not all(base.split("/")):
        return "has an empty level: leave out the / at its start, at its end, or doubled"
    return None


def _wifi_errors(wifi: Mapping[str, Any]) -> list[tuple[tuple[str, str], str]]:
    errors = []
    ssid, password = wifi["ssid"], wifi["password"]
    if len(ssid.encode()) > _SSID_BYTES:
        text = f"has {len(ssid.encode())} bytes in UTF-8, {_SSID_BYTES} are the most"
        errors.append((("wifi", "ssid"), f"wifi.ssid {text}: write the name as the router has it"))
    if ssid and (not ssid.strip() or not ssid.isprintable()):
        errors.append((("wifi", "ssid"), f"wifi.ssid {ssid!r} is no name: correct it"))
    if password and not (_PASSPHRASE.fullmatch(password) or _PSK.fullmatch(password)):
        text = f"{_password_fault(password)}: WPA takes 8 to 63 of them, or 64 hex digits; "
        errors.append((("wifi", "password"), f"wifi.password {text}empty is an open network"))
    return errors


def _password_fault(password: str) -> str:
    if re.fullmatch(r"[ -~]+", password):
        return f"has {len(password)} characters"
    return "has characters that are not printable ASCII"


def _hosts(settings: Mapping[str, Any]) -> dict[str, str]:
    keys = (("mqtt", "host"), ("mqtt", "server_name"), ("ntp", "host"), ("server", "name"))
    hosts = {f"{s}.{k}": settings[s][k] for s, k in keys if settings[s][k]}
    if settings["uplink"] != "mqtt":
        hosts["server.url"] = url.split(settings["server"]["url"])[1]
    return hosts


def _host_errors(
    settings: Mapping[str, Any], check: Callable[[str], str | None]
) -> list[tuple[list[str], str]]:
    # The certificate of a broker or a server may have any name, localhost too.
    checks = {"mqtt.server_name": spelling_error, "server.name": spelling_error}
    return [
        (name.split("."), f"{name} {error}")
        for name, host in _hosts(settings).items()
        if (error := checks.get(name, check)(host))
    ]
