"""Pictures in, labels out."""

from __future__ import annotations

from edgewise.camera.eye import Eye, Frame
from edgewise.camera.occupancy import Occupancy

__all__ = ["Observer"]

_PEOPLE_S = 2.0  # between two searches for people


class Observer:
    """Says the label of a room from its pictures, of which it keeps none.

    ``empty_after_s``: see `Occupancy`. Needs the extra camera.
    """

    def __init__(self, empty_after_s: float) -> None:
        self._eye = Eye()
        self._occupancy = Occupancy(empty_after_s)
        self._searched_s = float("-inf")

    def push(self, frame: Frame, now_s: float) -> str:
        """Return the label after this picture; ``now_s``: seconds of a clock that only grows."""
        is_due = now_s - self._searched_s >= _PEOPLE_S
        wants_people = is_due and self._occupancy.is_person_possible(now_s)
        seen = self._eye.look(frame, now_s, wants_people)
        if seen.has_person is not None:
            self._searched_s = now_s
        return self._occupancy.push(seen, now_s)
