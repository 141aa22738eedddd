import json
from array import array

from tests.chance import Random
from tests.counts import count

from edgenode.core.detector import U_MAX, Detector, gap_slots
from edgenode.core.headcheck import check_heads
from edgenode.core.packed import UNUSUAL, PackedEvents, PackedOutbox
from edgenode.core.records import SIZE, pack, reading, unpack

MINUTE_MS = 60000
FEATURES = ["t_level", "h_range_5", "a_range_60", "t_since"]
FACTS = {"feature": [1, 2, 3], "usual": [140, 20, 40], "limit": [1400, 50, 90]}
WALKS = count(20, 200)


def make_detector():
    return Detector(FACTS, FEATURES)


def u_of(h_range, a_range=0, since=0):
    return make_detector().push(array("h", (0, h_range, a_range, since)))


def test_u_is_the_largest_share_of_a_limit_rounded_up():
    assert [u_of(v) for v in (0, 1, 700, 1399, 1400, 1401, 2800)] == [0, 1, 50, 100, 100, 101, 200]
    assert u_of(700, a_range=49) == 98
    assert u_of(-500, since=-1) == 0
    # as much as fits a frame on flash
    assert u_of(32766) == 2341 and u_of(0, a_range=32766) == U_MAX


def test_a_measured_value_is_named_before_one_that_follows_from_it():
    detector = make_detector()
    for values, named in (
        ((1401, 500, 0), ("h_range_5", 1401)),
        ((1400, 51, 0), ("a_range_60", 51)),
        ((1500, 500, 180), ("t_since", 180)),
        ((1300, 20, 0), ("h_range_5", 1300)),
    ):
        detector.push(array("h", (0,) + values))
        assert (detector.names[detector.k], detector.value) == named


def events_of(detector, rows, period_ms=MINUTE_MS):
    # rows: (slot, h_range or None for a failed read) -> (slot, event)
    found = []
    for slot, value in rows:
        if value is not None:
            detector.push(array("h", (0, value, 0, 0)))
        if detector.note(slot, value is not None, period_ms):
            found += [(slot, json.loads("{" + t)) for t in detector.tails(period_ms)]
    return found


def test_half_an_hour_or_three_readings_without_an_unusual_one_end_an_episode():
    assert [gap_slots(ms) for ms in (5000, 33000, 60000, 120000, 700000, 3600000)] == [
        360,
        55,
        30,
        15,
        3,
        3,
    ]
    rows = [(1, 100), (2, 2700), (3, 2800), (4, 2750), (33, 0), (34, 0), (35, 0)]
    begin, end = events_of(make_detector(), rows)
    assert begin == (
        2,
        {
            "from": "normal",
            "to": "unusual",
            "feature": "h_range_5",
            "value": 27.0,
            "usual": 1.4,
            "limit": 14.0,
        },
    )
    assert end == (
        34,
        {
            "from": "unusual",
            "to": "normal",
            "feature": "h_range_5",
            "value": 28.0,
            "usual": 1.4,
            "limit": 14.0,
            "strength": 2.0,
            "seconds": 120,
        },
    )


def test_an_episode_ends_while_the_sensor_fails_and_where_the_next_begins():
    rows = [(1, 2700), (30, None), (31, None), (32, 0), (40, 1500), (69, 2000), (99, 1600)]
    found = [(slot, e["to"], e["value"]) for slot, e in events_of(make_detector(), rows)]
    assert found == [
        (1, "unusual", 27.0),
        (31, "normal", 27.0),
        (40, "unusual", 15.0),
        (99, "normal", 20.0),
        (99, "unusual", 16.0),
    ]


def test_readings_without_a_change_are_told_in_seconds():
    detector = make_detector()
    detector.push(array("h", (0, 0, 0, 91)))
    assert detector.note(1, True, MINUTE_MS)
    event = json.loads("{" + detector.tails(MINUTE_MS)[0])
    assert (event["feature"], event["value"], event["usual"], event["limit"]) == (
        "t_since",
        5460,
        2400,
        5400,
    )


