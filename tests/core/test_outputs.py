# What outputs do with each reading and each second, and which settings of them are refused.
from edgenode.core import outputcheck
from edgenode.core.limits import Limits
from edgenode.core.outputs import Outputs, Switch
from edgenode.core.records import UNSURE
from edgenode.core.settings import together
from edgenode.settings import config

CLASSES = ["dry", "humid"]
DRY, HUMID = 0, 1
NONE = -1  # nothing is confirmed


class Pin:
    def __init__(self):
        self.record = []

    def set(self, on):
        self.record.append(on)


class Confirm:
    confirmed = NONE


class Detector:
    open = False


class World:
    # Outputs with all that they follow; a reading a minute.
    def __init__(self, *rows, **given):
        self.now_s = given.get("start_s", 0)
        hold_s = given.get("hold_s", 600)
        self.confirm, self.detector = Confirm(), Detector()
        self.limits = Limits({"t": [10, 30], "h": [20, 70]}, [])
        rows = outputcheck.read([dict(row, name="o%d" % i, pin=i) for i, row in enumerate(rows)])
        self.pins = [Pin() for _ in rows]
        switches = [Switch(r, p, self.now_s) for r, p in zip(rows, self.pins)]
        self.outputs = Outputs(switches, hold_s)
        self.outputs.connect(CLASSES, self.confirm, self.limits, self.detector)
        self.events = []

    def event(self, seq, kind, tail):
        self.events.append((seq, kind, tail))

    def switch(self):
        self.outputs.tell(self, self.now_s, self.outputs.step(self.now_s))

    def run(self, seconds):
        for _ in range(seconds):
            self.now_s += 1
            self.switch()

    def read(self, cls, confirmed=None):
        if confirmed is None:
            confirmed = self.confirm.confirmed if cls == UNSURE else cls
        self.confirm.confirmed = confirmed
        self.outputs.note_good(self.now_s, cls)
        self.switch()
        self.run(60)

    def fail(self, is_fault=False):
        if is_fault:  # as the node does
            self.confirm.confirmed = NONE
            self.limits.clear()
        self.outputs.note_failed(self.now_s, is_fault)
        self.switch()
        self.run(60)

    @property
    def on(self):
        return [switch.on for switch in self.outputs.switches]


FAN = {"on": "humid"}


def test_an_output_follows_its_class():
    w = World(FAN, {"on": "dry"}, dict(FAN, safe="on"))
    assert w.on == [False, False, True]  # before the first class
    w.read(HUMID)
    assert w.on == [True, False, True]
    w.read(DRY)
    assert w.on == [False, True, False]
    assert [pin.record for pin in w.pins] == [[True, False], [True], [True, False]]
    assert w.events == [
        (0, "output", '"output":"o0","from":"off","to":"on"}'),
        (60, "output", '"output":"o0","from":"on","to":"off"}'),
        (60, "output", '"output":"o1","from":"off","to":"on"}'),
        (60, "output", '"output":"o2","from":"on","to":"off"}'),
    ]


def test_a_start_counts_as_switched_off_for_a_compressor():
    compressor = dict(FAN, min_off_s=300)
    w = World(compressor, dict(compressor, safe="on"), start_s=7)
    assert w.on == [False, False]  # the safe state waits as well
    w.read(HUMID)
    w.run(239)
    assert w.on == [False, False]
    w.run(1)
    assert w.on == [True, True]
    assert w.events[0][0] == 307


def test_what_is_over_before_the_time_is_up_switches_nothing():
    w = World(dict(FAN, min_off_s=300))
    w.read(HUMID)
    w.read(DRY)
    w.run(1000)
    assert (w.on, w.events) == ([False], [])


def test_minimum_times_hold_for_classes_faults_and_commands():
    w = World(dict(FAN, min_on_s=200, min_off_s=100))
    w.run(100)
    w.read(HUMID)
    assert w.on == [True]
    w.fail(is_fault=True)
    w.run(79)
    assert w.on == [True]
    w.run(1)
    assert w.on == [False]
    w.outputs.switches[0].manual = True
    w.run(99)
    assert w.on == [False]
    w.run(1)
    assert w.on == [True]
    w.outputs.switches[0].manual = False
    w.run(199)
    assert w.on == [True]
    w.run(1)
    assert w.on == [False]


