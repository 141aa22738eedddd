# The whole node with fake parts: when it tells of limits, what its output does, and when it says
# what comes next.
from array import array

from edgenode.app import Node
from edgenode.core import decode
from edgenode.core.hold import Hold
from edgenode.core.plausible import Plausible

FACTS = {
    "minutes": [30, 60],
    "k": 5,
    "t": [166, 294],
    "t_band": [28, 44],
    "h": [151, 242],
    "h_band": [60, 102],
}
FAILED = None


class Model:
    classes = ["calm", "warm"]
    features = ["t_level"]
    runtime = "fake"
    p_pc = 90
    u = -1
    detector = learner = None

    def __init__(self, heads):
        self.heads = heads
        self.contract = {
            "filters": [],
            "period_ms": 60000,
            "visits": 1,
            "s_feature": 0.5,
            "accuracy": 0.9,
            "name": "m",
        }

    def push(self, x, age):
        return 1 if x[0] > 2500 else 0

    def visits(self, x):
        return 1


class World:
    # Clock, sensor, output, link and outbox around a node that reads once a minute.
    up = True
    error = None
    encoding = "signed"

    def __init__(self, heads, limits, actuator):
        self.now_ms = 0
        self.readings = []
        self.events = []
        self.outlooks = []
        self.outputs = []
        self.delivered = 0
        settings = {"actuator": actuator, "limits": limits, "period_ms": 0}
        settings["confirm"] = {"need": 1, "of": 1}
        checks = (Plausible((0, 0), 0), (None, None), None, Hold(600))
        parts = (self, self, self)
        self.node = Node(self, checks, self, parts, Model(heads), dict, settings)

    def ticks_ms(self):
        return self.now_ms

    ticks_us = ticks_ms

    def ticks_diff(self, a, b):
        return a - b

    def ticks_add(self, a, b):
        return a + b

    def uptime_s(self):
        return self.now_ms // 1000

    def unix_s(self):
        return 1700000000 + self.now_ms // 1000

    def rest(self):
        pass

    def start(self, now):
        self.due = True

    def poll(self, now, raw):
        if not self.due:
            return None
        self.due = False
        reading = self.readings.pop(0)
        if reading is FAILED:
            return decode.CHECKSUM
        raw[0], raw[1] = reading
        return 0

    def due_ms(self, now):
        return None

    def status(self):
        return {}

    def set(self, on):
        self.outputs.append(on)

    def idle(self):
        return True

    def step(self):
        pass

    def wait(self, ms):
        self.now_ms += ms

    def keep(self):
        pass

    def push(self, *reading):
        pass

    def diag(self, text):
        pass

    def event(self, seq, kind, tail):
        if kind != "class":
            self.events.append((seq, kind, tail))

    def outlook(self, seq, text):
        self.outlooks.append((seq, text))

    due = False

    def take(self, *readings):
        self.readings = list(readings)
        while self.readings:
            self.node.step()


def actuator(follow="limit", on="", safe="off"):
    return {"follow": follow, "on": on, "safe": safe}


def test_the_output_follows_a_limit_and_is_safe_in_a_fault():
    w = World({}, {"t": [10, 30], "h": [20, 70]}, actuator(on="h-high", safe="on"))
    w.take((200, 500), (200, 500))
    assert (w.outputs[-1], w.events) == (False, [])
    w.take((200, 720), (200, 720))
    tail = '"from":"ok","to":"high","channel":"h","value":72.00,"minutes":0}'
    assert (w.outputs[-1], w.events) == (True, [(4, "limit", tail)])
    w.take((310, 500), (310, 500))  # another limit than the one that it follows
    assert w.outputs[-1] is False
    assert [(seq, tail[:37]) for seq, _, tail in w.events[1:]] == [
        (6, '"from":"ok","to":"high","channel":"t"'),
        (6, '"from":"high","to":"ok","channel":"h"'),
    ]
    w.take(*([FAILED] * 12))
    assert w.events[-1][1] == "fault"
    assert w.outputs[-1] is True
    # the first reading after it ends the safe state, though no limit is crossed
    w.take((200, 500))
    assert w.outputs[-1] is False
    w.node.actuate("on")
    w.take((200, 720), (200, 720))
    assert w.outputs[-1] is True
    w.take((200, 500), (200, 500))
    assert w.outputs[-1] is True
    w.node.actuate("auto")
    assert w.outputs[-1] is False


def test_a_class_drives_the_output_whatever_the_limits_say():
    w = World({}, {"t": [], "h": [20, 70]}, actuator("class", "warm"))
    w.take((200, 800), (200, 800))
    assert w.outputs[-1] is False and len(w.events) == 1
    w.take((300, 500))
    assert w.outputs[-1] is True


def test_what_comes_next_is_said_of_good_readings_while_there_is_a_broker():
    w = World({"next": FACTS}, {"t": [], "h": []}, actuator("class", "warm"))
    w.take((200, 500), FAILED, (201, 500))
    assert [seq for seq, _ in w.outlooks] == [1, 3]
    assert w.outlooks[0][1].startswith('{"30":{"t":20.00,"h":50.00,"t_band":0.28,')
    w.up = False
    w.take((200, 500), (200, 500))
    w.up = True
    w.take((200, 500))
    assert [seq for seq, _ in w.outlooks] == [1, 3, 6]


def test_another_period_stops_forecasts_and_the_model_s_own_lets_them_go_on():
    w = World({"next": FACTS}, {"t": [], "h": [20, 70]}, actuator("class", "warm"))
    w.take((200, 500))
    w.node.set_period(30000)
    w.take((200, 500), (200, 800), (200, 800))
    assert [seq for seq, _ in w.outlooks] == [1]
    assert w.events[-1][1] == "limit"  # of the reading itself
    w.node.set_period(0)
    w.take((200, 500))
    assert [seq for seq, _ in w.outlooks] == [1, 5]


def test_the_figure_of_the_node():
    w = World({"next": FACTS}, {"t": [], "h": []}, actuator("class", "warm"))
    w.take((200, 500))
    assert '"a_forecast": null' in w.node.diag()
    w.take(*([(200, 500)] * 40))
    assert '"a_forecast": 1.0' in w.node.diag()


def test_a_model_without_forecasts_and_no_limits():
    w = World({}, {"t": [], "h": []}, actuator("class", "warm"))
    w.take(*([(200, 500), (200, 900)] * 10))
    assert (w.events, w.outlooks) == ([], [])
    assert '"a_forecast": null' in w.node.diag()
    assert array("h", w.node._raw) == array("h", (200, 900))
