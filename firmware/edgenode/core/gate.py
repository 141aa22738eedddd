"""Which readings are reported: ESPHome's `delta`, `throttle` and `heartbeat`."""

from .filters import tenths

_UNITS = (("min", 60), ("s", 1), ("h", 3600))


def seconds(value):
    # "90s", "5min", "1h" or whole seconds
    text = str(value)
    factor = 1
    for unit, n in _UNITS:
        if text.endswith(unit):
            text = text[: -len(unit)]
            factor = n
            break
    if not text.isdigit() or not 0 < int(text) * factor <= 86400:
        raise ValueError("1s..24h expected: %s" % value)
    return int(text) * factor


class Gate:
    # A changed class always passes. delta: tenths of t and h, or None; throttle_s, heartbeat_s: 0
    # for none.
    def __init__(self, delta, throttle_s, heartbeat_s):
        self._delta = delta
        self._throttle_s = throttle_s
        self._heartbeat_s = heartbeat_s
        self._last_s = None
        self._t_dc = self._h_pm = self._cls = 0

    def _passes(self, now_s, t_dc, h_pm, cls):
        if self._last_s is None or cls != self._cls:
            return True
        age_s = now_s - self._last_s
        if self._heartbeat_s and age_s >= self._heartbeat_s:
            return True
        if age_s < self._throttle_s:
            return False
        if self._delta is None:
            return bool(self._throttle_s)
        return abs(t_dc - self._t_dc) >= self._delta[0] or abs(h_pm - self._h_pm) >= self._delta[1]

    def push(self, now_s, t_dc, h_pm, cls):
        # -> whether this reading is reported
        passes = self._passes(now_s, t_dc, h_pm, cls)
        if passes:
            self._last_s = now_s
            self._t_dc = t_dc
            self._h_pm = h_pm
            self._cls = cls
        return passes


def build(spec):
    # [{"delta": {"t": 0.5, "h": 2}}, {"throttle": "60s"}, {"heartbeat": "5min"}] -> Gate or None
    given = {}
    for entry in spec:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise ValueError("report: one name with its value expected: %r" % (entry,))
        for name, value in entry.items():
            if name == "delta":
                if not isinstance(value, dict) or sorted(value) != ["h", "t"]:
                    raise ValueError("report: delta needs t and h")
                given[name] = tenths(str(value["t"])), tenths(str(value["h"]))
            elif name in ("throttle", "heartbeat"):
                given[name] = seconds(value)
            else:
                raise ValueError("report: %s is not known: use delta, throttle, heartbeat" % name)
    if not given:
        return None
    return Gate(given.get("delta"), given.get("throttle", 0), given.get("heartbeat", 0))
