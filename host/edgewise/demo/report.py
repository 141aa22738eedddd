"""The results of the demo as a table and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.console import err
from edgewise.logs.log import Log

__all__ = ["draw", "show"]

_ROWS = (
    ("readings_taken", "readings taken", "{:,}"),
    ("readings_delivered", "delivered to the database", "{:,}"),
    ("readings_lost", "lost", "{:,}"),
    ("duplicates_dropped", "duplicates dropped", "{:,}"),
    ("failed_reads", "failed reads of the sensor, reported as such", "{:,}"),
    ("accuracy", "accuracy of the node's classes", "{:.1%}"),
    ("balanced_accuracy", "balanced accuracy", "{:.1%}"),
    ("macro_f1", "macro-F1", "{:.1%}"),
    ("agreement", "agreement with the host, same package", "{:.2%}"),
    ("agreement_sklearn", "agreement with scikit-learn", "{:.2%}"),
    ("predict_us", "one prediction on this PC, us", "{:g}"),
    ("runtime", "by", "{}"),
    ("r_ingest", "R_ingest, bytes received a second", "{:,.0f}"),
    ("e_buffer", "E_buffer, delivered / taken", "{:.4f}"),
    ("r_noise", "R_noise, 1 - rejected / total", "{:.4f}"),
    ("s_feature", "S_feature, bits a used feature tells", "{:.3f}"),
    ("l_infer", "L_infer, s from node visits", "{:.2e}"),
    ("a_forecast", "A_forecast, by the node's code on these rows", "{:.4f}"),
    ("wall_s", "wall time, s", "{:g}"),
)


def show(summary: dict[str, Any], out: Path) -> None:
    """Print the summary as a table on standard error."""
    from rich.table import Table

    table = Table(title=f"{summary['data']} -> {out}", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for key, name, form in _ROWS:
        value = summary[key]
        table.add_row(name, "no forecast here" if value is None else form.format(value))
    err().print(table)


def draw(
    log: Log,
    classes: list[str],
    predictions: tuple[NDArray[np.int64], NDArray[np.bool_]],
    path: Path,
    synthetic: bool,
) -> None:
    """Draw temperature, humidity, true and predicted class over time as a PNG.

    ``predictions``: class index of every row (-1: failed read) and whether it arrived.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.dates
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    dates: Any = matplotlib.dates  # has no type annotations
    times = (log.time_s * 1000).astype("datetime64[ms]")
    cls, arrived = predictions
    parts = np.split(np.arange(len(times)), np.flatnonzero(np.diff(log.time_s) > 3600) + 1)
    figure, axes = plt.subplots(3, len(parts), **_grid([len(part) for part in parts]))
    colors = matplotlib.colormaps["Set2"](range(8))
    truth = np.array([classes.index(v) for v in log.label]) if log.label is not None else cls
    for part, (t_axis, h_axis, c_axis) in zip(parts, axes.T, strict=True):
        t_c = np.where(log.valid, log.t_dc / 10, np.nan)[part]
        h_pct = np.where(log.valid, log.h_pm / 10, np.nan)[part]
        t_axis.plot(times[part], t_c, color="#c0392b", lw=0.9)
        h_axis.plot(times[part], h_pct, color="#2471a3", lw=0.9)
        numbers, predicted = dates.date2num(times[part]), np.where(arrived, cls, -1)[part]
        _draw_classes(c_axis, numbers, truth[part], predicted, colors[: len(classes)])
        _label_days((t_axis, h_axis, c_axis), dates)
    _label_rows(axes[:, 0])
    handles = [Rectangle((0, 0), 1, 1, color=color) for color in colors[: len(classes)]]
    figure.legend(handles, classes, loc="outside upper right", ncols=8)
    log_name = "SYNTHETIC log" if synthetic else "UCI occupancy, test rows"
    figure.suptitle(f"{log_name}: readings of the node and its classes", x=0.01, ha="left")
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _grid(widths: list[int]) -> dict[str, Any]:
    return {
        "figsize": (15, 7.5),
        "sharey": "row",
        "squeeze": False,
        "gridspec_kw": {"height_ratios": [3, 3, 1.3], "width_ratios": widths},
        "layout": "constrained",
    }


def _draw_classes(
    axis: Any,
    date_numbers: NDArray[np.float64],
    truth: NDArray[np.int64],
    predicted: NDArray[np.int64],
    colors: NDArray[np.float64],
) -> None:
    # Bars of the true and of the predicted classes, and below them where they differ.
    for row, values in ((1, truth), (0, predicted)):
        for i, color in enumerate(colors):
            axis.broken_barh(_runs(date_numbers, values == i), (row + 0.1, 0.8), color=color, lw=0)
    is_wrong = (predicted >= 0) & (predicted != truth)
    axis.broken_barh(_runs(date_numbers, is_wrong), (-0.35, 0.3), color="#2c3e50", lw=0)


def _label_rows(column: NDArray[Any]) -> None:
    column[0].set_ylabel("temperature, °C")
    column[1].set_ylabel("humidity, %RH")
    column[2].set_yticks([-0.2, 0.5, 1.5], ["differs", "by the node", "true"])


def _label_days(column: tuple[Any, ...], dates: Any) -> None:
    # A line for each day, its name below the lowest axis only.
    locator = dates.DayLocator()
    for axis in column:
        axis.margins(x=0)
        axis.grid(alpha=0.25)
        axis.xaxis.set_major_locator(locator)
        axis.tick_params(labelbottom=axis is column[-1])
    column[-1].xaxis.set_major_formatter(dates.DateFormatter("%d %b"))


def _runs(date_numbers: NDArray[np.float64], mask: NDArray[np.bool_]) -> list[tuple[float, float]]:
    # Start and width of each run of rows where ``mask`` holds, half a row wider on both sides.
    ends = np.flatnonzero(np.diff(mask, prepend=False, append=False)).reshape(-1, 2)
    half_width = np.median(np.diff(date_numbers)) / 2 if len(date_numbers) > 1 else 0
    return [
        (date_numbers[a] - half_width, date_numbers[b - 1] - date_numbers[a] + 2 * half_width)
        for a, b in ends
    ]
