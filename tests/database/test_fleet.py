"""The state of every node, in both databases: one question for all of them, or one for each."""

from __future__ import annotations

import json
import time

from sqlalchemy import event
from tests.shared import LIMIT_S

from edgewise.collector import Writer
from edgewise.dashboard.fleet import fleet, node
from edgewise.database import open_db

NODES, READINGS = 30, 12


def test_every_node_has_its_own_state(url: str) -> None:
    engine = open_db(url)
    now_s = int(time.time())
    with Writer(engine) as writer:
        for n in range(NODES):
            for seq in range(READINGS):
                ts = now_s - 60 * (READINGS - seq)
                state = {"ts": ts, "boot": 1, "seq": seq, "t": 20 + n, "h": 40, "cls": "a", "p": 1}
                writer.put(f"edgewise/n{n}/state", json.dumps(state).encode())
            status = b"offline" if n % 2 else b"online"
            writer.put(f"edgewise/n{n}/status", status)
            for uptime_s in (1, 2):
                diag = {"ts": now_s, "boot": 1, "uptime_s": uptime_s + n}
                writer.put(f"edgewise/n{n}/diag", json.dumps(diag).encode())
        assert writer.wait_for(lambda c: c.readings == NODES * READINGS, LIMIT_S)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    nodes = {one.name: one for one in fleet(engine)}
    if engine.dialect.name == "postgresql":
        assert len(statements) < NODES, statements
    assert len(nodes) == NODES
    for n in range(NODES):
        found = nodes[f"n{n}"]
        assert (found.t, found.period_s, found.ts) == (20 + n, 60, now_s - 60)
        assert found.state == ("offline" if n % 2 else "online")
        assert found.diag["uptime_s"] == 2 + n
        assert not found.has_two_boards
    assert node(engine, "n3") == nodes["n3"]
    assert node(engine, "unknown") is None
