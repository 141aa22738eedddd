# One step from raw frame to class takes nothing from the heap, first reading and gaps included.
from array import array

import micropython

from edgenode.core import outputcheck, plausible
from edgenode.core.calibrate import CalibrateLinear
from edgenode.core.catalogue import CHANNELS, KINDS
from edgenode.core.decide import Confirm
from edgenode.core.decode import OK, SPIKE, TIMEOUT, Decoder
from edgenode.core.gate import Gate
from edgenode.core.heads import Heads
from edgenode.core.hold import Hold
from edgenode.core.limits import Limits
from edgenode.core.outlook import Outlook
from edgenode.core.outputs import Outputs, Switch
from edgenode.core.pipeline import Pipeline
from edgenode.core.records import UNSURE
from edgenode.core.walk_viper import votes
from edgenode.drivers.dht import Dht
from edgenode.drivers.sensor import Sensor


def feature_names():
    for c in CHANNELS:
        for kind in KINDS:
            n_max = KINDS[kind]
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


class Wire:
    buf = bytearray(5)
    silent = False

    def measure(self):
        if self.silent:
            raise _SILENT

    def set(self, on):
        pass


_SILENT = OSError(116)


class Forest:
    # a core.model of one split
    classes = ("a", "b")
    total = 255
    p_pc = 100
    features = list(feature_names())
    # nothing is beyond a limit here: an episode is told on the heap
    heads = {
        "detector": {"feature": list(range(16)), "usual": [1] * 16, "limit": [32766] * 16},
        "temporal": {"step": [4000, 96, 96, 4000], "said": [4095, 455, 455, 4095] * 2},
        "unsure": {"readings": 15, "p": 60},
    }
    table = array("H", [1, 1, 2, 0, 0, 32768 + 2000, 1, 2, 255, 0, 0, 255])
    votes = array("i", (0, 0))

    def predict(self, x):
        votes(self.table, x, self.votes)
        return 1 if self.votes[1] > self.votes[0] else 0


def difference(a, b):
    return a - b


def total(a, b):
    return a + b


def test_a_silent_sensor_and_its_supply():
    wire = Wire()
    settings = {"period_ms": 60000, "retries": 1, "cycle_after": 1, "cold": True}
    sensor = Sensor(Dht(wire, Decoder("dht22")), wire, difference, total, settings)
    raw = array("h", (0, 0))
    wire.silent = True
    timeouts = 0
    for ms in range(0, 600000, 500):
        micropython.heap_lock()
        try:
            if ms % 60000 == 0:
                sensor.start(ms)
            timeouts += sensor.poll(ms, raw) == TIMEOUT
            sensor.due_ms(ms)
        finally:
            micropython.heap_unlock()
    assert (timeouts, sensor.cycles, sensor.counts[TIMEOUT]) == (10, 10, 20)


class Pin:
    def __init__(self):
        self.switched = 0

    def set(self, on):
        self.switched += 1


def test_outputs():
    rows = [{"name": "a", "pin": 1, "on": "b", "min_on_s": 120, "min_off_s": 180}]
    rows += [{"name": "b", "pin": 2, "follow": "limit", "on": "h-high", "safe": "on"}]
    rows += [{"name": "c", "pin": 3, "follow": "unusual"}]
    pins = [Pin() for _ in rows]
    switches = [Switch(row, pin, 0) for row, pin in zip(outputcheck.read(rows), pins)]
    outputs = Outputs(switches, 600)
    limits = Limits({"t": [], "h": [20, 55]}, [])
    heads = Heads(Forest, 60000)
    confirm = Confirm(3, 5, 2)
    outputs.connect(("a", "b"), confirm, limits, heads.detector)
    none = (array("h"), array("h"))
    for now_s in range(0, 72000, 60):
        h_pm = 400 + 200 * (now_s // 6000 % 2)
        cls = now_s // 4200 % 2 if now_s // 9000 % 3 else UNSURE
        micropython.heap_lock()
        try:
            if now_s // 7000 % 4 == 3:
                outputs.note_failed(now_s, now_s % 7000 > 600)
            else:
                limits.push(200, h_pm, none, 0)
                if cls != UNSURE:
                    confirm.push(cls)
                outputs.note_good(now_s, cls)
            outputs.step(now_s)
            outputs.step(now_s + 1)
        finally:
            micropython.heap_unlock()
    assert pins[0].switched > 4 and pins[1].switched > 4 and not pins[2].switched


def test_what_comes_next_and_its_limits():
    facts = {"minutes": [3, 60], "k": 5, "t": [1023, 300], "h": [200, 0]}
    facts["t_band"] = facts["h_band"] = [12000, 5]
    limits = Limits({"t": [0, 20], "h": [20, 55]}, facts["minutes"])
    outlook = Outlook(facts, limits, 60000)
    # sums that are about to be halved, as after years
    outlook.size = outlook.error = (1 << 28) - 1
    changes = 0
    slot = 0
    decoder = Decoder("dht22")
    raw = array("h", (0, 0))
    for frame in list(frames(400)):
        slot += 9 if slot == 300 else 1
        assert decoder.decode(frame, raw) == OK
        micropython.heap_lock()
        try:
            changes += outlook.push(slot, raw[0], raw[1], 1 if slot in (1, 309) else 255) != 0
        finally:
            micropython.heap_unlock()
    assert changes > 10, changes


def test_a_step_with_every_feature():
    features = list(feature_names())
    assert len(features) > 60
    spec = [
        {"median": {"window_size": 5}},
        {"sliding_window_moving_average": {"window_size": 2}},
        {"exponential_moving_average": {"alpha": 0.8}},
    ]
    pipeline = Pipeline(features, spec)
    wire = Wire()
    settings = {"period_ms": 60000, "retries": 1, "cycle_after": 5, "cold": False}
    sensor = Sensor(Dht(wire, Decoder("dht22")), wire, difference, total, settings)
    limits = plausible.Plausible((0, 0), 240)
    calibrate = CalibrateLinear(["0 -> 0", "20 -> 20.8"], -400, 800)
    gate = Gate([{"delta": 0.5}, {"throttle": "60s"}, {"heartbeat": "300s"}])
    hold = Hold(300)
    confirm = Confirm(3, 5, 2)
    heads = Heads(Forest())
    raw = array("h", (0, 0))
    slot = 0
    confirm.push(0)
    for frame in list(frames(400)):
        slot += 9 if slot == 300 else 1
        wire.buf[:] = frame
        micropython.heap_lock()
        try:
            sensor.start(60000 * slot)
            code = sensor.poll(60000 * slot, raw)
            assert code == OK, code
            if limits.check(slot, raw[0], raw[1]):
                sensor.refuse(SPIKE)
                hold.note_failed(60 * slot)
            hold.note_good(60 * slot)
            x = pipeline.push(slot, calibrate.push(raw[0]), raw[1])
            cls = heads.push(x, pipeline.age)
            assert not heads.detector.note(slot, True, 60000)
            confirm.push(0 if cls == UNSURE else heads.best)
            gate.push(60 * slot, raw[0], raw[1], confirm.confirmed)
        finally:
            micropython.heap_unlock()
