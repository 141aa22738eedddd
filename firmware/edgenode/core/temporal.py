"""A forward filter: the votes of the trees, weighed by the classes of the readings before."""

from array import array

from .compat import const

_STEP_BITS = const(10)
_WEIGHT_BITS = const(6)
_TOP = const(1 << 14)


class Temporal:
    # facts (core.headcheck has the limits): step (a row for each class: the shares, of 1,024, of
    # the class that follows), weight (a factor for the votes of each class, in 64ths), floor
    # (votes, of some 1,024, that each class has at least). total: of all votes.
    # Bound: the shares before are below 2**14 + 16, weighted votes and floor below 4,336, together
    # below 2**27.
    def __init__(self, facts, n_classes, total):
        self._n = n_classes
        self._step = array("H", facts["step"])
        self._weight = bytearray(facts["weight"])
        self._floor = facts["floor"]
        self._divisor = (total >> _STEP_BITS) + 1
        self._shares = array("H", bytes(2 * n_classes))
        self._next = array("i", bytes(4 * n_classes))
        self.p_pc = 0
        self.kept_bytes = 2 * n_classes
        self.clear()

    def clear(self):
        for c in range(self._n):
            self._shares[c] = _TOP // self._n

    def push(self, votes):
        # -> class index; p_pc: its share in percent. First class wins a tie.
        n = self._n
        shares = self._shares
        following = self._next
        step = self._step
        total = best = 0
        for c in range(n):
            k = c
            s = 0
            for before in range(n):
                s += shares[before] * step[k]
                k += n
            v = (votes[c] // self._divisor * self._weight[c] >> _WEIGHT_BITS) + self._floor
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
        self.p_pc = (100 * shares[best] + (total >> 1)) // total
        return best

    def save(self, buf, at):
        for share in self._shares:
            buf[at] = share & 0xFF
            buf[at + 1] = share >> 8
            at += 2

    def load(self, buf, at):
        for c in range(self._n):
            self._shares[c] = buf[at] | buf[at + 1] << 8
            at += 2
