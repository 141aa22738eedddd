"""Readings a second from nodes through mosquitto and the collector onto a disk."""

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

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edgewise.errors import OutsideError
from edgewise.reliability.mosquitto import Mosquitto
from edgewise.urls import parse_broker

__all__ = ["collector_load"]

READINGS = 100_000
NODES = 10
_UNACKNOWLEDGED = 500
_LIMIT_S = 300


def collector_load(readings: int = READINGS) -> dict[str, Any]:
    """Publish with QoS 1 from a process of its own, collect into SQLite on disk.

    Returns ``readings``, ``seconds`` until the last is committed, ``per_s``, ``batch`` (mean rows
    a commit). OutsideError when mosquitto is missing or a reading is.
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
    words = [sys.executable, "-m", "edgewise.bench.load", url, str(readings)]
    begun_s = time.monotonic()
    with subprocess.Popen(words) as publisher:
        done = collector.wait_for(lambda c: c.readings >= readings, _LIMIT_S)
        seconds = time.monotonic() - begun_s
        publisher.kill()
    collector.stop()
    engine.dispose()
    if not done:
        raise OutsideError(f"load: {collector.counts.readings} of {readings} readings came")
    return {
        "readings": readings,
        "seconds": round(seconds, 1),
        "per_s": round(readings / seconds),
        "batch": round(readings / collector.counts.commits),
    }


def _publish(url: str, readings: int) -> None:
    free = threading.Semaphore(_UNACKNOWLEDGED)
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(_UNACKNOWLEDGED)
    client.on_publish = lambda *_: free.release()
    at = parse_broker(url)
    client.connect(at.host, at.port)
    client.loop_start()
    for i in range(readings):
        seq, node = divmod(i, NODES)
        said = {"ts": 1_700_000_000 + 60 * seq, "boot": 1, "seq": seq, "t": 21.5, "h": 40.1}
        free.acquire()
        client.publish(f"edgewise/n{node}/state", json.dumps({**said, "cls": "a", "p": 0.9}), 1)
    for _ in range(_UNACKNOWLEDGED):
        free.acquire()
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    _publish(sys.argv[1], int(sys.argv[2]))
