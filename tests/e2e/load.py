"""A thousand nodes at the level of the protocol, two collectors, one killed, PostgreSQL.

``python -m tests.e2e.load --nodes 1000 --readings 60``: an hour of nodes that report each minute,
as fast as this computer takes it. Prints what docs/scale.md quotes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from tests.broker.mosquitto import anonymous
from tests.database import postgres
from tests.shared import LIMIT_S, wait_until

from edgewise.database import open_db
from edgewise.database.schema import events, reading, status

_START_S = 1_700_000_000
_PERIOD_S = 60
_CONNACK, _PUBLISH, _PUBACK = 0x20, 0x30, 0x40
_REPEATS = 20  # each so many a reading is sent twice, as after an ack that was lost
_REPLAYS = 30  # readings of which the last ten come as one replay
_TOGETHER = 50  # nodes that connect at the same time: a listener has a queue


@dataclass(frozen=True)
class Result:
    """``sent``: messages with readings. ``seconds``: from the first one to the last commit."""

    nodes: int
    readings: int
    sent: int
    rows: int
    keys: int
    restarts: int
    online: int
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether all readings, and the event of each node, are there once."""
        return self.rows == self.keys == self.readings and self.restarts == self.nodes


def _packet(kind: int, body: bytes) -> bytes:
    size, length = b"", len(body)
    while True:
        length, digit = divmod(length, 128)
        size += bytes([digit | (128 if length else 0)])
        if not length:
            return bytes([kind]) + size + body


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


class _Node:
    """What a node says, each message acknowledged before the next."""

    def __init__(self, name: str, readings: int) -> None:
        self.name, self.readings, self.sent = name, readings, 0
        self._pid = 0

    async def run(self, port: int, gate: asyncio.Semaphore) -> None:
        async with gate:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
            head = _text("MQTT") + bytes([4, 0x2E]) + struct.pack(">H", 600)
            will = _text(f"edgewise/{self.name}/status") + _text("offline")
            self._writer.write(_packet(0x10, head + _text(self.name) + will))
            await self._expect(_CONNACK)
        await self._say("status", "online", retain=1)
        start = {"ts": _START_S, "boot": 1, "seq": 0, "event": "reset", "life": self.name}
        await self._say("event", json.dumps(start))
        replay: list[dict[str, object]] = []
        for seq in range(1, self.readings + 1):
            record = self._record(seq)
            if seq % _REPLAYS >= _REPLAYS - 10 and seq < self.readings:
                replay.append(record)
                continue
            if replay:
                await self._say("replay", json.dumps(replay))
                replay = []
            for _ in range(2 if seq % _REPEATS == 0 else 1):
                self.sent += 1
                await self._say("state", json.dumps(record), retain=1)
        self._writer.write(bytes([0xE0, 0]))
        self._writer.close()

    def _record(self, seq: int) -> dict[str, object]:
        values = {"t": 20 + seq % 50 / 10, "h": 40 + seq % 90 / 10, "cls": "normal", "p": 0.93}
        return {"ts": _START_S + _PERIOD_S * seq, "boot": 1, "seq": seq, **values}

    async def _say(self, what: str, text: str, retain: int = 0) -> None:
        self._pid = self._pid % 65535 + 1
        body = _text(f"edgewise/{self.name}/{what}") + struct.pack(">H", self._pid)
        self._writer.write(_packet(_PUBLISH | 2 | retain, body + text.encode()))
        await self._expect(_PUBACK)

    async def _expect(self, kind: int) -> None:
        answer = await asyncio.wait_for(self._reader.readexactly(4), LIMIT_S)
        if answer[0] != kind:
            raise ConnectionError(f"{self.name}: {answer!r} instead of {kind:#x}")


async def _run_nodes(nodes: list[_Node], port: int) -> None:
    gate = asyncio.Semaphore(_TOGETHER)
    await asyncio.gather(*(node.run(port, gate) for node in nodes))


def _start(folder: Path, broker: str, db: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", "from edgewise.cli.main import run; run()", "collect"]
    process = subprocess.Popen(
        [*command, "--broker", broker, "--db", db, "--group", "load"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    assert "collecting" in line, line
    return process


def run(folder: Path, db: str, n_nodes: int, readings: int) -> Result:
    """Send ``readings`` of each node; a collector is killed when a third is stored."""
    engine = open_db(db)
    wanted = n_nodes * readings

    def count(column: object) -> int:
        with engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(column)) or 0)  # type: ignore[arg-type]

    with anonymous(folder) as broker:
        folders = [folder / name for name in ("one", "two")]
        collectors = [_start(place, broker.url, db) for place in folders]
        sender = [sys.executable, "-m", "tests.e2e.load", "--send", str(broker.port)]
        begin_s = time.monotonic()
        with subprocess.Popen(
            [*sender, "--nodes", str(n_nodes), "--readings", str(readings)],
            stdout=subprocess.PIPE,
            text=True,
        ) as nodes_process:
            wait_until(lambda: count(reading) > wanted / 3)
            collectors[0].kill()
            collectors[0].wait()
            wait_until(lambda: count(reading) > wanted / 2)
            collectors[0] = _start(folders[0], broker.url, db)
            sent = int(nodes_process.communicate(timeout=3600)[0])
        wait_until(lambda: count(reading) >= wanted and count(events) >= n_nodes)
        seconds = time.monotonic() - begin_s
        for collector in collectors:
            collector.terminate()
            assert collector.wait(LIMIT_S) == 0
    keys = select(reading.c.node, reading.c.boot, reading.c.seq).distinct().subquery()
    online = select(status).where(status.c.online == 1).subquery()
    return Result(
        n_nodes, wanted, sent, count(reading), count(keys), count(events), count(online), seconds
    )


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--readings", type=int, default=60, help="of each node")
    parser.add_argument("--send", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        nodes = [_Node(f"n{i:04d}", options.readings) for i in range(options.nodes)]
        asyncio.run(_run_nodes(nodes, options.send))
        print(sum(node.sent for node in nodes))
        return
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        place = Path(name)
        (place / "broker").mkdir()
        with postgres.run_server(place) as db:
            result = run(place / "broker", db, options.nodes, options.readings)
    rate = result.readings / result.seconds
    print(f"{result} {rate:.0f} readings/s {'whole' if result.is_whole else 'NOT WHOLE'}")
    raise SystemExit(not result.is_whole)


if __name__ == "__main__":
    _main()
