"""One prediction at a time: native code with all trees where it fits the table, else a walker.

A network runs from its table.
"""

from array import array
from binascii import crc32, hexlify

from . import walk_plain
from .compat import const

NETWORK_TOTAL = const(1000)  # votes, see net_plain
# Where each start makes one prediction: below so many nodes a prediction, native code takes longer
# to load (10 ms on an ESP32, inline code of the default model 54 ms) than it saves (19 us a node).
_VISITS = const(500)


_PLAIN = ("python-table", walk_plain.votes)


def walker():
    # -> how the table is walked, votes(). Native code where there is some.
    try:
        from .walk_viper import votes

        return "viper-table", votes
    except (ImportError, MemoryError, SyntaxError, ValueError):
        # CPython, a board without native code, or with a .mpy for another one
        return _PLAIN


def network():
    # -> the same for a network
    try:
        from .net_viper import votes

        return "viper-network", votes
    except (ImportError, MemoryError, SyntaxError, ValueError):
        from .net_plain import votes

        return "python-network", votes


class Model:
    # code: a module with votes() and the CRC of the table that it equals, or None; once: whether
    # it is for one prediction
    def __init__(self, blob, code=None, once=False):
        from .loader import unpack  # large, and used once

        self.contract, table = unpack(blob)
        self.digest = blob[12:44]  # of the contract
        self.crc = hexlify(blob[-4:]).decode()  # tells it from others of its name
        self.classes = self.contract["classes"]
        self.features = self.contract["features"]
        self._table = table
        self.heads = self.contract.pop("heads", None) or {}
        self.votes = array("i", bytes(4 * len(self.classes)))
        self.p_pc = 0
        self._walk = self._code = self._work = None
        if "network" in self.heads:
            self._work = array("i", bytes(8 * table[4]))
            self.total = NETWORK_TOTAL
            self.runtime, self._walk = network()
            return
        k = 3 + table[1] + 4 * table[0]
        self.total = table[1] * sum(table[k : k + table[2]])
        if code and code.CRC == crc32(table) & 0xFFFFFFFF:
            self._code = code.votes
            self.runtime = "viper-inline"
        elif once and self.contract["visits"] < _VISITS:
            self.runtime, self._walk = _PLAIN
        else:
            self.runtime, self._walk = walker()

    def predict(self, x):
        # -> class index; p_pc holds its share of the votes in percent. First class wins a tie.
        out = self.votes
        if self._work:
            self._walk(self._table, x, out, self._work)
        elif self._code:
            self._code(x, out)
        else:
            self._walk(self._table, x, out)
        best = 0
        for c in range(1, len(out)):
            if out[c] > out[best]:
                best = c
        self.p_pc = (100 * out[best] + (self.total >> 1)) // self.total
        return best

    def visits(self, x):
        if self._work:
            return self.contract["visits"]  # the same for every reading
        return walk_plain.visits(self._table, x)
