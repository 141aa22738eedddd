# A flash in RAM for os.VfsLfs2 with the geometry of the board's; the power may fail in any write.
import os

import ffi

BLOCK = 4096
_libc = ffi.open(None)
fork = _libc.func("i", "fork", "")
waitpid = _libc.func("i", "waitpid", "ipi")
exit = _libc.func("v", "_exit", "i")


class PowerCut(BaseException):
    pass


class Flash:
    # counts its writes; watch(n), if set, is called before each of them, and True is a power cut:
    # half of the write, and nothing more through this object, not even from a file that closes.
    # Nothing is raised, LittleFS would not live through it: is_dead tells.
    def __init__(self, blocks):
        self.data = bytearray(b"\xff" * (BLOCK * blocks))
        self.writes = self.erase_count = self.programmed_bytes = 0
        self.watch = None
        self._cut = self.is_dead = False

    def readblocks(self, n, buf, offset=0):
        start = n * BLOCK + offset
        buf[:] = memoryview(self.data)[start : start + len(buf)]

    def writeblocks(self, n, buf, offset=0):
        if self.is_dead:
            return
        self._begin_write()
        size = len(buf) // 2 if self._cut else len(buf)
        start = n * BLOCK + offset
        self.data[start : start + size] = memoryview(buf)[:size]
        self.programmed_bytes += size
        self._end_write()

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            if self.is_dead:
                return 0
            self._begin_write()
            size = BLOCK // 2 if self._cut else BLOCK
            start = arg * BLOCK
            self.data[start : start + size] = b"\xff" * size
            self.erase_count += 1
            self._end_write()
            return 0

    def _begin_write(self):
        self.writes += 1
        if self.watch:
            self._cut = self.watch(self.writes)

    def _end_write(self):
        if self._cut:
            self.is_dead = True

    def restore_power(self):
        # -> the same flash with its power back
        copy = Flash(0)
        copy.data = self.data
        return copy


def mount(flash, path="/f"):
    fs = os.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32)
    os.mount(fs, path)
