"""Readings that wait for their acknowledgement: the newest in RAM, all but the newest on flash."""

from struct import calcsize, pack_into, unpack_from

from ..core.compat import const
from ..core.records import class_json

# A reading in RAM: time_s, t_dc, h_pm, cls, p_pc; of a model with a detector also u. In blocks:
# a start leaves no large pieces free.
_FORMAT = "<IhhBB"
_BLOCK = const(50)  # readings
# its state: err in the upper 5 bits, below it
_DONE = const(1)
_SPOOLED = const(2)
_RELATIVE = const(4)
_ERR_BIT = const(3)


class Outbox:
    # A reading that is not acknowledged when the next one is due, or that is taken while the
    # broker is away, goes to the spool as well: a power cut takes one reading at most, and an
    # undisturbed node never writes. spool: a link.spool or None. What RAM has no more room for is
    # on flash alone, and is sent first.
    # has_u: whether readings have a u, see core.records
    def __init__(self, size, spool, boot, classes, has_u=False):
        self._format = _FORMAT + "h" if has_u else _FORMAT
        self._bytes = calcsize(self._format)
        self._states = bytearray(size)
        self._blocks = [bytearray(_BLOCK * self._bytes) for _ in range(0, size, _BLOCK)]
        self._seq = 0  # of the latest; the others are numbered in a row
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
        i = self._place(self._n)
        self._states[i] = err << _ERR_BIT | (_RELATIVE if ts is None else 0)
        fields = (up_s if ts is None else ts, t_dc, h_pm, cls, p_pc, u)
        block, at = self._blocks[i // _BLOCK], i % _BLOCK * self._bytes
        pack_into(self._format, block, at, *fields[: len(self._format) - 1])
        self._seq = seq
        self._n += 1

    def keep(self):
        # The latest goes to the spool if it still waits.
        if self._spool is None or not self._n:
            return
        k = self._n - 1
        i = self._place(k)
        if not self._states[i] & (_DONE | _SPOOLED) and self._spool.push(self._reading(k)):
            self._states[i] |= _SPOOLED
            self._copies += 1

    # k counts from the oldest
    def _place(self, k):
        return (self._first + k) % self._size

    def _seq_of(self, k):
        return self._seq - self._n + 1 + k

    def _reading(self, k):
        # as core.records has it
        i = self._place(k)
        state = self._states[i]
        fields = unpack_from(self._format, self._blocks[i // _BLOCK], i % _BLOCK * self._bytes)
        tail = (state >> _ERR_BIT, 1 if state & _RELATIVE else 0) + (fields[5:] or (-1,))
        return (self._boot, self._seq_of(k)) + fields[:5] + tail

    def _drop(self):
        # The oldest leaves the RAM.
        state = self._states[self._first]
        if state & _SPOOLED:
            self._copies -= 1
            if state & _DONE:
                self._spool.skip(self._boot, self._seq_of(0))
        elif not state & _DONE:
            self._dropped += 1
        self._first = self._place(1)
        self._n -= 1

    def newest(self, render):
        # -> text and token of the latest reading, None where it is acknowledged
        k = self._n - 1
        if not self._n or self._states[self._place(k)] & _DONE:
            return None
        return self._render(render, k), (self._seq, self._seq)

    def _render(self, render, k):
        reading = self._reading(k)
        name = "null" if reading[7] else class_json(self._classes, reading[5])
        return render(reading, name)

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
            if self._states[self._place(k)] & _DONE:
                continue
            text = self._render(render, k)
            size += len(text) + 1
            if size >= size_max:
                break
            parts.append(text)
            last = self._seq_of(k)
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
            i = self._place(k)
            if first <= self._seq_of(k) <= last and not self._states[i] & _DONE:
                self._states[i] |= _DONE
                self.delivered += 1
        while self._n and self._states[self._first] & _DONE:
            self._drop()
