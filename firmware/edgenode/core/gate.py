"""Which readings are worth a message: ESPHome's delta, throttle and heartbeat."""

from . import spec as specs

_KNOWN = ("delta", "heartbeat", "throttle")


class Gate:
    # spec: [{"delta": 0.5}, {"throttle": "60s"}, {"heartbeat": "300s"}], each at most once.
    # A reading passes when one channel moved by delta (C or %RH) since the last one that passed
    # and throttle is over; at the latest after heartbeat. A new class, a failed read (cls -1) and
    # the first reading after it always pass. Without a spec all do.
    def __init__(self, spec):
        read = {}
        for item in spec:
            name, value = specs.entry(item, _KNOWN)
            if name in read:
                raise ValueError("filter %s: once expected" % name)
            read[name] = _delta(value) if name == "delta" else _seconds(name, value)
        self._delta = read.get("delta", 0)
        self._throttle_s = read.get("throttle", 0)
        self._heartbeat_s = read.get("heartbeat", 0)
        self._only_heartbeat = list(read) == ["heartbeat"]
        self.clear()

    def clear(self):
        self._cls = -1
        self._t_dc = self._h_pm = self._last_s = 0

    def push(self, now_s, t_dc, h_pm, cls):
        # -> whether to report; now_s: seconds since the start
        passed = cls < 0 or cls != self._cls or self._is_due(now_s - self._last_s, t_dc, h_pm)
        if passed:
            self._cls = cls
            self._last_s = now_s
            self._t_dc = t_dc
            self._h_pm = h_pm
        return passed

    def _is_due(self, since_s, t_dc, h_pm):
        if self._heartbeat_s and since_s >= self._heartbeat_s:
            return True
        if self._only_heartbeat or since_s < self._throttle_s:
            return False
        return abs(t_dc - self._t_dc) >= self._delta or abs(h_pm - self._h_pm) >= self._delta


def _delta(value):
    tenths = specs.fixed(value, 1)
    if tenths is None or not 1 <= tenths <= 1000:
        raise ValueError("filter delta: 0.1..100 in steps of 0.1 expected")
    return tenths


def _seconds(name, value):
    n = specs.seconds(value)
    if n is None or n > 86400:
        raise ValueError('filter %s: a time up to 24 h expected, as "60s" or "5min"' % name)
    return n
