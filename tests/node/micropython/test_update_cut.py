# A model over the air while the power fails, in every single write or in some of them: always one
# good model, and a counter that never goes back.
import json
import os
import struct
import sys
from array import array
from binascii import crc32, hexlify
from hashlib import sha256

from tests.counts import count
from torn_flash import Flash, PowerCut, exit, fork, mount, waitpid

from edgenode.core.model import Model
from edgenode.drivers import flash
from edgenode.link.update import Update, mac
from edgenode.start import model
from edgenode.update.install import swap_back

UPDATES = 12
EVERY = count(7, 1)  # this write and no other is cut
SECRET = "5a" * 32
NODE = "a1b2c3"


def named(blob, name):
    # the same model by another name of the same length
    size = struct.unpack_from("<H", blob, 6)[0]
    at = blob.find(b'"name":"') + 8
    text = blob[44:at] + name + blob[at + len(name) : 44 + size]
    body = blob[:12] + sha256(text).digest() + text + blob[44 + size : -4]
    return body + struct.pack("<I", crc32(body) & 0xFFFFFFFF)


def container(blob, right=True):
    forest = Model(blob)
    x = array("h", bytes(2 * len(forest.features)))
    cls = forest.predict(x)
    head = struct.pack("<4sIHH", b"EDGU", len(blob), 1, len(x))
    return head + blob + bytes(x) + bytes((cls if right else cls ^ 1,))


with open(sys.argv[1].rsplit("/", 1)[0] + "/../../../models/occupancy/model.bin", "rb") as f:
    OCCUPANCY = f.read()
BLOBS = [named(OCCUPANCY, b"model-%03d" % i) for i in range(UPDATES + 1)]


def offer(name, counter, data):
    sha = hexlify(sha256(data).digest()).decode()
    text = "edgewise-model-1\n%s\n%s\n%d\n%d\n%s" % (NODE, name, counter, len(data), sha)
    code = hexlify(mac(bytes.fromhex(SECRET), text.encode())).decode()
    given = {"id": name, "counter": counter, "size": len(data), "sha256": sha, "hmac": code}
    return json.dumps(given)


def deliver(name, counter, data):
    # -> whether all of it was taken
    update = Update(NODE, SECRET, flash)
    said = json.loads(update.offer(offer(name, counter, data)))
    tag = sha256(data).digest()[:4]
    while said.get("want") is not None:
        at = said["want"]
        said = json.loads(update.chunk(tag + struct.pack("<I", at) + data[at : at + 1024]))
    return update.complete


def start(bad=0):
    # -> (what is to be judged or told, name of the model that runs)
    installer = model.installer(bad, lambda text: None, "")
    return installer, model.load().contract["name"]


class Life:
    def __init__(self):
        self.allowed = ()  # names of models that may run now
        self.before = self.new = None
        self.bad = 0
        self.counter = 0  # the highest that was taken for sure

    def live(self):
        flash.write("model.bin", BLOBS[0])
        runs = "model-000"
        self.allowed = (runs,)
        self.begun = True
        for i in range(1, UPDATES + 1):
            name = "model-%03d" % i
            right = i % 4 != 2
            data = container(BLOBS[i], right)
            self.allowed = (runs, name) if right else (runs,)
            self.before, self.new = runs, name
            assert deliver(name, i, data)
            self.counter = i
            installer, got = start()
            assert got == (name if right else runs)
            if right and i % 4 == 3:  # it freezes: undone
                self.bad = 1  # a power cut leaves the count of bad starts as it is
                installer, got = start(1)
                assert got == runs and "did not start" in installer.news()
                self.bad = 0
            elif right:
                installer.confirm()
                before, runs = runs, name
                self.allowed = (runs,)
                assert json.loads(installer.news())["ok"] is True
                if i % 4 == 0:
                    self.allowed = (runs, before)
                    assert swap_back(flash)
                    runs = before
                    assert start()[1] == runs
            else:
                assert "another class" in installer.news()
            self.allowed = (runs,)


def after_the_cut(life):
    os.chdir("/")
    os.umount("/f")
    mount(DEVICE.on_again())
    os.chdir("/f")
    installer, name = start(life.bad)
    if name not in life.allowed:
        return "%s runs, allowed are %r" % (name, life.allowed)
    note = Update(NODE, SECRET, flash).note
    if note["counter"] < life.counter:
        return "counter %d after %d" % (note["counter"], life.counter)
    if installer is not None and installer.on_trial:
        if name != life.new:
            return "%s is on trial, %s runs" % (life.new, name)
        installer, name = start(1)
        if name != life.before:
            return "undone to %s, before was %s" % (name, life.before)
    # and it goes on: the next update is taken
    if installer is not None:
        installer.news()
    if not deliver("next", 1000, container(BLOBS[0])):
        return "the next update is not taken: %r" % Update(NODE, SECRET, flash).note
    if start()[1] != "model-000":
        return "the next update does not run"
    return None


DEVICE = Flash(64)


def test_every_write_of_updates():
    os.VfsLfs2.mkfs(DEVICE)
    mount(DEVICE)
    os.chdir("/f")
    life = Life()
    life.begun = False
    pids = []
    bad = []

    def reap():
        n, pid = pids.pop(0)
        status = bytearray(4)
        waitpid(pid, status, 0)
        if status[0] or status[1]:
            bad.append(n)

    def watch(n):
        if not life.begun or n % EVERY:
            return False
        if len(pids) == 2:
            reap()
        pid = fork()
        if pid == 0:
            return True
        pids.append((n, pid))
        return False

    DEVICE.watch = watch
    try:
        life.live()
        while pids:
            reap()
    except (PowerCut, AssertionError, OSError, ValueError):
        if not DEVICE.dead:
            raise
    if DEVICE.dead:
        said = "no end"
        try:
            said = after_the_cut(life)
        finally:
            if said:
                print("write %d: %s" % (DEVICE.writes, said))
                exit(1)
        exit(0)
    os.chdir("/")
    os.umount("/f")
    print("writes", DEVICE.writes)
    assert not bad, bad[:10]
    assert DEVICE.writes > 100
