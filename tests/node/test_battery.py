import json
import struct
from array import array
from binascii import crc32
from hashlib import sha256

from edgenode.core import decode, loader
from edgenode.core.decide import Confirm
from edgenode.core.detector import Detector
from edgenode.core.kept import SIZE, key
from edgenode.core.limits import Limits, tail
from edgenode.core.model import Model
from edgenode.core.outlook import Outlook
from edgenode.core.pipeline import Pipeline
from edgenode.core.plausible import Plausible
from edgenode.errors import ModelError
from edgenode.sleep.battery import SleepyNode

PERIOD_MS = 60000
START_MS = 1700000000000
FEATURES = ["t_ema_3", "t_range_30"]
CONTRACT = (
    '{"accuracy":0.9,"classes":["calm","warm"],"features":["t_ema_3","t_range_30"],'
    '"filters":[{"median":{"window_size":3}}],"max_delta":[0,0],"name":"m","period_ms":60000,"s_feature":0.1,'
    '"visits":2.0}'
)
# warm where t is more than 1 C above its average
TABLE = array("H", (1, 1, 2, 0, 0, 32768 + 100, 1, 2, 255, 0, 0, 255))


def make_blob(heads=""):
    # heads: JSON
    text = CONTRACT
    if heads:
        text = text.replace('"max_delta"', '"heads":%s,"max_delta"' % heads)
    text = text.encode()
    table = bytes(TABLE)
    head = struct.pack(
        "<4sBBHI32s",
        b"EDGM",
        loader.VERSION_HEADS if heads else loader.VERSION,
        0,
        len(text),
        len(table),
        sha256(text).digest(),
    )
    body = head + text + table
    return body + struct.pack("<I", crc32(body) & 0xFFFFFFFF)


BLOB = make_blob()
MODEL = Model(BLOB)
LIMITS = '{"detector":{"feature":[1],"limit":[200],"usual":[40]}}'
DETECTOR = Model(make_blob(LIMITS))
LEARNS = Model(
    make_blob(LIMITS[:-1] + ',"learn":{"days":[1,2,7],"part":[2,4,8],"times":[3,3,2]}}')
)
NEXT = (
    '{"next":{"h":[151,242],"h_band":[60,102],"k":5,"minutes":[30,60],"t":[166,294],'
    '"t_band":[28,44]}}'
)
FORESIGHTED = Model(make_blob(NEXT))


class Asleep(Exception):
    pass


class Radio(Exception):
    pass


class World:
    # Clock, sensor, RTC memory and broker around one node; awake_ms is what a wake takes.
    def __init__(
        self, readings, report_every=0, hold_s=600, synced=True, model=MODEL, limits=None
    ):
        self.model = model
        self.true_ms = START_MS
        self.offset_ms = 0 if synced else -START_MS  # what the node's clock is wrong by
        self.synced = synced
        self.drift_pm = 0
        self.awake_ms = 700
        self.settings = {
            "key": key(model.digest, 3, 5, PERIOD_MS),
            "need": 3,
            "of": 5,
            "period_ms": PERIOD_MS,
            "report_every": report_every,
            "hold_s": hold_s,
            "limits": limits or {"t": [], "h": []},
            "next_boot": self.next_boot,
        }
        self.readings = readings
        self.reading_index = 0
        self.boots = 0
        self.rtc = b""
        self.waits_ms = []
        self.sleeps_ms = []
        self.read_times_ms = []
        self.deliveries = {}
        self.events = []
        self.outlooks = []
        self.link_log = []
        self.up = True
        self.order = None
        self.stayed_ms = 0
        self.node = None

    # flash
    def next_boot(self):
        self.boots += 1
        return self.boots

    # the clock
    def ticks_ms(self):
        return self.true_ms & 0x3FFFFFFF

    def ticks_add(self, a, ms):
        return (a + ms) & 0x3FFFFFFF

    def ticks_diff(self, a, b):
        return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000

    def local_ms(self):
        return self.true_ms + self.offset_ms

    # power
    def memory(self):
        return self.rtc

    def keep(self, image):
        self.rtc = bytes(image)

    def wait(self, ms):
        self.waits_ms.append(ms)
        self.true_ms += ms

    def sleep(self, ms):
        self.sleeps_ms.append(ms)
        # clock and timer are one, and slow by so much
        slow_ms = ms * self.drift_pm // 1000
        self.true_ms += ms + slow_ms
        self.offset_ms -= slow_ms
        raise Asleep

    # the sensor
    def read(self, out):
        reading = self.readings[self.reading_index % len(self.readings)]
        self.reading_index += 1
        self.read_times_ms.append(self.true_ms)
        if isinstance(reading, int):
            return reading
        out[0], out[1] = reading
        return decode.OK

    # the link
    def open_link(self):
        self.link_log.append(self.node.seq)
        return self

    def run(self, limit_ms):
        assert 0 < limit_ms <= 60000
        self.true_ms += 900
        if not self.up:
            return False
        node = self.node
        if node.sync_due:
            jump_ms = -self.offset_ms
            self.offset_ms = 0
            self.synced = True
            node.clock_moved(jump_ms)
        while len(node.events):
            self.events.append(node.events.text())
            node.events.drop()
        box = node.outbox
        while len(box):
            for k in range(len(box)):
                if not box.done(k):
                    reading = box.get(k)
                    assert (node.boot, reading[0]) not in self.deliveries
                    self.deliveries[node.boot, reading[0]] = reading[1:]
            box.acknowledge((box.seq(0), box.seq(len(box) - 1)))
        return True

    def outlook(self, seq, text):
        self.outlooks.append((seq, text))

    def stay(self, ms):
        self.stayed_ms += ms
        self.true_ms += ms

    def close(self):
        self.link_log.append("closed")

    def wake(self):
        self.true_ms += self.awake_ms
        checks = Plausible((0, 0), 1000)
        classes = ['"calm"', '"warm"']
        self.node = SleepyNode(self, checks, self, self, self.model, classes, self.settings)
        try:
            self.node.wake(self.open_link)
        except Asleep:
            return
        raise AssertionError("a wake ends with deep sleep")

    def outbox_size(self):
        checks = Plausible((0, 0), 1000)
        node = SleepyNode(self, checks, self, self, self.model, ['"a"', '"b"'], self.settings)
        return node.outbox.size

    def wakes(self, n):
        for _ in range(n):
            self.wake()


