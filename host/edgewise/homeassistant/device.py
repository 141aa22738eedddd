"""The payload of Home Assistant's MQTT device discovery for a node.

Source: Home Assistant, integrations/mqtt, "Device discovery payload", and sensor.mqtt,
binary_sensor.mqtt for the components.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from edgewise import __version__
from edgewise.errors import InputError
from edgewise.homeassistant.components import (
    Display,
    NodeModel,
    absent_components,
    diagnostic_components,
    model_component,
    reading_components,
)

__all__ = [
    "ORIGIN",
    "config_topic",
    "discovery",
    "with_name",
]

ORIGIN = "Edgewise"
_NAME = re.compile(r"[a-zA-Z0-9_-]+")


def config_topic(node: str, prefix: str = "homeassistant") -> str:
    """The discovery topic of ``node``; InputError for a name that Home Assistant does not take."""
    if not _NAME.fullmatch(node):
        raise InputError(
            f"node {node!r}: Home Assistant takes letters, digits, - and _ only: rename it"
        )
    return f"{prefix}/device/{node}/config"


def discovery(
    node: str,
    model: NodeModel,
    base: str = "edgewise",
    display: Display | None = None,
    expire_s: int | None = None,
    update: str | None = None,
    outputs: Sequence[str] = (),
) -> dict[str, Any]:
    """The payload for ``config_topic``: a device with a sensor for each value of the node.

    ``expire_s``: a sleeping node has no last will; its values become unavailable after so many
    seconds without a reading. ``update``: of the model, "show" its version, with "push" also a
    button; see `updates`. ``outputs``: the names of the node's. InputError for a name that Home
    Assistant does not take.
    """
    config_topic(node)
    topic = f"{base}/{node}"
    readings = reading_components(topic, model, display or Display())
    if expire_s is None:
        availability = {"topic": f"{topic}/status"}
        figures = diagnostic_components(topic, model.learns, outputs)
    else:
        availability = {"topic": f"{topic}/state", "value_template": _freshness_template(expire_s)}
        readings = {
            key: {**component, "expire_after": expire_s} for key, component in readings.items()
        }
        figures = {}
    if update is not None:
        figures["model"] = model_component(topic, update == "push")
    ids = {key: {"unique_id": f"edgewise_{node}_{key}"} for key in readings | figures}
    components = absent_components() | readings | figures
    return {
        "dev": _device(node, model),
        "o": {"name": ORIGIN, "sw_version": __version__},
        "cmps": {key: component | ids.get(key, {}) for key, component in components.items()},
        "availability": [availability],
        "qos": 1,
    }


def _device(node: str, model: NodeModel) -> dict[str, Any]:
    return {
        "identifiers": [f"edgewise_{node}"],
        "name": f"Edgewise {node}",
        "manufacturer": ORIGIN,
        "model": model.name or "node",
    }


def with_name(device: Mapping[str, Any], name: str, room: str) -> dict[str, Any]:
    """The payload ``device`` with a friendly name and a room, each "" where there is none.

    Home Assistant suggests the room as the area of a device that it does not know yet.
    """
    area = {"suggested_area": room} if room else {}
    return {**device, "dev": {**device["dev"], **({"name": name} if name else {}), **area}}


def _freshness_template(expire_s: int) -> str:
    # When Home Assistant starts, a retained message counts as new and expire_after begins again.
    # The time of the reading tells its true age.
    is_old = f"value_json.ts is number and now().timestamp() - value_json.ts > {expire_s}"
    return f"{{{{ 'offline' if {is_old} else 'online' }}}}"
