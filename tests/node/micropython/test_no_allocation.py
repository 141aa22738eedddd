# One step from raw frame to class takes nothing from the heap, first reading and gaps included.
from array import array

import micropython

from edgenode.core import decode
from edgenode.core.decide import Confirm
from edgenode.core.features import CHANNELS, KINDS
from edgenode.core.pipeline import Pipeline
from edgenode.core.plausible import Plausible
from edgenode.core.walk_viper import votes


def names():
    for c in CHANNELS:
        for kind in KINDS:
            n_max = KINDS[kind][2]
            for n in (0,) if not n_max else (1, 7, 10) if n_max == 10 else (2, 60, 120):
                yield "%s_%s_%d" % (c, kind, n) if n else "%s_%s" % (c, kind)


def frames(count):
    x = 7
    for _ in range(count):
        x = (x * 1103 + 12345) % 65521
        t_raw = 0x8000 | x % 90 if x & 64 else 200 + x % 90
        h_pm = 400 + (x >> 7) % 300
        body = (h_pm >> 8, h_pm & 255, t_raw >> 8, t_raw & 255)
        yield bytes(body + (sum(body) & 255,))


def test_a_step_with_every_feature():
    every = list(names())
    assert len(every) > 60
    pipeline = Pipeline(every, [{"median": {"window_size": 5}}])
    confirm = Confirm(3, 5, 2)
    decoder = decode.Decoder("dht22")
    plausible = Plausible((0, 0), 480)
    table = array("H", [1, 1, 2, 0, 0, 32768 + 2000, 1, 2, 255, 0, 0, 255])
    out = array("i", (0, 0))
    raw = array("h", (0, 0))
    slot = 0
    confirm.push(0)
    for frame in list(frames(400)):
        slot += 9 if slot == 300 else 1
        micropython.heap_lock()
        try:
            assert decoder.decode(frame, raw) == decode.OK
            assert plausible.check(slot, raw[0], raw[1]) == decode.OK
            x = pipeline.push(slot, raw[0], raw[1])
            votes(table, x, out)
            confirm.push(1 if out[1] > out[0] else 0)
        finally:
            micropython.heap_unlock()
