"""The sensor of a node on Linux: one of the kernel's IIO devices, or a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.errors import InputError, OutsideError

__all__ = ["Sensor", "find_sensor", "is_command"]

# Documentation/ABI/testing/sysfs-bus-iio
_DEVICES = Path("/sys/bus/iio/devices")
_T, _H = "in_temp", "in_humidityrelative"
_COMMAND, _IIO = "command:", "iio:"
_DHT = "dht11"  # the driver's name, for a DHT22 too


@dataclass(frozen=True)
class Sensor:
    """``text`` names it for people; ``given`` is what board/sensor.py makes it of."""

    text: str
    given: dict[str, Any]


def find_sensor(wanted: str | None, pin: int, folder: Path) -> Sensor:
    """Return the sensor that ``wanted`` names: iio:NAME, command:CMD, None for the only one.

    ``pin``: the GPIO that an overlay would be for; ``folder``: where a command runs. InputError
    for what names no sensor or where there are several, OutsideError where there is none.
    """
    if wanted is not None and is_command(wanted):
        command = wanted.removeprefix(_COMMAND).strip()
        if not command or "\0" in command:
            raise InputError("--sensor command:CMD: CMD is empty: write what prints two numbers")
        return Sensor(f"command {command}", {"command": command, "folder": str(folder.absolute())})
    if wanted is not None and not wanted.startswith(_IIO):
        raise InputError(f"--sensor {wanted}: write iio:NAME or command:CMD")
    found = {folder: given for folder in _folders() if (given := _channels(folder))}
    names = [_name(folder) for folder in found]
    if wanted is not None:
        name = wanted.removeprefix(_IIO)
        found = {f: given for f, given in found.items() if name in (_short(f), _driver(f))}
        if not found:
            there = ", ".join(names) or "none"
            raise OutsideError(f"--sensor {wanted}: not there; humidity sensors are: {there}")
    if not found:
        raise OutsideError(
            f"no humidity sensor in {_DEVICES}: on a Raspberry Pi add the line "
            f"dtoverlay=dht11,gpiopin={pin} to /boot/firmware/config.txt and start it again "
            "(docs/linux-node.md), or name a program with --sensor command:CMD"
        )
    if len(found) > 1:
        raise InputError(
            f"several humidity sensors: {', '.join(names)}: choose with "
            f"--sensor iio:{_short(next(iter(found)))}"
        )
    folder, given = found.popitem()
    return Sensor(_name(folder), given)


def is_command(wanted: str | None) -> bool:
    """Return whether ``wanted`` names a command."""
    return wanted is not None and wanted.startswith(_COMMAND)


def _folders() -> list[Path]:
    return sorted(_DEVICES.glob("iio:device*"), key=lambda f: (len(f.name), f.name))


def _short(folder: Path) -> str:
    return folder.name.removeprefix(_IIO)


def _driver(folder: Path) -> str:
    try:
        return (folder / "name").read_text().strip()
    except OSError:
        return ""


def _name(folder: Path) -> str:
    return f"{folder.name} ({_driver(folder)})"


def _channels(folder: Path) -> dict[str, Any] | None:
    t, h = _files(folder, _T), _files(folder, _H)
    return {"t": t, "h": h, "is_dht": _driver(folder).startswith(_DHT)} if t and h else None


def _files(folder: Path, channel: str) -> list[str | None]:
    # [processed], or [raw, scale, offset or None]; empty without the channel
    processed = folder / f"{channel}_input"
    if processed.exists():
        return [str(processed)]
    raw, scale, offset = (folder / f"{channel}_{part}" for part in ("raw", "scale", "offset"))
    if not (raw.exists() and scale.exists()):
        return []
    return [str(raw), str(scale), str(offset) if offset.exists() else None]
