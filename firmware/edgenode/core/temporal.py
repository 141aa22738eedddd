"""A forward filter: the votes of the trees, weighed by the classes of the readings before."""

from array import array

from .compat import const

_STEP_BITS = const(10)
_WEIGHT_BITS = const(6)
_TOP = const(1 << 14)


def weigh(table, votes, shares, following):
    # table: classes, divisor of the votes, floor; the weight of each class; the rows of steps.
    # shares and following: of the classes before, and after this reading
    # -> class index << 7 | its share in percent. First class wins a tie.
    n = table[0]
    divisor = table[1]
    floor = table[2]
    total = best = 0
    for c in range(n):
        k = 3 + n + c
        s = 0
        for before in range(n):
            s += shares[before] * table[k]
            k += n
        v = (votes[c] // divisor * table[3 + c] >> _WEIGHT_BITS) + floor
        s = (s >> _STEP_BITS) * v
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
    # facts (core.headcheck has the limits): step (a row for each class: the shares, of 1,024, of
    # the class that follows), weight (a factor for the votes of each class, in 64ths), floor
    # (votes, of some 1,024, that each class has at least). total: of all votes.
    # Bound: the shares before are below 2**14 + 16, weighted votes and floor below 4,336, together
    # below 2**27.
    def __init__(self, facts, n_classes, total, native=None):
        # native: weigh() of core.heads_viper, or None
        self._weigh = native or weigh
        head = [n_classes, (total >> _STEP_BITS) + 1, facts["floor"]]
        self._table = array("H", head + facts["weight"] + facts["step"])
        self._shares = array("H", bytes(2 * n_classes))
        self._next = array("i", bytes(4 * n_classes))
        self.p_pc = 0
        self.kept_bytes = 2 * n_classes
        self.clear()

    def clear(self):
        n = len(self._shares)
        for c in range(n):
            self._shares[c] = _TOP // n

    def push(self, votes):
        # votes: array of 32-bit words -> class index; p_pc: its share in percent
        both = self._weigh(self._table, votes, self._shares, self._next)
        self.p_pc = both & 127
        return both >> 7

    def save(self, buf, at):
        for share in self._shares:
            buf[at] = share & 0xFF
            buf[at + 1] = share >> 8
            at += 2

    def load(self, buf, at):
        for c in range(len(self._shares)):
            self._shares[c] = buf[at] | buf[at + 1] << 8
            at += 2
