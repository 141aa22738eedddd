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
    # Nothing is raised, LittleFS would not live through it: dead tells.
    def __init__(self, blocks):
        self.data = bytearray(b"\xff" * (BLOCK * blocks))
        self.writes = self.erased = self.programmed = 0
        self.watch = None
        self._cut = self.dead = False

    def readblocks(self, n, buf, offset=0):
        at = n * BLOCK + offset
        buf[:] = memoryview(self.data)[at : at + len(buf)]

    def writeblocks(self, n, buf, offset=0):
        if self.dead:
            return
        self._before()
        size = len(buf) // 2 if self._cut else len(buf)
        at = n * BLOCK + offset
        self.data[at : at + size] = memoryview(buf)[:size]
        self.programmed += size
        self._after()

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            if self.dead:
                return 0
            self._before()
            size = BLOCK // 2 if self._cut else BLOCK
            at = arg * BLOCK
            self.data[at : at + size] = b"\xff" * size
            self.erased += 1
            self._after()
            return 0

    def _before(self):
        self.writes += 1
        if self.watch:
            self._cut = self.watch(self.writes)

    def _after(self):
        if self._cut:
            self.dead = True

    def on_again(self):
        # -> the same flash with its power back
        after = Flash(0)
        after.data = self.data
        return after


def mount(flash, path="/f"):
    fs = os.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32)
    os.mount(fs, path)
