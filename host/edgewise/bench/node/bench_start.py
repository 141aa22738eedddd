# micropython bench_start.py IMAGE FROZEN FEED PERIOD_MS STARTS: counts what each of STARTS reads
# from a flash of 2 MB with IMAGE. `power` ends at the first reading, `power-asleep` and `wake` in
# deep sleep. FROZEN: a folder with what a board has in its firmware. Prints JSON.
import builtins
import json
import os
import sys

from edgewise_sim import world

_ROOT = "/"
_FROZEN = "/frozen"
_BLOCK = 4096


class Reached(BaseException):
    pass


class Flash:
    def __init__(self, path):
        self._data = bytearray(b"\xff" * (512 * _BLOCK))
        with open(path, "rb") as f:
            f.readinto(self._data)
        self.reads = self.bytes = 0

    def readblocks(self, n, buf, offset=0):
        start = n * _BLOCK + offset
        buf[:] = memoryview(self._data)[start : start + len(buf)]
        self.reads += 1
        self.bytes += len(buf)

    def writeblocks(self, n, buf, offset=0):
        start = n * _BLOCK + offset
        self._data[start : start + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return len(self._data) // _BLOCK
        if op == 5:
            return _BLOCK
        if op == 6:
            self._data[arg * _BLOCK : (arg + 1) * _BLOCK] = b"\xff" * _BLOCK
            return 0


class Wdt:
    def __init__(self, id=0, timeout=0):
        pass

    def feed(self):
        pass


class Rtc:
    kept = b""

    def datetime(self, value):
        pass

    def memory(self, data=None):
        if data is None:
            return Rtc.kept
        Rtc.kept = bytes(data)


def _mount(flash):
    # as MicroPython's _boot.py does
    os.mount(os.VfsLfs2(flash, progsize=32, readsize=32, lookahead=32), _ROOT)
    os.chdir(_ROOT)


def _reach(*_):
    raise Reached


def _say_nothing(*_):
    pass


def _show(*words):
    if str(words[0]).startswith("state"):
        raise Reached


def _forget():
    # what a start finds in the firmware before the flash is searched stays
    for name in list(sys.modules):
        if name not in ("edgewise_sim", "network", "machine"):
            del sys.modules[name]
    sys.path[:] = ["", _FROZEN, "/lib"]


def count(flash, start):
    cause = machine.DEEPSLEEP_RESET if start == "wake" else machine.PWRON_RESET
    machine.reset_cause = lambda: cause
    builtins.print = _show if start == "power" else _say_nothing
    _forget()
    flash.reads = flash.bytes = 0
    _mount(flash)
    try:
        for name in ("boot", "main"):
            __import__(name)  # the firmware finds and reads these files in the same way
        raise SystemExit("the node ended by itself")
    except Reached:
        return {"reads": flash.reads, "bytes": flash.bytes}
    finally:
        builtins.print = _print
        os.umount(_ROOT)


_print = print
image, frozen, feed, period_ms, *starts = sys.argv[1:]
flash = Flash(image)
world.load(feed, 0, int(period_ms))
world.wifi = lambda: False
world.radio = lambda call: None
import machine  # noqa: E402
import network  # noqa: E402, F401

machine.RTC = Rtc
machine.WDT = Wdt
machine.deepsleep = _reach
os.mount(os.VfsPosix(frozen), _FROZEN)
print(json.dumps([count(flash, start) for start in starts]))
