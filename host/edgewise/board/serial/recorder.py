"""The state of `edgewise record`: the current label, a log, counts, and undo."""

from __future__ import annotations

import time
from collections import Counter

from edgewise.board.serial.log_file import GrowingLog
from edgewise.board.serial.sources import Heard

__all__ = ["Recorder"]

NO_LABEL = ""


class Recorder:
    """Writes readings with the current label to a log.

    ``labels``: 1 to 9, chosen by their number key. ``undo_s``: seconds that one undo removes.
    ``has_camera``: the label is what ``see`` gets, until a key chooses one and after the key c.
    """

    def __init__(
        self, log: GrowingLog, labels: list[str], undo_s: float, has_camera: bool = False
    ) -> None:
        self._log = log
        self.labels = labels
        self._undo_s = undo_s
        self._has_camera = self._is_seen = has_camera
        self.label = NO_LABEL if has_camera else labels[0]
        self.paused = False
        self.counts: Counter[str] = Counter(dict.fromkeys(labels, 0))
        self.unlabelled = 0
        self.last: Heard | None = None

    @property
    def written(self) -> int:
        """The readings written, with a label or without."""
        return self.counts.total() + self.unlabelled

    def see(self, label: str) -> str | None:
        """Take what the camera says now, "" for nothing; return a message where it is new."""
        if not self._is_seen or label == self.label:
            return None
        self.label = label
        return f"camera: {label or 'not sure, no label'}"

    def take(self, reading: Heard) -> bool:
        """Write one reading and return True; False while paused or if it comes too late."""
        self.last = reading
        if self.paused:
            return False
        if not self._log.add(reading.time_s, reading.node, reading.t, reading.h, self.label):
            return False
        if self.label == NO_LABEL:
            self.unlabelled += 1
        else:
            self.counts[self.label] += 1
        return True

    def key(self, key: str) -> str | None:
        """Obey a key and return a message for the user, None for a key without a meaning."""
        if key.isdigit() and 1 <= int(key) <= len(self.labels):
            self.label = self.labels[int(key) - 1]
            self.paused = self._is_seen = False
            return f"now {self.label}" + (", c: back to the camera" if self._has_camera else "")
        if key == "c" and self._has_camera:
            self.paused, self._is_seen, self.label = False, True, NO_LABEL
            return "now what the camera sees"
        if key == " ":
            self.paused = not self.paused
            return "paused" if self.paused else f"goes on with {self.label or 'no label'}"
        if key == "u":
            return self._undo()
        return None

    def _undo(self) -> str:
        newest_s = time.time() if self.last is None else self.last.time_s
        removed = Counter(self._log.undo(newest_s - self._undo_s))
        count = removed.total()
        self.unlabelled -= removed.pop(NO_LABEL, 0)
        self.counts.subtract(removed)
        return f"{count} readings of the last {self._undo_s:g} s taken back"

    def summary(self) -> str:
        """Return the counts by class in one line."""
        counts = ", ".join(f"{name} {n}" for name, n in self.counts.items())
        if self.unlabelled:
            counts += f", {self.unlabelled} without a label"
        late = self._log.skipped
        return counts + (f"; {late} left out: not later than the one before" if late else "")
