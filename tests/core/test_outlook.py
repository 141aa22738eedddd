from binascii import crc32

from tests.chance import Random
from tests.counts import count

from edgenode.core import limits
from edgenode.core.headcheck import BAND_MAX, SHARE_MAX, check_heads
from edgenode.core.limits import KNOWN, Limits
from edgenode.core.outlook import Outlook, hundredths

FACTS = {
    "minutes": [30, 60],
    "k": 5,
    "t": [166, 294],
    "t_band": [28, 44],
    "h": [151, 242],
    "h_band": [60, 102],
}
PERIOD_MS = 60000
PROBLEMS = count(20, 200)
# of the forecasts and figures of the first 20 problems, the same on every interpreter
CRC = 4263384562


class Weather:
    # steps, ramps and flat stretches over the whole range, with failed reads and gaps
    def __init__(self, r):
        self._r = r
        self._t_dc = r(1201) - 400
        self._h_pm = r(1001)
        self._step = self.slot = self.age = 0

    def __call__(self):
        # -> slot, t_dc, h_pm, age
        r = self._r
        if not r(9):
            self._step = r(4) * r(60)
        step = 1 + (r(6) if not r(20) else 0)
        self.slot += step
        self.age = 1 if step > 3 or not self.age else min(self.age + 1, 255)
        self._t_dc = min(800, max(-400, self._t_dc + r(2 * self._step + 1) - self._step))
        self._h_pm = min(1000, max(0, self._h_pm + r(2 * self._step + 1) - self._step))
        return self.slot, self._t_dc, self._h_pm, self.age


