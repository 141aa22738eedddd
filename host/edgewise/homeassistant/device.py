"""What Home Assistant wants to know of a node, as its MQTT device discovery documents it.

Source: Home Assistant, integrations/mqtt, "Device discovery payload", and sensor.mqtt,
binary_sensor.mqtt for the components.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from edgewise import __version__
from edgewise.errors import InputError

__all__ = ["ORIGIN", "config_topic", "discovery"]

ORIGIN = "Edgewise"
_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_PERCENT = "(value_json.p * 100) | round(0, 'floor') | int"

# key -> what it is; readings come on `state`, figures on `diag`. None is unknown there.
_READINGS: dict[str, dict[str, Any]] = {
    "temperature": {
        "device_class": "temperature",
        "unit_of_measurement": "°C",
        "state_class": "measurement",
        "suggested_display_precision": 1,
        "value_template": "{{ value_json.t }}",
    },
    "humidity": {
        "device_class": "humidity",
        "unit_of_measurement": "%",
        "state_class": "measurement",
        "suggested_display_precision": 1,
        "value_template": "{{ value_json.h }}",
    },
    "class": {
        "name": "Class",
        "device_class": "enum",
        "value_template": "{{ value_json.cls }}",
    },
    "confidence": {
        "name": "Confidence",
        "unit_of_measurement": "%",
        "state_class": "measurement",
        "icon": "mdi:percent",
        "value_template": "{{ None if value_json.p is none else " + _PERCENT + " }}",
    },
}
_PROBLEM = {
    "platform": "binary_sensor",
    "name": "Sensor",
    "device_class": "problem",
    "entity_category": "diagnostic",
    "value_template": "{{ 'ON' if value_json.err is defined else 'OFF' }}",
}
_FIGURES: dict[str, dict[str, Any]] = {
    "rssi": {
        "name": "Signal",
        "device_class": "signal_strength",
        "unit_of_measurement": "dBm",
        "state_class": "measurement",
    },
    "heap": {
        "name": "Free heap",
        "device_class": "data_size",
        "unit_of_measurement": "B",
        "state_class": "measurement",
    },
    "waiting": {
        "name": "Waiting readings",
        "state_class": "measurement",
        "icon": "mdi:tray-full",
    },
    "dropped": {
        "name": "Dropped readings",
        "state_class": "total_increasing",
        "icon": "mdi:tray-remove",
    },
}


def config_topic(node: str, prefix: str = "homeassistant") -> str:
    """Where Home Assistant looks for ``node``; InputError for a name that it does not take."""
    if not _NAME.fullmatch(node):
        raise InputError(
            f"node {node!r}: Home Assistant takes letters, digits, - and _ only: name it anew"
        )
    return f"{prefix}/device/{node}/config"


def discovery(
    node: str,
    classes: Sequence[str],
    base: str = "edgewise",
    model: str = "",
    expire_s: int | None = None,
) -> dict[str, Any]:
    """The payload for ``config_topic``: a device with a sensor for each thing that it says.

    ``classes``: all that its model can say. ``expire_s``: a sleeping node has no last will; what
    it said is unknown after so many seconds without a reading.
    """
    topic = f"{base}/{node}"
    components = {
        key: {"platform": "sensor", "state_topic": f"{topic}/state", **what}
        for key, what in _READINGS.items()
    }
    components["class"]["options"] = list(classes)
    components["problem"] = {**_PROBLEM, "state_topic": f"{topic}/state"}
    if expire_s is not None:
        for component in components.values():
            component["expire_after"] = expire_s
    else:
        components |= {
            key: {
                "platform": "sensor",
                "state_topic": f"{topic}/diag",
                "entity_category": "diagnostic",
                "value_template": f"{{{{ value_json.{key} }}}}",
                **what,
            }
            for key, what in _FIGURES.items()
        }
    for key, component in components.items():
        component["unique_id"] = f"edgewise_{node}_{key}"
    told: dict[str, Any] = {
        "dev": {
            "identifiers": [f"edgewise_{node}"],
            "name": f"Edgewise {node}",
            "manufacturer": ORIGIN,
            "model": model or "node",
        },
        "o": {"name": ORIGIN, "sw_version": __version__},
        "cmps": components,
        "qos": 1,
    }
    if expire_s is None:
        told["availability"] = [{"topic": f"{topic}/status"}]
    return told
