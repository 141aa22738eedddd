"""What each cloud lets a client do, from its documents, and which settings break that.

AWS: IoT Core endpoints and quotas, IoT Core developer guide (MQTT). Azure: Event Grid "MQTT
features supported", quotas and limits. Read in November 2026; docs/clouds.md says what was tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["CLOUDS", "Cloud", "doubts_of", "steps_of", "violations"]

_PORT = 8883
_VERB = "stay-awake"  # the longest one
_LEAVES = ("status", "state", "replay", "event", "diag", "next", f"cmd/{_VERB}/result")
_MODEL_LEAVES = ("model/offer", "model/chunk", "model/result")
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Cloud:
    """``host``: pattern of its addresses. ``slashes``, ``topic_bytes``: of a topic at the most.

    ``keepalive_s``: shortest and longest. ``needs_certificate``, ``needs_user``: for each client.
    """

    name: str
    host: str
    host_example: str
    slashes: int
    topic_bytes: int
    payload_bytes: int
    client_id_bytes: int
    keepalive_s: tuple[int, int]
    needs_certificate: bool
    needs_user: bool


CLOUDS = {
    "aws": Cloud(
        "AWS IoT Core",
        r"[a-z0-9-]+\.iot\.[a-z0-9-]+\.amazonaws\.com(\.cn)?",
        "NAME-ats.iot.REGION.amazonaws.com",
        7,
        256,
        128 * 1024,
        128,
        (30, 1200),
        True,
        False,
    ),
    "azure": Cloud(
        "Azure Event Grid",
        r"[a-z0-9-]+\.[a-z0-9-]+\.ts\.eventgrid\.azure\.net",
        "NAME.REGION-1.ts.eventgrid.azure.net",
        7,
        256,
        512 * 1024,
        128,
        (10, 1160),
        True,
        True,
    ),
    "generic": Cloud(
        "this broker", r".+", "HOST", 65535, 65535, 1 << 28, 65535, (10, 3600), False, False
    ),
}


def client_id_of(settings: Values) -> str:
    """The client id that a node uses."""
    return f"edgewise-{settings['node']}"


def topics_of(settings: Values) -> list[str]:
    """All topics of a node, those that it publishes and those that it subscribes to."""
    base = f"{settings['base']}/{settings['node']}"
    return [f"{base}/{leaf}" for leaf in (*_LEAVES, *_MODEL_LEAVES)]


def violations(cloud: Cloud, settings: Values) -> Iterator[str]:
    """What in the complete ``settings`` of a node breaks a rule of ``cloud``, each with a cure."""
    mqtt = settings["mqtt"]
    if settings["uplink"] != "mqtt":
        yield f'uplink {settings["uplink"]!r}: a cloud is reached over MQTT: set it to "mqtt"'
    if not settings["node"]:
        yield 'node: a cloud knows its clients by name: node = "kitchen"'
    if not re.fullmatch(cloud.host, mqtt["host"]):
        yield f"mqtt.host {mqtt['host']!r} is none of {cloud.name}: {cloud.host_example}"
    if not mqtt["tls"]:
        yield "mqtt.tls is false: set it to true"
    if cloud.needs_certificate and mqtt["port"] == 443:
        yield "mqtt.port 443 needs ALPN, which MicroPython has not: use 8883"
    elif cloud.needs_certificate and mqtt["port"] != _PORT:
        yield f"mqtt.port {mqtt['port']}: {cloud.name} listens on {_PORT}"
    if cloud.needs_certificate and not (mqtt["cert"] and mqtt["key"]):
        yield f"mqtt.cert and mqtt.key are empty: {cloud.name} wants a certificate: --cert, --key"
    if cloud.needs_user and not mqtt["user"]:
        yield f"mqtt.user is empty: {cloud.name} wants the client's authentication name there"
    low, high = cloud.keepalive_s
    if not low <= mqtt["keepalive_s"] <= high:
        yield f"mqtt.keepalive_s {mqtt['keepalive_s']}: {cloud.name} takes {low} to {high}"
    if len(client_id_of(settings).encode()) > cloud.client_id_bytes:
        yield f"node: its client id has more than {cloud.client_id_bytes} bytes: shorten the name"
    longest = max(topics_of(settings), key=lambda topic: (topic.count("/"), len(topic)))
    if longest.count("/") > cloud.slashes:
        yield (
            f"base {settings['base']!r}: {longest} has {longest.count('/')} slashes, "
            f"{cloud.name} takes {cloud.slashes}: shorten the base"
        )
    if any(len(topic.encode()) > cloud.topic_bytes for topic in topics_of(settings)):
        yield f"base: topics have more than {cloud.topic_bytes} bytes: shorten the base"


def doubts_of(cloud: Cloud, settings: Values) -> list[str]:
    """A line for what is allowed and seldom meant."""
    lines = []
    host, mqtt = settings["mqtt"]["host"], settings["mqtt"]
    if cloud is CLOUDS["aws"] and "-ats.iot." not in host:
        lines.append(f"mqtt.host {host}: without -ats its CA is one that few systems know")
    if cloud is CLOUDS["azure"] and mqtt["user"] != settings["node"]:
        lines.append(f"mqtt.user {mqtt['user']!r}: must be the client's authentication name")
    return lines


def steps_of(cloud: Cloud, settings: Values, thumbprint: str) -> list[str]:
    """What is to be done at the cloud for this node."""
    base, client_id = f"{settings['base']}/{settings['node']}", client_id_of(settings)
    if cloud is CLOUDS["aws"]:
        return [
            f"make a thing named {client_id}: a policy knows a client by it",
            f"attach its certificate and this policy: {json.dumps(_policy(base, client_id))}",
        ]
    if cloud is CLOUDS["azure"]:
        return [
            f"make a client with the authentication name {settings['mqtt']['user']}, validated by "
            f"thumbprint {thumbprint.upper()}",
            f"make a topic space {base}/# with permission bindings to publish and to subscribe",
        ]
    return [f"let {client_id} read and write {base}/#"]


def _policy(base: str, client_id: str) -> dict[str, Any]:
    here = "arn:aws:iot:*:*:"
    topics = [f"{here}topic/{base}/*"]
    filters = [f"{here}topicfilter/{base}/{leaf}" for leaf in ("cmd/*", "model/*")]
    allowed = {
        "iot:Connect": [f"{here}client/{client_id}"],
        "iot:Publish": topics,
        "iot:RetainPublish": topics,
        "iot:Receive": topics,
        "iot:Subscribe": filters,
    }
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": resources}
        for action, resources in allowed.items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}
