# Starts the node whose files are in a folder as the firmware does, and times it. The hardware is
# left alone: the sensor answers at once, pins and RTC memory are in RAM, the radio does nothing.
# run(folder, sleeps, rounds) prints the best times as one JSON object, and on a board what a start
# read from the flash.
import builtins
import errno
import gc
import json
import os
import sys
import time

_FRAME = b"\x01\x90\x00\xd2\x63"  # a DHT22 at 21.0 degrees, 40.0 %
_COUNTED = "/edgewise-counted"
_WAIT_MS, _WAITED_MAX_MS = 20, 3000
_RADIO = "radio_"  # the file of a node that sleeps which a wake without a report does not load


class Reached(BaseException):
    pass


class Crashed(BaseException):
    pass


def reach(*_):
    raise Reached


def crash(*_):
    raise Crashed


def say_nothing(*_):
    pass


def say_state(*words):
    if str(words[0]).startswith("state"):
        raise Reached


class Rtc:
    kept = b""

    def datetime(self, value):
        pass

    def memory(self, data=None):
        if data is None:
            return Rtc.kept
        Rtc.kept = bytes(data)


class Wdt:
    def __init__(self, id=0, timeout=0):
        pass

    def feed(self):
        pass


class Time:
    # As on a board, where the seconds are an int; but a wait is short, and all together end.
    waited_ms = 0

    @staticmethod
    def wait(ms=1):
        ms = min(ms, _WAIT_MS)
        Time.waited_ms += ms
        if Time.waited_ms > _WAITED_MAX_MS:
            raise Crashed("no reading, no sleep")
        time.sleep_ms(ms)


for _name in dir(time):
    if not _name.startswith("_"):
        setattr(Time, _name, getattr(time, _name))
Time.time = staticmethod(lambda: int(time.time()))
Time.sleep_ms = Time.wait


def run_main(load):
    # The firmware looks for boot.py first; then it finds and reads main.py as an import does.
    try:
        os.stat("boot.py")
        raise SystemExit("boot.py is no file of the node")
    except OSError:
        load("main")


class Any:
    # Whatever is asked of it, it does. As a link it has sent everything, and its order to stay
    # awake is for no minutes.
    def __call__(self, *_):
        return self

    def __getattr__(self, name):
        return self

    def __getitem__(self, key):
        return 0


class Dht22:
    def __init__(self, pin):
        self.buf = bytearray(5)

    def measure(self):
        self.buf[:] = _FRAME


class Wlan:
    def __init__(self, interface):
        pass

    def isconnected(self):
        return False

    def status(self, param=None):
        return 0

    def ifconfig(self, static=None):
        return ("0.0.0.0",) * 4

    active = connect = disconnect = say_nothing


class Machine:
    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)
    Pin = Any()
    RTC = Rtc
    WDT = Wdt
    deepsleep = staticmethod(reach)
    reset = staticmethod(crash)  # after an error that no node expects
    idle = Time.wait

    def __init__(self, wakes):
        self._cause = self.DEEPSLEEP_RESET if wakes else self.PWRON_RESET

    def reset_cause(self):
        return self._cause

    def unique_id(self):
        return bytes(6)


class Dht:
    DHT22 = Dht22


class Network:
    STA_IF = 0
    WLAN = Wlan


class Counter:
    # The flash of a board, with the number of its reads and of their bytes.
    def __init__(self, flash):
        self._flash = flash
        self.reads = self.bytes = 0

    def readblocks(self, n, buf, offset=0):
        self.reads += 1
        self.bytes += len(buf)
        self._flash.readblocks(n, buf, offset)

    def writeblocks(self, n, buf, offset=0):
        raise OSError(errno.EROFS)

    def ioctl(self, op, arg):
        return self._flash.ioctl(op, arg) if op in (4, 5) else 0


class Imports:
    # __import__ that adds up what the outer imports take: [us, reads, bytes]
    def __init__(self, counter):
        self._counter = counter
        self._inside = False
        self.sums = [0, 0, 0]

    def now(self):
        counter = self._counter
        reads = (counter.reads, counter.bytes) if counter else (0, 0)
        return (time.ticks_us(),) + reads

    def since(self, before):
        us, reads, size = self.now()
        return time.ticks_diff(us, before[0]), reads - before[1], size - before[2]

    def load(self, name, *given):
        if name.startswith(_RADIO):
            return Any()
        if self._inside:
            return _import(name, *given)
        self._inside = True
        before = self.now()
        try:
            return _import(name, *given)
        finally:
            for i, n in enumerate(self.since(before)):
                self.sums[i] += n
            self._inside = False


def _clear(wakes):
    # Leaves of the modules what a start finds in the firmware.
    for name in list(sys.modules):
        if name not in (__name__, "__main__"):
            del sys.modules[name]
    sys.modules["machine"] = Machine(wakes)
    sys.modules["dht"] = Dht
    sys.modules["network"] = Network
    sys.modules["time"] = Time
    Time.waited_ms = 0
    gc.collect()


def start(wakes, to, counter=None):
    # One start, up to deep sleep or to the first reading, whose print is `to`. -> us, reads and
    # bytes of all, and of its imports
    imports = Imports(counter)
    _clear(wakes)
    builtins.print = to
    builtins.__import__ = imports.load
    before = imports.now()
    try:
        run_main(_import)
    except Reached:
        return imports.since(before), imports.sums
    finally:
        builtins.print = _print
        builtins.__import__ = _import
    raise SystemExit("the node ended by itself")


def measure(sleeps, rounds):
    to = say_nothing if sleeps else say_state
    if sleeps:
        start(False, to)  # fills the RTC memory
    whole, imports = min(start(sleeps, to) for _ in range(rounds))
    figures = {"s": whole[0] / 1000000, "imports_s": imports[0] / 1000000}
    figures.update(_reads(sleeps, to))
    return figures


def _reads(sleeps, to):
    # The file system is mounted once more, to be read alone; nothing where that cannot be.
    try:
        from flashbdev import bdev  # of the firmware

        counter = Counter(bdev)
        os.mount(os.VfsLfs2(counter), _COUNTED, readonly=True)
    except (AttributeError, ImportError, OSError):
        return {}
    here = os.getcwd()
    os.chdir(_COUNTED + here)
    try:
        whole, imports = start(sleeps, to, counter)
    finally:
        os.chdir(here)
        os.umount(_COUNTED)
    names = ("reads", "bytes", "imports_reads", "imports_bytes")
    return dict(zip(names, list(whole[1:]) + imports[1:]))


def last_words():
    with open("crash.log") as f:
        return f.read().split("\n")[-1]


def run(folder, sleeps, rounds):
    path = sys.path[:]
    sys.path[:] = ["", ".frozen", "lib"]
    os.chdir(folder)
    try:
        figures = measure(sleeps, rounds)
    except (ImportError, MemoryError, OSError, ValueError) as e:
        figures = {"absent": "%s: %s" % (type(e).__name__, e)}
    except Crashed as e:
        figures = {"absent": "the node crashed: " + (e.args[0] if e.args else last_words())}
    finally:
        os.chdir("..")
        sys.path[:] = path
        gc.threshold(-1)  # as before the node set it
    print(json.dumps(figures))


_print, _import = print, __import__
