# What a node learnt, on real LittleFS, while the power fails in every single write or in some of
# them: the newest or the one before is whole, and learning goes on.
import gc
import os
from array import array

from tests.counts import count
from torn_flash import Flash, mount

from edgenode.core.detector import Detector
from edgenode.core.learn import Learner
from edgenode.drivers import flash

STRIDE = count(13, 1)  # this write and no other is cut
HOURS = 60
BLOCKS = 8
N = 9  # features, as models/first-week has
GENERIC = {"feature": list(range(N)), "usual": [300] * N, "limit": [5000] * N}
FACTS = {"days": [1, 2, 7], "part": [2, 4, 8], "times": [3, 3, 2]}


class Files:
    # drivers.flash below the mount
    def read(self, path):
        return flash.read("/f/" + path)

    def write(self, path, data):
        flash.write("/f/" + path, data)

    def remove(self, path):
        flash.remove("/f/" + path)


def start():
    learner = Learner(
        FACTS, Detector(GENERIC, ["t_range_%d" % (k + 2) for k in range(N)]), 3600000
    )
    learner.open(Files())
    return learner


def state(learner):
    buf = bytearray(learner.kept_bytes)
    learner.save(buf, 0)
    return bytes(buf)


def live(device, hours, cut_at=-1):
    # -> the states, newest last, until the hours are over or the power fails in that write
    learner = start()
    states = [state(learner)]
    cut_at += device.writes
    device.watch = lambda n: n == cut_at
    for i in range(hours):
        learner.push(array("h", [10 * (i * (k + 7) % 23) for k in range(N)]))
        states.append(state(learner))
        if device.is_dead:
            break
    return states


def test_after_a_power_cut_in_any_write_it_goes_on_from_the_last_whole_one():
    device = Flash(BLOCKS)
    mkfs = os.VfsLfs2.mkfs
    mkfs(device, readsize=32, progsize=32, lookahead=32)
    mount(device)
    before = device.writes
    live(device, HOURS)
    writes = device.writes - before
    os.umount("/f")
    cuts = 0
    for at in range(1, writes, STRIDE):
        device = None
        gc.collect()
        device = Flash(BLOCKS)
        mkfs(device, readsize=32, progsize=32, lookahead=32)
        mount(device)
        states = live(device, HOURS, at)
        os.umount("/f")
        if not device.is_dead:
            continue
        cuts += 1
        device = device.restore_power()
        mount(device)
        assert state(start()) in states[-2:]
        again = live(device, 3)
        assert state(start()) == again[-1]
        os.umount("/f")
    assert cuts > writes // STRIDE // 2


def test_a_year_wears_the_flash_little():
    device = Flash(BLOCKS)
    os.VfsLfs2.mkfs(device, readsize=32, progsize=32, lookahead=32)
    mount(device)
    first = device.erase_count
    live(device, HOURS)
    os.umount("/f")
    year = (device.erase_count - first) * 24 * 365 // HOURS
    print(year, "blocks erased a year,", device.programmed_bytes // HOURS, "bytes an hour")
    # spread over the free ones of 512, each of which stands 100,000
    assert year < 10000
