"""How many nodes get a model first, and how many at a time after them."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from edgewise.ota import Plan

__all__ = ["StageFields"]

_MANY = 5  # nodes: from here on in stages, unless the user says otherwise
_FIRST, _PERCENT = 1, 25


class StageFields:
    """A check box for stages with two numbers; hidden for a single node."""

    def __init__(self) -> None:
        self._is_filling = self._is_touched = False
        with (
            ui.element("div")
            .classes("stages")
            .props('role=group aria-label="Stages"') as self._row
        ):
            self._box = ui.checkbox("In stages, stop at a failure", on_change=self._touch).props(
                "dense"
            )
            self._first = ui.number("First nodes", value=_FIRST, min=1, precision=0)
            self._percent = ui.number("Then % of the rest", value=_PERCENT, min=1, max=100)
            for field in (self._first, self._percent):
                field.props("dense outlined").bind_visibility_from(self._box, "value")

    def show(self, n: int) -> None:
        """Fit the fields to ``n`` chosen nodes."""
        self._row.set_visibility(n > 1)
        if not self._is_touched:
            self._is_filling = True
            self._box.set_value(n >= _MANY)
            self._is_filling = False

    def plan(self) -> Plan | None:
        """What the fields say; None for numbers that cannot be."""
        if not self._row.visible or not self._box.value:
            return Plan(is_staged=False)
        first, percent = self._first.value, self._percent.value
        if not first or first < 1 or not percent or not 1 <= percent <= 100:
            return None
        return Plan(int(first), percent)

    def _touch(self, _event: Any) -> None:
        self._is_touched |= not self._is_filling
