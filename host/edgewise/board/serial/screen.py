"""The state of a node as a table, which stays below the lines of its log."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from edgewise.messages.learning import describe_learning
from edgewise.messages.outputs import describe_outputs
from edgewise.messages.serial import Damaged, Diag, Hello, Reading, Said, Text

__all__ = ["NodeState", "table"]

_LINK = re.compile(r"edgewise: (?:mqtt|tls|dns|ntp|wifi): (.*)")
_UNKNOWN = "-"


@dataclass
class NodeState:
    """The state of a node from all lines so far; pass each line to ``hear``."""

    node: str | None = None
    boot: int | None = None
    model: str | None = None
    reading: Reading | None = None
    heard_s: float | None = None
    diag: dict[str, Any] = field(default_factory=dict)
    link: str | None = None
    port: str = "open"
    readings: int = 0
    damaged: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def hear(self, message: Said) -> None:
        """Update the state from one decoded line."""
        if isinstance(message, Reading):
            self.reading, self.boot = message, message.boot
            self.heard_s = time.monotonic()
            self.readings += 1
            if message.err is not None:
                self.errors[message.err] += 1
        elif isinstance(message, Diag):
            self.diag = message.figures
        elif isinstance(message, Hello):
            self.node, self.boot = message.node, message.boot
            self.model = (
                f"{message.model}, {message.runtime}" if message.model else "none: safe mode"
            )
            self.link = None
        elif isinstance(message, Damaged):
            self.damaged += 1
        elif isinstance(message, Text) and (link := _LINK.match(message.text)):
            self.link = link.group(1)

    def rows(self) -> list[tuple[str, str]]:
        """Return name and value of each line of the table."""
        failed = sum(self.errors.values())
        learning = describe_learning(self.diag)
        outputs = describe_outputs(self.diag)
        shares = ", ".join(f"{n} {err}" for err, n in self.errors.most_common())
        return [
            ("node", f"{self.node or _UNKNOWN}, boot {_format(self.boot)}"),
            ("model", self.model or _UNKNOWN),
            ("reading", self._reading()),
            ("class", self._class()),
            *([("usual here", learning)] if learning else []),
            *([("outputs", outputs)] if outputs else []),
            ("readings", f"{self.readings}, {failed} failed{f' ({shares})' if shares else ''}"),
            ("link", self.link or _UNKNOWN),
            ("heap free", _format_unit(self.diag.get("heap"), "bytes")),
            ("signal", _format_unit(self.diag.get("rssi"), "dBm")),
            ("up", _format_unit(self.diag.get("uptime_s"), "s at the last diag")),
            ("line", self.port + (f", {self.damaged} damaged" if self.damaged else "")),
        ]

    def _reading(self) -> str:
        if self.reading is None or self.heard_s is None:
            return "none yet"
        age = f"{time.monotonic() - self.heard_s:.0f} s ago"
        if self.reading.err is not None:
            return f"failed: {self.reading.err}, {age}"
        return f"{self.reading.t:.1f} C  {self.reading.h:.1f} %  {age}"

    def _class(self) -> str:
        if self.reading is None or self.reading.err is not None:
            return _UNKNOWN
        if self.reading.cls is None:
            return "unsure"
        return f"{self.reading.cls}  {100 * (self.reading.p or 0):.0f} %"


def _format(value: Any) -> str:
    return _UNKNOWN if value is None else str(value)


def _format_unit(value: Any, unit: str) -> str:
    return _UNKNOWN if value is None else f"{value:,} {unit}"


def table(state: NodeState) -> Any:
    """Return ``state`` as a rich table."""
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text as RichText

    grid = Table.grid(padding=(0, 2))
    for name, value in state.rows():
        style = "bold" if name in ("reading", "class") else ""
        grid.add_row(RichText(name, style="dim"), RichText(value, style=style))
    return Panel(grid, title="edgewise monitor", title_align="left", expand=False)
