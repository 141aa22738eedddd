"""Readings and events of a sleeping node, small enough for the RTC memory."""

from struct import calcsize, pack_into, unpack_from

from .compat import const
from .decode import ERRORS
from .records import UNSURE, class_json, number

CLASS = const(0)
FAULT = const(1)
GOOD = const(2)
UNUSUAL = const(3)
LIMIT = const(4)
LEARN = const(5)
READING_BYTES = const(7)
_U_BYTES = const(1)  # of a reading of a model with a detector
_U_MAX = const(254)
_HEAD = "<IIHHII"
_AGE_MAX = const(0x7FFFFF)  # seconds from the first reading: 97 days
_DONE = const(0x80)
_T_MIN_DC = const(-400)  # what decode lets pass, and more: 11 bits
_NO_CLASS = const(127)  # in the place of the confidence
_FAILED = const(0x7FF)  # in the place of the temperature; that of humidity holds the error
_EVENTS_MAX = const(8)
_EVENT = "<bbbII"
_EVENT_MORE = "<bbbIIhi"  # of a node with a detector or limits


def move_time(ts, jump_s, since_s, now_s):
    # ts by a clock that was set forward by jump_s when it showed now_s. It was right at since_s
    # and drifted from then on; since_s = 0: it had never been set.
    if not since_s:
        return ts + jump_s
    return ts + jump_s * max(ts - since_s, 0) // max(now_s - since_s, 1)


class PackedOutbox:
    # To the link what link.outbox is. Numbers are without gaps, so only the first is kept. ts is
    # what the clock showed; it is told only when `known`, that is once the clock was set.
    kept_bytes = 20

    # has_u: whether the model has a detector
    def __init__(self, classes, has_u=False):
        self.classes = classes
        self.has_u = has_u
        self.reading_bytes = READING_BYTES + _U_BYTES if has_u else READING_BYTES
        self.known = False
        self.boot = 0
        self._base_s = self._seq = self._first = self._n = 0
        self.dropped = self.delivered = 0

    def place(self, buf, at, size):
        # The readings live in this part of the image that is kept.
        self._buf = buf
        self._at = at
        self.size = size

    def save(self, buf, at):
        pack_into(
            _HEAD,
            buf,
            at,
            self._base_s,
            self._seq,
            self._first,
            self._n,
            self.dropped,
            self.delivered,
        )

    def load(self, buf, at):
        (
            self._base_s,
            self._seq,
            self._first,
            self._n,
            self.dropped,
            self.delivered,
        ) = unpack_from(_HEAD, buf, at)

    def __len__(self):
        return self._n

    def _place_of(self, k):
        return self._at + (self._first + k) % self.size * self.reading_bytes

    def push(self, seq, ts, t_dc, h_pm, cls, p_pc, err, u=-1):
        if self._n == self.size:
            if not self.done(0):
                self.dropped += 1
            self._drop()
        if not self._n:
            self._seq = seq
            self._base_s = ts
        elif ts - self._base_s > _AGE_MAX:
            self.move(0, 0, 0)
        i = self._place_of(self._n)
        if err:
            t_dc, h_pm, cls, p_pc = _FAILED + _T_MIN_DC, err, 0, 0
        elif cls == UNSURE:
            cls, p_pc = 0, _NO_CLASS
        head = (t_dc - _T_MIN_DC) << 5 | cls << 1 | p_pc >> 6
        pack_into("<HH", self._buf, i + 2, head, h_pm << 6 | p_pc & 63)
        self._buf[i + 6] = 0
        if self.has_u:
            self._buf[i + 7] = min(u, _U_MAX) + 1
        self._n += 1
        self._set_age(i, ts)

    def _set_age(self, i, ts):
        age_s = min(max(ts - self._base_s, 0), _AGE_MAX)
        pack_into("<H", self._buf, i, age_s & 0xFFFF)
        self._buf[i + 6] = self._buf[i + 6] & _DONE | age_s >> 16

    def _ts(self, i):
        age_s = (self._buf[i + 6] & ~_DONE) << 16 | unpack_from("<H", self._buf, i)[0]
        return self._base_s + age_s

    def move(self, jump_s, since_s, now_s):
        # The clock was set: so are the times of what waits (see moved).
        if not self._n:
            return
        shown = [self._ts(self._place_of(k)) for k in range(self._n)]
        self._base_s = move_time(shown[0], jump_s, since_s, now_s)
        for k in range(self._n):
            self._set_age(self._place_of(k), move_time(shown[k], jump_s, since_s, now_s))

    def _drop(self):
        self._first = (self._first + 1) % self.size
        self._seq += 1
        self._n -= 1

    def get(self, k):
        # The k-th oldest -> seq, ts or None, t_dc, h_pm, cls, p_pc, err, u
        i = self._place_of(k)
        u = self._buf[i + 7] - 1 if self.has_u else -1
        head, tail = unpack_from("<HH", self._buf, i + 2)
        ts = self._ts(i) if self.known else None
        if head >> 5 == _FAILED:
            return self._seq + k, ts, 0, 0, 0, 0, tail >> 6, -1
        cls = head >> 1 & 15
        p_pc = (head & 1) << 6 | tail & 63
        if p_pc == _NO_CLASS:
            cls, p_pc = UNSURE, 0
        return self._seq + k, ts, (head >> 5) + _T_MIN_DC, tail >> 6, cls, p_pc, 0, u

    def seq(self, k):
        return self._seq + k

    def done(self, k):
        return bool(self._buf[self._place_of(k) + 6] & _DONE)

    def _reading_at(self, k):
        # as core.records has it, and the class as JSON
        seq, ts, t_dc, h_pm, cls, p_pc, err, u = self.get(k)
        relative = 1 if ts is None else 0
        reading = (self.boot, seq, ts or 0, t_dc, h_pm, cls, p_pc, err, relative, u)
        return reading, "null" if err else class_json(self.classes, cls)

    def newest(self, render):
        # -> text and token of the latest reading, None where it is acknowledged
        k = self._n - 1
        if not self._n or self.done(k):
            return None
        return render(*self._reading_at(k)), (self.seq(k), self.seq(k))

    def batch(self, render, size_max):
        # -> the oldest as a JSON array of at most size_max bytes, and what to acknowledge; or None
        parts = []
        size = 2
        last = 0
        for k in range(self._n):
            if self.done(k):
                continue
            text = render(*self._reading_at(k))
            size += len(text) + 1
            if size > size_max:
                break
            parts.append(text)
            last = self.seq(k)
        return ("[" + ",".join(parts) + "]", (self.seq(0), last)) if parts else None

    def acknowledge(self, token):
        first, last = token
        for k in range(max(first - self._seq, 0), min(last - self._seq + 1, self._n)):
            i = self._place_of(k) + 6
            if not self._buf[i] & _DONE:
                self._buf[i] |= _DONE
                self.delivered += 1
        while self._n and self.done(0):
            self._drop()


