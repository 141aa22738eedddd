"""A window of readings as series of the chart: points, bars and marks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.dashboard.series import Band, Window
from edgewise.dashboard.units import CELSIUS, Scale

__all__ = ["FAILED", "LATE", "QUIET", "Overlay", "Palette", "data"]

Forecast = tuple[float, float, float, float]  # time, value, lower, upper
_COLORS = ("#4c9f8b", "#7a6fc0", "#c76a8e", "#5a9bd4", "#9a8f3c", "#8d6e63", "#6b7c8c")
QUIET, LATE, FAILED = "#8a94a055", "#e0a030", "#c0503c"
_DIGITS = 3  # of a temperature: what a conversion adds would only make the messages longer
_DOT = {"symbol": "circle", "symbolSize": 4}


class Palette:
    """A colour for each class, the same on every page."""

    def __init__(self) -> None:
        self._colors: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self._colors.setdefault(name, _COLORS[len(self._colors) % len(_COLORS)])


@dataclass(frozen=True)
class Overlay:
    """What is drawn beside the readings of a window.

    ``events``: unix seconds and name. ``forecasts``: channel -> time, value, lower, upper; their
    temperatures are in Celsius. ``outages``: None for those that the window itself shows.
    """

    labels: list[Band] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)
    forecasts: dict[str, list[Forecast]] = field(default_factory=dict)
    outages: list[Band] | None = None


def data(
    window: Window, period_s: float, overlay: Overlay, palette: Palette, scale: Scale = CELSIUS
) -> list[dict[str, Any]]:
    """The series of ``window`` with its overlay, which ECharts merges by id.

    The temperatures of ``window`` are in Celsius, those of the series in ``scale``.
    """
    forecasts = overlay.forecasts
    outages = window.outages(period_s) if overlay.outages is None else overlay.outages
    gaps = window.gaps(period_s)
    areas = [[{"xAxis": 1000 * b.start}, {"xAxis": 1000 * b.end}] for b in outages]
    series: list[dict[str, Any]] = []
    t = np.round(scale.value(window.t), _DIGITS)
    shown_forecasts = {**forecasts, "t": _in_scale(forecasts.get("t", []), scale)}
    for channel, values in (("t", t), ("h", window.h)):
        points = _make_points(window, values, gaps)
        series.append({"id": channel, "data": points, "markArea": {"data": areas}})
        rows = shown_forecasts.get(channel, [])
        series += [
            {"id": f"low_{channel}", "data": [[1000 * ts, low] for ts, _, low, _ in rows]},
            {"id": f"band_{channel}", "data": [[1000 * ts, up - low] for ts, _, low, up in rows]},
            {"id": f"yhat_{channel}", "data": [[1000 * ts, y] for ts, y, _, _ in rows]},
        ]
    bars = [
        *(_bar(band, 0, palette[band.name]) for band in window.classes(period_s)),
        *(_bar(band, 1, palette[band.name]) for band in overlay.labels),
        *(_bar(band, 2, QUIET) for band in outages),
        *(_bar(band, 2, LATE) for band in window.replays(period_s)),
        *(_bar(band, 2, FAILED) for band in window.failed_reads(period_s)),
    ]
    marks = [{"value": [1000 * ts, 2], "name": name} for ts, name in overlay.events]
    return [*series, {"id": "bands", "data": bars}, {"id": "events", "data": marks}]


def _in_scale(rows: list[Forecast], scale: Scale) -> list[Forecast]:
    return [(ts, scale.value(y), scale.value(low), scale.value(up)) for ts, y, low, up in rows]


def _bar(band: Band, row: int, color: str) -> dict[str, Any]:
    span = [1000 * band.start, 1000 * band.end, row]
    return {"value": span, "name": band.name, "itemStyle": {"color": color}}


def _make_points(
    window: Window, values: NDArray[np.float64], gaps: NDArray[np.bool_]
) -> list[list[Any] | dict[str, Any]]:
    # A bucket with more than one value becomes two points: its minimum and its maximum.
    points: list[list[Any] | dict[str, Any]] = []
    columns = (window.first_s, window.last_s, *values, gaps, _find_lone_points(values[0], gaps))
    for i, (first, last, low, high, gap, is_alone) in enumerate(
        zip(*(c.tolist() for c in columns), strict=True)
    ):
        if gap:
            points.append([1000 * first - 1, None, None])
        if low != low:
            points.append([1000 * first, None, None])
            continue
        point = [1000 * first, low, window.cls[i]]
        points.append({"value": point, **_DOT} if is_alone and high == low else point)
        if high > low:
            points.append([1000 * last, high, window.cls[i]])
    return points


def _find_lone_points(values: NDArray[np.float64], gaps: NDArray[np.bool_]) -> NDArray[np.bool_]:
    # bool[n]: whether a point has no neighbour to draw a line to
    is_missing = np.isnan(values)
    no_left = gaps | np.append(True, is_missing[:-1])
    no_right = np.append(gaps[1:] | is_missing[1:], True)
    is_alone: NDArray[np.bool_] = no_left & no_right
    return is_alone
