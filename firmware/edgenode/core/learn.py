"""Learns on the board what is usual there: limits from the largest values of its last days."""

from array import array
from binascii import crc32
from struct import pack_into, unpack_from

from .compat import const

_DAYS = const(7)
_DAY_MS = const(86400000)
_HOURS = const(24)
_SECOND_FROM = const(4)  # days from which on the second largest is usual: one day alone is not
_LIMIT_MAX = const(32766)
_HEAD = "<IIIBBB"  # key, writes, readings of today, days, place of the last one, held
_HEAD_BYTES = const(15)
_FILE = "learnt"  # and 0 or 1


def tail(was, now):
    # the rest of an event: limits of so many days of readings took the place of others
    return '"from":"%s","to":"%s"' % (_words(was), _words(now))


def _words(days):
    return "%d day%s" % (days, "s" if days > 1 else "") if days else "generic"


class Learner:
    # facts (core.headcheck has the limits), of each stage: days of readings from which on it
    # holds; an own limit is `times` what is usual here, and at least a `part` of the generic one.
    # detector: its limits are the generic ones, and become the node's own. A value counts as if it
    # were at its limit, own or generic, where it is above: faults of two days widen no limit by
    # more than `times`. Bound: 20 * 32,766 is below 2**20.
    def __init__(self, facts, detector, period_ms):
        self._facts = facts
        self._detector = detector
        self._usual = array("H", detector.usual)
        self._generic = array("H", detector.limit)
        # the largest value of each feature, today and on the days before
        self._most = array("H", bytes(2 * len(self._generic) * (_DAYS + 1)))
        self._files = None
        self._writes = self._per_day = 0
        self.kept_bytes = _HEAD_BYTES + 2 * len(self._most)
        self.set_period(period_ms)

    def set_period(self, period_ms):
        # What was learnt holds for its period.
        per_day = max(1, _DAY_MS // period_ms)
        if per_day == self._per_day:
            return
        self._per_day = per_day
        self._per_hour = max(1, self._per_day // _HOURS)
        self._key = crc32(b"%d" % self._per_day, crc32(",".join(self._detector.names).encode()))
        self._clear()
        self.told = self.stage

    def _clear(self):
        for i in range(len(self._most)):
            self._most[i] = 0
        self._n = self._days = self._at = self._held = 0
        self._set_limits()

    def push(self, x):
        # after the detector's push()
        detector = self._detector
        if self._held and not detector.is_unusual:
            self._held = 0
        if not self._held:
            self._note(x)
        self._n += 1
        if self._n == self._per_day:
            self._end_day()
        if self._files and self._n % self._per_hour == 0:
            self._write()

    def _note(self, x):
        most, generic = self._most, self._generic
        feature, limit = self._detector.feature, self._detector.limit
        k = 0
        while k < len(generic):
            value = x[feature[k]]
            if value > limit[k]:
                value = limit[k]
            if value > generic[k]:
                value = generic[k]
            if value > most[k]:
                most[k] = value
            k += 1

    def _end_day(self):
        most = self._most
        n = len(self._generic)
        self._at = self._at % _DAYS + 1
        for k in range(n):
            most[self._at * n + k] = most[k]
            most[k] = 0
        self._n = 0
        if self._days < _DAYS:
            self._days += 1
        # an episode that goes on is of the day on which it began, if that ever ends
        self._held = int(self._detector.is_unusual and not self._held)
        self._set_limits()

    def _set_limits(self):
        # stage: the days of readings that the limits are from, 0: generic
        facts, detector = self._facts, self._detector
        self.stage = 0
        i = -1
        for days in facts["days"]:
            if self._days >= days:
                self.stage = days
                i += 1
        for k in range(len(self._generic)):
            usual, limit = self._usual[k], self._generic[k]
            if i >= 0:
                usual = self._usual_here(k)
                own = max(facts["times"][i] * usual, -(-limit // facts["part"][i]))
                if own < limit or self.stage == facts["days"][-1]:
                    limit = min(own, _LIMIT_MAX)
            detector.usual[k] = usual
            detector.limit[k] = limit

    def _usual_here(self, k):
        first = second = 0
        for day in range(1, self._days + 1):
            value = self._most[day * len(self._generic) + k]
            if value > first:
                second = first
                first = value
            elif value > second:
                second = value
        return first if self._days < _SECOND_FROM else second

    def tell(self, link, seq):
        if self.told != self.stage:
            link.event(seq, "learn", tail(self.told, self.stage) + "}")
            self.told = self.stage

    def status(self):
        hours = _HOURS * self._days + _HOURS * self._n // self._per_day
        return {"learnt_h": min(hours, _HOURS * _DAYS), "limits_d": self.stage}

    def open(self, files, is_fresh=True):
        # files: drivers.flash; each hour of readings goes to one of two files in turn, so that the
        # other one is whole whenever the power fails. is_fresh: whether to go on from there
        self._files = files
        best = None
        for i in range(2 if is_fresh else 0):
            try:
                data = files.read(_FILE + str(i))
            except OSError:
                continue
            if self._is_whole(data):
                key, writes = unpack_from("<II", data, 0)
                if key == self._key and (best is None or writes > self._writes):
                    best = data
                self._writes = max(writes, self._writes)
        if best:
            writes = self._writes
            self._take(best, 0)
            self._writes = writes

    def _is_whole(self, data):
        end = self.kept_bytes
        return len(data) == end + 4 and unpack_from("<I", data, end)[0] == self._crc(data)

    def _crc(self, data):
        return crc32(memoryview(data)[: self.kept_bytes]) & 0xFFFFFFFF

    def _write(self):
        self._writes += 1
        data = bytearray(self.kept_bytes + 4)
        self._put(data, 0)
        pack_into("<I", data, self.kept_bytes, self._crc(data))
        try:
            self._files.write(_FILE + str(self._writes & 1), data)
        except OSError:
            pass  # a flash that fails must not stop the node

    def reset(self):
        self._clear()
        if self._files:
            for i in range(2):
                self._files.remove(_FILE + str(i))

    def _put(self, buf, at):
        head = (self._key, self._writes, self._n, self._days, self._at, self._held)
        pack_into(_HEAD, buf, at, *head)
        at += _HEAD_BYTES
        for value in self._most:
            pack_into("<H", buf, at, value)
            at += 2

    def _take(self, buf, at):
        head = unpack_from(_HEAD, buf, at)
        self._writes, self._n, self._days, self._at, self._held = head[1:]
        at += _HEAD_BYTES
        for i in range(len(self._most)):
            self._most[i] = unpack_from("<H", buf, at)[0]
            at += 2
        self._set_limits()
        self.told = self.stage

    def save(self, buf, at):
        self._put(buf, at)

    def load(self, buf, at):
        self._take(buf, at)
