"""The components of a device: a sensor for each value of a node, with its template."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgewise.homeassistant.moisture import COLDER_K, moisture_sensors

__all__ = [
    "INSTALL",
    "INSTALL_LEAF",
    "VERSION_LEAF",
    "Display",
    "NodeModel",
    "absent_components",
    "diagnostic_components",
    "model_component",
    "reading_components",
]

VERSION_LEAF, INSTALL_LEAF, INSTALL = "model/version", "model/install", "install"
_PERCENT = "(value_json.p * 100) | round(0, 'floor') | int"

# Of the forecasts: key of the payload, name, sensor with its unit. They have no state class:
# statistics are for what was measured. A reading makes four of them, so Home Assistant leaves them
# out until someone enables one.
_FORECASTS = (("t", "Temperature", "temperature"), ("h", "Humidity", "humidity"))
_FORECAST_MINUTES = (30, 60)  # what models have; others are taken away
_OUTPUTS_MAX = 4

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


@dataclass(frozen=True)
class NodeModel:
    """The model of a node, as far as its sensors depend on it.

    ``classes``: all of them; any other is unknown there. ``has_u``: whether it says how unusual a
    reading is; it gets a sensor for that and a problem sensor. ``alarm``: the class that says so
    where the node has no other way. ``minutes``: of its forecasts, whose sensors are disabled
    until enabled there. ``learns``: whether its detector learns on the node.
    """

    classes: Sequence[str]
    name: str = ""
    alarm: str | None = None
    has_u: bool = False
    minutes: Sequence[int] = ()
    learns: bool = False


@dataclass(frozen=True)
class Display:
    """How values are shown. ``fahrenheit``: the temperature is converted from Celsius, in which a
    node reports it; ``colder_k``: how much colder than the air the surface is whose risk of mould
    is shown."""

    fahrenheit: bool = False
    colder_k: float = COLDER_K


def reading_components(
    topic: str, model: NodeModel, display: Display
) -> dict[str, dict[str, Any]]:
    """Return the sensors of what comes with a reading; ``topic``: of the node."""
    state_topic, fahrenheit = f"{topic}/state", display.fahrenheit
    components = _readings(state_topic, model.classes)
    components |= moisture_sensors(state_topic, fahrenheit, display.colder_k)
    if model.has_u:
        components |= _unusual(state_topic)
    elif model.alarm is not None:
        components["unusual"] = _alarm(state_topic, model.alarm)
    components |= _forecasts(f"{topic}/next", model.minutes, fahrenheit)
    if fahrenheit:
        components["temperature"] |= _FAHRENHEIT
    return components


def diagnostic_components(
    topic: str, learns: bool, outputs: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the sensors of what comes with `diag`, which a sleeping node does not send.

    ``outputs``: the names of the node's own.
    """
    components = _figures(f"{topic}/diag")
    components |= _outputs(f"{topic}/diag", outputs)
    if learns:
        components["learning"] = {**_LEARNING, "state_topic": f"{topic}/diag"}
    return components


def absent_components() -> dict[str, dict[str, Any]]:
    """Return the entries that remove each sensor that a node can lack: a platform, nothing else.

    It may have had one before: it did not sleep, had a detector, made forecasts, or was announced
    by a command that also pushes models.
    """
    forecasts = _forecasts("", _FORECAST_MINUTES, fahrenheit=False)
    components = {key: {"platform": "sensor"} for key in [*_FIGURES, "learning", *forecasts]}
    components |= {"unusual": {"platform": "binary_sensor"}, "how_unusual": {"platform": "sensor"}}
    components |= {
        f"output_{n}": {"platform": "binary_sensor"} for n in range(1, _OUTPUTS_MAX + 1)
    }
    components["model"] = {"platform": "update"}
    return components


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


def _outputs(topic: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    # A node sends `diag` when one switches. By number, so that a renamed one stays the same.
    states = "value_json.outputs | default({})"
    return {
        f"output_{n}": {
            "platform": "binary_sensor",
            "name": f"Output {name}",
            "icon": "mdi:electric-switch",
            "state_topic": topic,
            "payload_on": "on",
            "payload_off": "off",
            "value_template": f"{{{{ ({states}).get({json.dumps(name)}) }}}}",
        }
        for n, name in enumerate(names, 1)
    }


def model_component(topic: str, has_button: bool) -> dict[str, Any]:
    """Return the update that shows the version of the model; with a button it can be pushed."""
    component = {
        "platform": "update",
        "name": "Model",
        "state_topic": f"{topic}/{VERSION_LEAF}",
        "entity_category": "config" if has_button else "diagnostic",
    }
    if has_button:
        component |= {"command_topic": f"{topic}/{INSTALL_LEAF}", "payload_install": INSTALL}
    return component
