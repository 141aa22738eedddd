"""Readings on flash: appended in frames with a CRC, bounded, handed out oldest first."""

import os
from binascii import crc32
from struct import pack_into, unpack_from

from ..core import records
from ..core.compat import const

# A frame: crc32 of the rest, its number, crc32 of the class list, records, 3 bytes 0, up to five
# records. The newest frames are files of their own (t0 to t7, in turn), written again for each of
# their five readings: LittleFS keeps files of up to 128 bytes in its log, so that a reading costs
# an entry there and no block. Eight full frames are appended to the last segment at once; a
# segment is named by its first frame. A t file whose frame is in a segment is an old one.
_HEAD = const(16)
_RECORDS = const(5)
_FRAME = const(116)
_TAIL = const(8)
_READ = const(4)  # frames at once
_SEGMENT = const(136)  # frames, 15.4 KB


def _records_at(buf, at):
    # -> records of the whole frame there, 0 for none
    if len(buf) < at + _HEAD:
        return 0
    n = buf[at + 12]
    end = at + _HEAD + n * records.SIZE
    if not 0 < n <= _RECORDS or end > len(buf):
        return 0
    return n if unpack_from("<I", buf, at)[0] == crc32(memoryview(buf)[at + 4 : end]) else 0


class Spool:
    # classes: JSON texts by class index. count: readings that wait; lost: that a full spool gave
    # up; errors: of the file system; corrupt: frames that were no good at the start.
    def __init__(self, folder, limit_bytes, classes):
        self._folder = folder + "/"
        self._segments_max = max(2, limit_bytes // (_SEGMENT * _FRAME))
        self._tail = bytearray(_TAIL * _FRAME)
        self._read = bytearray(_READ * _FRAME)  # frames of a segment
        self._read_g = self._read_n = 0
        self._text = "\n".join(classes)
        self._id = crc32(self._text.encode())
        self._classes = {self._id: classes}
        self.count = self.lost = self.errors = self.corrupt = 0
        self._segments = []  # first frame of each
        self._restart(0)
        self._try(self.open)

    def _restart(self, g):
        self._end = self._base = self._g = g  # behind the segments; of the tail: first, growing
        self._n = 0  # records of the growing one
        self._cursor = (g, 0)  # frame and record of the oldest reading that waits
        self._named = False

    def _try(self, what, *given):
        # A flash that fails must not stop the node. -> None
        try:
            return what(*given)
        except OSError:
            self.errors += 1

    def _segment(self, first):
        return "%s%08x.seg" % (self._folder, first)

    def open(self):
        folder = self._folder[:-1]
        try:
            names = os.listdir(folder)
        except OSError:
            os.mkdir(folder)
            names = ()
        self._segments = sorted([int(n[:8], 16) for n in names if n.endswith(".seg")])
        if self._segments:
            last = self._segments[-1]
            self._restart(last + os.stat(self._segment(last))[6] // _FRAME)
        self.open_tail([n for n in names if n[0] == "t"])
        first = self._segments[0] if self._segments else self._base
        self._cursor = (first, 0)
        for g in range(first, self._g):
            n = self._load(g)
            self.count += n
            # a number without a frame is none that was lost
            self.corrupt += not n and g < self._base and g - self._read_g < self._read_n

    def open_tail(self, names):
        found = {}
        for name in names:
            with open(self._folder + name, "rb") as f:
                frame = f.read(_FRAME)
            if not _records_at(frame, 0):
                self.corrupt += bool(frame)  # it was about to be made
            elif unpack_from("<I", frame, 4)[0] >= self._end:
                found[unpack_from("<I", frame, 4)[0]] = frame
        if found:
            self._g = max(found) + 1  # what was half full stays so
            self._base = max(min(found), self._g - _TAIL)
        for g in found:
            if g >= self._base:
                at = (g - self._base) * _FRAME
                self._tail[at : at + len(found[g])] = found[g]

    def _load(self, g):
        # -> records of frame g, which is then at _at of _buf; 0: not to be had
        if g >= self._base:
            self._buf, self._at = self._tail, (g - self._base) * _FRAME
        else:
            if not 0 <= g - self._read_g < self._read_n:
                self._try(self._fetch, g)
            self._buf, self._at = self._read, (g - self._read_g) * _FRAME
        n = _records_at(self._buf, self._at)
        return n if n and unpack_from("<I", self._buf, self._at + 4)[0] == g else 0

    def _fetch(self, g):
        self._read_g = g
        self._read_n = 0
        self._read[12] = 0
        before = [first for first in self._segments if first <= g]
        if before:
            with open(self._segment(before[-1]), "rb") as f:
                f.seek((g - before[-1]) * _FRAME)
                self._read_n = f.readinto(self._read) // _FRAME

    def push(self, reading):
        # -> whether it is on flash now
        if self._g - self._base == _TAIL and self._try(self._append) is None:
            return False
        at = (self._g - self._base) * _FRAME
        n = self._n + 1
        end = at + _HEAD + n * records.SIZE
        tail = self._tail
        records.pack(tail, end - records.SIZE, reading)
        pack_into("<IIB", tail, at + 4, self._g, self._id, n)
        pack_into("<I", tail, at, crc32(memoryview(tail)[at + 4 : end]))
        if self._try(self._put, memoryview(tail)[at:end]) is None:
            return False
        self._n = n
        self.count += 1
        if n == _RECORDS:
            self._g += 1
            self._n = 0
        return True

    def _put(self, frame):
        if not self._named:
            with open("%s%08x.cls" % (self._folder, self._id), "w") as f:
                f.write(self._text)
            self._named = True
        with open("%st%d" % (self._folder, self._g % _TAIL), "wb") as f:
            return f.write(frame)

    def _append(self):
        segments = self._segments
        base = self._base
        if not self._continues(base) and (not segments or segments[-1] != base):
            segments.append(base)
            if len(segments) > self._segments_max:
                self._give_up(segments[1])
        first = segments[-1]
        with open(self._segment(first), "wb" if first == base else "ab") as f:
            n = f.write(self._tail)
        self._end = self._base = self._g
        self._read_n = 0
        return n

    def _continues(self, base):
        # Whether the last segment is as long as it must be, and has room.
        if not self._segments or self._end != base:
            return False
        frames = base - self._segments[-1]
        size = os.stat(self._segment(self._segments[-1]))[6] if frames else 0
        return frames < _SEGMENT and size == frames * _FRAME

    def _give_up(self, g):
        # The oldest segment, all before frame g, makes room.
        while self.count and self._cursor[0] < g:
            n = max(0, self._load(self._cursor[0]) - self._cursor[1])
            self.lost += n
            self.count -= n
            self._cursor = (self._cursor[0] + 1, 0)
        os.remove(self._segment(self._segments.pop(0)))

    def peek(self, cursor=None):
        # -> reading, its class as JSON, the cursor of the next one; None at the end
        g, i = cursor or self._cursor
        while g <= self._g:
            if i < (self._n if g == self._g else self._load(g)):
                self._load(g)
                buf, at = self._buf, self._at
                reading = records.unpack(buf, at + _HEAD + i * records.SIZE)
                return reading, self._class(unpack_from("<I", buf, at + 8)[0], reading), (g, i + 1)
            g += 1
            i = 0
        return None

    def _class(self, number, reading):
        if number not in self._classes:
            self._classes[number] = self._try(self._names, number) or ()
        return records.class_json(self._classes[number], reading[5])

    def _names(self, number):
        with open("%s%08x.cls" % (self._folder, number), "rb") as f:
            text = f.read()
        return text.decode().split("\n") if crc32(text) == number else ()

    def done(self, cursor):
        # All before the cursor is acknowledged.
        while self.count and self._cursor < cursor:
            found = self.peek()
            if found is None or found[2] > cursor:
                break
            self._cursor = found[2]
            self.count -= 1
        if not self.count:
            self._try(self._clear)
            return
        while len(self._segments) > 1 and self._segments[1] <= self._cursor[0]:
            self._try(os.remove, self._segment(self._segments.pop(0)))

    def skip(self, boot, seq):
        # This reading was acknowledged from RAM.
        found = self.peek() if self.count else None
        if found and found[0][0] == boot and found[0][1] == seq:
            self.done(found[2])

    def _clear(self):
        # The small files first: alone they would look like new ones.
        self._segments = []
        self._restart(self._g + 1)
        self._read_n = 0
        for name in sorted(os.listdir(self._folder[:-1]), reverse=True):
            os.remove(self._folder + name)