def make_calm(n):
    return [(200 + i % 3, 500) for i in range(n)]


def make_warm(n):
    return [(230 + 6 * i, 500) for i in range(n)]


def list_attempts(link_log):
    return [x for x in link_log if x != "closed"]


def test_a_calm_node_reports_once_and_then_sleeps():
    w = World(make_calm(9))
    w.wakes(100)
    # the first reading says that it is there, the third confirms the first class
    assert w.link_log == [1, "closed", 3, "closed"]
    assert w.boots == 1
    assert len(w.deliveries) == 3
    assert len(w.node.outbox) == 97
    assert '"from":null,"to":"calm"' in w.events[0]


def test_every_nth():
    w = World(make_calm(9), report_every=10)
    w.wakes(60)
    assert list_attempts(w.link_log) == [1, 3, 13, 23, 33, 43, 53]
    assert sorted(w.deliveries) == [(1, s) for s in range(1, 54)]


def test_a_change_of_the_confirmed_class():
    w = World(make_calm(40) + make_warm(20))
    w.wakes(60)
    assert len(list_attempts(w.link_log)) == 3
    assert '"seq":%d,"event":"class","from":"calm","to":"warm"' % w.link_log[4] in w.events[1]
    assert 42 <= w.link_log[4] <= 47
    assert len(w.deliveries) == w.link_log[4]


def test_a_full_outbox():
    w = World(make_calm(9))
    w.wakes(3)
    room = w.node.outbox.size
    w.wakes(room)
    assert list_attempts(w.link_log) == [1, 3, 3 + room]
    assert (w.node.outbox.dropped, len(w.deliveries)) == (0, 3 + room)


def test_it_decides_as_one_that_never_sleeps():
    # 500 readings of a random walk, some of them failed, with sleep after each
    x, t = 7, 200
    readings = []
    for _ in range(500):
        x = (x * 1103 + 12345) % 65521
        t = min(500, max(0, t + (x % 23 - 11)))
        readings.append(decode.CHECKSUM if x % 71 == 0 else (t, 500))
    w = World(readings, report_every=50, hold_s=86400)
    w.awake_ms = 0
    pipeline, confirm = Pipeline(FEATURES, MODEL.contract["filters"]), Confirm(3, 5, 2)
    raw, expected, changes, index = array("h", (0, 0)), {}, 0, 0
    for seq in range(1, 401):
        w.wake()
        code = readings[index] if isinstance(readings[index], int) else 0
        if code:  # it asks once more
            index += 1
            code = readings[index] if isinstance(readings[index], int) else 0
        if code:
            expected[1, seq] = (0, 0, 0, 0, code, -1)
        else:
            raw[0], raw[1] = readings[index]
            cls = MODEL.predict(pipeline.push(seq, raw[0], raw[1]))
            changes += confirm.push(cls)
            expected[1, seq] = (raw[0], raw[1], cls, MODEL.p_pc, 0, -1)
        index += 1
    assert changes > 5
    assert len([e for e in w.events if '"event":"class"' in e]) == changes
    assert len(w.deliveries) + len(w.node.outbox) == 400
    for k in w.deliveries:
        assert w.deliveries[k][1:] == expected[k]
    assert len(w.waits_ms) == index - 400 > 3


