"""The last readings of one channel."""

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
