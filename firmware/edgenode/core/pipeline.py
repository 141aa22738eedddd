"""From validated readings to features: filter -> ring -> features, restarted after a gap."""

from .compat import const
from .features import Features
from .filters import build

GAP_SLOTS = const(3)


def slots_between(dt_ms, period_ms):
    # Whole periods that passed, at least one: jitter of half a period is not a gap.
    n = (dt_ms + (period_ms >> 1)) // period_ms
    return n if n > 1 else 1


class Pipeline:
    def __init__(self, features, filters):
        self._features = Features(features)
        self._filters = (build(filters), build(filters))
        self.x = self._features.x
        self.clear()

    def clear(self):
        self._slot = None
        self._features.clear()
        for chain in self._filters:
            for f in chain:
                f.clear()

    def push(self, slot, t_dc, h_pm):
        # slot counts periods and only grows; a failed read has a slot but is not pushed.
        if self._slot is not None and slot - self._slot > GAP_SLOTS:
            self.clear()
        self._slot = slot
        for f in self._filters[0]:
            t_dc = f.push(t_dc)
        for f in self._filters[1]:
            h_pm = f.push(h_pm)
        return self._features.push(t_dc, h_pm)
