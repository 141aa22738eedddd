"""Draws the measured values, the forecast and its band into a PNG, SVG or PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.errors import InputError
from edgewise.forecast.gaps import DAY
from edgewise.forecast.hourly import CHANNELS
from edgewise.forecast.limits import Limit
from edgewise.forecast.rolling import BAND, Outlook
from edgewise.logs.writing import write_atomic

__all__ = ["FORMATS", "check_path", "draw"]

_PROGRAM_KEYS = {".png": "Software", ".svg": "Creator", ".pdf": "Creator"}  # in the metadata
FORMATS = tuple(_PROGRAM_KEYS)
_HISTORY_HOURS = 7 * DAY  # before the forecast
_COLORS = {"t": "#c0392b", "h": "#2471a3"}
_UNITS = {"t": "°C", "h": "%RH"}


def check_path(path: Path) -> None:
    """Raise InputError if ``path`` does not end like a picture file."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"--picture {path}: a name that ends in {', '.join(FORMATS)} is needed")


def draw(
    outlooks: Sequence[Outlook],
    limits: Sequence[Limit],
    path: Path,
    names: Mapping[str, str] | None = None,
) -> None:
    """Draw a row for each channel of each node; InputError if ``path`` cannot be written.

    ``names``: node -> what people call it [its id].
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(outlooks), 1, figsize=(11, 3.2 * len(outlooks)), squeeze=False, layout="constrained"
    )
    for axis, outlook in zip(axes[:, 0], outlooks, strict=True):
        _panel(axis, outlook, limits, (names or {}).get(outlook.series.node))
    suffix = path.suffix.lower()
    data = BytesIO()
    figure.savefig(data, format=suffix[1:], dpi=90, metadata={_PROGRAM_KEYS[suffix]: "Edgewise"})
    plt.close(figure)
    write_atomic(path, data.getvalue())


def _panel(axis: Any, outlook: Outlook, limits: Sequence[Limit], name: str | None) -> None:
    series, ahead, best = outlook.series, outlook.ahead, outlook.best
    channel = series.channel
    color = _COLORS[channel]
    axis.plot(
        _to_datetimes(series.ts[-_HISTORY_HOURS:]),
        series.y[-_HISTORY_HOURS:],
        color=color,
        lw=1.2,
        label="measured",
    )
    times = _to_datetimes(ahead.ts)
    axis.fill_between(
        times, ahead.lower, ahead.upper, color=color, alpha=0.18, lw=0, label=f"{BAND:.0%} band"
    )
    axis.plot(times, ahead.yhat, color=color, lw=1.2, ls="--", label=f"{best.model}, expected")
    for limit in limits:
        if limit.channel == channel:
            axis.axhline(limit.value, color="#7f8c8d", lw=1, ls=":", label=f"limit {limit}")
    axis.set_title(
        f"{name or series.node}: {CHANNELS[channel]}, A_forecast {best.a_forecast:.1%}", loc="left"
    )
    axis.set_ylabel(_UNITS[channel])
    axis.set_xlabel("UTC")
    axis.margins(x=0)
    axis.grid(alpha=0.25)
    axis.legend(loc="upper left", fontsize=8, ncols=4)


def _to_datetimes(ts: Any) -> Any:
    return np.asarray(ts * 1000).astype("datetime64[ms]")