def test_a_command_holds_until_it_is_auto():
    w = World(FAN)
    w.outputs.switches[0].manual = False
    w.read(HUMID)
    assert w.on == [False]
    w.outputs.switches[0].manual = None
    w.run(1)
    assert w.on == [True]


def test_failed_reads_hold_what_was_and_a_fault_is_safe():
    w = World(FAN, dict(FAN, safe="on"), {"on": "dry", "safe": "on"})
    w.read(HUMID)
    for _ in range(9):
        w.fail()
    assert w.on == [True, True, False]
    w.fail(is_fault=True)
    assert w.on == [False, True, True]
    w.read(UNSURE)  # the sensor is back, and the class is not
    assert w.on == [False, True, True]
    w.read(DRY)
    assert w.on == [False, False, True]


def test_a_class_that_no_reading_has_is_forgotten_after_a_while():
    w = World(FAN, dict(FAN, safe="on"))
    w.read(HUMID)
    for _ in range(9):
        w.read(UNSURE)
        assert w.on == [True, True]
    w.read(UNSURE)  # ten minutes after it
    assert w.on == [False, True]
    # one reading of another class confirms nothing
    w.read(DRY, confirmed=HUMID)
    assert w.on == [False, True]
    w.read(HUMID)
    assert w.on == [True, True]


def test_unsure_and_failed_readings_in_turn_end_it_as_well():
    w = World(FAN)
    w.read(HUMID)
    for _ in range(4):
        w.fail()
        w.read(UNSURE)
    w.fail()
    assert w.on == [True]
    w.read(UNSURE)
    assert w.on == [False]


def test_unusual_readings_are_followed_to_the_end_of_their_episode():
    alarm = {"follow": "unusual"}
    w = World(alarm, dict(alarm, safe="on"))
    w.detector.open = True  # of no reading: a sensor that has not answered yet
    w.fail()
    assert w.on == [False, True]
    w.read(UNSURE)
    assert w.on == [True, True]
    w.detector.open = False
    w.read(UNSURE)
    assert w.on == [False, False]
    w.fail(is_fault=True)
    assert w.on == [False, True]


def test_limits_have_their_own_way_back():
    w = World({"follow": "limit", "on": "h-high"}, {"follow": "limit", "safe": "on"})
    assert w.on == [False, True]
    for h_pm, expected in (
        (500, [False, False]),
        (710, [False, False]),  # one alone may be a spike
        (710, [True, True]),
        (690, [True, True]),  # within the error of the sensor
        (690, [True, True]),
        (670, [True, True]),
        (670, [False, False]),
    ):
        w.limits.push(200, h_pm, ((), ()), 0)
        w.read(UNSURE)
        assert w.on == expected, h_pm
    w.fail(is_fault=True)
    assert w.on == [False, True]


def test_where_nobody_turns_it_any_more_it_is_safe_at_once():
    w = World(dict(FAN, min_on_s=3600), dict(FAN, safe="on"), dict(FAN, safe="on", min_off_s=600))
    w.read(HUMID)
    w.outputs.rest(w.now_s)
    assert w.on == [False, True, False]  # a compressor does not start early
    w = World(dict(FAN, safe="on", min_on_s=3600, min_off_s=50))
    w.read(HUMID)
    w.outputs.rest(w.now_s)
    assert w.on == [True]


def test_after_thirty_years():
    w = World(dict(FAN, min_on_s=3600, min_off_s=3600), start_s=(1 << 30) - 4000)
    w.run(3600)
    w.read(HUMID)
    w.read(DRY)
    assert w.on == [True]
    assert [now_s for now_s, _, _ in w.events] == [(1 << 30) - 4000 + 3600]


def test_the_state_of_each_for_diag():
    w = World(FAN, {"on": "dry"})
    w.read(HUMID)
    assert w.outputs.status() == {"o0": "on", "o1": "off"}


