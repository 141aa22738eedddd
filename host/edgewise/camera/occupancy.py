"""Occupied, empty or unknown, from what is seen in each picture."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

__all__ = ["EMPTY", "GAP_S", "MOVING_MIN", "OCCUPIED", "UNKNOWN", "Occupancy", "Seen"]

OCCUPIED, EMPTY, UNKNOWN = "occupied", "empty", ""
GAP_S = 10.0  # without a usable picture, after which nothing is known any more
MOVING_MIN = 0.005  # of the picture: a person 6 m away, a hand at a desk
_LOOKS, _LOOKS_MIN = 3, 2  # something must be in two of three looks: a flash is in one
_PRESENT_S = 60.0  # that someone is there after what was seen last
# The detector of people also takes coat stands for people. What has not moved for so long is one.
_STILL_S = 600.0


@dataclass(frozen=True)
class Seen:
    """What one picture shows. ``is_usable``: False in the dark and while the background is
    learned. ``moving``: the share of the picture that the largest moving thing has.
    ``has_person``: None where nobody was looked for."""

    is_usable: bool
    moving: float = 0.0
    has_person: bool | None = None


class Occupancy:
    """Give it what is seen, with the seconds of any clock that only grows; it says the label.

    A room is occupied for a minute after a movement or a person, and empty after
    ``empty_after_s`` without. Between the two, and while nothing can be seen, the label is
    unknown: a sitting person may not have moved.
    """

    def __init__(self, empty_after_s: float) -> None:
        self._empty_after_s = empty_after_s
        self._moving: deque[bool] = deque(maxlen=_LOOKS)
        self._person: deque[bool] = deque(maxlen=_LOOKS)
        self._usable_s = self._moved_s = self._present_s = float("-inf")
        self._calm_s = 0.0  # since when nothing is seen, without a gap

    def push(self, seen: Seen, now_s: float) -> str:
        """Return the label after this picture."""
        if not seen.is_usable:
            self._moving.clear()
            self._person.clear()
            return UNKNOWN
        if now_s - self._usable_s > GAP_S:
            self._calm_s = now_s
        self._usable_s = now_s
        self._moving.append(seen.moving >= MOVING_MIN)
        if sum(self._moving) >= _LOOKS_MIN:
            self._moved_s = self._present_s = self._calm_s = now_s
        if seen.has_person is not None:
            self._person.append(seen.has_person)
            if sum(self._person) >= _LOOKS_MIN and self.is_person_possible(now_s):
                self._present_s = self._calm_s = now_s
        if now_s - self._present_s <= _PRESENT_S:
            return OCCUPIED
        return EMPTY if now_s - self._calm_s >= self._empty_after_s else UNKNOWN

    def is_person_possible(self, now_s: float) -> bool:
        """Whether someone who stands still may be there: something moved a short time ago."""
        return now_s - self._moved_s <= _STILL_S
