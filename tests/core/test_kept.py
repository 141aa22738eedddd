from binascii import crc32
from struct import pack, pack_into

from tests.chance import Random
from tests.counts import count

from edgenode.core.catalogue import CHANNELS, KINDS
from edgenode.core.decide import Confirm
from edgenode.core.kept import READINGS_MIN, SIZE, Kept, Network, key
from edgenode.core.packed import CLASS, FAULT, GOOD, PackedEvents, PackedOutbox, move_time
from edgenode.core.pipeline import Pipeline
from edgenode.core.records import UNSURE

KEY = 0xC0FFEE01
MODELS = count(8, 60)


def catalogue(r, count):
    # a random choice of everything that a model may ask for
    names = []
    while len(names) < count:
        kind = sorted(KINDS)[r(len(KINDS))]
        n_max = KINDS[kind]
        name = CHANNELS[r(4)] + "_" + kind + ("_%d" % (1 + r(n_max)) if n_max else "")
        if name not in names:
            names.append(name)
    return names


def filters(r):
    return [{"median": {"window_size": 1 + r(15)}} for _ in range(r(3))]


class Weather:
    # steps, ramps and long flat stretches, over the whole range of the sensor
    def __init__(self, r):
        self._r = r
        self._t_dc = r(1201) - 400
        self._h_pm = r(1001)
        self._step = 0

    def __call__(self):
        r = self._r
        if not r(9):
            self._step = r(4) * r(60)
        self._t_dc = min(800, max(-400, self._t_dc + r(2 * self._step + 1) - self._step))
        self._h_pm = min(1000, max(0, self._h_pm + r(2 * self._step + 1) - self._step))
        return self._t_dc, self._h_pm


def test_features_are_the_same_after_every_sleep():
    # each model sleeps at random points, into memory full of rubbish at a random place
    for seed in range(1, MODELS + 1):
        r = Random(seed)
        names, chain = catalogue(r, 1 + r(30)), filters(r)
        awake = Pipeline(names, chain)
        sleeper = Pipeline(names, chain)
        weather = Weather(r)
        slot = r(5)
        interval = (1, 3, 40, 150)[seed % 4]
        for _ in range(300):
            slot += 1 + (r(5) if not r(20) else 0)
            t_dc, h_pm = weather()
            x = list(awake.push(slot, t_dc, h_pm))
            assert list(sleeper.push(slot, t_dc, h_pm)) == x, (seed, slot, names)
            if not r(interval):
                offset = r(50)
                memory = bytearray(bytes([r(256)]) * (offset + sleeper.kept_bytes + 7))
                before = bytes(memory)
                sleeper.save(memory, offset)
                end = offset + sleeper.kept_bytes
                assert memory[:offset] == before[:offset] and memory[end:] == before[end:]
                sleeper = Pipeline(names, chain)
                sleeper.push(1, 333, 333)
                sleeper.load(memory, offset)


def test_an_empty_pipeline_stays_empty():
    names = ["t_mean_5", "h_ema_3", "a_since", "d_diff", "t_range_9"]
    chain = [{"median": {"window_size": 3}}]
    memory = bytearray(100)
    Pipeline(names, chain).save(memory, 0)
    pipeline = Pipeline(names, chain)
    pipeline.push(1, 700, 900)
    pipeline.load(memory, 0)
    fresh_pipeline = Pipeline(names, chain)
    for slot in range(9, 20):
        assert list(pipeline.push(slot, slot, 500)) == list(fresh_pipeline.push(slot, slot, 500))


def test_the_largest_model_fits():
    # all kinds on all channels with all lengths of an average, the longest windows and filters
    names = ["%s_%s" % (c, k) for c in CHANNELS for k in ("level", "since")]
    names += ["%s_ema_%d" % (c, n) for c in CHANNELS for n in range(1, 11)]
    names += ["%s_%s_120" % (c, k) for c in CHANNELS for k in ("slope", "range", "std")]
    pipeline = Pipeline(names, [{"median": {"window_size": 15}}] * 8)
    assert pipeline.kept_bytes == 5 + 1 + 3 * 120 + 4 * 4 + 40 * 4 + 16 * 31
    box = PackedOutbox(["0"])
    Kept(KEY, (pipeline, Confirm(8, 15, 16), box), box)
    assert box.size >= READINGS_MIN


def test_confirm_goes_on():
    for seed in range(1, 30):
        r = Random(seed)
        size = 1 + r(15)
        need = size // 2 + 1 + r(size - size // 2)
        awake, sleeper = Confirm(need, size, 3), Confirm(need, size, 3)
        for _ in range(200):
            cls = r(3) if r(4) else 1
            assert awake.push(cls) == sleeper.push(cls)
            assert awake.confirmed == sleeper.confirmed
            memory = bytearray(b"\xaa" * 20)
            sleeper.save(memory, 1)
            sleeper = Confirm(need, size, 3)
            sleeper.load(memory, 1)
            assert memory[1 + sleeper.kept_bytes :] == b"\xaa" * (19 - sleeper.kept_bytes)