def test_it_finds_the_episodes_of_one_that_never_sleeps():
    # a calm hour, 7 C within 10 min, a calm hour with failed reads, and again
    quiet = make_calm(60)
    readings = quiet + [(200 + 7 * i, 500) for i in range(10)] + make_calm(40)
    readings += [decode.TIMEOUT] * 20 + quiet
    readings *= 2
    w = World(readings, report_every=30, hold_s=86400, model=DETECTOR)
    w.awake_ms = 0
    pipeline = Pipeline(FEATURES, MODEL.contract["filters"])
    detector = Detector({"feature": [1], "limit": [200], "usual": [40]}, FEATURES)
    raw, expected, tails, index, seq = array("h", (0, 0)), {}, [], 0, 0
    while index < len(readings):
        seq += 1
        w.wake()
        failed = isinstance(readings[index], int)
        index += 1
        if failed and isinstance(readings[index], int):
            index += 1  # it asks once more
            is_read = False
        else:
            raw[0], raw[1] = readings[index - (0 if failed else 1)]
            index += failed
            is_read = True
            u = detector.push(pipeline.push(seq, raw[0], raw[1]))
        expected[1, seq] = min(u, 254) if is_read else -1
        if detector.note(seq, is_read, PERIOD_MS):
            tails += detector.tails(PERIOD_MS)
    assert max(expected.values()) == 254 and len(tails) == 4
    told = [e for e in w.events if '"event":"unusual"' in e]
    assert [e[e.index('"from"') :] for e in told] == tails
    assert len(w.deliveries) > 200
    for k in w.deliveries:
        assert w.deliveries[k][-1] == expected[k]
    # room for fewer readings and larger events
    assert w.node.outbox.size < World([], model=MODEL).outbox_size()


def test_it_learns_what_is_usual_over_every_sleep():
    readings = [(200 + i % 3, 500) for i in range(60)]
    w = World(readings, report_every=10, model=LEARNS)
    w.settings["period_ms"] = 3600000
    w.settings["key"] = key(LEARNS.digest, 3, 5, 3600000)
    for _ in readings:
        w.wake()
    assert w.node.learner.status() == {"learnt_h": 60, "limits_d": 2}
    told = [json.loads(e) for e in w.events if '"event":"learn"' in e]
    assert [(e["seq"], e["from"], e["to"]) for e in told] == [
        (24, "generic", "1 day"),
        (48, "1 day", "2 days"),
    ]


def test_what_comes_next_is_told_when_the_radio_is_on():
    rise = [(200, 500 + i) for i in range(300)]
    w = World(rise, report_every=20, model=FORESIGHTED, limits={"t": [], "h": [20, 60]})
    w.wakes(280)
    awake = Outlook(FORESIGHTED.heads["next"], Limits(w.settings["limits"], [30, 60]), PERIOD_MS)
    expected = {}
    for i in range(280):
        if awake.push(1 + i, rise[i][0], rise[i][1], i + 1) & 2:
            event = tail(*awake.limits.event(1))
            seq = i + 1
        expected[i + 1] = awake.text()
    assert [seq for seq, _ in w.outlooks] == list_attempts(w.link_log)
    assert len(w.outlooks) >= 14
    assert w.outlooks == [(seq, expected[seq]) for seq, _ in w.outlooks]
    # the limit is a cause to report: it is told in the wake that sees it coming, before 60 %
    told = [e for e in w.events if '"event":"limit"' in e]
    assert len(told) == 1
    assert 30 < seq < 101 and seq in w.link_log
    assert told[0].endswith('"seq":%d,"event":"limit",%s}' % (seq, event))
    assert event.startswith('"from":"ok","to":"high","channel":"h","value":60.')
    assert json.loads(told[0])["minutes"] == 60


