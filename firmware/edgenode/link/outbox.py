"""Readings that wait for their acknowledgement: the newest in RAM, all but the newest on flash."""

from array import array

from ..core.compat import const
from ..core.records import class_json

_DONE = const(1)
_SPOOLED = const(2)
_RELATIVE = const(4)


class Outbox:
    # A reading that is not acknowledged when the next one is due, or that is taken while the
    # broker is away, goes to the spool as well: a power cut takes one reading at most, and an
    # undisturbed node never writes. spool: a link.spool or None. What RAM has no more room for is
    # on flash alone, and is sent first.
    # has_u: whether readings have a u, see core.records
    def __init__(self, size, spool, boot, classes, has_u=False):
        self._seq = array("I", bytes(4 * size))
        self._time_s = array("I", bytes(4 * size))
        self._t_dc = array("h", bytes(2 * size))
        self._h_pm = array("h", bytes(2 * size))
        self._cls = bytearray(size)
        self._p_pc = bytearray(size)
        self._err = bytearray(size)
        self._flags = bytearray(size)
        self._u = array("h", bytes(2 * size)) if has_u else None
        self._size = size
        self._first = 0
        self._n = 0
        self._copies = 0  # of what is in RAM, on flash
        self._spool = spool
        self._boot = boot
        self._classes = classes
        self._dropped = 0
        self.delivered = 0

    def __len__(self):
        return self._n + self._count_on_flash_alone()

    def _count_on_flash_alone(self):
        # readings that are on flash alone
        return max(0, self._spool.count - self._copies) if self._spool else 0

    @property
    def dropped(self):
        return self._dropped + (self._spool.lost if self._spool else 0)

    def push(self, seq, ts, up_s, t_dc, h_pm, cls, p_pc, err, u=-1):
        # ts: unix seconds, or None and up_s, seconds since the start, tell the time later
        if self._n == self._size:
            self._drop()
        i = (self._first + self._n) % self._size
        self._seq[i] = seq
        self._time_s[i] = up_s if ts is None else ts
        self._t_dc[i] = t_dc
        self._h_pm[i] = h_pm
        self._cls[i] = cls
        self._p_pc[i] = p_pc
        self._err[i] = err
        if self._u:
            self._u[i] = u
        self._flags[i] = _RELATIVE if ts is None else 0
        self._n += 1

    def keep(self):
        # The latest goes to the spool if it still waits.
        if self._spool is None or not self._n:
            return
        i = (self._first + self._n - 1) % self._size
        if not self._flags[i] & (_DONE | _SPOOLED) and self._spool.push(self._at(i)):
            self._flags[i] |= _SPOOLED
            self._copies += 1

    def _at(self, i):
        # as core.records has it
        return (
            self._boot,
            self._seq[i],
            self._time_s[i],
            self._t_dc[i],
            self._h_pm[i],
            self._cls[i],
            self._p_pc[i],
            self._err[i],
            1 if self._flags[i] & _RELATIVE else 0,
            self._u[i] if self._u else -1,
        )

    def _drop(self):
        # The oldest leaves the RAM.
        i = self._first
        flags = self._flags[i]
        if flags & _SPOOLED:
            self._copies -= 1
            if flags & _DONE:
                self._spool.skip(self._boot, self._seq[i])
        elif not flags & _DONE:
            self._dropped += 1
        self._first = (i + 1) % self._size
        self._n -= 1

    def newest(self, render):
        # -> text and token of the latest reading, None where it is acknowledged
        i = (self._first + self._n - 1) % self._size
        if not self._n or self._flags[i] & _DONE:
            return None
        return self._render(render, i), (self._seq[i], self._seq[i])

    def _render(self, render, i):
        name = "null" if self._err[i] else class_json(self._classes, self._cls[i])
        return render(self._at(i), name)

    def batch(self, render, size_max):
        # -> JSON array of the oldest and its token, None where nothing waits
        return (
            self._from_flash(render, size_max)
            if self._count_on_flash_alone()
            else self._from_ram(render, size_max)
        )

    def _from_flash(self, render, size_max):
        parts = []
        size = n = 0
        cursor = None
        while n < self._count_on_flash_alone():
            found = self._spool.peek(cursor)
            if found is None:
                break
            text = render(found[0], found[1])
            size += len(text) + 1
            if size >= size_max:
                break
            parts.append(text)
            n += 1
            cursor = found[2]
        return ("[" + ",".join(parts) + "]", (cursor, n)) if n else None

    def _from_ram(self, render, size_max):
        parts = []
        size = 0
        first = last = None
        for k in range(self._n):
            i = (self._first + k) % self._size
            if self._flags[i] & _DONE:
                continue
            text = self._render(render, i)
            size += len(text) + 1
            if size >= size_max:
                break
            parts.append(text)
            last = self._seq[i]
            if first is None:
                first = last
        return ("[" + ",".join(parts) + "]", (first, last)) if parts else None

    def acknowledge(self, token):
        first, last = token
        if isinstance(first, tuple):
            self._spool.done(first)
            self.delivered += last
            return
        for k in range(self._n):
            i = (self._first + k) % self._size
            if first <= self._seq[i] <= last and not self._flags[i] & _DONE:
                self._flags[i] |= _DONE
                self.delivered += 1
        while self._n and self._flags[self._first] & _DONE:
            self._drop()
