"""How a log file was understood, for people and for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """``columns``: role -> name in the file; ``time_format``, ``zone``, ``unit``,
    ``humidity_unit``: as read; ``since_start``: the times count from the start of the log;
    ``is_guessed``: the columns have names that are not those of the contract."""

    form: str = "CSV"
    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."
    columns: dict[str, str] = field(default_factory=dict)
    time_format: str = "ISO 8601"
    zone: str = "UTC"
    unit: str = "C"
    humidity_unit: str = "%"
    since_start: bool = False
    is_guessed: bool = False
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the description as short lines."""
        names = ", ".join(f"{role} {name!r}" for role, name in self.columns.items())
        written = f"{self.form}, {self.encoding}" if self.encoding else self.form
        if self.separator:
            written += f", separator {_SEPARATORS.get(self.separator, self.separator)}"
        return [
            f"{written}, decimal {'comma' if self.decimal == ',' else 'point'}",
            f"columns: {names}",
            f"time: {self.time_format}, {self.zone}",
            f"units: {_UNITS[self.unit]}, {_HUMIDITY_UNITS[self.humidity_unit]}",
            *self.notes,
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return {
            "form": self.form,
            "encoding": self.encoding,
            "separator": self.separator,
            "decimal": self.decimal,
            "columns": self.columns,
            "time_format": self.time_format,
            "zone": self.zone,
            "unit": self.unit,
            "humidity_unit": self.humidity_unit,
            "notes": list(self.notes),
        }

    @property
    def is_zone_taken(self) -> bool:
        """Whether the times have no zone of their own: UTC, or that of --tz."""
        return self.zone not in ("UTC", "as written", "no clock")

    @property
    def is_contract(self) -> bool:
        """Whether the file is as the contract says, so that nothing was guessed."""
        plain = (self.form, self.separator, self.decimal, self.unit, self.humidity_unit)
        return (
            plain == ("CSV", ",", ".", "C", "%")
            and self.time_format in _TIMES
            and not self.is_guessed
            and not self.notes
        )


_TIMES = ("ISO 8601", "seconds since 1970", "seconds since the start")
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blanks"}
_UNITS = {
    "C": "degrees Celsius",
    "F": "degrees Fahrenheit, converted to Celsius",
    "K": "kelvin, converted to degrees Celsius",
}
_HUMIDITY_UNITS = {"%": "%RH", "fraction": "humidity as a fraction, converted to %RH"}
