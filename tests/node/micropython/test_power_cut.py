# The node's storage on real LittleFS, with the power cut in 2,000 writes in a row, or in some of
# them: after every cut it mounts and starts, and all but the reading in flight is there.
import gc
import os

from tests.counts import count
from torn_flash import Flash, PowerCut, exit, fork, mount, waitpid

from edgenode.drivers import flash
from edgenode.link.outbox import Outbox
from edgenode.link.spool import Spool
from edgenode.settings import sealed

WRITES = 2000
STRIDE = count(47, 1)  # this write and no other is cut
CLASSES = ['"closed"', '"open, wide"']
LIMIT = 96 * 1024


def values(boot, seq):
    # what reading (boot, seq) says: anything else is wrong data
    x = (boot * 7919 + seq * 104729) & 0xFFFFF
    return 1700000000 + seq, x % 1200 - 400, x % 1001, x & 1, x % 101


class Life:
    # What the node does with its flash, and the truth to compare with.
    def __init__(self, device):
        self.device = device
        self.backlog = []  # (boot, seq) that are not acknowledged, oldest first
        self.boots = set()
        self.has_configuration = False
        self.configurations = set()  # configurations that a cut may leave
        self.readings = set()
        self.x = 1

    def start(self):
        mount(self.device)
        record = flash.Boot("/f/boot")
        record.begin(True)
        self.check_power()
        if record.number in self.boots:
            raise AssertionError("boot number again")
        self.boots.add(record.number)
        self.record = record
        self.spool = Spool("/f/spool", LIMIT, CLASSES)
        self.boot = record.number
        self.outbox = Outbox(50, self.spool, self.boot, CLASSES, True)
        self.seq = 0

    def stop(self):
        self.record.record_end()
        self.check_power()
        os.umount("/f")

    def random(self, n):
        self.x = (self.x * 1103515245 + 12345) & 0x3FFFFFFF
        return (self.x >> 8) % n

    def check_power(self):
        # the node counts an OSError and goes on, which without power it cannot
        if self.device.is_dead:
            raise PowerCut

    def push(self):
        self.outbox.keep()
        self.check_power()
        self.seq += 1
        ts, t, h, c, p = values(self.boot, self.seq)
        self.readings.add((self.boot, self.seq))
        self.backlog.append((self.boot, self.seq))
        self.outbox.push(self.seq, ts, 0, t, h, c, p, 0, abs(t))

    def acknowledge(self):
        # one message: the newest or a batch of the oldest
        def render(reading, cls):
            return "%d %d" % (reading[0], reading[1])

        message = self.outbox.newest(render)
        text, token = message or self.outbox.batch(render, 200)
        for part in text.strip("[]").split(","):
            boot, seq = part.split()
            if (int(boot), int(seq)) in self.backlog:
                self.backlog.remove((int(boot), int(seq)))
        self.outbox.acknowledge(token)
        self.check_power()

    def configure(self):
        text = '{"n":%d,"pad":"%s"}' % (self.random(1000), "x" * self.random(300))
        self.configurations.add(text)
        sealed.write(flash, "/f/config.json", text)
        self.check_power()
        self.configurations = {text}
        self.has_configuration = True

    def live(self):
        # Outages of all lengths, drains that are cut short, starts, configurations.
        self.start()
        self.configure()
        while True:
            gc.collect()  # the list of all readings grows in one piece
            for _ in range(1 + self.random(130)):
                self.push()
                if self.random(12) == 0:
                    self.acknowledge()
            if self.random(3) == 0:
                self.configure()
            for _ in range(self.random(40)):
                if len(self.outbox):
                    self.acknowledge()
            if self.random(2):
                while len(self.outbox):
                    self.acknowledge()
            if self.random(3) == 0:
                if self.backlog and self.backlog[-1][0] == self.boot:
                    self.backlog.pop()  # the newest was in RAM alone
                self.stop()
                self.start()


def check_after_cut(life):
    os.umount("/f")
    mount(life.device.restore_power())
    record = flash.Boot("/f/boot")
    record.begin(True)
    if record.number in life.boots:
        return "boot number %d again" % record.number
    if life.has_configuration:
        text, _ = sealed.read(flash, "/f/config.json")
        if text not in life.configurations:
            return "configuration is neither the old nor the new one"
    spool = Spool("/f/spool", LIMIT, CLASSES)
    readings = set()
    cursor = None
    while True:
        entry = spool.peek(cursor)
        if entry is None:
            break
        (boot, seq, ts, t, h, c, p, err, relative, u), cls, cursor = entry
        if (boot, seq) not in life.readings:
            return "a reading that never was: %d %d" % (boot, seq)
        if (
            (ts, t, h, c, p) != values(boot, seq)
            or err
            or relative
            or u != abs(t)
            or cls != CLASSES[c]
        ):
            return "wrong data in %d %d" % (boot, seq)
        readings.add((boot, seq))
    losses = [key for key in life.backlog if key not in readings]
    if len(losses) > 1 or (losses and losses[0] != life.backlog[-1]):
        return "lost %r of %d" % (losses, len(life.backlog))
    # and it goes on working
    outbox = Outbox(50, spool, record.number, CLASSES)
    for seq in range(1, 60):
        outbox.keep()
        outbox.push(seq, 1, 0, 1, 1, 0, 1, 0)
    while len(outbox):
        message = outbox.newest(lambda r, c: "x") or outbox.batch(lambda r, c: "x", 1024)
        outbox.acknowledge(message[1])
    if spool.errors or spool.corrupt:
        return "errors %d, corrupt %d" % (spool.errors, spool.corrupt)
    return None


def judge(life, write_number):
    # in a copy of this process, whose power is gone
    fault = "no end"
    try:
        fault = check_after_cut(life)
    finally:
        if fault:
            print("write %d: %s" % (write_number, fault))
            exit(1)
    return 0


class Enough(Exception):
    pass


def test_every_write():
    device = Flash(64)
    os.VfsLfs2.mkfs(device)
    life = Life(device)
    pids = []
    failures = []

    def reap():
        n, pid = pids.pop(0)
        status = bytearray(4)
        waitpid(pid, status, 0)
        if status[0] or status[1]:
            failures.append(n)

    def watch(n):
        if n > first + WRITES:
            raise Enough
        if n % STRIDE:
            return False
        if len(pids) == 2:
            reap()
        pid = fork()
        if pid == 0:
            return True
        pids.append((n, pid))
        return False

    first = device.writes
    device.watch = watch
    try:
        life.live()
    except Enough:
        while pids:
            reap()
    except (PowerCut, OSError):
        # OSError: from a file that could not be closed any more
        if not device.is_dead:
            raise
        exit(judge(life, device.writes - first))
    print("boots", len(life.boots), "readings", len(life.readings))
    assert not failures, failures[:10]
    assert len(life.boots) > 3 and len(life.readings) > 300
