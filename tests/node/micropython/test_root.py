# After a deploy the root of the board's file system is as short as that of a new image: real
# LittleFS, a flash in RAM, the script that runs on the board.
import os
import sys

import torn_flash

ROOT = "/f"
REPO = sys.argv[-1].split("/tests/")[0]
FILES = ["node_%04x.mpy" % n for n in range(8)]


# ESP-IDF's view of the flash: where the hardware begins
class Partition:
    TYPE_DATA = 1
    flash = None

    @classmethod
    def find(cls, kind, label=None):
        return [cls.flash] if label == "vfs" else []


class Esp32:
    pass


class CountingFlash(torn_flash.Flash):
    reads = 0

    def readblocks(self, n, buf, offset=0):
        self.reads += 1
        super().readblocks(n, buf, offset)


def reads_of_a_search(flash):
    before = flash.reads
    try:
        open(ROOT + "/none")
    except OSError:
        pass
    return flash.reads - before


def write_files(names):
    for name in names:  # as a deploy does
        with open(ROOT + "/" + name + ".tmp", "wb") as f:
            f.write(bytes(200))
        os.rename(ROOT + "/" + name + ".tmp", ROOT + "/" + name)


def test_a_search_reads_no_history():
    Esp32.Partition = Partition
    sys.modules["esp32"] = Esp32
    flash = Partition.flash = CountingFlash(64)
    os.VfsLfs2.mkfs(flash)
    torn_flash.mount(flash, ROOT)
    write_files(FILES)
    names = {}
    with open(REPO + "/host/edgewise/board/deploy_on_board.py") as f:
        exec(f.read().replace("/scratch", ROOT + "/scratch"), names)  # noqa: S102
    names["shorten_root"]()
    short = reads_of_a_search(flash)
    write_files(FILES[:4])
    long = reads_of_a_search(flash)
    names["shorten_root"]()
    again = reads_of_a_search(flash)
    os.umount(ROOT)
    assert again == short, (again, short)
    assert long > short + 5, (long, short)
    del sys.modules["esp32"]
