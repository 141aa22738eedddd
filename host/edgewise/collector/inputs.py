"""Inputs of the writer other than MQTT: a serial line and a log. Rows and keys are the same."""

from __future__ import annotations

import json
import queue
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.board.serial.port import Lost, Opened, SerialReader
from edgewise.collector.writer import Writer
from edgewise.errors import InputError
from edgewise.messages.mqtt import parse
from edgewise.messages.serial import Damaged, Diag, Hello, Reading, decode

if TYPE_CHECKING:
    from edgewise.logs.log import Log  # numpy, which a collector needs for a log alone

__all__ = ["SerialInput", "messages_of", "replay"]

_NAMELESS_MAX = 10_000  # records held until the node has a name
_POLL_S = 0.2
_STOP_S = 2.0
_INT_MAX = 2**31 - 1


class SerialInput:
    """A context manager: puts the records of a node on the serial line ``port`` into ``writer``.

    ``node``: its name, whatever the node says. With None it waits for the start line of the node,
    which has the name, and holds up to 10,000 records until then. A damaged record is put as
    well: the writer rejects and counts it. InputError or OutsideError where the port does not
    open.
    """

    def __init__(
        self, port: str, node: str | None, writer: Writer, say: Callable[[str], None]
    ) -> None:
        self._reader = SerialReader(port)
        self._node = node
        self._is_name_fixed = node is not None
        self._writer = writer
        self._say = say
        self._nameless_records: list[tuple[str, bytes]] = []
        self._nameless = 0  # records before the name, held or not
        self._is_lost = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="serial-input", daemon=True)

    def __enter__(self) -> SerialInput:
        self._reader.__enter__()
        if self._node is None:
            self._say("serial: waiting for the node's name: press RESET, or give it with --node")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(_STOP_S)  # the thread may be waiting for the database
        self._reader.__exit__(None, None, None)
        if self._nameless:
            self._say(
                f"serial: {self._nameless} lines are not stored, whose node never said its name: "
                "give it with --node"
            )

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                event = self._reader.events.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(event, Lost):
                self._is_lost = True
                self._say(f"serial: {event.why}: waiting for it")
            elif isinstance(event, Opened):
                if self._is_lost:
                    self._say("serial: it is back")
                self._is_lost = False
            else:
                self._on_line(event)

    def _on_line(self, line: bytes) -> None:
        record = decode(line)
        if isinstance(record, Hello):
            if not self._is_name_fixed:
                self._set_name(record.node)
        elif isinstance(record, Reading | Diag | Damaged):
            kind, _, payload = line.partition(b" ")
            self._put_message(kind.decode(), payload)

    def _set_name(self, node: str) -> None:
        self._node = node
        if n_lost := self._nameless - len(self._nameless_records):
            self._say(f"serial: {n_lost} lines before its name are gone")
        for kind, payload in self._nameless_records:
            self._put_message(kind, payload)
        self._nameless_records.clear()
        self._nameless = 0

    def _put_message(self, kind: str, payload: bytes) -> None:
        if self._node is not None:
            self._writer.put(f"{self._writer.base}/{self._node}/{kind}", payload)
            return
        self._nameless += 1
        if len(self._nameless_records) < _NAMELESS_MAX:
            self._nameless_records.append((kind, payload))


def replay(path: Path, log: Log, node: str | None, writer: Writer) -> int:
    """Put the readings of ``log``, read from ``path``, into ``writer``; return how many.

    It returns when they are in the database. ``node``: for a log without that column. The same
    file gives the same keys, so a second replay adds nothing. InputError for a row that is not a
    reading of a node, before any reading is put.
    """
    readings = list(messages_of(path, log, node, writer.base))
    for topic, payload in readings:
        writer.put(topic, payload)
    writer.wait_for(
        lambda c: c.readings + c.duplicates + c.rejected >= len(readings), threading.TIMEOUT_MAX
    )
    return len(readings)


def messages_of(path: Path, log: Log, node: str | None, base: str) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of each reading of a log, as its node would have sent them."""
    boot = zlib.crc32(path.read_bytes()) & _INT_MAX
    for i in range(len(log)):
        name = str(log.node[i]) or node or ""
        if not name or set(name) & set("/+#"):
            raise InputError(
                f"{path}:{log.line[i]}: node {name!r}: name the node with --node, without /, + "
                "and #"
            )
        is_good = bool(log.valid[i])
        values = {
            "ts": float(log.time_s[i]),
            "boot": boot,
            "seq": int(log.line[i]),
            "t": log.t_dc[i] / 10 if is_good else None,
            "h": log.h_pm[i] / 10 if is_good else None,
            "cls": None,
            "p": None,
        }
        if not is_good:
            values["err"] = "failed"
        topic, payload = f"{base}/{name}/state", json.dumps(values).encode()
        try:
            ((_, row),) = parse(base, topic, payload, time.time())
        except ValueError as e:
            raise InputError(f"{path}:{log.line[i]}: {e}: correct the log") from e
        if row["clock"]:
            raise InputError(
                f"{path}:{log.line[i]}: the time is before 2000 or more than a year ahead: "
                "correct the log"
            )
        yield topic, payload