def make_facts(r, period_ms):
    first = max(1, (period_ms + 59999) // 60000)
    minutes = [first + r(60)]
    for _ in range(r(4)):
        minutes.append(minutes[-1] + 1 + r(300))
    facts = {"minutes": minutes, "k": 1 + r(10)}
    for c in "th":
        facts[c] = [r(SHARE_MAX + 1) for _ in minutes]
        facts[c + "_band"] = [r(BAND_MAX + 1) for _ in minutes]
    check_heads({"next": facts}, 2, 2, period_ms)
    return facts


class Reference:
    # The same with other means: the whole past, floor division, numbers of any size.
    def __init__(self, facts, period_ms):
        self._facts = facts
        self._slots = [max(1, int(m * 60000 / period_ms + 0.5)) for m in facts["minutes"]]
        self._past = {}
        self._open = {}
        self.error = self.total = 0

    def push(self, slot, t_dc, h_pm, age):
        if age == 1:
            self._past = {}
            self._open = {}
        values = []
        for c, x in (("t", t_dc), ("h", h_pm)):
            e = self._past.get(c)
            e = x << 14 if e is None else e + (((x << 14) - e) >> self._facts["k"])
            self._past[c] = e
            ahead = 10 * x - ((10 * e + 8192) // 16384)
            low, high = (-4000, 8000) if c == "t" else (0, 10000)
            row = []
            for share in self._facts[c]:
                product = share * ahead
                assert -(2**29) < product < 2**29
                row.append(min(high, max(low, 10 * x + (product + 128) // 256)))
            values.append(row)
        for i, slots in enumerate(self._slots):
            if i in self._open and slot - self._open[i][0] >= slots:
                _, t, h = self._open.pop(i)
                self.error += abs(10 * t_dc - t) + abs(10 * h_pm - h)
                self.total += abs(10 * t_dc) + 10 * h_pm
            if i not in self._open:
                self._open[i] = (slot, values[0][i], values[1][i])
        return values


def test_random_problems_are_the_same_for_every_interpreter_and_after_every_sleep():
    crc = 0
    for seed in range(1, PROBLEMS + 1):
        r = Random(seed)
        period_ms = (2000, 5800, 31000, 60000, 900000, 3600000)[r(6)]
        facts = make_facts(r, period_ms)
        outlook = sleeper = Outlook(facts, None, period_ms)
        if seed % 2:
            sleeper = Outlook(facts, None, period_ms)
        reference = Reference(facts, period_ms)
        weather = Weather(r)
        for _ in range(400):
            reading = weather()
            values = reference.push(*reading)
            assert outlook.push(*reading) == 0
            assert [list(v) for v in outlook.values] == values, (seed, reading)
            crc = crc32(str(values).encode(), crc) if seed <= 20 else crc
            if sleeper is not outlook:
                sleeper.push(*reading)
                assert sleeper.values == outlook.values
                if not r(5):
                    memory = bytearray(bytes([r(256)]) * (sleeper.kept_bytes + 9))
                    before = bytes(memory)
                    sleeper.save(memory, 4)
                    end = 4 + sleeper.kept_bytes
                    assert (memory[:4], memory[end:]) == (before[:4], before[end:])
                    sleeper = Outlook(facts, None, period_ms)
                    sleeper.push(5, 333, 333, 1)
                    sleeper.load(memory, 4)
        for one in (outlook, sleeper):
            assert (one.error, one.size) == (reference.error, reference.total)
        figures = "%d %d" % (reference.error, reference.total)
        crc = crc32(figures.encode(), crc) if seed <= 20 else crc
    assert crc & 0xFFFFFFFF == CRC


def test_a_straight_rise_and_a_flat_stretch():
    outlook = Outlook(FACTS, None, PERIOD_MS)
    for slot in range(400):
        outlook.push(slot, 200, 500, slot + 1)
        assert [list(v) for v in outlook.values] == [[2000, 2000], [5000, 5000]]
    # 0.1 C a minute: the average lags by 2**5 - 1 readings, and the share makes 2.01 C of it
    for i in range(1, 401):
        outlook.push(399 + i, 200 + i, 500, 255)
    assert list(outlook.values[0]) == [6000 + (166 * 310 + 128) // 256, 6000 + 294 * 310 // 256]
    assert outlook.text() == (
        '{"30":{"t":62.01,"h":50.00,"t_band":0.28,"h_band":0.60},'
        '"60":{"t":63.56,"h":50.00,"t_band":0.44,"h_band":1.02}}'
    )


def test_a_forecast_is_judged_when_its_time_has_come():
    outlook = Outlook(FACTS, None, PERIOD_MS)
    for slot in range(30):
        outlook.push(slot, 200, 500, slot + 1)
        assert outlook.size == 0
    outlook.push(31, 210, 480, 31)  # a read failed when it was due: the next one judges it
    assert (outlook.error, outlook.size) == (100 + 200, 2100 + 4800)
    for slot in range(32, 60):
        outlook.push(slot, 210, 480, slot)
    assert (outlook.error, outlook.size) == (100 + 200, 2100 + 4800)
    outlook.push(60, 210, 480, 60)  # that of 60 minutes, made at 0
    assert (outlook.error, outlook.size) == (2 * (100 + 200), 2 * (2100 + 4800))


def test_after_a_gap_nothing_of_before_is_judged():
    outlook = Outlook(FACTS, None, PERIOD_MS)
    for slot in range(29):
        outlook.push(slot, 200, 500, slot + 1)
    outlook.push(40, 300, 100, 1)
    assert outlook.size == 0
    assert [list(v) for v in outlook.values] == [[3000, 3000], [1000, 1000]]


def test_the_sums_stay_small_ints():
    outlook = Outlook(FACTS, None, PERIOD_MS)
    outlook.size = (1 << 28) - 5
    outlook.error = 1 << 20
    for slot in range(31):
        outlook.push(slot, 200, 500, slot + 1)
    assert outlook.error == 1 << 19
    assert outlook.size == ((1 << 28) - 5 + 7000) >> 1


def test_no_forecast_at_another_period():
    outlook = Outlook(FACTS, None, PERIOD_MS)
    outlook.set_period(30000)
    for slot in range(100):
        outlook.push(slot, 200 + slot, 500, slot + 1)
    assert (outlook.n, outlook.text(), outlook.size) == (0, "{}", 0)
    outlook.set_period(PERIOD_MS)
    outlook.push(100, 300, 500, 255)
    assert outlook.n == 2
    assert list(outlook.values[0]) == [3000, 3000]


def test_hundredths():
    for v, text in (
        (0, "0.00"),
        (-5, "-0.05"),
        (-1234, "-12.34"),
        (10000, "100.00"),
        (70, "0.70"),
    ):
        assert hundredths(v) == text


def watch(given, readings, facts=FACTS):
    # -> each change as slot, its event
    made = Limits(given, facts["minutes"] if facts else [])
    outlook = Outlook(facts, made, PERIOD_MS)
    found = []
    for slot, (t_dc, h_pm) in enumerate(readings):
        changed = outlook.push(slot, t_dc, h_pm, min(slot + 1, 255))
        assert bool(changed & KNOWN) == (slot == 0)
        for c in range(2):
            if changed >> c & 1:
                found.append((slot, limits.tail(*made.event(c))))
    return found


def test_a_limit_that_will_be_crossed_is_told_before_and_its_end_after():
    rise = [(200, 500)] * 60 + [(200, 500 + 2 * i) for i in range(120)]
    fall = [(200, 740 - 4 * i) for i in range(60)]
    given = {"t": [], "h": [20, 70]}
    first, last = watch(given, rise + fall)
    crossed = next(i for i, (_, h_pm) in enumerate(rise) if h_pm > 700)
    assert crossed - 60 < first[0] < crossed - 15, first
    assert first[1].startswith('"from":"ok","to":"high","channel":"h","value":70.')
    assert first[1].endswith('"minutes":60')
    back = 180 + next(i for i, (_, h_pm) in enumerate(fall) if h_pm < 680)
    assert last[0] >= back, last
    assert last[1].startswith('"from":"high","to":"ok","channel":"h","value":6')
    assert last[1].endswith('"minutes":0')


def test_without_forecasts_the_reading_itself_is_watched():
    readings = [(200, 500)] * 5 + [(301, 500)] * 3 + [(299, 500)] * 3 + [(294, 500)] * 3
    readings += [(99, 500)] * 2
    assert watch({"t": [10, 30], "h": []}, readings, None) == [
        (6, '"from":"ok","to":"high","channel":"t","value":30.10,"minutes":0'),
        (12, '"from":"high","to":"ok","channel":"t","value":29.40,"minutes":0'),
        (15, '"from":"ok","to":"low","channel":"t","value":9.90,"minutes":0'),
    ]


def test_one_spike_is_no_change_and_noise_at_the_limit_does_not_flap():
    spikes = ([(200, 500)] * 40 + [(400, 500)]) * 3
    assert watch({"t": [10, 38], "h": []}, spikes, None) == []
    r = Random(7)
    noise = [(300 + r(7) - 3, 500) for _ in range(600)]
    assert len(watch({"t": [10, 30], "h": []}, noise, None)) == 1
    assert len(watch({"t": [10, 30], "h": []}, noise)) == 1


def test_limits_go_on_after_every_sleep():
    for seed in range(1, 20):
        r = Random(seed)
        given = {"t": [r(40), 40 + r(40)], "h": [r(40), 40 + r(60)]}
        facts = make_facts(r, PERIOD_MS)
        pair = [Outlook(facts, Limits(given, facts["minutes"]), PERIOD_MS) for _ in range(2)]
        weather = Weather(r)
        for _ in range(300):
            reading = weather()
            changed = [outlook.push(*reading) for outlook in pair]
            assert changed[0] == changed[1]
            for c in range(2):
                if changed[0] >> c & 1:
                    assert pair[0].limits.event(c) == pair[1].limits.event(c)
            memory = bytearray(b"\xaa" * (pair[1].kept_bytes + 3))
            pair[1].save(memory, 1)
            assert memory[1 + pair[1].kept_bytes :] == b"\xaa\xaa"
            pair[1] = Outlook(facts, Limits(given, facts["minutes"]), PERIOD_MS)
            pair[1].load(memory, 1)


def test_what_an_actuator_follows():
    made = Limits({"t": [10, 30], "h": [20, 70]}, [])
    for which, expected in (
        ("", [False, True, True]),
        ("t-high", [False, True, False]),
        ("h-low", [False, False, True]),
        ("h-high", [False, False, False]),
    ):
        said = []
        for t_dc, h_pm in ((200, 500), (310, 500), (200, 100)):
            for _ in range(2):
                made.push(t_dc, h_pm, ((), ()), 0)
            said.append(made.is_on(which, None))
        assert said == expected, which
        made.clear()
        assert made.is_on(which, "safe") == "safe"


def refusal(given, actuator=None):
    try:
        limits.check(given, actuator or {"follow": "class"})
    except ValueError as e:
        return str(e)
    return None


def test_limits_that_are_none_are_refused():
    assert refusal({"t": [], "h": []}) is None
    assert refusal({"t": [-40, 80], "h": ["20.5", 70]}) is None
    for name, value in (
        ("t", [10]),
        ("t", [30, 10]),
        ("t", [10, 10]),
        ("t", [-41, 10]),
        ("t", [10, 81]),
        ("t", [10, 20, 30]),
        ("t", [10, None]),
        ("t", [True, 10]),
        ("h", [10, 100.5]),
        ("h", [10.25, 50]),
        ("h", ["low", 50]),
    ):
        given = {"t": [], "h": []}
        given[name] = value
        said = refusal(given)
        assert said and said.startswith("limits.%s must be two numbers, the lower" % name), value
    limit = {"follow": "limit", "on": ""}
    assert refusal({"t": [], "h": []}, limit).startswith("actuator.follow: no limits are set")
    assert refusal({"t": [10, 20], "h": []}, limit) is None
    limit["on"] = "h-high"
    said = refusal({"t": [10, 20], "h": []}, limit)
    assert said == "actuator.on must be one of t-high, t-low, or empty for any"


def test_facts_of_strangers_are_checked():
    check_heads({"next": FACTS}, 2, 2, PERIOD_MS)
    check_heads({"next": FACTS}, 2, 2, 1800000)
    for key, value in (
        ("minutes", []),
        ("minutes", 30),
        ("minutes", [60, 30]),
        ("minutes", [30, 30]),
        ("minutes", [0, 60]),
        ("minutes", [30, 1441]),
        ("minutes", [30.0, 60]),
        ("k", 0),
        ("k", 11),
        ("k", True),
        ("t", [166]),
        ("t", [166, 1024]),
        ("h", [-1, 0]),
        ("h_band", [0, 12001]),
        ("t_band", ["1", 2]),
        ("more", 1),
    ):
        facts = dict(FACTS)
        facts[key] = value
        try:
            check_heads({"next": facts}, 2, 2, PERIOD_MS)
        except ValueError as e:
            assert str(e) == "heads.next is not valid"
            continue
        raise AssertionError((key, value))
    for period_ms in (1800001, 3600000):  # no reading before the first horizon is over
        try:
            check_heads({"next": FACTS}, 2, 2, period_ms)
        except ValueError:
            continue
        raise AssertionError(period_ms)
