"""The chart of a node as ECharts options: temperature, humidity, and bars of the classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from edgewise.dashboard import time_axis
from edgewise.times import Clock

__all__ = ["ROWS", "axes", "fill", "options"]

ROWS = ("class", "label", "notes")
_T_COLOR, _H_COLOR = "#d9622b", "#2b7fc4"
_EVENT_COLOR = "#c0563f"
_TICK_PIXELS = 70
# Draws a bar from one time to another in a row, clipped to the plot.
_BAR = """(params, api) => {
  const a = api.coord([api.value(0), api.value(2)]), b = api.coord([api.value(1), api.value(2)]);
  const box = params.coordSys, height = api.size([0, 1])[1] * 0.62;
  const left = Math.max(a[0], box.x);
  const right = Math.min(Math.max(b[0], a[0] + 2), box.x + box.width);
  if (right <= left) return;
  return {type: 'rect', shape: {x: left, y: a[1] - height / 2, width: right - left, height, r: 2},
          style: {fill: api.visual('color')}};
}"""
# The tooltip is drawn as text on the canvas (renderMode richText): text from a node is never
# read as HTML. T_UNIT becomes the unit of the temperature.
_TOOLTIP = """(all) => {WALL
  const of = id => all.filter(p => p.seriesId === id).map(p => p.value);
  const span = (points, unit) => {
    const v = points.map(p => p[1]).filter(x => x !== null);
    if (!v.length) return '';
    const low = Math.min(...v).toFixed(1), high = Math.max(...v).toFixed(1);
    return '\\n' + (low === high ? low : low + ' to ' + high) + unit;
  };
  const t = of('t'), f = of('yhat_t');
  const d = wall(all[0].axisValue);
  const time = day(d) + ' ' + d.getUTCFullYear() + ' ' + minute(d) + ':' + two(d.getUTCSeconds());
  const cls = t.length && t[0][2] ? '\\n' + t[0][2] : '';
  return time + span(t, T_UNIT) + span(of('h'), ' %RH') + cls
    + (f.length ? '\\nforecast' + span(f, T_UNIT).trim().padStart(9) : '');
}"""


@dataclass(frozen=True)
class _GridPosition:
    top: str
    height: str


_GRID_POSITIONS = (
    _GridPosition("28", "35%"),
    _GridPosition("47%", "27%"),
    _GridPosition("78%", "13%"),
)


_TOOLTIP_BOX = {"trigger": "axis", "renderMode": "richText", "confine": True}
_BRUSH = {
    "xAxisIndex": "all",
    "brushType": "lineX",
    "toolbox": [],
    "inBrush": {"colorAlpha": 1},
    "outOfBrush": {"colorAlpha": 1},
    "brushStyle": {"color": "#4c9f8b33", "borderColor": "#4c9f8b", "borderWidth": 1},
}


def fill(empty: dict[str, Any], new_series: list[dict[str, Any]]) -> dict[str, Any]:
    """The options ``empty`` with the series ``new_series`` of `chart_data.data` merged in."""
    new = {series["id"]: series for series in new_series}
    series = [{**old, **new[old["id"]], **_area(old, new[old["id"]])} for old in empty["series"]]
    return {**empty, "series": series}


def _area(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {"markArea": {**old["markArea"], **new["markArea"]}} if "markArea" in new else {}


def options(
    first_s: float, last_s: float, clock: Clock, dark: bool, narrow: bool, t_unit: str
) -> dict[str, Any]:
    """The chart without data. It can be scrolled from ``first_s`` to ``last_s`` [unix seconds].

    ``clock``: of its times. ``t_unit``: of the temperatures.
    """

    ink, line = ("#a9b3be", "#2c333b") if dark else ("#5b6470", "#e4e8ec")
    left, right = (48, 12) if narrow else (56, 24)
    label = {"color": ink, "fontSize": 11}
    # No outer bounds: else a grid with wide labels begins further right than the others.
    sides = {"left": left, "right": right, "outerBoundsMode": "none"}
    formatter = time_axis.script(time_axis.AXIS_LABEL, clock, first_s, last_s)
    tooltip = time_axis.script(_TOOLTIP, clock, first_s, last_s)
    return {
        "animation": False,
        "grid": [{**sides, "top": p.top, "height": p.height} for p in _GRID_POSITIONS],
        "xAxis": _time_axes(first_s, last_s, {**label, ":formatter": formatter}, line),
        "yAxis": _value_axes(t_unit, label, line),
        "axisPointer": {"link": [{"xAxisIndex": "all"}], "lineStyle": {"color": ink}},
        "tooltip": {
            **_TOOLTIP_BOX,
            ":formatter": tooltip.replace("T_UNIT", json.dumps(f" {t_unit}")),
            "backgroundColor": "#1d2126" if dark else "#ffffff",
            "borderColor": line,
            "textStyle": {"color": "#e8ebee" if dark else "#1b1f24", "fontSize": 12},
        },
        "dataZoom": [
            {
                "type": "inside",
                "xAxisIndex": [0, 1, 2],
                "filterMode": "none",
                # on a phone a finger on the chart scrolls the page
                "preventDefaultMouseMove": not narrow,
            }
        ],
        "brush": _BRUSH,
        "series": [*_values("t", 0, _T_COLOR), *_values("h", 1, _H_COLOR), *_bands()],
    }


def _time_axes(
    first_s: float, last_s: float, label: dict[str, Any], line: str
) -> list[dict[str, Any]]:
    # Of the three grids only the lowest has labels.
    return [
        {
            "type": "time",
            "gridIndex": i,
            "min": 1000 * first_s,
            "max": 1000 * last_s,
            "axisLabel": {
                **label,
                "show": i == 2,
                "hideOverlap": True,
                "lineHeight": 14,
                "verticalAlign": "top",
            },
            "axisLine": {"show": i == 2, "lineStyle": {"color": line}},
            "axisTick": {"show": False},
            "splitLine": {"show": False},
        }
        for i in range(3)
    ]


def _value_axes(t_unit: str, label: dict[str, Any], line: str) -> list[dict[str, Any]]:
    value = {
        "type": "value",
        "scale": True,
        "axisLabel": label,
        "nameTextStyle": {**label, "align": "left"},
        "nameGap": 10,
        "splitLine": {"lineStyle": {"color": line}},
        "splitNumber": 4,
        "minInterval": 0.5,
    }
    rows = {
        "type": "category",
        "data": list(ROWS),
        "inverse": True,
        "axisLabel": label,
        "axisTick": {"show": False},
        "axisLine": {"show": False},
    }
    return [
        {**value, "gridIndex": 0, "name": t_unit},
        {**value, "gridIndex": 1, "name": "%RH"},
        {**rows, "gridIndex": 2},
    ]


def axes(clock: Clock, first_s: float, last_s: float, pixels: int) -> list[dict[str, Any]]:
    """The time axes with ticks between two times, for a plot that is ``pixels`` wide."""
    times_s = time_axis.ticks(clock, first_s, last_s, max(2, pixels // _TICK_PIXELS))
    lowest = {"axisLabel": {"customValues": [1000 * time_s for time_s in times_s]}}
    return [{}, {}, lowest]


def _values(channel: str, axis: int, color: str) -> list[dict[str, Any]]:
    line = {"type": "line", "xAxisIndex": axis, "yAxisIndex": axis, "symbol": "none", "data": []}
    hidden = {"lineStyle": {"opacity": 0}, "stack": channel, "stackStrategy": "all"}
    return [
        {
            **line,
            "id": channel,
            "color": color,
            "lineStyle": {"width": 1.6},
            "markArea": {"silent": True, "itemStyle": {"color": "#8a94a01f"}, "data": []},
        },
        {**line, **hidden, "id": f"low_{channel}", "silent": True},
        {
            **line,
            **hidden,
            "id": f"band_{channel}",
            "silent": True,
            "areaStyle": {"color": color, "opacity": 0.14},
        },
        {
            **line,
            "id": f"yhat_{channel}",
            "color": color,
            "lineStyle": {"width": 1.4, "type": "dashed"},
        },
    ]


def _bands() -> list[dict[str, Any]]:
    row_axes = {"xAxisIndex": 2, "yAxisIndex": 2, "data": []}
    return [
        {
            **row_axes,
            "id": "bands",
            "type": "custom",
            "clip": True,
            ":renderItem": _BAR,
            "encode": {"x": [0, 1], "y": 2},
            "tooltip": {"show": False},
        },
        {
            **row_axes,
            "id": "events",
            "type": "scatter",
            "symbol": "diamond",
            "symbolSize": 9,
            "color": _EVENT_COLOR,
            "tooltip": {"show": False},
        },
    ]
