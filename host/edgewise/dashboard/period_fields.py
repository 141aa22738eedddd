"""Two fields for the ends of a period, for those who type instead of drag."""

from __future__ import annotations

from nicegui import ui

from edgewise.errors import InputError
from edgewise.times import Clock

__all__ = ["PeriodFields", "round_period"]

_LONG_S = 600.0


class PeriodFields:
    """Fields From and To on the clock of the page, filled with ``from_s`` to ``to_s``."""

    def __init__(self, clock: Clock, zone: str, from_s: float, to_s: float) -> None:
        self._clock = clock
        self._filled = tuple((clock.format_field(t), t) for t in (from_s, to_s))
        with ui.element("div").classes("period"):
            self._inputs = [
                ui.input(label, value=text).props("dense outlined")
                for label, (text, _) in zip(("From", "To"), self._filled, strict=True)
            ]
        ui.label(f"Times are in {zone}, such as 2026-11-24 07:15.").classes("soft")

    def read(self) -> tuple[float, float]:
        """The ends in unix seconds; InputError for what is no time, or no period."""
        from_s, to_s = (
            self._read(str(field.value or ""), filled)
            for field, filled in zip(self._inputs, self._filled, strict=True)
        )
        if from_s >= to_s:
            raise InputError("the period ends before it begins: change From or To")
        return from_s, to_s

    def _read(self, text: str, filled: tuple[str, float]) -> float:
        return filled[1] if text == filled[0] else self._clock.parse(text)


def round_period(from_s: float, to_s: float) -> tuple[float, float]:
    """A dragged period in whole minutes, a short one in whole seconds."""
    size_s = 60 if to_s - from_s >= _LONG_S else 1
    first, last = (round(t / size_s) * size_s for t in (from_s, to_s))
    return float(first), float(max(last, first + 1))
