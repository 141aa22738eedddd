"""Which part of a node's past the chart shows, and how far it can be scrolled."""

from __future__ import annotations

__all__ = ["OWN", "RANGES", "VisibleSpan"]

_DAY_S = 86400.0
_DAYS = {"Day": 1, "Week": 7, "Month": 31, "Year": 366}
_ALL = "All"
OWN = "Own"  # neither of the ranges: dragged, zoomed or typed
RANGES = (*_DAYS, _ALL)
_FORECAST_SHARE = 0.25
_BEFORE_S = 366 * _DAY_S  # the axis begins at most so long before the first reading
_LEAST_S = 60.0  # of the whole axis


class VisibleSpan:
    """Unix seconds: ``first``, ``last``: what is seen; ``axis``: the ends of the axis.

    ``readings``: the first and the last one. The axis ends now, or with the forecast, if any; a
    range is its newest part. ``range``: the chosen one of RANGES, or OWN.
    """

    def __init__(
        self, readings: tuple[float, float], forecast_end: float | None, now_s: float
    ) -> None:
        self._first_reading = readings[0]
        self._forecast_end = forecast_end or 0.0
        self._now = max(now_s, readings[1])
        self.show(self._fitting_range(readings))

    def _fitting_range(self, readings: tuple[float, float]) -> str:
        # The shortest that has a reading in it; all of a past that is shorter than a day.
        if self._now - readings[0] <= _DAY_S:
            return _ALL
        spans = (name for name, n in _DAYS.items() if readings[1] > self._now - n * _DAY_S)
        return next(spans, _ALL)

    @property
    def axis(self) -> tuple[float, float]:
        return self._start, self._end

    @property
    def _end(self) -> float:
        return max(self._now, self._forecast_end)

    def show(self, name: str) -> None:
        """Show a range: its days until now, and the beginning of the forecast."""
        self.range = name
        if name == _ALL:
            self.first, self.last = min(self._first_reading, self._now - _LEAST_S), self._end
        else:
            days_s = _DAYS[name] * _DAY_S
            self.first = self._now - days_s
            self.last = min(self._end, self._now + _FORECAST_SHARE * days_s)
        self._start = min(self._first_reading, self.first)

    def show_own(self, first_s: float, last_s: float) -> None:
        """Show from one time to another; the axis reaches to the left if it must."""
        self.range = OWN
        lowest = self._first_reading - _BEFORE_S
        self.last = min(max(last_s, first_s + 1, lowest + 1), self._end)
        self.first = min(max(first_s, lowest), self.last - 1)
        self._start = min(self._start, self.first)

    def shares(self) -> tuple[float, float]:
        """What is seen as percent of the axis, as ECharts has them."""
        start, end = self.axis
        return tuple(100 * (t - start) / (end - start) for t in (self.first, self.last))  # type: ignore[return-value]

    def show_shares(self, start: float, end: float) -> None:
        """Show what ECharts has scrolled to, from and to in percent of the axis."""
        first, last = self.axis
        start, end = (min(1.0, max(0.0, x / 100)) for x in (start, end))
        self.show_own(first + (last - first) * start, first + (last - first) * end)

    def advance(self, now_s: float) -> None:
        """Time has passed; what is seen moves along if it showed the newest readings."""
        step_s = max(0.0, now_s - self._now)
        shows_latest = self.last >= self._now
        self._now += step_s
        if self.range != OWN:
            self.show(self.range)
        elif shows_latest:
            self.first, self.last = self.first + step_s, min(self._end, self.last + step_s)
