"""Check a board on a port: port, MicroPython, settings, sensor, Wi-Fi, its uplink and clock."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgenode.core import url
from edgenode.core.decode import ERRORS, Decoder
from edgenode.core.settings import settings
from edgewise.board.arch import ARCHES
from edgewise.board.doctor import Check
from edgewise.board.ports import board_ports, open_port
from edgewise.board.repl import Repl, open_repl
from edgewise.errors import EdgewiseError, OutsideError

__all__ = ["checks"]

_ON_BOARD = Path(__file__).with_name("on_board.py")
_FLASH_CURE = "run edgewise flash with --image auto"
_BUILD_CURE = "run edgewise build and edgewise flash"
_HEAP_MIN, _DISK_MIN = 40_000, 64_000  # bytes: what the node needs; a spool of a few hours
_RSSI_MIN_DBM = -80
_WIFI_S = 20
_CLOCK_OFF_S = 5


def checks(port: str) -> list[Check]:
    """Check the board on ``port``; this interrupts its node and starts it again."""
    results = [_check_port(port)]
    if not results[0].ok:
        return results
    if "://" not in port:
        results.append(_check_usb(port))
    try:
        with open_repl(port) as repl:
            repl.exec(_ON_BOARD.read_text())
            return [*results, *_read_facts(repl)]
    except OutsideError as e:
        return [*results, Check("MicroPython", False, True, "", f"{e}; or {_FLASH_CURE}")]


def _check_port(port: str) -> Check:
    try:
        open_port(port).close()
    except EdgewiseError as e:
        return Check("port", False, True, "", str(e))
    return Check("port", True, True, port, "")


def _check_usb(port: str) -> Check:
    info = next((p for p in board_ports() if p.device == port), None)
    description = f"{info.description} ({info.vid:04x}:{info.pid:04x})" if info else ""
    cure = "none that ESP32 boards have: is it the right port?"
    return Check("USB chip", info is not None, False, description, "" if info else cure)


def _read_facts(repl: Repl) -> list[Check]:
    def ask(call: str) -> Any:
        return json.loads(repl.exec(f"tell({call})").strip().splitlines()[-1])

    facts = ask("system()")
    results = [*_check_system(facts)]
    node_settings = _read_settings(repl)
    if node_settings is None:
        cure = f"no config.json on it, or a damaged one: {_BUILD_CURE}"
        return [*results, Check("settings", False, True, "", cure)]
    results.append(
        _check_sensor(
            ask(f"sensor({node_settings['sensor.pin']}, {node_settings['sensor.power_pin']})"),
            node_settings,
        )
    )
    wifi = ask(
        f"wifi({node_settings['wifi.ssid']!r}, {node_settings['wifi.password']!r}, {_WIFI_S})"
    )
    results.append(_check_wifi(wifi, node_settings))
    if wifi[0]:
        results += [_check_uplink(ask, node_settings), _check_clock(ask, node_settings)]
    return results


def _read_settings(repl: Repl) -> dict[str, Any] | None:
    # section.key -> value, with the node's defaults; None without valid settings
    text = repl.exec(
        "try: print(open('config.json').read())\nexcept OSError: print('null')"
    ).strip()
    try:
        config = json.loads(text)
    except ValueError:
        return None
    if not isinstance(config, dict):
        return None
    full: dict[str, Any] = {}
    for section, key, _, default, *_ in settings():
        source = config.get(section, {}) if section else config
        if not isinstance(source, dict):
            return None
        full[f"{section}.{key}" if section else key] = source.get(key, json.loads(default))
    return full


def _check_system(facts: dict[str, Any]) -> list[Check]:
    mpy = facts["mpy"]
    abi = f"{mpy & 255}.{mpy >> 8 & 3} {ARCHES[mpy >> 10]}" if mpy >> 10 < len(ARCHES) else "?"
    version = ".".join(map(str, facts["version"]))
    heap, disk = facts["heap"], facts["disk"]
    heap_kb, disk_kb = f"{heap >> 10} KB", f"{disk >> 10} KB"
    return [
        _require(
            "chip", "ESP32" in facts["machine"], facts["machine"], "use a board with an ESP32"
        ),
        _require("MicroPython >= 1.23", tuple(facts["version"]) >= (1, 23), version, _FLASH_CURE),
        _require(".mpy 6.3", abi.startswith("6.3 "), abi, _FLASH_CURE),
        _require("free heap", heap >= _HEAP_MIN, heap_kb, f"{heap_kb} only: {_FLASH_CURE}"),
        _require(
            "free flash",
            disk >= _DISK_MIN,
            disk_kb,
            f"{disk_kb} only: remove files, or {_FLASH_CURE} --erase",
        ),
    ]


def _check_sensor(answer: Any, node_settings: dict[str, Any]) -> Check:
    pin = f"GPIO {node_settings['sensor.pin']}"
    cure = f"on {pin}: check supply, data wire and its pull-up of 10 kOhm, or sensor.pin"
    if not isinstance(answer, list):
        return Check("sensor", False, True, "", f"no answer ({answer}) {cure}")
    reading = [0, 0]
    code = Decoder(node_settings["sensor.kind"]).decode(bytes(answer), reading)
    if code:
        return Check("sensor", False, True, "", f"{ERRORS[code]} {cure}, or sensor.kind")
    t_dc, h_pm = reading
    return Check("sensor", True, True, f"{t_dc / 10} C {h_pm / 10} % on {pin}", "")


def _check_wifi(answer: Any, node_settings: dict[str, Any]) -> Check:
    is_connected, dbm, is_visible = answer
    name = node_settings["wifi.ssid"]
    if not is_visible:
        cure = f"{name!r} is not in the air: check wifi.ssid; an ESP32 hears 2.4 GHz only"
        return Check("Wi-Fi", False, True, "", cure)
    if not is_connected:
        return Check("Wi-Fi", False, True, "", f"{name!r} lets it not in: check wifi.password")
    is_weak = dbm < _RSSI_MIN_DBM
    cure = f"{dbm} dBm is weak: nearer to the access point, or free of metal" if is_weak else ""
    return Check("Wi-Fi", not is_weak, False, f"{name} {dbm} dBm", cure)


def _check_uplink(ask: Callable[[str], Any], node_settings: dict[str, Any]) -> Check:
    uplink = node_settings["uplink"]
    if uplink == "mqtt":
        return _check_broker(ask, node_settings)
    address = node_settings["server.url"]
    try:
        _, host, port, _ = url.split(address)
    except ValueError:
        return Check("server", False, True, "", f"server.url is no address: {_BUILD_CURE}")
    reason = ask(f"{'ping' if uplink == 'coap' else 'reach'}({host!r}, {port})")
    cure = f"{address} does not answer ({reason}): check server.url, collector and firewall"
    return _require("server", not reason, address, cure)


def _check_broker(ask: Callable[[str], Any], node_settings: dict[str, Any]) -> Check:
    host, port = node_settings["mqtt.host"], node_settings["mqtt.port"]
    reason = ask(f"reach({host!r}, {port})")
    cure = (
        f"{host}:{port} does not answer ({reason}): check mqtt.host and port, broker and firewall"
    )
    return _require("broker", not reason, f"{host}:{port}", cure)


def _check_clock(ask: Callable[[str], Any], node_settings: dict[str, Any]) -> Check:
    host = node_settings["ntp.host"]
    if not host:
        return Check("clock", True, False, "off: ntp.host is empty", "")
    reply = ask(f"clock({host!r})")
    if not isinstance(reply, int):
        cure = f"{host} does not answer ({reply}): check ntp.host, or let UDP port 123 through"
        return Check("clock", False, False, "", cure)
    off_s = round(reply - time.time())
    cure = f"{host} is {off_s} s off from this computer: check both"
    return _require("clock", abs(off_s) <= _CLOCK_OFF_S, f"{host}, {off_s:+d} s", cure)


def _require(name: str, ok: bool, description: str, cure: str) -> Check:
    return Check(name, ok, True, description if ok else "", "" if ok else cure)
