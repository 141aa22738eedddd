"""What test_acceptance.py works with: a record, the settings, a broker, the serial line."""

from __future__ import annotations

import getpass
import json
import queue
import secrets
import shutil
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.broker.mosquitto import Mosquitto
from tests.broker.secured import password
from tests.shared import LIMIT_S, wait_until

from edgewise import settings
from edgewise.board.ports import open_port
from edgewise.board.serial.port import SerialReader
from edgewise.broker.setup import init
from edgewise.errors import OutsideError
from edgewise.urls import BrokerUrl

PERIOD_MS = 10_000
_NODE = "acceptance"  # where the settings name none
_PLAIN = """listener {port}
allow_anonymous true
max_queued_messages 0
persistence true
user {user}
"""

Key = tuple[int, int]  # boot, seq


class Transcript:
    """Lines on the terminal (pytest -s) and in a file, with the seconds since the first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._terminal = sys.stdout  # a command that runs has another one in its place
        self._start_s = time.monotonic()

    def say(self, text: str) -> None:
        elapsed_s = time.monotonic() - self._start_s
        lines = "".join(f"{elapsed_s:7.1f} {line}\n" for line in text.splitlines())
        with self.path.open("a") as file:
            file.write(lines)
        self._terminal.write(lines)
        self._terminal.flush()


def node_settings(config: Path) -> dict[str, Any]:
    """Those of ``config`` for a node that stays awake, reads every 10 s and reports all of it."""
    values = settings.load(config)
    for key in ("base", "report", "report_every", "sleep", "actuator", "confirm"):
        values.pop(key, None)
    values.update(period_ms=PERIOD_MS, serial=True, node=values.get("node") or _NODE)
    values.setdefault("update", {"secret": secrets.token_hex(32)})
    return values


@dataclass(frozen=True)
class Broker:
    """mosquitto at the port of the settings; the computer's own clients reach it at ``url``."""

    server: Mosquitto
    url: BrokerUrl

    @property
    def address(self) -> str:
        """For EDGEWISE_BROKER."""
        if not self.url.tls:
            return f"mqtt://localhost:{self.url.port}"
        return f"mqtts://{self.url.user}:{self.url.password}@localhost:{self.url.port}"

    @property
    def options(self) -> list[str | Path]:
        return ["--ca", self.url.ca] if self.url.ca else []


def make_broker(folder: Path, values: dict[str, Any]) -> Broker:
    """The broker for these settings; with TLS they get the CA and a password of a new folder."""
    node, mqtt, home = values["node"], values["mqtt"], folder / "broker"
    port = settings.complete(values)["mqtt"]["port"]
    if not mqtt.get("tls"):
        home.mkdir()
        (home / "mosquitto.conf").write_text(_PLAIN.format(port=port, user=getpass.getuser()))
        return Broker(Mosquitto(home, port), BrokerUrl("localhost", port))
    hosts = [mqtt["host"], mqtt.get("server_name"), "localhost"]
    init(home, [host for host in dict.fromkeys(hosts) if host], [node], port)
    shutil.copy(home / "nodes/ca.der", folder)
    new = tomllib.loads((home / f"nodes/{node}.toml").read_text())["mqtt"]
    values["mqtt"] = {k: v for k, v in mqtt.items() if k not in ("cert", "key")} | new
    user = "operator"
    url = BrokerUrl("localhost", port, user, password(home, user), True, home / "ca.pem")
    return Broker(Mosquitto(home, port), url)


def lost(heard: set[Key], stored: set[Key]) -> list[str]:
    """What is not stored of the readings that were heard, and of the numbers below those.

    The last of a start does not count once there is a later start: it may be taken in the very
    moment in which the power goes. What an earlier node stored does not count either.
    """
    first = min((boot for boot, _ in heard), default=0)
    last: dict[int, int] = {}
    for boot, seq in heard | stored:
        if boot >= first:
            last[boot] = max(seq, last.get(boot, 0))
    return [
        f"boot {boot}, seq {seq}"
        for boot in sorted(last)
        for seq in range(1, last[boot] + (boot == max(last)))
        if (boot, seq) not in stored
    ]


class Line:
    """What the node says on its serial line, while no command has the port."""

    def __init__(self, port: str, say: Callable[[str], None]) -> None:
        self.readings: set[Key] = set()
        self.heap_bytes: list[int] = []  # of each diag
        self._port = port
        self._say = say

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Hear the node inside the block; after a power cut the port may come back late."""
        wait_until(self._opens, lambda: f"port {self._port} does not open")
        end = threading.Event()
        with SerialReader(self._port) as reader:
            thread = threading.Thread(target=self._hear, args=(reader, end))
            thread.start()
            try:
                yield
            finally:
                end.set()
                thread.join(LIMIT_S)

    def _opens(self) -> bool:
        with suppress(OutsideError):
            open_port(self._port).close()
            return True
        return False

    def _hear(self, reader: SerialReader, end: threading.Event) -> None:
        while not end.is_set():
            with suppress(queue.Empty, KeyError, ValueError):  # a line may be cut
                event = reader.events.get(timeout=0.2)
                if isinstance(event, bytes):
                    self._take(event.decode("utf-8", "replace"))

    def _take(self, text: str) -> None:
        kind, _, rest = text.partition(" ")
        if kind == "state":
            values = json.loads(rest)
            self.readings.add((values["boot"], values["seq"]))
        elif kind == "diag":
            self.heap_bytes.append(json.loads(rest)["heap"])
        elif text.strip():
            self._say(f"  board: {text}")
