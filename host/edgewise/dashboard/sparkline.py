"""The last day of a node as a line without axes: one of a card's width, drawn on the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from html import escape

import numpy as np
from sqlalchemy import Engine

from edgewise.dashboard.fleet import Node
from edgewise.dashboard.series import Floats, Window, window
from edgewise.dashboard.units import Scale

__all__ = ["Sparklines", "sparkline"]

_DAY_S = 86400
_STEP_S = 900  # of the line: 96 points
_POINTS = _DAY_S // _STEP_S
_HEIGHT = 32
_SPAN_MIN = {"t": 1.0, "h": 5.0}  # Celsius, %RH: noise is no mountain
_FRESH_S = 300.0
_WORK_S = 0.2  # of one update: the cards come first, their lines a little later


class Sparklines:
    """The lines of all nodes, for all pages; thread-safe.

    A line is read again after five minutes: readings may have come late.
    """

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._lines: dict[str, tuple[float, str]] = {}  # node -> fresh until, HTML
        self._lock = threading.Lock()

    def svg(self, node: str) -> str:
        """The line of ``node`` as HTML; "" while it is not drawn yet."""
        return self._lines.get(node, (0.0, ""))[1]

    def update(self, engine: Engine, nodes: Sequence[Node]) -> None:
        """Draw some of the lines that are due, unless another page is doing so."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            end = time.monotonic() + _WORK_S
            due = [(self._lines.get(n.name, (0.0, ""))[0], n.name, n) for n in nodes]
            for until, name, node in sorted(due, key=lambda entry: entry[:2]):
                now = time.monotonic()
                if until > now or now > end:
                    return
                self._lines[name] = now + _FRESH_S, self._draw(engine, node)
        finally:
            self._lock.release()

    def _draw(self, engine: Engine, node: Node) -> str:
        last_s = (time.time() // _STEP_S + 1) * _STEP_S
        rows = window(engine, node.name, last_s - _DAY_S, last_s, _POINTS)
        return sparkline(rows, last_s, node.period_s or 0.0, self._scale)


def sparkline(rows: Window, last_s: float, period_s: float, scale: Scale) -> str:
    """The day before ``last_s`` as HTML: temperature over humidity, and their lowest and highest.

    It has gaps where readings are missing.
    """
    x = np.clip(((rows.first_s + rows.last_s) / 2 - last_s + _DAY_S) / _STEP_S, 0, _POINTS)
    is_gap = rows.gaps(max(period_s, _STEP_S / 3))
    lines: list[str] = []
    texts: list[str] = []
    for name, values, unit, digits in (
        ("h", rows.h, "%RH", 0),
        ("t", np.array([[scale.value(v) for v in row] for row in rows.t]), scale.unit, 1),
    ):
        if values.size and not np.isnan(values).all():
            low, high = float(np.nanmin(values)), float(np.nanmax(values))
            path = _path(x, values.mean(axis=0), is_gap, low, max(high - low, _SPAN_MIN[name]))
            lines.append(f'<path class="{name}" d="{path}"/>')
            texts.insert(0, f"{low:.{digits}f} to {high:.{digits}f} {unit}")
    if not lines:
        return '<p class="spark soft"><span>no readings in the last day</span></p>'
    t, h = (escape(text) for text in texts)
    return (
        f'<svg class="spark" viewBox="0 -2 {_POINTS} {_HEIGHT + 4}" preserveAspectRatio="none" '
        f'role="img" aria-label="The last day">{"".join(lines)}</svg>'
        f'<p class="soft range"><b>{t}</b><span>{h}</span></p>'
    )


def _path(
    x: Floats, y: Floats, is_gap: Sequence[bool] | np.ndarray, low: float, span: float
) -> str:
    # A point alone is a line of no length, which round ends make visible.
    steps, is_down = [], False
    for xi, yi, gap in zip(x.tolist(), y.tolist(), is_gap, strict=True):
        if np.isnan(yi):
            is_down = False
            continue
        place = f"{xi:.1f} {_HEIGHT * (1 - (yi - low) / span):.1f}"
        steps.append(f"L{place}" if is_down and not gap else f"M{place}h0")
        is_down = True
    return "".join(steps)