def format_reading(reading, cls):
    return "x%d" % reading[1]


def make_outbox(size, known=True):
    box = PackedOutbox(['"a"', '"b"'])
    box.place(bytearray(7 * size), 0, size)
    box.known = known
    return box


def test_a_reading_comes_out_as_it_went_in():
    box = make_outbox(6)
    readings = (
        (7, 1700000000, -400, 0, 0, 0, 0),
        (8, 1700000060, 800, 1000, 15, 100, 0),
        (9, 1700003660, 0, 0, 0, 0, 14),
        (10, 1700003661, -1, 555, 7, 63, 0),
        (11, 1700003662, 234, 451, 1, 64, 0),
        (12, 1700003663, 234, 451, UNSURE, 0, 0),
    )
    for reading in readings:
        box.push(*reading)
    assert tuple(box.get(k)[:7] for k in range(6)) == readings
    box.known = False
    assert box.get(1) == (8, None) + readings[1][2:] + (-1,)


def test_a_full_outbox_drops_the_oldest_and_counts():
    box = make_outbox(5)
    for seq in range(1, 9):
        box.push(seq, 60 * seq, seq, 0, 0, 0, 0)
    assert [box.get(k)[:3] for k in range(5)] == [(s, 60 * s, s) for s in range(4, 9)]
    assert box.dropped == 3
    box.acknowledge((box.seq(0), box.seq(0)))
    box.push(9, 540, 9, 0, 0, 0, 0)
    assert (box.dropped, box.delivered, len(box), box.seq(0)) == (3, 1, 5, 5)
    box.acknowledge(box.newest(format_reading)[1])
    for seq in range(10, 14):
        box.push(seq, 60 * seq, seq, 0, 0, 0, 0)
    assert (box.dropped, box.seq(0)) == (7, 9)
    box.push(14, 840, 14, 0, 0, 0, 0)
    assert (box.dropped, box.delivered) == (7, 2)


def test_acknowledged_in_any_order():
    box = make_outbox(10)
    for seq in range(1, 8):
        box.push(seq, 60 * seq, seq, 0, 0, 0, 0)
    assert box.newest(format_reading)[0] == "x7"
    box.acknowledge(box.newest(format_reading)[1])
    assert box.newest(format_reading) is None
    text, seqs = box.batch(format_reading, 12)
    assert (text, seqs) == ("[x1,x2,x3]", (1, 3))
    box.acknowledge(seqs)
    box.acknowledge(seqs)
    assert (len(box), box.delivered) == (4, 4)
    box.acknowledge((4, 6))
    assert (len(box), box.delivered, box.dropped) == (0, 7, 0)
    box.push(8, 1, 2, 3, 1, 50, 0)
    assert box.get(0) == (8, 1, 2, 3, 1, 50, 0, -1)


def test_times_of_months_and_clocks_that_go_back():
    box = make_outbox(4)
    for seq, ts in ((1, 1000), (2, 4000000), (3, 8000000), (4, 12000000)):
        box.push(seq, ts, 0, 0, 0, 0, 0)
    # 12,000,000 s is more than fits from 1,000 on: only what waits for 97 days is clamped
    assert [box.get(k)[1] for k in range(4)] == [1000, 4000000, 8000000, 1000 + 0x7FFFFF]
    box.push(5, 12000060, 0, 0, 0, 0, 0)
    assert box.get(3)[1] == 12000060
    box.push(6, 5, 0, 0, 0, 0, 0)
    assert box.get(3)[1] == 4000000  # never before what it counts from


def test_the_clock_is_set_for_the_first_time():
    box = make_outbox(4, False)
    for seq in (1, 2, 3):
        box.push(seq, 100 + 60 * seq, 0, 0, 0, 0, 0)
    box.acknowledge((box.seq(2), box.seq(2)))
    box.move(1700000000, 0, 400)
    box.known = True
    assert [box.get(k)[1] for k in range(3)] == [1700000100 + 60 * s for s in (1, 2, 3)]
    assert [box.done(k) for k in range(3)] == [False, False, True]


def test_drift_is_shared_out():
    # 5 % slow: after 6 h the clock shows 18 min too little; half way it was 9 min
    assert move_time(10800, 1080, 0, 21600) == 11880  # never set: all by the same
    assert [move_time(1000 + s, 1080, 1000, 22600) for s in (0, 10800, 21600)] == [
        1000,
        12340,
        23680,
    ]
    assert move_time(900, 1080, 1000, 22600) == 900
    assert move_time(1000, -5, 1000, 1000) == 1000


