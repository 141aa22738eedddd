"""From validated readings to features: filter -> ring -> features, restarted after a gap."""

from struct import pack_into, unpack_from

from .compat import const
from .features import make_features

GAP_SLOTS = const(3)
_AGE_MAX = const(255)


def slots_between(dt_ms, period_ms):
    # Whole periods that passed, at least one: jitter of half a period is not a gap.
    n = (dt_ms + (period_ms >> 1)) // period_ms
    return n if n > 1 else 1


# A call with more than 11 words of names and stack takes them from the heap for its time, and the
# more is in use, the longer MicroPython searches there: what each reading calls stays below.
def _filtered(chain, x):
    for f in chain:
        x = f.push(x)
    return x


class Pipeline:
    def __init__(self, features, filters):
        from .filters import build  # used once

        self._features = make_features(features)
        self._filters = (build(filters), build(filters))
        self._parts = [self._features] + self._filters[0] + self._filters[1]
        self.x = self._features.x
        self.kept_bytes = 5 + sum([part.kept_bytes for part in self._parts])
        self.clear()

    def clear(self):
        self._slot = None
        self.age = 0  # readings since the windows were empty, counted to 255
        for part in self._parts:
            part.clear()

    # What a node that sleeps keeps: every part has kept_bytes, save(buf, at) and load(buf, at).
    def save(self, buf, at):
        pack_into("<iB", buf, at, -1 if self._slot is None else self._slot, self.age)
        at += 5
        for part in self._parts:
            part.save(buf, at)
            at += part.kept_bytes

    def load(self, buf, at):
        slot, self.age = unpack_from("<iB", buf, at)
        self._slot = None if slot < 0 else slot
        at += 5
        for part in self._parts:
            part.load(buf, at)
            at += part.kept_bytes

    def push(self, slot, t_dc, h_pm):
        # slot counts periods and only grows; a failed read has a slot but is not pushed.
        if self._slot is not None and slot - self._slot > GAP_SLOTS:
            self.clear()
        self._slot = slot
        if self.age < _AGE_MAX:
            self.age += 1
        if self._filters[0]:
            t_dc = _filtered(self._filters[0], t_dc)
            h_pm = _filtered(self._filters[1], h_pm)
        return self._features.push(t_dc, h_pm)
