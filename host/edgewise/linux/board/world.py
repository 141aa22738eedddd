# mypy: ignore-errors
# The world of a node on Linux: the system's clock, its signals, the sensor that the starter found.
# The environment variable EDGEWISE_NODE has, as JSON: command (the words that start this program),
# lock (a file descriptor), sensor (see sensor.make), gpio (a chip, or null), dev (/dev).
import errno
import json
import struct

import libc
import uos
import utime
from frames import encode
from sensor import make

given = json.loads(uos.getenv("EDGEWISE_NODE"))

_CLOCK_BOOTTIME = 7  # goes on while the computer is suspended, so that a gap is one for the model
_NONBLOCK = 0o4000
_ENDS = (1, 2, 15)  # SIGHUP, SIGINT, SIGTERM: the starter blocks them
_GARBLED = b"\0\0\0\0\1"  # a frame with a wrong checksum
# what no sensor measures, and still one that the decoder calls out of range
_T_MIN_DC, _T_MAX_DC, _H_MAX_PM = -1000, 2000, 2000

_clock_gettime = libc.function("clock_gettime", "ip")


def _signals():
    # -> file descriptor from which the signals that end the node are read
    mask = bytearray(128)
    add = libc.function("sigaddset", "pi")
    for number in _ENDS:
        add(mask, number)
    return libc.function("signalfd", "ipi")(-1, mask, libc.O_CLOEXEC | _NONBLOCK)


def _kind():
    # how the node decodes the frames, as its settings say
    try:
        with open("config.json") as f:
            return json.loads(f.read())["sensor"]["kind"]
    except (KeyError, OSError, TypeError, ValueError):
        return "dht22"


def _within(value, low, high):
    return min(max(value, low), high)


class World:
    def __init__(self):
        self._ends = _signals()
        self._signal = bytearray(128)
        self._time = bytearray(struct.calcsize("ll"))
        self._sensor = make(given["sensor"])
        self._kind = _kind()
        self._failure = None  # of the sensor, said already

    def now_ms(self):
        _clock_gettime(_CLOCK_BOOTTIME, self._time)
        s, ns = struct.unpack("ll", self._time)
        return 1000 * s + ns // 1000000

    def unix_ms(self):
        return utime.time_ns() // 1000000

    def wait(self, ms, wait_outside):
        # A signal ends the node here and nowhere else: no file is half written.
        result = wait_outside(ms)
        try:
            libc.read(self._ends, self._signal, len(self._signal))
        except OSError:
            return result  # EAGAIN: there is none
        raise KeyboardInterrupt

    def row(self):
        # Returns (kind, frame): 1 for no answer.
        try:
            t_dc, h_pm = self._sensor.read()
        except (OSError, ValueError) as e:
            return self._fail(e)
        if self._failure is not None:
            self._failure = None
            print("edgewise: sensor: answers again")
        return 0, self._frame(t_dc, h_pm)

    def _fail(self, e):
        # The kernel's DHT driver has EIO for a garbled answer and ETIMEDOUT for none: they come
        # now and then, and diag counts them.
        code = e.errno if isinstance(e, OSError) else None
        if code == errno.EIO:
            return 0, _GARBLED
        why = libc.reason(e)
        if code != errno.ETIMEDOUT and why != self._failure:
            self._failure = why
            print("edgewise: sensor:", why)
        return 1, _GARBLED

    def _frame(self, t_dc, h_pm):
        if self._kind == "dht11" or not self._sensor.is_dht:
            t_dc = _within(t_dc, _T_MIN_DC, _T_MAX_DC)
            h_pm = _within(h_pm if h_pm >= 0 else _H_MAX_PM, 0, _H_MAX_PM)
        return encode(t_dc, h_pm, self._kind)


world = World()
