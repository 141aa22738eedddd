"""Measure the readings a second from nodes through mosquitto and the collector onto a disk."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from edgewise.errors import OutsideError
from edgewise.messages.client import MqttClient
from edgewise.reliability.mosquitto import Mosquitto
from edgewise.urls import parse_broker

__all__ = ["collector_load"]

READINGS = 100_000
NODES = 10
_UNACKNOWLEDGED = 500
_LIMIT_S = 300


def collector_load(readings: int = READINGS) -> dict[str, Any]:
    """Return the rate of the collector with readings of QoS 1 and SQLite on disk.

    The result has ``readings``, ``seconds`` until the last is committed, ``per_s`` and ``batch``
    (mean rows in a commit). Another process publishes. Raises OutsideError without mosquitto, and
    when a reading is missing.
    """
    return asyncio.run(_measure(readings))


async def _measure(readings: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="edgewise-load-") as folder:
        async with Mosquitto(Path(folder)) as broker:
            return await asyncio.to_thread(_collect, broker.url, Path(folder), readings)


def _collect(url: str, folder: Path, readings: int) -> dict[str, Any]:
    from edgewise.collector import Collector, Writer
    from edgewise.database import open_db

    engine = open_db(f"sqlite:///{folder / 'load.db'}")
    collector = Collector(parse_broker(url), Writer(engine))
    collector.start()
    command = [sys.executable, "-m", "edgewise.bench.load", url, str(readings)]
    start_s = time.monotonic()
    with subprocess.Popen(command) as publisher:
        is_complete = collector.wait_for(lambda c: c.readings >= readings, _LIMIT_S)
        seconds = time.monotonic() - start_s
        publisher.kill()
    collector.stop()
    engine.dispose()
    if not is_complete:
        raise OutsideError(f"load: {collector.counts.readings} of {readings} readings came")
    return {
        "readings": readings,
        "seconds": round(seconds, 1),
        "per_s": round(readings / seconds),
        "batch": round(readings / collector.counts.commits),
    }


def _publish(url: str, readings: int) -> None:
    window = threading.Semaphore(_UNACKNOWLEDGED)
    broker = parse_broker(url)
    client = MqttClient(broker)
    client.max_inflight_messages_set(_UNACKNOWLEDGED)
    client.on_publish = lambda *_: window.release()
    client.connect(broker.host, broker.port)
    client.loop_start()
    for i in range(readings):
        seq, node = divmod(i, NODES)
        reading = {"ts": 1_700_000_000 + 60 * seq, "boot": 1, "seq": seq, "t": 21.5, "h": 40.1}
        window.acquire()
        client.publish(f"edgewise/n{node}/state", json.dumps({**reading, "cls": "a", "p": 0.9}), 1)
    for _ in range(_UNACKNOWLEDGED):
        window.acquire()
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    _publish(sys.argv[1], int(sys.argv[2]))
