"""Sensors that Home Assistant computes from temperature and humidity, by templates.

Saturation vapour pressure over water: WMO-No. 8 (2008), annex 4.B, as the node's core/moisture.
Mould: the critical humidity of Hukka and Viitanen, Wood Science and Technology 33 (1999). Their
model has no growth below 0 °C and above 50 °C.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLDER_K", "absolute_g_m3", "dew_point_c", "moisture_sensors"]

COLDER_K = 3.0  # the coldest surface of a room, a corner of an outer wall, below the air

_UNKNOWN = "{{% if value_json.t is none or value_json.h is none{more} %}}None{{% else %}}"
_VALUES = "{% set t = value_json.t %}{% set h = value_json.h %}"
_DEW_POINT = (
    _UNKNOWN.format(more=" or value_json.h <= 0")
    + _VALUES
    + "{% set g = log(h / 100) + 17.62 * t / (243.12 + t) %}"
    + "{{ DEGREES | round(1) }}{% endif %}"
)
_CELSIUS = "(243.12 * g / (17.62 - g))"
_FAHRENHEIT = f"({_CELSIUS} * 1.8 + 32)"
_SATURATION_HPA = "6.112 * e ** (17.62 * {t} / (243.12 + {t}))"
_ABSOLUTE = (
    _UNKNOWN.format(more="")
    + _VALUES
    + f"{{{{ (2.16679 * h * {_SATURATION_HPA.format(t='t')} / (273.15 + t)) | round(1) }}}}"
    + "{% endif %}"
)
_MOULD = (
    _UNKNOWN.format(more="")
    + _VALUES
    + "{% set s = t - COLDER %}"
    + f"{{% set at_surface = h * ({_SATURATION_HPA.format(t='t')})"
    + f" / ({_SATURATION_HPA.format(t='s')}) %}}"
    + "{% set critical = 80 if s > 20 else"
    + " -0.00267 * s ** 3 + 0.16 * s ** 2 - 3.13 * s + 100 %}"
    + "{{ 0 if s <= 0 or s > 50 else ([at_surface, 100] | min / critical * 100) | round | int }}"
    + "{% endif %}"
)


def moisture_sensors(
    state_topic: str, fahrenheit: bool = False, colder_k: float = COLDER_K
) -> dict[str, dict[str, Any]]:
    """Sensors of dew point [°C, °F], absolute humidity [g/m³] and the risk of mould [%].

    The risk is the relative humidity at a surface ``colder_k`` kelvin below the air, divided by
    the one from which mould can grow there.
    """
    common = {"platform": "sensor", "state_topic": state_topic, "state_class": "measurement"}
    degrees = _FAHRENHEIT if fahrenheit else _CELSIUS
    return {
        "dew_point": common
        | {
            "name": "Dew point",
            "device_class": "temperature",
            "unit_of_measurement": "°F" if fahrenheit else "°C",
            "suggested_display_precision": 1,
            "value_template": _DEW_POINT.replace("DEGREES", degrees),
        },
        "absolute": common  # absolute_humidity would be the id of a node NAME_absolute too
        | {
            # its device class came with Home Assistant 2025.10; older ones would refuse the node
            "name": "Absolute humidity",
            "unit_of_measurement": "g/m³",
            "suggested_display_precision": 1,
            "icon": "mdi:water",
            "value_template": _ABSOLUTE,
        },
        "mould": common
        | {
            "name": "Mould risk",
            "unit_of_measurement": "%",
            "suggested_display_precision": 0,
            "icon": "mdi:mushroom",
            "value_template": _MOULD.replace("COLDER", f"{colder_k:g}"),
        },
    }


def dew_point_c(t: NDArray[np.float64], h: NDArray[np.float64]) -> NDArray[np.float64]:
    """The dew point [°C] of temperatures [°C] and humidities [%RH], as of its template.

    NaN for dry air.
    """
    damp = np.where(h > 0, h, np.nan)
    g = np.log(damp / 100) + 17.62 * t / (243.12 + t)
    return np.asarray(243.12 * g / (17.62 - g))


def absolute_g_m3(t: NDArray[np.float64], h: NDArray[np.float64]) -> NDArray[np.float64]:
    """The absolute humidity [g/m³] of temperatures [°C] and humidities [%RH]."""
    return np.asarray(2.16679 * h * 6.112 * np.exp(17.62 * t / (243.12 + t)) / (273.15 + t))