def test_events_of_limits_wait_in_the_memory_with_the_others():
    w = World([(200, 500)] * 5 + [(200, 650)] * 5 + [(200, 500)] * 5 + make_warm(40))
    w.settings["limits"] = {"t": [], "h": [20, 60]}
    w.wakes(3)
    w.up = False
    w.wakes(20)
    w.up = True
    w.wakes(30)
    kinds = [(e["event"], e["from"], e["to"]) for e in map(json.loads, w.events)]
    assert kinds == [
        ("class", None, "calm"),
        ("limit", "ok", "high"),
        ("limit", "high", "ok"),
        ("class", "calm", "warm"),
    ]
    assert [json.loads(e)["value"] for e in w.events[1:3]] == [65, 50]
    assert not w.outlooks  # its model makes no forecasts


def test_no_forecast_by_a_reading_that_failed():
    w = World([(200, 500)] * 5 + [decode.CHECKSUM] * 200, report_every=3, model=FORESIGHTED)
    w.wakes(60)
    assert len(list_attempts(w.link_log)) > 10
    assert 1 <= len(w.outlooks) <= 3


def test_slots_do_not_drift():
    w = World(make_calm(9), report_every=7)
    for i in range(200):
        w.awake_ms = 500 + 37 * i % 400
        w.wake()
    # the first is read at once, the others as soon as it is awake
    late_ms = [s - w.read_times_ms[0] - i * PERIOD_MS for i, s in enumerate(w.read_times_ms)]
    assert len(late_ms) == 200 and min(late_ms) == 0 and max(late_ms) <= 900
    assert w.node.missed == 0


def test_a_failed_read_is_asked_once_more_two_seconds_later():
    w = World([decode.TIMEOUT, (200, 500)])
    w.wake()
    assert w.waits_ms == [2000]
    assert w.deliveries[1, 1][1:3] == (200, 500)
    w = World([decode.TIMEOUT])
    w.wakes(2)
    assert len(w.read_times_ms) == 4
    assert w.deliveries[1, 1][1:] == (0, 0, 0, 0, decode.TIMEOUT, -1)


def test_a_fault_is_told_when_it_has_lasted_and_when_it_ends():
    w = World(make_calm(10) + [decode.RANGE] * 30 + make_calm(60), hold_s=600)
    w.wakes(10 + 15 + 5)
    faults = [e for e in w.events if '"fault"' in e]
    assert len(faults) == 2
    assert '"seq":20,"event":"fault","from":"ok","to":"fault","err":"range"}' in faults[0]
    assert '"seq":26,"event":"fault","from":"fault","to":"ok"}' in faults[1]
    # nothing was known any more: the class is confirmed again
    assert '"from":null,"to":"calm"' in w.events[-1]


def test_an_outage_costs_few_attempts_and_no_reading():
    w = World(make_calm(9), report_every=1)
    w.wakes(20)
    assert len(w.link_log) == 40
    w.up = False
    del w.link_log[:]
    w.wakes(180)
    # after 2, 4, 8, 16, 32, then 60 slots
    assert list_attempts(w.link_log) == [21, 23, 27, 35, 51, 83, 143]
    w.up = True
    w.wakes(4)
    assert list_attempts(w.link_log)[-2:] == [203, 204]
    assert sorted(w.deliveries) == [(1, s) for s in range(1, 205)]
    assert [w.deliveries[1, s][0] for s in range(1, 205)] == [
        (START_MS + 700 + PERIOD_MS * (s - 1) + (700 if s > 1 else 0)) // 1000
        for s in range(1, 205)
    ]


def test_a_long_outage_drops_the_oldest_and_counts():
    w = World(make_calm(9), report_every=1)
    w.up = False
    w.wakes(1000)
    size = w.node.outbox.size
    assert w.node.outbox.dropped == 1000 - size
    w.up = True
    w.wakes(64)
    assert len(w.deliveries) + w.node.outbox.dropped == w.node.seq == 1064
    assert len(w.events) + w.node.events.dropped == 1


def test_what_dies_with_the_radio_on_takes_no_number_twice():
    w = World(make_calm(9), report_every=1)
    w.wakes(5)
    run = w.run

    def run_and_die(limit_ms):
        run(limit_ms)
        raise Radio

    w.run = run_and_die
    w.true_ms += w.awake_ms
    w.node = SleepyNode(w, Plausible((0, 0), 1000), w, w, MODEL, ["0", "1"], w.settings)
    try:
        w.node.wake(w.open_link)
        raise AssertionError("it lived")
    except Radio:
        pass
    assert (1, 6) in w.deliveries
    w.run = run
    first_deliveries = {}
    first_deliveries.update(w.deliveries)
    w.deliveries.clear()
    w.wakes(3)
    # the sixth comes twice, with the same content: its acknowledgement was forgotten
    assert sorted(w.deliveries) == [(1, s) for s in range(6, 10)]
    assert w.deliveries[1, 6] == first_deliveries[1, 6]


