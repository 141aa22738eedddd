import json
from array import array

from edgenode.core.detector import Detector
from edgenode.core.headcheck import check_heads
from edgenode.core.learn import Learner
from edgenode.core.packed import LEARN, PackedEvents

FEATURES = ["t_range_2", "h_range_5"]
GENERIC = {"feature": [0, 1], "usual": [300, 1200], "limit": [500, 4000]}
FACTS = {"days": [1, 2, 7], "part": [2, 4, 8], "times": [3, 3, 2]}
SIX_HOURS_MS = 6 * 3600000  # four readings are a day, and each is worth a write


class Store:
    # drivers.flash of a node, in RAM
    def __init__(self):
        self.files = {}

    def read(self, path):
        if path not in self.files:
            raise OSError
        return self.files[path]

    def write(self, path, data):
        self.files[path] = bytes(data)

    def remove(self, path):
        self.files.pop(path, None)


class Room:
    # a detector that learns, with four readings a day
    def __init__(self, store=None, period_ms=SIX_HOURS_MS, facts=FACTS):
        self.detector = Detector(GENERIC, FEATURES)
        self.learner = Learner(facts, self.detector, period_ms)
        if store:
            self.learner.open(store)

    def read(self, t_range, h_range=0):
        u = self.detector.push(array("h", (t_range, h_range)))
        self.learner.push(array("h", (t_range, h_range)))
        return u

    def live(self, *most):
        # a day for each of the largest steps
        for value in most:
            for part in (value, 0, 10, 0):
                self.read(part)
        return self

    @property
    def limits(self):
        return list(self.detector.limit)

    def state(self):
        buf = bytearray(self.learner.kept_bytes)
        self.learner.save(buf, 0)
        return bytes(buf[8:]), self.limits, list(self.detector.usual)


def test_the_generic_limits_hold_for_a_day_then_own_ones_narrow():
    room = Room()
    for _ in range(3):
        room.read(40)
    assert (room.limits, room.learner.status()) == ([500, 4000], {"learnt_h": 18, "limits_d": 0})
    room.read(0)
    # three times 40, but at least half of the generic limit
    assert (room.limits, room.learner.status()) == ([250, 2000], {"learnt_h": 24, "limits_d": 1})
    assert list(room.detector.usual) == [40, 0]
    assert (room.read(251), room.detector.is_unusual) == (101, True)
    room = Room().live(40, 60)
    assert (room.limits, room.learner.stage) == ([180, 1000], 2)
    room.live(60, 60, 60, 60, 60)
    assert (room.limits, room.learner.status()) == ([120, 500], {"learnt_h": 168, "limits_d": 7})
    assert room.live(60, 60).learner.status()["learnt_h"] == 168


def test_a_room_that_moves_more_gets_higher_limits_after_a_week_only():
    room = Room().live(450)
    assert room.limits[0] == 500
    assert room.live(450, 450, 450, 450, 450).limits[0] == 500
    assert room.live(450).limits[0] == 900
    # what is beyond the generic limit counts as if it were at it
    assert Room().live(*[3000] * 7).limits[0] == 1000


def test_the_largest_of_the_last_seven_days_is_not_usual():
    quiet = [60] * 6
    assert Room().live(*quiet).live(400).limits[0] == 120
    assert Room().live(*quiet).live(400, 60, 380).limits[0] == 240
    # after seven other days it is forgotten
    assert Room().live(*quiet).live(400, 380).live(*[70] * 7).limits[0] == 140


def test_a_room_that_moves_more_from_now_on_is_learnt_in_steps():
    # a value counts as its limit of the day, so two days double a limit and no more
    room = Room().live(*[60] * 7)
    assert [room.live(400).limits[0] for _ in range(6)] == [120, 240, 240, 480, 480, 800]


def test_an_episode_over_midnight_counts_for_one_day():
    room = Room().live(*[60] * 7)
    for value in (0, 0, 0, 400, 400, 390, 0, 60):
        room.read(value)
    assert room.limits[0] == 120
    # one that goes on for a whole day, and then for another, is how it is here
    for value in (0, 0, 0) + (400,) * 9:
        room.read(value)
    assert room.limits[0] == 240


def test_events_tell_from_how_many_days_the_limits_are():
    class Link:
        said = []

        def event(self, seq, name, text):
            self.said.append((seq, name, json.loads("{" + text)))

    room, link = Room(), Link()
    for day in range(8):
        room.live(40)
        room.learner.tell(link, day)
        room.learner.tell(link, day)
    room.learner.reset()
    room.learner.tell(link, 9)
    assert [(seq, e["from"], e["to"]) for seq, _, e in link.said] == [
        (0, "generic", "1 day"),
        (1, "1 day", "2 days"),
        (6, "2 days", "7 days"),
        (9, "7 days", "generic"),
    ]
    assert link.said[0][1] == "learn"
    events = PackedEvents([], room.detector, SIX_HOURS_MS)
    events.push(LEARN, 2, 7, 5, 1000)
    assert json.loads(events.text())["event"] == "learn"
    assert json.loads(events.text())["to"] == "7 days"


