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
from edgenode.core.signed import sign
from edgenode.drivers import flash
from edgenode.link.update import Update
from edgenode.start import model
from edgenode.update.install import swap_back

UPDATES = 12
STRIDE = count(13, 1)  # this write and no other is cut
SECRET = "5a" * 32
NODE = "a1b2c3"


def rename_model(blob, name):
    # the same model by another name of the same length
    size = struct.unpack_from("<H", blob, 6)[0]
    offset = blob.find(b'"name":"') + 8
    text = blob[44:offset] + name + blob[offset + len(name) : 44 + size]
    body = blob[:12] + sha256(text).digest() + text + blob[44 + size : -4]
    return body + struct.pack("<I", crc32(body) & 0xFFFFFFFF)


def container(blob, is_right=True):
    forest = Model(blob)
    x = array("h", bytes(2 * len(forest.features)))
    cls = forest.predict(x)
    head = struct.pack("<4sIHH", b"EDGU", len(blob), 1, len(x))
    return head + blob + bytes(x) + bytes((cls if is_right else cls ^ 1,))


with open(sys.argv[1].rsplit("/", 1)[0] + "/../../../models/occupancy/model.bin", "rb") as f:
    OCCUPANCY = f.read()
BLOBS = [rename_model(OCCUPANCY, b"model-%03d" % i) for i in range(UPDATES + 1)]


def offer(name, counter, data):
    sha = hexlify(sha256(data).digest()).decode()
    lines = NODE, name, counter, len(data), sha
    code = sign(SECRET, "edgewise-update-1", *lines)
    fields = {"id": name, "counter": counter, "size": len(data), "sha256": sha, "hmac": code}
    return json.dumps(fields)


def deliver(name, counter, data):
    # -> whether all of it was taken
    update = Update(NODE, SECRET, flash)
    reply = json.loads(update.offer(offer(name, counter, data)))
    tag = sha256(data).digest()[:4]
    while reply.get("want") is not None:
        offset = reply["want"]
        reply = json.loads(
            update.chunk(tag + struct.pack("<I", offset) + data[offset : offset + 1024])
        )
    return update.complete


def start(bad_starts=0):
    # -> (what is to be judged or told, name of the model that runs)
    driven = {"pin": -1}, None
    installer = model.installer(bad_starts, lambda text: None, *driven)
    return installer, model.load(False, *driven).contract["name"]


class Life:
    def __init__(self):
        self.allowed_names = ()  # names of models that may run now
        self.old_name = self.new_name = None
        self.bad_starts = 0
        self.counter = 0  # the highest that was taken for sure

    def live(self):
        flash.write("model.bin", BLOBS[0])
        current_name = "model-000"
        self.allowed_names = (current_name,)
        self.is_running = True
        for i in range(1, UPDATES + 1):
            name = "model-%03d" % i
            is_right = i % 4 != 2
            data = container(BLOBS[i], is_right)
            self.allowed_names = (current_name, name) if is_right else (current_name,)
            self.old_name, self.new_name = current_name, name
            assert deliver(name, i, data)
            self.counter = i
            installer, started_name = start()
            assert started_name == (name if is_right else current_name)
            if is_right and i % 4 == 3:  # it freezes: undone
                self.bad_starts = 1  # a power cut leaves the count of bad starts as it is
                installer, started_name = start(1)
                assert started_name == current_name and "did not start" in installer.news()
                self.bad_starts = 0
            elif is_right:
                installer.confirm()
                previous_name, current_name = current_name, name
                self.allowed_names = (current_name,)
                assert json.loads(installer.news())["ok"] is True
                if i % 4 == 0:
                    self.allowed_names = (current_name, previous_name)
                    assert swap_back(flash)
                    current_name = previous_name
                    assert start()[1] == current_name
            else:
                assert "another class" in installer.news()
            self.allowed_names = (current_name,)


def check_after_cut(life):
    os.chdir("/")
    os.umount("/f")
    mount(DEVICE.restore_power())
    os.chdir("/f")
    installer, name = start(life.bad_starts)
    if name not in life.allowed_names:
        return "%s runs, allowed are %r" % (name, life.allowed_names)
    note = Update(NODE, SECRET, flash).note
    if note["counter"] < life.counter:
        return "counter %d after %d" % (note["counter"], life.counter)
    if installer is not None and installer.on_trial:
        if name != life.new_name:
            return "%s is on trial, %s runs" % (life.new_name, name)
        installer, name = start(1)
        if name != life.old_name:
            return "undone to %s, before was %s" % (name, life.old_name)
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
    life.is_running = False
    pids = []
    failures = []

    def reap():
        n, pid = pids.pop(0)
        status = bytearray(4)
        waitpid(pid, status, 0)
        if status[0] or status[1]:
            failures.append(n)

    def watch(n):
        if not life.is_running or n % STRIDE:
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
        if not DEVICE.is_dead:
            raise
    if DEVICE.is_dead:
        fault = "no end"
        try:
            fault = check_after_cut(life)
        finally:
            if fault:
                print("write %d: %s" % (DEVICE.writes, fault))
                exit(1)
        exit(0)
    os.chdir("/")
    os.umount("/f")
    print("writes", DEVICE.writes)
    assert not failures, failures[:10]
    assert DEVICE.writes > 100
