"""Messages in plain words: node, what, since when, what to do. Names come from strangers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from itertools import groupby
from typing import Any

from edgewise.database.names import NodeName, full_name
from edgewise.health import with_name
from edgewise.notify.notices import Due
from edgewise.times import Clock

__all__ = ["message"]

_LINES_MAX = 30
_NAMES_MAX = 10
_TEXT_MAX = 300
_GROUP_MIN = 4  # nodes with the same problem that become one line
_UNSAFE = re.compile(r"[^\w\s.,:;+\-()/%°'=<>!?]")  # no markup, link or mention of a service
_CHANNELS = {"t": ("temperature", "C"), "h": ("humidity", "%RH")}
_LIMIT = re.compile(r"(?:limit )?([th])([<>])(-?[\d.]+)")
_CURES = {
    "offline": "Check its power and its Wi-Fi",
    "fault": "Check the wire and the supply of its sensor",
    "unusual": "Look at its chart",
}
_PLURAL = {
    "offline": "are offline",
    "fault": "have a sensor that fails",
    "unusual": "measure something unusual",
    "health": "have a finding",
    "forecast": "are expected to cross a limit",
    "class": "have another class",
}


def message(
    rows: Sequence[Due],
    zone: tzinfo | None,
    now_s: float,
    names: Mapping[str, NodeName] | None = None,
) -> tuple[str, str]:
    """Title and text of one message about ``rows``, with times on the clock of ``zone``.

    ``names``: of the nodes, which people read instead of the ids.
    """
    writer = _Writer(zone, now_s, names or {})
    lines: list[str] = []
    ordered = sorted(rows, key=lambda row: (row.kind != "system", row.kind, _phase(row)))
    for (kind, phase), group in groupby(ordered, lambda row: (row.kind, _phase(row))):
        lines += writer.lines(kind, phase, sorted(group, key=lambda row: row.begun_at))
    title = f"Edgewise: {_first_words(lines[0])}"
    if len(lines) > 1:
        title += f", and {len(lines) - 1} more"
    if len(lines) > _LINES_MAX:
        rest = len(lines) - _LINES_MAX
        lines = [*lines[:_LINES_MAX], f"And {rest} more: the dashboard shows them."]
    return title, "\n".join(lines)


def _phase(row: Due) -> str:
    if row.over_at is None:
        return "begin"
    return "over" if row.is_told else "both"


def _first_words(line: str) -> str:
    what = line.removeprefix("Over: ")
    words = re.split(r"[:;.,] |\.$", what, maxsplit=1)[0][:80]
    return words if what == line else f"over: {words}"


class _Writer:
    def __init__(self, zone: tzinfo | None, now_s: float, names: Mapping[str, NodeName]) -> None:
        self._clock, self._now_s, self._names = Clock(zone), now_s, names

    def _name(self, node: str) -> str:
        return re.sub("[<>]", "?", _safe(full_name(self._names, node)))  # limits have them

    def lines(self, kind: str, phase: str, rows: list[Any]) -> list[str]:
        if kind == "class":
            by_node = groupby(sorted(rows, key=lambda row: row.node), lambda row: row.node)
            return [self._class(node, list(group)) for node, group in by_node]
        nodes = {row.node for row in rows}
        if len(nodes) >= _GROUP_MIN and kind in ("offline", "fault", "unusual"):
            return [self._summarise(kind, phase, rows, len(nodes))]
        return [self._one(kind, phase, row) for row in rows]

    def _one(self, kind: str, phase: str, row: Any) -> str:
        what, cure = self._problem_and_cure(kind, row)
        since = f"since {self._clock_time(row.begun_at)}"
        if kind == "offline":
            since = f"last heard at {self._clock_time(row.begun_at)}"
        if row.times > 1 and phase == "begin":
            since += f", for the {row.times}. time within a day"
        if phase == "begin":
            return f"{what}, {since}.{f' {cure}.' if cure else ''}"
        span = self._span(row.over_at - row.begun_at)
        if phase == "both":
            start, end = (self._clock_time(time_s) for time_s in (row.begun_at, row.over_at))
            return f"{what} from {start} to {end}, now over."
        if kind == "offline":
            end = self._clock_time(row.over_at)
            return f"{self._name(row.node)} is back since {end}, after {span}."
        return f"Over: {what}. Gone since {self._clock_time(row.over_at)}, after {span}."

    def _problem_and_cure(self, kind: str, row: Any) -> tuple[str, str]:
        node = self._name(row.node)
        if kind == "system":
            return _SYSTEM[row.about]
        if kind == "offline":
            return f"{node} is {_safe(row.text)}", _CURES[kind]
        if kind == "fault":
            why = f" ({_safe(row.text)})" if row.text else ""
            return f"the sensor of {node} gives no readings{why}", _CURES[kind]
        if kind == "unusual":
            return f"{node} measures something unusual", _CURES[kind]
        if kind == "forecast":
            return self._crossing(node, row), ""
        return _safe(with_name(row.text, row.node, self._name(row.node))), ""

    def _crossing(self, node: str, row: Any) -> str:
        match = _LIMIT.match(row.about)
        if not match:
            return f"{node}: {_safe(row.text)}"
        channel, unit = _CHANNELS[match[1]]
        side = "above" if match[2] == ">" else "below"
        when = f" from {self._clock_time(float(row.text))} on" if row.text.isdecimal() else ""
        return f"{node}: {channel} {side} {match[3]} {unit} is expected{when}"

    def _class(self, node: str, rows: list[Any]) -> str:
        last = rows[-1]
        changes = "" if len(rows) == 1 else f"{len(rows)} changes of class, the last: "
        time = self._clock_time(last.begun_at)
        return f"{self._name(node)}: {changes}{_safe(last.text)} at {time}."

    def _summarise(self, kind: str, phase: str, rows: list[Any], n: int) -> str:
        names = list(dict.fromkeys(self._name(row.node) for row in rows))
        some = ", ".join(names[:_NAMES_MAX])
        if n > _NAMES_MAX:
            some += f" and {n - _NAMES_MAX} more"
        if phase != "begin":
            ends = [row.over_at for row in rows]
            verb = "are back" if kind == "offline" else "are well again"
            return f"{n} nodes {verb}, {self._describe_span(ends)}: {some}."
        starts = [row.begun_at for row in rows]
        heard = "last heard" if kind == "offline" else "since"
        cure = " Check the broker, the Wi-Fi and the power first." if kind == "offline" else ""
        return f"{n} nodes {_PLURAL[kind]}, {heard} {self._describe_span(starts)}: {some}.{cure}"

    def _describe_span(self, times: list[float]) -> str:
        first, last = self._clock_time(min(times)), self._clock_time(max(times))
        return f"at {first}" if first == last else f"between {first} and {last}"

    def _clock_time(self, time_s: float) -> str:
        time, now = self._clock.at(time_s), self._clock.at(self._now_s)
        return f"{time:%H:%M %Z}" if time.date() == now.date() else self._clock.with_zone(time_s)

    def _span(self, span_s: float) -> str:
        minutes = max(1, round(span_s / 60))
        if minutes < 120:
            return f"{minutes} min"
        hours = minutes / 60
        return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


_SYSTEM = {
    "collector": (
        "edgewise collect has stopped and no reading is stored",
        "Start it again; the broker sends what it has kept",
    ),
    "broker": (
        "the broker does not answer and no reading arrives",
        "Check the broker and the network",
    ),
}


def _safe(text: str) -> str:
    # Control characters, and what a service may take for markup or a mention.
    return _UNSAFE.sub("?", "".join(c if c.isprintable() else "?" for c in text[:_TEXT_MAX]))
