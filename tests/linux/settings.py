"""The settings of the nodes that run here, and what became of their readings."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Engine
from tests.broker.mosquitto import Mosquitto
from tests.e2e.operator_of import NODE
from tests.e2e.test_spine import rows
from tests.linux.computer import Node

from edgewise.package.store import Package

SETTINGS = """\
node = "{node}"
period_ms = 2000
[mqtt]
host = "localhost"
port = {port}
[ntp]
host = ""
[actuator]
pin = 17
on = "closed"
[[outputs]]
name = "fan"
pin = 18
on = "open"
active = 0
[confirm]
need = 1
of = 1
[update]
secret = "{secret}"
"""
SECRET = "5a" * 32
LAST_LINE = re.compile(r"edgewise: mqtt: [1-9]\d* delivered, 0 dropped, [01] waiting")


def options(folder: Path, model: Package, broker: Mosquitto) -> list[str]:
    config = folder / "node.toml"
    config.write_text(SETTINGS.format(node=NODE, port=broker.port, secret=SECRET))
    config.chmod(0o600)
    return ["--config", str(config), "--model", str(model.path)]


def taken(*nodes: Node) -> set[tuple[int, int]]:
    return {(state["boot"], state["seq"]) for node in nodes for state in node.states()}


def stored(engine: Engine) -> set[tuple[int, int]]:
    return {(row.boot, row.seq) for row in rows(engine, NODE)}
