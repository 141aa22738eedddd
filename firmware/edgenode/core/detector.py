"""How unusual a reading is, and the episodes that unusual readings belong to."""

from array import array
from struct import calcsize, pack_into, unpack_from

from .compat import const
from .records import percent

U_MAX = const(4094)  # percent: what 12 bits of a frame on flash hold
_GAP_MS = const(1800000)
_GAP_READINGS = const(3)
_LIMIT_PC = const(100)
_MEASURED = const(1 << 23)
# whether one goes on, first and last unusual slot, its strongest limit and value
_STATE = "<BiiBh"


def gap_slots(period_ms):
    # An episode goes on while less than this passes between two unusual readings: half an hour,
    # the half of the longest window at a reading a minute, but at least three readings.
    return max(_GAP_READINGS, -(-_GAP_MS // period_ms))


def strongest(table, limits, x):
    # table: how many limits; the feature of each; of each whether it is measured
    # -> u << 4 | k, see push()
    n = table[0]
    u = k = 0
    most = -1
    for i in range(n):
        value = x[table[1 + i]]
        limit = limits[i]
        pc = (100 * value + limit - 1) // limit if value > 0 else 0
        if pc > u:
            u = pc
        if pc > _LIMIT_PC and table[1 + n + i]:
            pc += _MEASURED
        if pc > most:
            most = pc
            k = i
    return u << 4 | k


class Detector:
    # facts (core.headcheck has the limits): feature, usual and limit, one of each for a limit.
    # features: their names. core.learn changes usual and limit.
    # Bound: 100 * 32,766 is below 2**22, and with the number of its limit below 2**26.
    def __init__(self, facts, features, native=None):
        # native: strongest() of core.heads_viper, or None
        self._strongest = native or strongest
        self.names = [features[i] for i in facts["feature"]]
        self.feature = bytearray(facts["feature"])
        self.usual = array("H", facts["usual"])
        self.limit = array("H", facts["limit"])
        # absolute humidity and dew point follow from what is measured
        measured = bytearray([name[0] in "th" for name in self.names])
        self._table = bytearray([len(measured)]) + self.feature + measured
        self.u = self.k = self.value = 0
        self.kept_bytes = calcsize(_STATE)
        # (limit, its value, seconds), -1 seconds for a begin, else the strongest of what ends
        self.news = ()
        self.open = False  # whether an episode goes on
        self._first = self._last = self._k_most = self._value_most = 0

    def push(self, x):
        # -> u: the largest value / limit in percent, above 100 beyond a limit. k and value: the
        # limit to name, a measured one where one is crossed, and its value.
        both = self._strongest(self._table, self.limit, x)
        u = self.u = both >> 4
        k = self.k = both & 15
        self.value = x[self.feature[k]]
        return u if u < U_MAX else U_MAX

    @property
    def is_unusual(self):
        return self.u > _LIMIT_PC

    def _rank(self, k, value):
        # percent, and above all others a measured value beyond its limit
        pc = self.percent(k, value)
        is_measured = self._table[1 + self._table[0] + k]
        return pc + _MEASURED if is_measured and pc > _LIMIT_PC else pc

    def percent(self, k, value):
        # rounded up, so that it is above 100 where the value is above the limit
        limit = self.limit[k]
        return (100 * value + limit - 1) // limit if value > 0 else 0

    def note(self, slot, is_read, period_ms):
        # Call in every slot, after push() where a reading was read -> whether there are news.
        has_news = self.open and slot - self._last >= gap_slots(period_ms)
        if has_news:
            self._end(period_ms)
        if is_read and self.is_unusual:
            if not self.open:
                self._begin(slot, has_news)
                has_news = True
            self._last = slot
            if self._rank(self.k, self.value) > self._rank(self._k_most, self._value_most):
                self._k_most = self.k
                self._value_most = self.value
        return has_news

    def _end(self, period_ms):
        self.open = False
        seconds = (self._last - self._first) * period_ms // 1000
        self.news = [(self._k_most, self._value_most, seconds)]

    def _begin(self, slot, has_news):
        self.open = True
        self._first = slot
        self._k_most = self.k
        self._value_most = self.value
        begin = (self.k, self.value, -1)
        self.news = self.news + [begin] if has_news else [begin]

    def save(self, buf, at):
        state = (self.open, self._first, self._last, self._k_most, self._value_most)
        pack_into(_STATE, buf, at, *state)

    def load(self, buf, at):
        self.open, self._first, self._last, self._k_most, self._value_most = unpack_from(
            _STATE, buf, at
        )

    def tails(self, period_ms):
        # the rest of the event of each news, as JSON
        return [self.tail(k, value, seconds, period_ms) for k, value, seconds in self.news]

    def tail(self, k, value, seconds, period_ms):
        name = self.names[k]
        strength = percent(self.percent(k, value))
        values = (value, self.usual[k], self.limit[k])
        if name.split("_")[1] == "since":  # readings without a change
            value, usual, limit = [str(v * period_ms // 1000) for v in values]
        else:
            value, usual, limit = [percent(v) for v in values]
        tail = '"feature":"%s","value":%s,"usual":%s,"limit":%s' % (name, value, usual, limit)
        if seconds < 0:
            return '"from":"normal","to":"unusual",%s}' % tail
        return '"from":"unusual","to":"normal",%s,"strength":%s,"seconds":%d}' % (
            tail,
            strength,
            seconds,
        )