class PackedEvents:
    # (kind, was, now, seq, ts), oldest first; boot and known are set by the owner. With a detector
    # or limits a value and seconds or minutes follow: now is the number of its limit where the
    # kind is UNUSUAL.
    def __init__(self, classes_json, detector=None, period_ms=0, has_limits=False):
        self._classes = classes_json
        self._detector = detector
        self._period_ms = period_ms
        self._has_more = has_limits or detector is not None
        self._format = _EVENT_MORE if self._has_more else _EVENT
        self._bytes = calcsize(self._format)
        self.kept_bytes = 3 + _EVENTS_MAX * self._bytes
        self._waiting = []
        self.dropped = self.boot = 0
        self.known = False

    def __len__(self):
        return len(self._waiting)

    def push(self, kind, was, now, seq, ts, value=0, span=0):
        if len(self._waiting) == _EVENTS_MAX:
            self.drop()
            self.dropped += 1
        event = (kind, was, now, seq, ts)
        self._waiting.append(event + (value, span) if self._has_more else event)

    def push_limit(self, event, seq, ts):
        # event: as core.limits has it
        c, was, now, value, minutes = event
        self.push(LIMIT, c << 2 | was, now, seq, ts, value, minutes)

    def drop(self):
        self._waiting.pop(0)

    def text(self):
        # the oldest as JSON
        kind, was, now, seq, ts = self._waiting[0][:5]
        head = '{"ts":%s,"boot":%d,"seq":%d,' % (
            number(ts if self.known else None),
            self.boot,
            seq,
        )
        if kind == UNUSUAL:
            value, seconds = self._waiting[0][5:]
            tail = self._detector.tail(now, value, seconds, self._period_ms)
            return head + '"event":"unusual",' + tail
        if kind == CLASS:
            before = self._classes[was] if was >= 0 else "null"
            return head + '"event":"class","from":%s,"to":%s}' % (before, self._classes[now])
        if kind == FAULT:
            err = ERRORS[now]
            return head + '"event":"fault","from":"ok","to":"fault","err":"%s"}' % err
        if kind == LIMIT:
            from .limits import tail

            more = self._waiting[0][5:]
            return head + '"event":"limit",%s}' % tail(was >> 2, was & 3, now, *more)
        if kind == LEARN:
            from .learn import tail

            return head + '"event":"learn",%s}' % tail(was, now)
        return head + '"event":"fault","from":"fault","to":"ok"}'

    def move(self, jump_s, since_s, now_s):
        self._waiting = [
            e[:4] + (move_time(e[4], jump_s, since_s, now_s),) + e[5:] for e in self._waiting
        ]

    def save(self, buf, at):
        pack_into("<BH", buf, at, len(self._waiting), min(self.dropped, 0xFFFF))
        for event in self._waiting:
            pack_into(self._format, buf, at + 3, *event)
            at += self._bytes

    def load(self, buf, at):
        n, self.dropped = unpack_from("<BH", buf, at)
        at += 3
        places = range(at, at + n * self._bytes, self._bytes)
        self._waiting = [unpack_from(self._format, buf, i) for i in places]