def test_power_on_another_model_and_flipped_bits_take_a_new_boot():
    w = World(make_calm(9), report_every=1)
    w.wakes(5)
    assert (w.boots, w.node.fresh) == (1, False)
    for spoil in (lambda m: b"", lambda m: bytes([m[0] ^ 1]) + m[1:], lambda m: m[:-1]):
        w.rtc = spoil(w.rtc)
        w.wake()
        assert (w.node.fresh, w.node.seq) == (True, 1)
    w.settings["key"] ^= 1
    w.wake()
    assert w.node.fresh
    assert w.boots == 5
    assert len(w.rtc) == SIZE


def test_times_before_the_first_sync_are_known_afterwards():
    w = World(make_calm(9), synced=False)
    w.up = False
    w.wakes(9)
    assert w.local_ms() < 10 * PERIOD_MS
    assert w.node.outbox.get(0)[1] is None
    w.up = True
    w.wakes(6)
    assert len(w.deliveries) == 15
    for _, seq in w.deliveries:
        true_s = w.read_times_ms[seq - 1] // 1000
        assert abs(w.deliveries[1, seq][0] - true_s) <= 1
    assert '"ts":null' not in w.events[0]
    # and setting the clock moved no slot
    w.wakes(3)
    assert w.node.missed == 0
    assert (
        max([b - a for a, b in zip(w.read_times_ms[1:], w.read_times_ms[2:])]) <= PERIOD_MS + 1000
    )


def test_a_clock_that_drifts_by_five_percent():
    # Two hours without a network: the clock is then 6 minutes wrong, the times are not.
    w = World(make_calm(9), report_every=1)
    w.drift_pm = 50
    w.wakes(30)
    w.up = False
    w.wakes(120)
    assert abs(w.offset_ms) > 300000
    w.up = True
    while len(w.deliveries) < w.node.seq:
        w.wake()
    errors = [
        abs(1000 * w.deliveries[1, s + 1][0] - time_ms)
        for s, time_ms in enumerate(w.read_times_ms)
    ]
    assert max(errors) < 7000
    assert w.node.missed == 0


def test_a_good_clock_is_asked_for_less_and_less():
    sync_wakes = []
    w = World(make_calm(9), report_every=1)
    for i in range(1200):
        sync_ms = w.node._sync_ms if w.node else 0
        w.wake()
        w.deliveries.clear()
        del w.read_times_ms[:], w.sleeps_ms[:], w.link_log[:]
        if w.node._sync_ms != sync_ms:
            sync_wakes.append(i)
    assert sync_wakes[:2] == [0, 1]
    # from then on every six hours
    assert sync_wakes[-1] - sync_wakes[-2] >= 359


def test_stay_awake_is_obeyed_once_for_its_minutes():
    w = World(make_calm(9), report_every=5)
    w.wakes(3)
    w.order = (77, 10)
    w.wakes(5)
    assert 9 * PERIOD_MS < w.stayed_ms <= 10 * PERIOD_MS + 1000
    assert w.sleeps_ms[-1] <= PERIOD_MS
    stayed_ms, readings = w.stayed_ms, len(w.read_times_ms)
    assert readings >= 3 + 5 + 9
    assert len(w.deliveries) == readings  # each was sent at once
    w.wakes(20)
    assert w.stayed_ms == stayed_ms
    w.order = (78, 1)
    w.wakes(5)
    assert w.stayed_ms > stayed_ms


def test_stay_awake_ends_when_it_is_cleared():
    w = World(make_calm(9), report_every=5)
    w.order = (77, 1440)

    def stay(ms):
        w.true_ms += ms
        w.stayed_ms += ms
        if w.stayed_ms > 100000:
            w.order = None

    w.stay = stay
    w.wake()
    assert 100000 < w.stayed_ms <= 101000
    assert w.link_log == [1, "closed"]


def test_a_clock_that_somebody_set_does_not_stop_it():
    w = World(make_calm(9))
    w.wakes(3)
    for jump_ms in (-400000000000, 400000000000):
        w.offset_ms += jump_ms
        w.wakes(2)
        assert 0 < w.sleeps_ms[-1] <= PERIOD_MS
    assert w.node.missed <= 1001


class Large:
    kept_bytes = 1600


def test_a_model_that_does_not_fit_is_refused_with_the_cure():
    w = World(make_calm(9))
    try:
        SleepyNode(w, Large(), w, w, MODEL, ["0", "1"], w.settings)
    except ModelError as e:
        assert "bytes" in str(e) and "shorter windows" in str(e)
    else:
        raise AssertionError("accepted")
    assert w.boots == 0
