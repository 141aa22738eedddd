"""Draw charts as inline SVG text; the style of the page sets the colours."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["bars", "curve", "matrix", "scatter", "strips"]

_W, _H = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 30, 18, 44
Point = tuple[float, float]


def _frame(title: str, body: str, height: int = _H, width: int = _W) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "middle", cls: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{cls}">{escape(text)}</text>'
    )


def _line(x1: float, x2: float, y: float) -> str:
    return f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (_W - _LEFT - _RIGHT) * (value - low) / ((high - low) or 1)


def _y(value: float, low: float, high: float) -> float:
    return _H - _BOTTOM - (_H - _TOP - _BOTTOM) * (value - low) / ((high - low) or 1)


def _axes(
    xs: Sequence[float], x_label: str, ys: tuple[float, float], y_label: str, unit: str = " %"
) -> str:
    low, high = ys
    parts = []
    for i in range(5):
        value = low + (high - low) * i / 4
        y = _y(value, low, high)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_W - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        )
        parts.append(_text(_LEFT - 6, y + 4, f"{100 * value:.0f}{unit}", "end"))
    for value in xs:
        parts.append(_text(_x(value, xs[0], xs[-1]), _H - _BOTTOM + 18, f"{value:,.0f}"))
    parts.append(_text((_LEFT + _W - _RIGHT) / 2, _H - 6, x_label, cls="label"))
    parts.append(_text(_LEFT, _TOP - 3, y_label, "start", "label"))
    return "".join(parts)


def _ticks(high: float) -> list[float]:
    step = 10 ** (len(str(int(max(high, 1)))) - 1)
    while high / step > 6:
        step *= 2
    return [step * i for i in range(int(-(-high // step)) + 1)]


def _floor(values: Sequence[float]) -> float:
    # Returns a multiple of 20 %, so that the four steps up to 100 % are round.
    return max(0.0, min(values) * 5 // 1 / 5)


def curve(
    title: str, lines: dict[str, list[Point]], x_label: str, y_label: str, diagonal: bool = False
) -> str:
    """Return a chart of lines of (x, share) with dots; line n has the style class ``sn``."""
    points = [p for line in lines.values() for p in line]
    ticks = [0.0, 20, 40, 60, 80, 100] if diagonal else _ticks(max(x for x, _ in points))
    low = 0.0 if diagonal else _floor([y for _, y in points])
    body = [_axes(ticks, x_label, (low, 1.0), y_label)]

    def place(p: Point) -> str:
        return f"{_x(p[0], ticks[0], ticks[-1]):.1f},{_y(p[1], low, 1.0):.1f}"

    if diagonal:
        body.append(f'<polyline points="{place((0, 0))} {place((100, 1))}" class="ideal"/>')
    for i, (name, line) in enumerate(lines.items()):
        body.append(f'<polyline points="{" ".join(map(place, line))}" class="line s{i}"/>')
        for p in line:
            cx, cy = place(p).split(",")
            body.append(f'<circle cx="{cx}" cy="{cy}" r="4" class="s{i} dot"/>')
        y = _H - _BOTTOM - 12 - 18 * (len(lines) - 1 - i)
        body.append(f'<circle cx="{_W - 190}" cy="{y - 4}" r="5" class="s{i} dot"/>')
        body.append(_text(_W - 178, y, name, "start"))
    return _frame(title, "".join(body))


def scatter(title: str, points: list[tuple[float, float, str]], x_label: str, y_label: str) -> str:
    """Return a chart of points (x, share, style class), drawn in the order of ``points``."""
    ticks = _ticks(max(x for x, _, _ in points))
    low = _floor([y for _, y, _ in points])
    body = [_axes(ticks, x_label, (low, 1.0), y_label)]
    for x, y, cls in points:
        place = _x(x, ticks[0], ticks[-1]), _y(y, low, 1.0)
        size = 8 if "chosen" in cls else 5
        body.append(f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{size}" class="{cls}"/>')
    return _frame(title, "".join(body))


def bars(title: str, rows: list[tuple[str, float, float]], names: tuple[str, str]) -> str:
    """Return a chart with two horizontal bars for each row (label, first, second).

    The length of a bar is relative to the largest value of its column.
    """
    left, pitch = 150, 30
    height = 26 + pitch * len(rows)
    span = (_W - left - 110) / 2
    body = [_text(left, 14, names[0], "start", "label")]
    body.append(_text(left + span + 60, 14, names[1], "start", "label"))
    largest = (max(r[1] for r in rows) or 1, max(r[2] for r in rows) or 1)
    for i, (label, first, second) in enumerate(rows):
        y = 24 + pitch * i
        body.append(_text(left - 8, y + 15, label, "end"))
        for k, value in enumerate((first, second)):
            x = left + k * (span + 60)
            width = span * value / largest[k]
            body.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="20" class="s{k}"/>'
            )
            body.append(_text(x + width + 5, y + 15, f"{value:.3f}", "start"))
    return _frame(title, "".join(body), height)


def matrix(title: str, counts: list[list[int]], names: list[str]) -> str:
    """Return a confusion matrix with counts and shares of the true class; darker is more."""
    n = len(names)
    left, top, cell = 140, 44, min(110, 460 // n)
    body = [_text(left + n * cell / 2, 14, "what the model said", cls="label")]
    for i, name in enumerate(names):
        body.append(_text(left + (i + 0.5) * cell, 34, _shorten(name, cell // 9)))
        body.append(_text(left - 8, top + (i + 0.5) * cell + 4, _shorten(name, 15), "end"))
        total = sum(counts[i]) or 1
        for j, count in enumerate(counts[i]):
            x, y, share = left + j * cell, top + i * cell, count / total
            body.append(
                f'<rect x="{x}" y="{y}" width="{cell - 2}" height="{cell - 2}" '
                f'class="{"hit" if i == j else "miss"}" fill-opacity="{0.06 + 0.84 * share:.2f}"/>'
            )
            cls = "over" if share > 0.55 else ""
            body.append(_text(x + cell / 2, y + cell / 2, f"{count:,}", cls=cls))
            body.append(_text(x + cell / 2, y + cell / 2 + 16, f"{share:.1%}", cls=f"small {cls}"))
    body.append(_text(8, 34, "labelled", "start", "label"))
    return _frame(title, "".join(body), top + n * cell + 6, max(_W, left + n * cell + 10))


def strips(
    title: str,
    true: list[int],
    predicted: list[int],
    wrong: list[float],
    dates: list[tuple[int, str]],
) -> str:
    """Return three strips over the same columns: the label, the model, the share of errors."""
    left, width = 66, _W - 66 - 24
    step = width / len(true)
    body = []
    for row, (name, values) in enumerate((("labelled", true), ("model", predicted))):
        y = 4 + 30 * row
        body.append(_text(left - 8, y + 17, name, "end"))
        start = 0
        for i in range(1, len(values) + 1):
            if i == len(values) or values[i] != values[start]:
                body.append(
                    f'<rect x="{left + start * step:.2f}" y="{y}" class="c{values[start]}" '
                    f'width="{(i - start) * step:.2f}" height="26"/>'
                )
                start = i
    body.append(_text(left - 8, 92, "errors", "end"))
    for i, share in enumerate(wrong):
        if share:
            body.append(
                f'<rect x="{left + i * step:.2f}" y="{100 - 34 * share:.1f}" '
                f'width="{max(step, 0.8):.2f}" height="{34 * share:.1f}" class="error"/>'
            )
    body.append(_line(left, left + width, 100))
    for i, date in dates:
        body.append(_text(left + i * step, 116, date, "start", "small"))
    return _frame(title, "".join(body), 122)


def _shorten(name: str, letters: int) -> str:
    return name if len(name) <= letters else name[: max(1, letters - 1)] + "…"
