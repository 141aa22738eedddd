"""Says when a reading will cross a limit, and when that is over."""

from . import spec as specs
from .compat import const
from .decode import H_MAX_PM, H_MIN_PM, T_MAX_DC, T_MIN_DC
from .outlook import Outlook, hundredths

_OK = const(0)
_HIGH = const(1)
_LOW = const(2)
STATES = ("ok", "high", "low")
KNOWN = const(4)  # of what changed: there is a reading again
_CHANNELS = ("t", "h")
_BACK = (50, 200)  # hundredths: the way back, as wide as a DHT22 is wrong (AM2302 datasheet)
_NEED = const(2)  # readings in a row that say so: one alone may be a spike
_COUNT_SHIFT = const(4)
_ENDS = (("t", T_MIN_DC, T_MAX_DC), ("h", H_MIN_PM, H_MAX_PM))


def read(given):
    # {"t": [18, 26.5], "h": []} -> of t and of h (low, high) in hundredths, or None
    pairs = []
    for name, least, most in _ENDS:
        pair = [specs.fixed(v, 1) for v in given[name]]
        if pair and (len(pair) != 2 or None in pair or not least <= pair[0] < pair[1] <= most):
            raise ValueError(
                "limits.%s must be two numbers, the lower first, of %d..%d in steps of 0.1"
                % (name, least // 10, most // 10)
            )
        pairs.append((10 * pair[0], 10 * pair[1]) if pair else None)
    return pairs


def check(given, driven, place="actuator."):
    # ValueError for settings that are none; driven: has follow and on, which place comes before
    read(given)
    if driven["follow"] != "limit":
        return
    names = [c + "-" + state for c in _CHANNELS if given[c] for state in STATES[1:]]
    if not names:
        raise ValueError("%sfollow: no limits are set: set limits.t or limits.h" % place)
    if driven["on"] and driven["on"] not in names:
        raise ValueError("%son must be one of %s, or empty for any" % (place, ", ".join(names)))


def tail(c, was, now, value, minutes):
    # the rest of an event: value (hundredths) is expected in so many minutes
    names = (STATES[was], STATES[now], _CHANNELS[c], hundredths(value), minutes)
    return '"from":"%s","to":"%s","channel":"%s","value":%s,"minutes":%d' % names


def make_outlook(facts, given, model_period_ms, period_ms):
    limits = None
    if given["t"] or given["h"]:
        limits = Limits(given, facts["minutes"] if facts else [])
    outlook = Outlook(facts, limits, model_period_ms)
    outlook.set_period(period_ms)
    return outlook


class Limits:
    # given: as in the settings; minutes: of the horizons
    kept_bytes = 3

    def __init__(self, given, minutes):
        self._pairs = read(given)
        self._minutes = minutes
        self.was = bytearray(2)
        self._counts = bytearray(2)
        self.states = bytearray(2)
        self.value = [0, 0]  # hundredths, where the state changed
        self.minutes = [0, 0]
        self._ahead = ()
        self._n = 0
        self.clear()

    def clear(self):
        self.known = 0
        for c in range(2):
            self.states[c] = self._counts[c] = _OK

    def push(self, t_dc, h_pm, ahead, n):
        # ahead: n forecasts of t and of h in hundredths -> 0, or bits: 1 << channel, KNOWN
        changed = 0 if self.known else KNOWN
        self.known = 1
        self._ahead = ahead
        self._n = n
        if self._pairs[0] and self._watch(0, 10 * t_dc):
            changed |= 1
        if self._pairs[1] and self._watch(1, 10 * h_pm):
            changed |= 2
        return changed

    def _watch(self, c, level):
        ahead = self._ahead[c]
        i = 0  # forecasts that were looked at
        found = self._state_of(c, level)
        while not found and i < self._n:
            found = self._state_of(c, ahead[i])
            i += 1
        if found == self.states[c]:
            self._counts[c] = 0
            return False
        self._counts[c] += 1
        if self._counts[c] < _NEED:
            return False
        self._counts[c] = 0
        self.was[c] = self.states[c]
        self.states[c] = found
        self.value[c] = ahead[i - 1] if found and i else level
        self.minutes[c] = self._minutes[i - 1] if found and i else 0
        return True

    def _state_of(self, c, y):
        low, high = self._pairs[c]
        state = self.states[c]
        if state == _HIGH:
            high -= _BACK[c]
        elif state == _LOW:
            low += _BACK[c]
        return _HIGH if y > high else _LOW if y < low else _OK

    def event(self, c):
        # of the latest change -> channel, was, now, value, minutes
        return c, self.was[c], self.states[c], self.value[c], self.minutes[c]

    def tell(self, link, seq, changed):
        # changed: as push() said
        for c in range(2):
            if changed >> c & 1:
                link.event(seq, "limit", tail(*self.event(c)) + "}")

    def is_on(self, which, safe):
        # which: "h-high", ... or "": any; safe: where nothing is known
        if not self.known:
            return safe
        for c in range(2):
            if self.states[c] and self._is_of(which, c):
                return True
        return False

    def _is_of(self, which, c):
        if not which:
            return True
        return which.startswith(_CHANNELS[c]) and which.endswith(STATES[self.states[c]])

    def save(self, buf, at):
        buf[at] = self.known
        for c in range(2):
            buf[at + 1 + c] = self.states[c] | self._counts[c] << _COUNT_SHIFT

    def load(self, buf, at):
        self.known = buf[at]
        for c in range(2):
            both = buf[at + 1 + c]
            self.states[c] = both & 15
            self._counts[c] = both >> _COUNT_SHIFT
