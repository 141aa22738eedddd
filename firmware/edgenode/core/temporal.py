"""A forward filter: what the trees say, weighed by the classes of the readings before."""

from array import array

from .compat import const

COLD = const(5)  # readings after a gap have shares of their own in `said`
_STEP_BITS = const(12)
_TOP = const(1 << 14)


def weigh(table, row, shares, following):
    # table: states, the rows of steps, the rows of what the trees say; row: where that of this
    # reading begins. shares and following: of the states before, and after this reading
    # -> state << 7 | its share in percent. The first state wins a tie.
    n = table[0]
    total = best = 0
    for c in range(n):
        k = 1 + c
        s = 0
        for before in range(n):
            s += shares[before] * table[k]
            k += n
        s = (s >> _STEP_BITS) * table[row + c]
        following[c] = s
        total += s
        if s > following[best]:
            best = c
    shift = 0
    while total >> shift >= _TOP:
        shift += 1
    total = 0
    for c in range(n):
        s = following[c] >> shift
        shares[c] = s if s else 1  # a class of no share would never come back
        total += shares[c]
    return best << 7 | (100 * shares[best] + (total >> 1)) // total


class Temporal:
    # facts (core.headcheck has the limits): step (a row for each state: the shares, of 4,096, of
    # the state that follows), said (a row for each class that the trees say, of cold windows, then
    # of others: how often they say it where each state is true, the largest at most 4,095), state
    # (the class of each; without it, each class is a state). A class that lasts now short, now
    # long has a state for each.
    # A gap changes nothing but which rows of `said` count; the trees overrule what is old.
    # Bound: the shares before are together below 2**14 + 16, so the sums and the products with
    # `said` are together below 2**27.
    def __init__(self, facts, n_classes, native=None):
        # native: weigh() of core.heads_viper, or None
        self._weigh = native or weigh
        self._state = bytes(facts.get("state", ()))
        n = len(self._state) or n_classes
        self._table = array("H", [n] + facts["step"] + facts["said"])
        self._shares = array("H", [_TOP // n] * n)
        self._next = array("i", bytes(4 * n))
        self._sums = array("H", bytes(2 * n_classes))
        self.p_pc = 0
        self.kept_bytes = 2 * n

    def push(self, said, age):
        # class index by the trees -> by the filter; p_pc: its share in percent
        n = len(self._shares)
        said += n if age <= COLD else n + len(self._sums)
        both = self._weigh(self._table, 1 + n * said, self._shares, self._next)
        if self._state:
            both = self._add_up()
        self.p_pc = both & 127
        return both >> 7

    def _add_up(self):
        # the states of each class -> as weigh(), of classes
        sums, shares = self._sums, self._shares
        for c in range(len(sums)):
            sums[c] = 0
        total = best = 0
        for i in range(len(shares)):
            sums[self._state[i]] += shares[i]
            total += shares[i]
        for c in range(len(sums)):
            if sums[c] > sums[best]:
                best = c
        return best << 7 | (100 * sums[best] + (total >> 1)) // total

    def save(self, buf, at):
        for share in self._shares:
            buf[at] = share & 0xFF
            buf[at + 1] = share >> 8
            at += 2

    def load(self, buf, at):
        for c in range(len(self._shares)):
            self._shares[c] = buf[at] | buf[at + 1] << 8
            at += 2