def refusal(*rows, **given):
    settings = config.check({})
    settings["limits"] = given.get("limits", {"t": [], "h": []})
    settings["sleep"] = given.get("sleep", False)
    settings["actuator"]["pin"] = given.get("actuator", -1)
    settings["outputs"] = list(rows)
    try:
        together(settings)
    except ValueError as e:
        return str(e)
    raise AssertionError("accepted: %r" % (rows,))


def row(**changed):
    full = {"name": "fan", "pin": 25, "on": "humid"}
    full.update(changed)
    return full


def test_outputs_that_cannot_be_are_refused():
    without_pin = row()
    del without_pin["pin"]
    for said, rows in (
        ("outputs: 5 of them, 4 are the most", [row()] * 5),
        ("outputs.1 must be a table", ["fan"]),
        ("outputs.1: pins is not known; known are name, pin, follow, on,", [row(pins=3)]),
        ("outputs.1: pin is missing", [without_pin]),
        ("outputs.1: pin must be a whole number, 0..48", [row(pin=49)]),
        ("outputs.1: pin must be a whole number, 0..48", [row(pin=True)]),
        ("outputs.1: pin must be a whole number, 0..48", [row(pin="5")]),
        ("outputs.1: name must be text", [row(name=5)]),
        ("outputs.1: name must be 1..16 letters, digits, - or _", [row(name="")]),
        ("outputs.1: name must be 1..16 letters", [row(name="my fan")]),
        ("outputs.1: name must be 1..16 letters", [row(name="x" * 17)]),
        ("outputs.1: name must be 1..16 letters", [row(name='a"b')]),
        ("outputs.1: follow must be one of class, unusual, limit", [row(follow="clock")]),
        ("outputs.1: safe must be one of off, on", [row(safe="keep")]),
        ("outputs.1: active must be a whole number, 0..1", [row(active=2)]),
        ("outputs.1: min_off_s must be a whole number, 0..3600", [row(min_off_s=3601)]),
        ("outputs.1: min_on_s must be a whole number, 0..3600", [row(min_on_s=1.5)]),
        ("outputs.2: another output has the name fan", [row(), row(pin=26)]),
        ("outputs.2: pin: GPIO 25 is outputs.1 already", [row(), row(name="b")]),
        ("outputs.1: pin: GPIO 4 is sensor.pin already", [row(pin=4)]),
        ("outputs.1: on must name a class", [row(on="")]),
        ("outputs.1: on is for classes and limits", [row(follow="unusual")]),
        ("outputs.1: follow: no limits are set: set limits.t", [row(follow="limit", on="")]),
    ):
        assert refusal(*rows).startswith(said), (said, refusal(*rows))
    assert refusal(row(), actuator=25) == "outputs.1: pin: GPIO 25 is actuator.pin already"
    assert refusal(row(), sleep=True) == "outputs: a node that sleeps drives nothing"
    h_only = {"t": [], "h": [20, 70]}
    said = refusal(row(follow="limit", on="t-high"), limits=h_only)
    assert said == "outputs.1: on must be one of h-high, h-low, or empty for any"


def test_four_of_every_kind_are_accepted():
    rows = [row(), row(name="b", pin=26, active=0, safe="on", min_on_s=60, min_off_s=3600)]
    rows += [row(name="c", pin=27, follow="limit", on="h-high")]
    rows += [{"name": "d", "pin": 32, "follow": "unusual"}]
    given = {"outputs": rows, "limits": {"h": [20, 70]}}
    assert config.check(given)["outputs"] == rows
    assert config.check({})["outputs"] == []


class Model:
    classes = CLASSES
    heads = {}


def test_what_a_model_lacks():
    needed = [("outputs.fan.on", "humid"), ("outputs.alarm.follow", "")]
    lack = outputcheck.find_lack(needed, Model)
    assert lack == "it has no detector, which outputs.alarm.follow needs"
    assert outputcheck.find_lack(needed[:1], Model) is None
    lack = outputcheck.find_lack([("outputs.fan.on", "wet")], Model)
    assert lack == "no class of it is wet, which outputs.fan.on names"