def test_a_reset_forgets_all_and_the_files():
    store = Store()
    room = Room(store).live(40, 40, 40)
    assert len(store.files) == 2
    room.learner.reset()
    assert (store.files, room.limits) == ({}, [500, 4000])
    assert room.learner.status() == {"learnt_h": 0, "limits_d": 0}
    assert room.state() == Room().state()
    assert Room(store).state() == Room().state()


def test_a_restarted_node_goes_on_from_the_newest_whole_file():
    store = Store()
    room = Room(store)
    before = None
    for i in range(60):
        room.read(10 * (i * 7 % 23), 100 * (i % 31))
        assert Room(store).state() == room.state()
        if before:  # the newest is torn, empty, longer, or has a byte changed
            newest = "learnt%d" % ((i + 1) & 1)
            whole = store.files[newest]
            flip = i % len(whole)
            for torn in (
                whole[:flip],
                b"",
                whole + b"1",
                whole[:flip] + bytes((whole[flip] ^ 1,)) + whole[flip + 1 :],
            ):
                store.files[newest] = torn
                assert Room(store).state() == before
            store.files[newest] = whole
        before = room.state()
    # none is whole: from the beginning
    for name in store.files:
        store.files[name] = b"x" * 99
    assert Room(store).state() == Room().state()


def test_after_a_torn_file_the_next_writes_are_newer():
    store = Store()
    Room(store).live(40, 50)
    store.files["learnt0"] = store.files["learnt0"][:50]
    room = Room(store)
    for i in range(5):
        room.read(70 + i)
        assert Room(store).state() == room.state()


def test_another_period_and_other_features_learn_by_themselves():
    store = Store()
    room = Room(store).live(40, 50, 60)
    room.learner.set_period(SIX_HOURS_MS)
    assert room.learner.status() == {"learnt_h": 72, "limits_d": 2}
    assert Room(store, 2 * SIX_HOURS_MS).state() == Room().state()
    others = Detector(GENERIC, ["h_range_5", "t_range_2"])
    other = Learner(FACTS, others, SIX_HOURS_MS)
    other.open(store)
    assert other.status()["learnt_h"] == 0
    room.learner.set_period(2 * SIX_HOURS_MS)
    assert room.learner.status() == {"learnt_h": 0, "limits_d": 0}
    room.read(30)
    assert Room(store, 2 * SIX_HOURS_MS).state() == room.state()
    # back at the old one, the newest file of it is not newer than what follows
    room.learner.set_period(SIX_HOURS_MS)
    room.read(20)
    assert Room(store).state() == room.state()


def test_a_flash_that_fails_stops_nothing():
    class Broken(Store):
        def write(self, path, data):
            raise OSError

    assert Room(Broken()).live(40, 40).limits == [125, 1000]


def test_it_goes_on_over_every_sleep():
    awake, sleeper = Room(), Room()
    for i in range(60):
        value = 10 * (i * 11 % 61)
        assert awake.read(value) == sleeper.read(value)
        memory = bytearray(b"\xaa" * (sleeper.learner.kept_bytes + 5))
        sleeper.learner.save(memory, 3)
        assert memory[:3] == b"\xaa" * 3 and memory[-2:] == b"\xaa" * 2
        sleeper = Room()
        sleeper.learner.load(memory, 3)
        assert sleeper.state() == awake.state()


def test_a_woken_node_reads_no_file_and_writes_the_next_one():
    class Written(Store):
        def read(self, path):
            raise AssertionError("a wake reads no file")

    room = Room().live(40, 40)
    memory = bytearray(room.learner.kept_bytes)
    room.learner.save(memory, 0)
    store = Written()
    woken = Room()
    woken.learner.load(memory, 0)
    woken.learner.open(store, False)
    woken.read(40)
    assert woken.learner.status() == {"learnt_h": 54, "limits_d": 2}
    assert len(store.files) == 1


def test_facts_that_no_node_can_use_are_refused():
    def catch(facts, n_classes=2, detector=True):
        heads = {"learn": facts}
        if detector:
            heads["detector"] = GENERIC
        try:
            check_heads(heads, n_classes, 2, 60000)
        except ValueError as e:
            return str(e)

    assert catch(FACTS) is None
    assert catch(FACTS, n_classes=3) == catch(FACTS, detector=False) == "heads.learn is not valid"
    for key, value in (
        ("days", [1, 7, 2]),
        ("days", [1, 2, 8]),
        ("days", [0, 2, 7]),
        ("days", 7),
        ("part", [2, 4]),
        ("part", [0, 4, 8]),
        ("times", [3, 3, 21]),
        ("times", [3, 3, True]),
        ("more", 1),
    ):
        facts = dict(FACTS)
        facts[key] = value
        assert catch(facts) == "heads.learn is not valid", (key, value)
    assert catch({"days": [], "part": [], "times": []}) == "heads.learn is not valid"
