"""A board on a port: opens, answers, runs the right MicroPython, reads, connects."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgenode.core.decode import ERRORS, Decoder
from edgenode.core.settings import settings
from edgewise.board.arch import ARCHES
from edgewise.board.doctor.check import Check
from edgewise.board.ports import board_ports, open_port
from edgewise.board.repl import Repl, open_repl
from edgewise.errors import EdgewiseError, OutsideError

__all__ = ["checks"]

_ON_BOARD = Path(__file__).with_name("on_board.py")
_FLASH = "run edgewise flash with --image auto"
_BUILD = "run edgewise build and edgewise flash"
_HEAP_MIN, _DISK_MIN = 40_000, 64_000  # what the node takes; a spool of a few hours
_RSSI_MIN_DBM = -80
_WIFI_S = 20
_CLOCK_OFF_S = 5


def checks(port: str) -> list[Check]:
    """Look at the board on ``port``. It is interrupted for that, and its node started again."""
    found = [_port(port)]
    if not found[0].ok:
        return found
    if "://" not in port:
        found.append(_usb(port))
    try:
        with open_repl(port) as repl:
            repl.exec(_ON_BOARD.read_text())
            return [*found, *_read_facts(repl)]
    except OutsideError as e:
        return [*found, Check("MicroPython", False, True, "", f"{e}: {_FLASH}")]


def _port(port: str) -> Check:
    try:
        open_port(port).close()
    except EdgewiseError as e:
        return Check("port", False, True, "", str(e))
    return Check("port", True, True, port, "")


def _usb(port: str) -> Check:
    info = next((p for p in board_ports() if p.device == port), None)
    found = f"{info.description} ({info.vid:04x}:{info.pid:04x})" if info else ""
    cure = "none that ESP32 boards have: is it the right port?"
    return Check("USB chip", info is not None, False, found, "" if info else cure)


def _read_facts(repl: Repl) -> list[Check]:
    def ask(call: str) -> Any:
        return json.loads(repl.exec(f"tell({call})").strip().splitlines()[-1])

    facts = ask("system()")
    found = [*_system(facts)]
    given = _settings(repl)
    if given is None:
        cure = f"no config.json on it, or a damaged one: {_BUILD}"
        return [*found, Check("settings", False, True, "", cure)]
    found.append(
        _sensor(ask(f"sensor({given['sensor.pin']}, {given['sensor.power_pin']})"), given)
    )
    wifi = ask(f"wifi({given['wifi.ssid']!r}, {given['wifi.password']!r}, {_WIFI_S})")
    found.append(_wifi(wifi, given))
    if wifi[0]:
        found += [_broker(ask, given), _clock(ask, given)]
    return found


def _settings(repl: Repl) -> dict[str, Any] | None:
    # section.key -> value, with the defaults of the node
    text = repl.exec(
        "try: print(open('config.json').read())\nexcept OSError: print('null')"
    ).strip()
    try:
        given = json.loads(text)
    except ValueError:
        return None
    if not isinstance(given, dict):
        return None
    full: dict[str, Any] = {}
    for section, key, _, default, *_ in settings():
        source = given.get(section, {}) if section else given
        if not isinstance(source, dict):
            return None
        full[f"{section}.{key}" if section else key] = source.get(key, json.loads(default))
    return full


def _system(facts: dict[str, Any]) -> list[Check]:
    mpy = facts["mpy"]
    abi = f"{mpy & 255}.{mpy >> 8 & 3} {ARCHES[mpy >> 10]}" if mpy >> 10 < len(ARCHES) else "?"
    version = ".".join(map(str, facts["version"]))
    heap, disk = facts["heap"], facts["disk"]
    return [
        _is("chip", "ESP32" in facts["machine"], facts["machine"], "use a board with an ESP32"),
        _is("MicroPython >= 1.23", tuple(facts["version"]) >= (1, 23), version, _FLASH),
        _is(".mpy 6.3", abi.startswith("6.3 "), abi, _FLASH),
        _is("free heap", heap >= _HEAP_MIN, f"{heap >> 10} KB", f"{heap >> 10} KB only: {_FLASH}"),
        _is("free flash", disk >= _DISK_MIN, f"{disk >> 10} KB",
            f"{disk >> 10} KB only: remove files, or {_FLASH} --erase"),
    ]  # fmt: skip


def _sensor(answer: Any, given: dict[str, Any]) -> Check:
    where = f"GPIO {given['sensor.pin']}"
    cure = f"on {where}: check supply, data wire and its pull-up of 10 kOhm, or sensor.pin"
    if not isinstance(answer, list):
        return Check("sensor", False, True, "", f"no answer ({answer}) {cure}")
    reading = [0, 0]
    code = Decoder(given["sensor.kind"]).decode(bytes(answer), reading)
    if code:
        return Check("sensor", False, True, "", f"{ERRORS[code]} {cure}, or sensor.kind")
    t_dc, h_pm = reading
    return Check("sensor", True, True, f"{t_dc / 10} C {h_pm / 10} % on {where}", "")


def _wifi(answer: Any, given: dict[str, Any]) -> Check:
    connected, dbm, seen = answer
    name = given["wifi.ssid"]
    if not seen:
        cure = f"{name!r} is not in the air: check wifi.ssid; an ESP32 hears 2.4 GHz only"
        return Check("Wi-Fi", False, True, "", cure)
    if not connected:
        return Check("Wi-Fi", False, True, "", f"{name!r} lets it not in: check wifi.password")
    weak = dbm < _RSSI_MIN_DBM
    cure = f"{dbm} dBm is weak: nearer to the access point, or free of metal" if weak else ""
    return Check("Wi-Fi", not weak, False, f"{name} {dbm} dBm", cure)


def _broker(ask: Callable[[str], Any], given: dict[str, Any]) -> Check:
    host, port = given["mqtt.host"], given["mqtt.port"]
    why = ask(f"reach({host!r}, {port})")
    cure = f"{host}:{port} does not answer ({why}): check mqtt.host and port, broker and firewall"
    return _is("broker", not why, f"{host}:{port}", cure)


def _clock(ask: Callable[[str], Any], given: dict[str, Any]) -> Check:
    host = given["ntp.host"]
    if not host:
        return Check("clock", True, False, "off: ntp.host is empty", "")
    said = ask(f"clock({host!r})")
    if not isinstance(said, int):
        cure = f"{host} does not answer ({said}): check ntp.host, or let UDP port 123 through"
        return Check("clock", False, False, "", cure)
    off_s = round(said - time.time())
    cure = f"{host} is {off_s} s off from this computer: check both"
    return _is("clock", abs(off_s) <= _CLOCK_OFF_S, f"{host}, {off_s:+d} s", cure)


def _is(name: str, ok: bool, found: str, cure: str) -> Check:
    return Check(name, ok, True, found if ok else "", "" if ok else cure)
