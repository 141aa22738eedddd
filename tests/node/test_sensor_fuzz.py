# Random and mutated frames of each kind from wire to verdict: nothing raised, every one
# counted, nothing accepted that cannot be.
from array import array

from tests.counts import count

from edgenode.core import plausible
from edgenode.core.decode import ENCODINGS, ERRORS, OK, SPIKE, STUCK, Decoder
from edgenode.drivers.dht import Dht

RUNS = count(1000, 5000)
MIN_COUNT = RUNS // 50
LIMITS = {"dht22": (-400, 800), "dht11": (-200, 600)}


class Random:
    def __init__(self, seed):
        self._x = seed

    def randrange(self, n):
        self._x = (self._x * 1103515245 + 12345) & 0x3FFFFFFF
        return (self._x >> 12) % n


class Wire:
    # As the stock driver: silence and bad checksums are raised, unless it forgets to look.
    def __init__(self, kind, seed):
        self.buf = bytearray(5)
        self._dht11 = kind == "dht11"
        self._random = Random(seed)

    def measure(self):
        randrange = self._random.randrange
        kind = randrange(8)
        if kind == 0:
            raise OSError(116)
        for i in range(4):
            self.buf[i] = randrange(256)
        if kind > 2:
            self._fill_credible(randrange)
        self.buf[4] = sum(self.buf[:4]) & 255
        if kind > 5:  # one byte is other than it was sent
            self.buf[randrange(5)] = randrange(256)
            if kind == 6 and sum(self.buf[:4]) & 255 != self.buf[4]:
                raise Exception("checksum error")

    def _fill_credible(self, randrange):
        t = randrange(260) - 60
        if self._dht11:
            self.buf[:4] = bytes(
                (randrange(101), randrange(10), abs(t) // 10, (t < 0) << 7 | abs(t) % 10)
            )
        else:
            raw = (t & 0xFFFF, t & 0x0FFF, t if t >= 0 else 0x8000 | -t)[randrange(3)]
            h = randrange(1001)
            self.buf[:4] = bytes((h >> 8, h & 255, raw >> 8, raw & 255))


def run(kind, limits, seed):
    decoder = Decoder(kind)
    dht = Dht(Wire(kind, seed), decoder)
    out = array("h", (0, 0))
    counts = [0] * len(ERRORS)
    low, high = LIMITS[kind]
    for slot in range(RUNS):
        out[0] = out[1] = 9999
        code = dht.read(out)
        if code:
            assert list(out) == [9999, 9999], "written though refused"
        else:
            assert low <= out[0] <= high
            assert 0 <= out[1] <= 1000
            code = limits.check(slot, out[0], out[1])
            assert code in (OK, SPIKE, STUCK)
        counts[code] += 1
        assert decoder.encoding in ENCODINGS
    assert sum(counts) == RUNS
    return counts


def test_frames_of_a_dht22():
    counts = run("dht22", plausible.Plausible((0, 200), 180), 3)
    assert min(counts[:4]) > MIN_COUNT
    assert counts[SPIKE] > MIN_COUNT
    strict_counts = run("dht22", plausible.Plausible((100, 200), 180), 3)
    assert strict_counts[OK] < counts[OK]
    assert strict_counts[1:5] == counts[1:5]


def test_frames_of_a_dht11():
    counts = run("dht11", plausible.Plausible((0, 200), 0), 4)
    assert min(counts[:4]) > MIN_COUNT
    assert counts[SPIKE] > MIN_COUNT
