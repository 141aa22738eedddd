"""What the GPIOs of each chip are good for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CHIPS", "USUAL_CHIPS", "other_uses", "pin_errors"]


Key = tuple[str, str]
"""Section and key of a setting."""


@dataclass(frozen=True)
class _Pins:
    """GPIOs of a chip: ``there`` are the ones that it has, ``flash`` those of its flash,
    ``inputs`` drive nothing, ``other_uses``: GPIO -> what else it is, ``straps`` are read at the
    start, and pulled or driven until then."""

    there: Collection[int]
    flash: Collection[int]
    inputs: Collection[int] = ()
    other_uses: Mapping[int, str] = field(default_factory=dict)
    straps: Collection[int] = ()


_ESP32_USES = {
    **dict.fromkeys((1, 3), "the serial line"),
    12: "the voltage of the flash at the start",
}
# ESP-IDF, docs/en/api-reference/peripherals/gpio.rst; ESP32 series datasheet, 2.2 and 2.4, and
# "Strapping Pins" in the datasheet of each chip
_PINS = {
    "esp32": _Pins(
        {*range(24), *range(25, 28), *range(32, 40)},
        range(6, 12),
        range(34, 40),
        _ESP32_USES,
        straps=(0, 2, 5, 15),
    ),
    "esp32-s2": _Pins({*range(22), *range(26, 47)}, range(26, 33), (46,), straps=(0, 45)),
    "esp32-s3": _Pins({*range(22), *range(26, 49)}, range(26, 33), straps=(0, 3, 45, 46)),
    "esp32-c3": _Pins(range(22), range(12, 18), straps=(2, 8, 9)),
    "esp32-c6": _Pins(range(31), range(24, 31), straps=(4, 5, 8, 9, 15)),
}
CHIPS = tuple(_PINS)
USUAL_CHIPS = ("esp32",)
"""The chips of settings that name none."""

_USED = (("sensor", "pin"), ("sensor", "power_pin"), ("actuator", "pin"))
_OUTPUTS = "outputs"
_SENSOR_PIN = 4


def pin_errors(values: Mapping[str, Any], chips: Sequence[str]) -> list[tuple[Key, str]]:
    """Return section and key of each GPIO that cannot work, why, and the cure.

    A GPIO is wrong if it is on each of ``chips``; without any, only if it is used twice.
    """
    errors: list[tuple[Key, str]] = []
    seen: dict[int, str] = {}
    for path, pin in _pins(values).items():
        name = ".".join(path)
        if pin in seen:
            errors.append((path, f"{name}: GPIO {pin} is {seen[pin]} already: choose another"))
        seen.setdefault(pin, name)
        reasons = [_error(pin, chip) for chip in chips]
        if reasons and all(reasons):
            text = " and ".join(filter(None, reasons))
            errors.append((path, f"{name}: GPIO {pin} {text}: {_cure(values)}"))
    return errors


def other_uses(values: Mapping[str, Any], chips: Sequence[str]) -> list[str]:
    """Return a line for each GPIO that has another use on each of ``chips``."""
    lines = [
        f"{'.'.join(path)}: GPIO {pin} is also {_PINS[chips[0]].other_uses[pin]} of "
        f"{_article(chips[0])}: choose another"
        for path, pin in _pins(values).items()
        if chips and all(pin in _PINS[chip].other_uses for chip in chips)
    ]
    return lines + [
        f"{'.'.join(path)}: GPIO {pin} is pulled or driven while {_article(chips[0])} starts, and "
        "a relay may click: choose another"
        for path, pin in _pins(values).items()
        if path[0] == _OUTPUTS and chips and all(pin in _PINS[chip].straps for chip in chips)
    ]


def _pins(values: Mapping[str, Any]) -> dict[Key, int]:
    pins = {}
    for section, key in _USED:
        default = _SENSOR_PIN if (section, key) == _USED[0] else -1
        pin = values.get(section, {}).get(key, default)
        if pin >= 0:
            pins[section, key] = pin
    for n, row in enumerate(values.get(_OUTPUTS, ()), 1):
        pins[_OUTPUTS, str(n)] = row["pin"]
    return pins


def _error(pin: int, chip: str) -> str | None:
    pins = _PINS[chip]
    if pin in pins.flash:
        return f"belongs to the flash of {_article(chip)}"
    if pin not in pins.there:
        return f"is not there on {_article(chip)}"
    if pin in pins.inputs:
        return f"is an input of {_article(chip)} and drives nothing, not even a DHT"
    return None


def _cure(values: Mapping[str, Any]) -> str:
    if "chip" in values:
        return "choose another"
    return 'choose another, or name the board\'s chip, such as chip = "esp32-s3"'


def _article(chip: str) -> str:
    return f"an {chip.upper()}"
