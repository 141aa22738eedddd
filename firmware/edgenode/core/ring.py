"""One channel: its last readings, and the trackers that follow them."""

from array import array


class Ring:
    def __init__(self, size):
        self._buf = array("h", bytes(2 * size))
        self._size = size
        self._next = 0

    def push(self, x):
        i = self._next
        self._buf[i] = x
        i += 1
        self._next = 0 if i == self._size else i

    def ago(self, n):
        # The reading n before the latest, ago(0); the caller knows how many there are.
        i = self._next - 1 - n
        return self._buf[i if i >= 0 else i + self._size]


class Channel:
    def __init__(self, size):
        # size: readings that its ring holds
        self.used = False  # whether there is something to push for
        self.ring = Ring(size)
        self.kept = []
        self._trackers = []

    def track(self, tracker, is_kept):
        self.used = True
        self._trackers.append(tracker)
        if is_kept:
            self.kept.append(tracker)

    def clear(self):
        for tracker in self._trackers:
            tracker.clear()

    def push(self, x):
        for tracker in self._trackers:
            tracker.push(x)
        self.ring.push(x)
