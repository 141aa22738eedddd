"""Hourly statistics of late readings for Home Assistant's recorder.

Source: Home Assistant, components/recorder/websocket_api.py, ``recorder/import_statistics``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.homeassistant.late import LateHour
from edgewise.homeassistant.moisture import absolute_g_m3, dew_point_c
from edgewise.homeassistant.websocket import Home

__all__ = ["find_sensors", "import_hours"]

Floats = NDArray[np.float64]
_ROWS_MAX = 1000  # of a message
_NEW_METADATA = (2025, 11)  # has_mean became mean_type and unit_class
_ARITHMETIC = 1  # StatisticMeanType
_FROM_CELSIUS: dict[str, Callable[[Floats], Floats]] = {
    "°C": lambda t: t,
    "°F": lambda t: t * 1.8 + 32,
    "K": lambda t: t + 273.15,
}


@dataclass(frozen=True)
class _Channel:
    unit: str
    unit_class: str | None
    compute: Callable[[Floats, Floats], Floats]


# The sensors of device.py and moisture.py that depend on t and h alone.
_CHANNELS = {
    "temperature": _Channel("°C", "temperature", lambda t, h: t),
    "humidity": _Channel("%", "unitless", lambda t, h: h),
    "dew_point": _Channel("°C", "temperature", dew_point_c),
    "absolute": _Channel("g/m³", None, absolute_g_m3),
}


def find_sensors(home: Home) -> dict[str, dict[str, str]]:
    """Node -> channel -> entity id, of the sensors that Edgewise announced to ``home``."""
    nodes: dict[str, dict[str, str]] = {}
    for entity in home.call("config/entity_registry/list"):
        unique_id = str(entity.get("unique_id"))
        for channel in _CHANNELS:
            head, tail = "edgewise_", f"_{channel}"
            if (
                entity.get("platform") == "mqtt"
                and unique_id.startswith(head)
                and unique_id.endswith(tail)
                and entity.get("disabled_by") is None
            ):
                node = unique_id[len(head) : -len(tail)]
                nodes.setdefault(node, {})[channel] = entity["entity_id"]
    return nodes


def import_hours(home: Home, sensors: Mapping[str, str], hours: Sequence[LateHour]) -> list[str]:
    """Write mean, least and greatest of each hour into the statistics of ``sensors``.

    A row that Home Assistant has of an hour is replaced. Returns the channels that were left out,
    because their statistics have a unit that Edgewise does not know.
    """
    ids = list(sensors.values())
    metadata = home.call("recorder/get_statistics_metadata", statistic_ids=ids)
    known = {entry["statistic_id"]: entry for entry in metadata}
    left_out = []
    for name, entity_id in sensors.items():
        channel, old = _CHANNELS[name], known.get(entity_id, {})
        unit = old.get("statistics_unit_of_measurement", channel.unit)
        convert = _converter(channel.unit, unit)
        if convert is None:
            left_out.append(name)
            continue
        rows = [row for hour in hours if (row := _row(hour, channel, convert))]
        head = _metadata(home, entity_id, unit, old, channel)
        for first in range(0, len(rows), _ROWS_MAX):
            stats = rows[first : first + _ROWS_MAX]
            home.call("recorder/import_statistics", metadata=head, stats=stats)
    return left_out


def _converter(unit: str, wanted: str | None) -> Callable[[Floats], Floats] | None:
    # The recorder keeps one unit for all rows of a sensor, as that of the user's settings.
    if unit == "°C":
        return _FROM_CELSIUS.get(wanted or "")
    return (lambda values: values) if unit == wanted else None


def _row(
    hour: LateHour, channel: _Channel, convert: Callable[[Floats], Floats]
) -> dict[str, Any] | None:
    values = convert(channel.compute(hour.values[:, 0], hour.values[:, 1]))
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    return {
        "start": datetime.fromtimestamp(hour.hour_ts, UTC).isoformat(),
        "mean": round(float(values.mean()), 3),
        "min": round(float(values.min()), 3),
        "max": round(float(values.max()), 3),
    }


def _metadata(
    home: Home, entity_id: str, unit: str, old: Mapping[str, Any], channel: _Channel
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "has_sum": False,
        "name": old.get("name"),
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_of_measurement": unit,
    }
    if home.version < _NEW_METADATA:
        return metadata | {"has_mean": True}
    unit_class = old.get("unit_class", channel.unit_class)
    return metadata | {"mean_type": _ARITHMETIC, "unit_class": unit_class}
