"""Ways into the writer other than MQTT: a serial line, a log. The same rows, the same key."""

from __future__ import annotations

import json
import queue
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from edgewise.board.serial.port import Lost, Opened, SerialReader
from edgewise.collector.writer import Writer
from edgewise.errors import InputError
from edgewise.logs.log import Log
from edgewise.messages.mqtt import parse
from edgewise.messages.serial import Damaged, Diag, Hello, Reading, decode

__all__ = ["SerialInput", "messages_of", "replay"]

_HELD_MAX = 10_000
_POLL_S = 0.2
_STOP_S = 2.0
_INT_MAX = 2**31 - 1


class SerialInput:
    """A context manager: what a node says on the serial line ``port`` is put into ``writer``.

    ``node``: its name, whatever it says itself; None waits for the line that it says at its
    start, and holds what comes before. A record that the wire has spoiled is put as well: the
    writer rejects and counts it. InputError or OutsideError where the port does not open.
    """

    def __init__(
        self, port: str, node: str | None, writer: Writer, say: Callable[[str], None]
    ) -> None:
        self._reader = SerialReader(port)
        self._node = node
        self._named = node is not None
        self._writer = writer
        self._say = say
        self._held: list[tuple[str, bytes]] = []
        self._nameless = 0
        self._lost = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="serial-input", daemon=True)

    def __enter__(self) -> SerialInput:
        self._reader.__enter__()
        if self._node is None:
            self._say("serial: waiting for the node's name: press RESET, or give it with --node")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(_STOP_S)  # it waits for the database where that is away
        self._reader.__exit__(None, None, None)
        if self._nameless:
            self._say(
                f"serial: {self._nameless} lines are not stored, whose node never said its name: "
                "give it with --node"
            )

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                event = self._reader.events.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(event, Lost):
                self._lost = True
                self._say(f"serial: {event.why}: waiting for it")
            elif isinstance(event, Opened):
                if self._lost:
                    self._say("serial: it is back")
                self._lost = False
            else:
                self._line(event)

    def _line(self, line: bytes) -> None:
        said = decode(line)
        if isinstance(said, Hello):
            if not self._named:
                self._name(said.node)
        elif isinstance(said, Reading | Diag | Damaged):
            kind, _, payload = line.partition(b" ")
            self._put_message(kind.decode(), payload)

    def _name(self, node: str) -> None:
        self._node = node
        if self._nameless > len(self._held):
            self._say(f"serial: {self._nameless - len(self._held)} lines before its name are gone")
        for held in self._held:
            self._put_message(*held)
        self._held.clear()
        self._nameless = 0

    def _put_message(self, kind: str, payload: bytes) -> None:
        if self._node is not None:
            self._writer.put(f"{self._writer.base}/{self._node}/{kind}", payload)
            return
        self._nameless += 1
        if len(self._held) < _HELD_MAX:
            self._held.append((kind, payload))


def replay(path: Path, log: Log, node: str | None, writer: Writer) -> int:
    """Put the readings of ``log``, read from ``path``, into ``writer``; return how many.

    It returns when they are in the database.

    ``node``: for a log without that column. The same file gives the same keys: a second time
    nothing is doubled. InputError for a row that is no reading of a node, before any is put.
    """
    readings = list(messages_of(path, log, node, writer.base))
    for topic, payload in readings:
        writer.put(topic, payload)
    writer.wait_for(
        lambda c: c.readings + c.duplicates + c.rejected >= len(readings), threading.TIMEOUT_MAX
    )
    return len(readings)


def messages_of(path: Path, log: Log, node: str | None, base: str) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of each reading of a log, as its node would have sent it."""
    boot = zlib.crc32(path.read_bytes()) & _INT_MAX
    for i in range(len(log)):
        name = str(log.node[i]) or node or ""
        if not name or set(name) & set("/+#"):
            raise InputError(
                f"{path}:{log.line[i]}: node {name!r}: name the node with --node, without /, + "
                "and #"
            )
        good = bool(log.valid[i])
        said = {
            "ts": float(log.time_s[i]),
            "boot": boot,
            "seq": int(log.line[i]),
            "t": log.t_dc[i] / 10 if good else None,
            "h": log.h_pm[i] / 10 if good else None,
            "cls": None,
            "p": None,
        }
        if not good:
            said["err"] = "failed"
        topic, payload = f"{base}/{name}/state", json.dumps(said).encode()
        try:
            parse(base, topic, payload, time.time())
        except ValueError as e:
            raise InputError(f"{path}:{log.line[i]}: {e}: correct the log") from e
        yield topic, payload
