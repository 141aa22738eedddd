# micropython soak_node.py READINGS, beside model.bin: the node at full speed with a broker in the
# same process. Prints the heap in use after a tenth and at the end, and the readings that came.
import gc
import sys

from edgenode.app import Node
from edgenode.core.hold import Hold
from edgenode.core.model import Model
from edgenode.core.plausible import Plausible
from edgenode.drivers import flash
from edgenode.drivers.sensor import Sensor
from edgenode.link.mqtt import Client
from edgenode.link.ntp import Ntp
from edgenode.link.outbox import Outbox
from edgenode.link.uplink import Uplink

READINGS = int(sys.argv[1])
PERIOD_MS = 60000


class World:
    # Clock, Wi-Fi, name server, sensor and actuator; a rest takes as long as the node wants.
    synced = True
    encoding = "unknown"

    def __init__(self):
        self.now = 0
        self.reads = 0

    def ticks_ms(self):
        return self.now & 0x3FFFFFFF

    ticks_us = ticks_ms

    def ticks_add(self, a, ms):
        return (a + ms) & 0x3FFFFFFF

    def ticks_diff(self, a, b):
        return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000

    def uptime_s(self):
        return self.now // 1000

    def unix_s(self):
        return 1700000000 + self.now // 1000

    def started_s(self):
        return 1700000000

    def age_s(self):
        return 0

    def rest(self):
        self.now += PERIOD_MS

    def up(self):
        return True

    def dns(self):
        return "0.0.0.0"

    def rssi(self):
        return -60

    def start(self, name, server):
        pass

    def step(self):
        return "127.0.0.1"

    def close(self):
        pass

    def set(self, on):
        pass

    def read(self, out):
        n = self.reads = self.reads + 1
        if n % 71 == 0:
            return 1
        out[0] = 200 + n * 7 % 90 + (n >> 6) % 40
        out[1] = 400 + n * 3 % 50 + (n >> 7) % 200
        return 0


class Broker:
    # A socket whose other end acknowledges; every reading must come once, in order.
    def __init__(self):
        self.answers = b""
        self.seq = 0

    def write(self, data):
        data = bytes(data)
        at = 0
        while at < len(data):
            head, size, shift, i = data[at], 0, 0, at
            while True:
                i += 1
                size |= (data[i] & 127) << shift
                shift += 7
                if not data[i] & 128:
                    break
            self.packet(head, data[i + 1 : i + 1 + size])
            at = i + 1 + size
        return len(data)

    def packet(self, head, body):
        kind = head & 0xF0
        if kind == 0x10:
            self.answers += b"\x20\x02\0\0"
        elif kind == 0x80:
            self.answers += b"\x90\x03" + body[:2] + b"\x01"
        elif kind == 0xC0:
            self.answers += b"\xd0\0"
        elif kind == 0x30 and head & 6:
            n = 2 + (body[0] << 8 | body[1])
            self.answers += b"\x40\x02" + body[n : n + 2]
            if body[2:n].endswith(b"/state"):
                at = body.find(b'"seq":') + 6
                seq = int(body[at : body.find(b",", at)])
                if seq != self.seq + 1:
                    raise ValueError("seq %d after %d" % (seq, self.seq))
                self.seq = seq

    def read(self, n):
        data, self.answers = self.answers[:n], self.answers[n:]
        return data or None

    def close(self):
        pass


class Loop(Client):
    def open(self, ip):
        self._io = broker
        self._send(self._compose_connect(), -1)

    def _poll(self, ms):
        return ((0, 1 if self._io.answers else 4),)


world = World()
broker = Broker()
model = Model(flash.read("model.bin"), None)
box = Outbox(300, None, 1, ['"%s"' % c for c in model.classes])
client = Loop("id", "127.0.0.1", 1883, "", "", 60)
ntp = Ntp("", 123, world, print)
link = Uplink((world, client, ntp, world), box, "e/n/", 1, lambda text: None)
link.wait = lambda ms: None
checks = (Plausible((0, 0), 0), (None, None), None, Hold(600))
settings = {"period_ms": PERIOD_MS, "retries": 0, "cycle_after": 5, "cold": False}
sensor = Sensor(world, None, world.ticks_diff, world.ticks_add, settings)
node = Node(
    sensor,
    checks,
    world,
    (world, link, box),
    model,
    dict,
    {
        "confirm": {"need": 3, "of": 5},
        "actuator": {"follow": "class", "on": "1", "safe": "off"},
        "limits": {"t": [], "h": []},
        "period_ms": PERIOD_MS,
    },
)


def run(n):
    while broker.seq < n:
        node.step()
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


print(run(READINGS // 10), run(READINGS), broker.seq, box.delivered, box.dropped)