def fill(events):
    for i in range(10):
        events.push((CLASS, FAULT, GOOD)[i % 3], i % 2 - 1, i % 2, i, 1000 + i)


def test_events_are_bounded_kept_and_told():
    events = PackedEvents(['"a"', '"b"'])
    events.boot = 5
    fill(events)
    assert (len(events), events.dropped) == (8, 2)
    memory = bytearray(events.kept_bytes)
    events.save(memory, 0)
    copy = PackedEvents(['"a"', '"b"'])
    copy.boot = 5
    copy.load(memory, 0)
    copy.known = True
    copy.move(7, 0, 0)
    assert copy.text() == '{"ts":1009,"boot":5,"seq":2,"event":"fault","from":"fault","to":"ok"}'
    copy.drop()
    assert copy.text() == '{"ts":1010,"boot":5,"seq":3,"event":"class","from":"a","to":"b"}'
    copy.drop()
    copy.known = False
    err = '"event":"fault","from":"ok","to":"fault","err":"ok"}'
    assert copy.text() == '{"ts":null,"boot":5,"seq":4,' + err
    first_events = PackedEvents(['"a"'])
    first_events.push(CLASS, -1, 0, 1, 2)
    assert '"from":null,"to":"a"' in first_events.text()
    assert (len(copy), copy.dropped) == (6, 2)


def make_node(key=KEY, need=3):
    # -> everything of a node with something in all its parts
    parts = (
        Pipeline(["t_mean_60", "a_ema_5"], [{"median": {"window_size": 3}}]),
        Confirm(need, 5, 2),
        PackedEvents(['"a"', '"b"']),
        Network(),
        PackedOutbox(['"a"', '"b"']),
    )
    return Kept(key, parts, parts[-1]), parts


def make_used_node():
    store, parts = make_node()
    pipeline, confirm, events, network, box = parts
    for i in range(90):
        pipeline.push(i, 200 + i, 500)
        confirm.push(i & 1)
        box.push(i + 1, 60 * i, 200 + i, 500, i & 1, 77, 0)
    fill(events)
    network.data[:] = bytes(range(23))
    return store, parts, bytes(store.save())


def test_what_was_kept_is_restored():
    _, before, memory = make_used_node()
    assert len(memory) == SIZE == 2048
    store, after = make_node()
    assert store.load(memory)
    assert bytes(store.save()) == memory
    assert after[3].data == bytes(range(23))
    for box in (before[4], after[4]):
        box.known = True
    assert [after[4].get(k) for k in range(90)] == [before[4].get(k) for k in range(90)]
    assert list(after[0].push(90, 100, 600)) == list(before[0].push(90, 100, 600))


def starts_clean(memory, key=KEY, need=3):
    # whether a node that finds this memory starts as if there were none
    store, parts = make_node(key, need)
    empty_memory = bytes(make_node(key, need)[0].save())
    return not store.load(memory) and bytes(store.save()) == empty_memory and not len(parts[4])


def test_every_flipped_bit_is_found():
    _, _, memory = make_used_node()
    for i in range(0, SIZE, 3):
        changed_memory = bytearray(memory)
        changed_memory[i] ^= 1 << (i % 8)
        assert starts_clean(bytes(changed_memory)), i


def test_other_memory_starts_clean():
    _, _, memory = make_used_node()
    assert not starts_clean(memory)
    for other_memory in (b"", b"\0" * SIZE, b"\xff" * SIZE, memory[:-1], memory + b"\0"):
        assert starts_clean(other_memory)
    assert starts_clean(memory, KEY + 1)
    # an older version, whole in itself
    older_memory = bytearray(memory)
    older_memory[4] -= 1
    pack_into("<I", older_memory, SIZE - 4, crc32(memoryview(older_memory)[:-4]) & 0xFFFFFFFF)
    assert starts_clean(bytes(older_memory))


def test_the_key_is_of_contract_rule_and_period():
    digest = bytes(range(32))
    keys = {
        key(digest, 3, 5, 60000),
        key(b"?" + digest[1:], 3, 5, 60000),
        key(digest, 4, 5, 60000),
        key(digest, 3, 4, 60000),
        key(digest, 3, 5, 59000),
    }
    assert len(keys) == 5
    # of nodes in the field: an update must not make them forget
    assert key(digest, 3, 5, 60000) == crc32(pack("<BBI", 3, 5, 60000), crc32(digest))


class Large:
    kept_bytes = 1500


def test_too_little_room_is_said():
    parts = (Large(), Pipeline(["t_mean_120"], []), PackedOutbox(["0"]))
    try:
        Kept(KEY, parts, parts[-1])
    except ValueError as e:
        assert "1886 bytes" in str(e) and "sleep" in str(e)
    else:
        raise AssertionError("accepted")