def test_episodes_go_on_over_every_sleep():
    for seed in range(1, WALKS + 1):
        r = Random(seed)
        awake, sleeper = make_detector(), make_detector()
        slot = 0
        for _ in range(200):
            slot += 1 + (r(40) if not r(9) else 0)
            x = array("h", (0, r(2000) - 300, r(60), r(120)))
            is_read = r(9) > 0
            if is_read:
                assert awake.push(x) == sleeper.push(x)
            has_news = awake.note(slot, is_read, MINUTE_MS)
            assert has_news == sleeper.note(slot, is_read, MINUTE_MS)
            if has_news:
                assert awake.news == sleeper.news
            memory = bytearray(b"\xaa" * 30)
            sleeper.save(memory, 3)
            end = 3 + sleeper.kept_bytes
            assert memory[:3] == b"\xaa" * 3 and memory[end:] == b"\xaa" * (30 - end)
            sleeper = make_detector()
            sleeper.load(memory, 3)


def catch(facts, n_features=4):
    try:
        check_heads({"detector": facts}, 2, n_features, 60000)
    except ValueError as e:
        return str(e)
    raise AssertionError("accepted")


def test_limits_that_no_node_can_use_are_refused():
    check_heads({"detector": FACTS}, 2, 4, 60000)
    wrong = (
        ("feature", [1, 2]),
        ("feature", [1, 2, 4]),
        ("feature", [1, 2, -1]),
        ("feature", [1, 2, 2]),
        ("feature", 1),
        ("feature", []),
        ("limit", [0, 1, 1]),
        ("limit", [1, 1, 32767]),
        ("limit", [1, 1, True]),
        ("usual", [1, 1, "1"]),
        ("usual", [-1, 1, 1]),
        ("more", []),
    )
    for key, value in wrong:
        facts = dict(FACTS)
        facts[key] = value
        assert catch(facts) == "heads.detector is not valid", (key, value)
    many = {key: list(range(1, 18)) for key in FACTS}
    assert catch(many, 99) == "heads.detector is not valid"
    assert catch({"feature": [1], "usual": [1]}) == "heads.detector is not valid"
    assert catch([]) == "heads.detector is not valid"


def test_a_frame_on_flash_holds_u_and_older_frames_have_none():
    buf = bytearray(SIZE)
    for err, relative, u in ((0, 0, -1), (0, 1, 0), (6, 1, -1), (0, 0, 4094), (0, 1, 128)):
        fields = (7, 9, 1700000000, -5, 1000, 255, 100, err, relative, u)
        pack(buf, 0, fields)
        assert unpack(buf, 0) == fields
    buf[18:20] = bytes((6, 1))
    assert unpack(buf, 0)[7:] == (6, 1, -1)


def test_u_in_a_record():
    text = reading(1, 2, 3, 4, 5, "null", 0, 12)
    assert json.loads(text)["u"] == 0.12 and json.loads(text)["cls"] is None
    assert json.loads(reading(1, 2, 3, 4, 5, '"a"', 50, 4094))["u"] == 40.94
    assert '"u"' not in reading(1, 2, 3, 4, 5, '"a"', 50)


def test_a_sleeping_node_keeps_u():
    box = PackedOutbox(['"a"'], True)
    assert box.reading_bytes == 8
    box.place(bytearray(8 * 4), 0, 4)
    box.known = True
    readings = (
        (1, 1700000000, 234, 451, 0, 63, 0, 0),
        (2, 1700000060, 234, 451, 255, 0, 0, 254),
        (3, 1700000120, 0, 0, 0, 0, 2, -1),
    )
    for values in readings:
        box.push(*values)
    assert tuple(box.get(k) for k in range(3)) == readings
    box.push(4, 1700000180, 1, 1, 0, 50, 0, 4094)
    assert box.get(3)[7] == 254


def test_a_sleeping_node_tells_of_episodes():
    detector = make_detector()
    events = PackedEvents(['"a"'], detector, MINUTE_MS)
    events.push(UNUSUAL, 0, 0, 5, 1000, 2700, -1)
    events.push(UNUSUAL, 0, 0, 9, 4000, 2800, 86400)
    memory = bytearray(events.kept_bytes)
    events.save(memory, 0)
    copy = PackedEvents(['"a"'], detector, MINUTE_MS)
    copy.load(memory, 0)
    copy.known = True
    copy.move(7, 0, 0)
    begin = json.loads(copy.text())
    copy.drop()
    end = json.loads(copy.text())
    assert (begin["ts"], begin["event"], begin["to"], begin["value"]) == (
        1007,
        "unusual",
        "unusual",
        27.0,
    )
    assert (end["to"], end["strength"], end["seconds"]) == ("normal", 2.0, 86400)
