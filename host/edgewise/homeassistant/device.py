"""The payload of Home Assistant's MQTT device discovery for a node.

Source: Home Assistant, integrations/mqtt, "Device discovery payload", and sensor.mqtt,
binary_sensor.mqtt for the components.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from edgewise import __version__
from edgewise.errors import InputError
from edgewise.homeassistant.moisture import COLDER_K, moisture_sensors

__all__ = [
    "INSTALL",
    "INSTALL_LEAF",
    "ORIGIN",
    "VERSION_LEAF",
    "config_topic",
    "discovery",
    "with_name",
]

ORIGIN = "Edgewise"
VERSION_LEAF, INSTALL_LEAF, INSTALL = "model/version", "model/install", "install"
_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_PERCENT = "(value_json.p * 100) | round(0, 'floor') | int"

# Of the forecasts: key of the payload, name, sensor with its unit. They have no state class:
# statistics are for what was measured. A reading makes four of them, so Home Assistant leaves them
# out until someone enables one.
_FORECASTS = (("t", "Temperature", "temperature"), ("h", "Humidity", "humidity"))
_FORECAST_MINUTES = (30, 60)  # what models have; others are taken away

# key -> component; readings come on `state`, figures on `diag`. None means unknown there.
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
    },
    "confidence": {
        "name": "Confidence",
        "unit_of_measurement": "%",
        "state_class": "measurement",
        "icon": "mdi:percent",
        "value_template": "{{ None if value_json.p is none else " + _PERCENT + " }}",
    },
}
_FAHRENHEIT = {
    "unit_of_measurement": "°F",
    "value_template": "{{ None if value_json.t is none else "
    "(value_json.t * 1.8 + 32) | round(2) }}",
}
_PROBLEM = {
    "platform": "binary_sensor",
    "name": "Sensor",
    "device_class": "problem",
    "entity_category": "diagnostic",
    "value_template": "{{ 'OFF' if value_json.err | default(None) is none else 'ON' }}",
}
_UNUSUAL = {"platform": "binary_sensor", "name": "Unusual", "device_class": "problem"}
_HOW_UNUSUAL = {
    "platform": "sensor",
    "name": "How unusual",  # 100 % is at a limit
    "unit_of_measurement": "%",
    "state_class": "measurement",
    "icon": "mdi:gauge",
}
# Where a detector learns on the node: for a week its limits are wider than they will be.
_LEARNT_H = 168
_LEARNING = {
    "platform": "sensor",
    "name": "Learning",
    "entity_category": "diagnostic",
    "icon": "mdi:school",
    "value_template": "{{ None if value_json.learnt_h is not defined else 'learnt' "
    f"if value_json.learnt_h >= {_LEARNT_H} "
    "else 'day ' ~ (value_json.learnt_h // 24 + 1) ~ ' of 7' }}",
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
    """The discovery topic of ``node``; InputError for a name that Home Assistant does not take."""
    if not _NAME.fullmatch(node):
        raise InputError(
            f"node {node!r}: Home Assistant takes letters, digits, - and _ only: rename it"
        )
    return f"{prefix}/device/{node}/config"


def discovery(
    node: str,
    classes: Sequence[str],
    base: str = "edgewise",
    model: str = "",
    expire_s: int | None = None,
    fahrenheit: bool = False,
    alarm: str | None = None,
    has_u: bool = False,
    minutes: Sequence[int] = (),
    colder_k: float = COLDER_K,
    update: str | None = None,
    learns: bool = False,
) -> dict[str, Any]:
    """The payload for ``config_topic``: a device with a sensor for each value of the node.

    ``classes``: all classes of its model; any other is unknown there. ``expire_s``: a sleeping
    node has no last will; its values become unavailable after so many seconds without a reading.
    ``fahrenheit``: the temperature is converted from Celsius, in which a node reports it.
    ``has_u``: whether it says how unusual a reading is; it gets a sensor for that and a problem
    sensor. ``alarm``: the class that says so where the node has no other way. ``minutes``: of the
    forecasts of its model, whose sensors are disabled until enabled there. ``colder_k``: how much
    colder than the air the surface is whose risk of mould is told.
    ``learns``: whether its detector learns on the node.
    ``update``: of the model, "show" its version, with "push" also a button; see `updates`.
    InputError for a name that Home Assistant does not take.
    """
    config_topic(node)
    topic = f"{base}/{node}"
    readings = _readings(f"{topic}/state", classes)
    readings |= moisture_sensors(f"{topic}/state", fahrenheit, colder_k)
    if alarm is not None and not has_u:
        readings["unusual"] = _alarm(f"{topic}/state", alarm)
    if has_u:
        readings |= _unusual(f"{topic}/state")
    readings |= _forecasts(f"{topic}/next", minutes, fahrenheit)
    if fahrenheit:
        readings["temperature"] |= _FAHRENHEIT
    if expire_s is None:
        availability = {"topic": f"{topic}/status"}
        figures = _figures(f"{topic}/diag")
        if learns:
            figures["learning"] = {**_LEARNING, "state_topic": f"{topic}/diag"}
    else:
        availability = {"topic": f"{topic}/state", "value_template": _freshness_template(expire_s)}
        readings = {
            key: {**component, "expire_after": expire_s} for key, component in readings.items()
        }
        figures = {}
    if update is not None:
        figures["model"] = _model(topic, update == "push")
    ids = {key: {"unique_id": f"edgewise_{node}_{key}"} for key in readings | figures}
    # An entry with nothing but a platform removes a sensor, if the node did not sleep before, had
    # a detector, made forecasts, or was announced by a command that also pushes models.
    absent = {
        key: {"platform": "sensor"}
        for key in [*_FIGURES, "learning", *_forecasts(topic, _FORECAST_MINUTES, fahrenheit)]
    }
    absent |= {"unusual": {"platform": "binary_sensor"}, "how_unusual": {"platform": "sensor"}}
    absent["model"] = {"platform": "update"}
    components = absent | readings | figures
    return {
        "dev": {
            "identifiers": [f"edgewise_{node}"],
            "name": f"Edgewise {node}",
            "manufacturer": ORIGIN,
            "model": model or "node",
        },
        "o": {"name": ORIGIN, "sw_version": __version__},
        "cmps": {key: component | ids.get(key, {}) for key, component in components.items()},
        "availability": [availability],
        "qos": 1,
    }


def with_name(device: Mapping[str, Any], name: str, room: str) -> dict[str, Any]:
    """The payload ``device`` with a friendly name and a room, each "" where there is none.

    Home Assistant suggests the room as the area of a device that it does not know yet.
    """
    area = {"suggested_area": room} if room else {}
    return {**device, "dev": {**device["dev"], **({"name": name} if name else {}), **area}}


def _readings(topic: str, classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    components = {
        key: {"platform": "sensor", "state_topic": topic, **fields}
        for key, fields in _READINGS.items()
    }
    names = json.dumps(list(classes), ensure_ascii=False)
    components["class"] |= {
        "options": list(classes),
        "value_template": f"{{{{ value_json.cls if value_json.cls in {names} else None }}}}",
    }
    components["problem"] = {**_PROBLEM, "state_topic": topic}
    return components


def _forecasts(topic: str, minutes: Sequence[int], fahrenheit: bool) -> dict[str, dict[str, Any]]:
    components = {}
    for m in minutes:
        for key, name, sensor in _FORECASTS:
            value = f"value_json.next['{m}'].{key}"
            unit = _READINGS[sensor]["unit_of_measurement"]
            if fahrenheit and key == "t":
                value, unit = (
                    f"({value} * 1.8 + 32) | round(2)",
                    _FAHRENHEIT["unit_of_measurement"],
                )
            components[f"{sensor}_{m}"] = {
                "platform": "sensor",
                "name": f"{name} in {m} min",
                "state_topic": topic,
                "device_class": sensor,
                "unit_of_measurement": unit,
                "suggested_display_precision": 1,
                "enabled_by_default": False,
                # of a model that was replaced it may have other horizons
                "value_template": f"{{{{ {value} if '{m}' in value_json.next else None }}}}",
            }
    return components


def _alarm(topic: str, cls: str) -> dict[str, Any]:
    name = json.dumps(cls, ensure_ascii=False)
    value = f"None if value_json.cls is none else 'ON' if value_json.cls == {name} else 'OFF'"
    return {**_UNUSUAL, "state_topic": topic, "value_template": f"{{{{ {value} }}}}"}


def _unusual(topic: str) -> dict[str, dict[str, Any]]:
    # a failed read has no u
    problem = "'ON' if value_json.u > 1 else 'OFF'"
    percent = "(value_json.u * 100) | round | int"
    known = {"unusual": (_UNUSUAL, problem), "how_unusual": (_HOW_UNUSUAL, percent)}
    return {
        key: {
            **fields,
            "state_topic": topic,
            "value_template": f"{{{{ None if value_json.u is not defined else {value} }}}}",
        }
        for key, (fields, value) in known.items()
    }


def _figures(topic: str) -> dict[str, dict[str, Any]]:
    return {
        key: {
            "platform": "sensor",
            "state_topic": topic,
            "entity_category": "diagnostic",
            "value_template": f"{{{{ value_json.{key} }}}}",
            **fields,
        }
        for key, fields in _FIGURES.items()
    }


def _model(topic: str, has_button: bool) -> dict[str, Any]:
    component = {
        "platform": "update",
        "name": "Model",
        "state_topic": f"{topic}/{VERSION_LEAF}",
        "entity_category": "config" if has_button else "diagnostic",
    }
    if has_button:
        component |= {"command_topic": f"{topic}/{INSTALL_LEAF}", "payload_install": INSTALL}
    return component


def _freshness_template(expire_s: int) -> str:
    # When Home Assistant starts, a retained message counts as new and expire_after begins again.
    # The time of the reading tells its true age.
    is_old = f"value_json.ts is number and now().timestamp() - value_json.ts > {expire_s}"
    return f"{{{{ 'offline' if {is_old} else 'online' }}}}"
