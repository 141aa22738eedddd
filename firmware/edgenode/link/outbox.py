"""Readings that wait for their acknowledgement, oldest first; a full box drops the oldest."""

from array import array


class Outbox:
    def __init__(self, size):
        self._seq = array("I", bytes(4 * size))
        self._ts = array("I", bytes(4 * size))
        self._t_dc = array("h", bytes(2 * size))
        self._h_pm = array("h", bytes(2 * size))
        self._cls = bytearray(size)
        self._p_pc = bytearray(size)
        self._err = bytearray(size)
        self._done = bytearray(size)
        self._size = size
        self._first = 0
        self._n = 0
        self.dropped = 0
        self.delivered = 0

    def __len__(self):
        return self._n

    def push(self, seq, ts, t_dc, h_pm, cls, p_pc, err):
        if self._n == self._size:
            if not self._done[self._first]:
                self.dropped += 1
            self._drop()
        i = (self._first + self._n) % self._size
        self._seq[i] = seq
        self._ts[i] = ts or 0
        self._t_dc[i] = t_dc
        self._h_pm[i] = h_pm
        self._cls[i] = cls
        self._p_pc[i] = p_pc
        self._err[i] = err
        self._done[i] = 0
        self._n += 1

    def _drop(self):
        self._first = (self._first + 1) % self._size
        self._n -= 1

    def get(self, k):
        # The k-th oldest -> seq, ts or None, t_dc, h_pm, cls, p_pc, err
        i = (self._first + k) % self._size
        return (
            self._seq[i],
            self._ts[i] or None,
            self._t_dc[i],
            self._h_pm[i],
            self._cls[i],
            self._p_pc[i],
            self._err[i],
        )

    def seq(self, k):
        return self._seq[(self._first + k) % self._size]

    def done(self, k):
        return self._done[(self._first + k) % self._size]

    def acknowledge(self, first_seq, last_seq):
        # Sequence numbers are without gaps, so a range names the readings even after a drop.
        for k in range(self._n):
            i = (self._first + k) % self._size
            if first_seq <= self._seq[i] <= last_seq and not self._done[i]:
                self._done[i] = 1
                self.delivered += 1
        while self._n and self._done[self._first]:
            self._drop()
