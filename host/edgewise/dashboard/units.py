"""The unit of the temperatures on the pages. Everything that is stored is in Celsius."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.forecast import parse_limit
from edgewise.health import convert_differences

__all__ = ["CELSIUS", "FAHRENHEIT", "Scale"]

_MOVED = re.compile(r"\b(\d+(?:\.\d+)?) C\b")
_Value = TypeVar("_Value", float, NDArray[np.float64])


@dataclass(frozen=True)
class Scale:
    """A temperature scale: ``degrees`` for each of Celsius, from ``zero`` at 0 °C."""

    unit: str
    degrees: float
    zero: float

    def value(self, t_c: _Value) -> _Value:
        """A temperature of ``t_c`` Celsius."""
        return self.degrees * t_c + self.zero

    def difference(self, t_c: _Value) -> _Value:
        """A difference of ``t_c`` degrees Celsius, such as an error or the width of a band."""
        return self.degrees * t_c

    def remark(self, text: str) -> str:
        """A health remark with its differences of temperature in this scale."""
        return convert_differences(text, self.difference, self.unit)

    def movement(self, text: str) -> str:
        """The words of an unusual episode with how far temperatures moved in this scale."""
        return _MOVED.sub(
            lambda match: f"{self.difference(float(match[1])):.3g} {self.unit}", text
        )

    def limit(self, text: str) -> str:
        """A limit of a forecast, such as t>28 or h<30, with its unit; another text as it is."""
        try:
            limit = parse_limit(text)
        except InputError:
            return text
        is_t = limit.channel == "t"
        value, unit = (self.value(limit.value), self.unit) if is_t else (limit.value, "%RH")
        return f"{limit.channel}{limit.side}{value:.6g} {unit}"


CELSIUS = Scale("°C", 1.0, 0.0)
FAHRENHEIT = Scale("°F", 1.8, 32.0)
