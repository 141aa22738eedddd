# The part of machine that the node uses. With EDGEWISE_SIM_PINS, the pins are those of an ESP32,
# and each prints the levels that it drives.
import os
import struct

import ffi
from edgewise_sim import EXIT_RESET, EXIT_SLEEP, world

_libc = ffi.open(None)
_exit = _libc.func("v", "_exit", "i")
_alarm = _libc.func("I", "alarm", "I")
_setitimer = _libc.func("i", "setitimer", "iPp")
_ITIMER_PROF = 2
_BLOCKED_S = 120  # so long because a busy computer is no frozen node

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
_TRACE = os.getenv("EDGEWISE_SIM_PINS")


def reset_cause():
    return int(os.getenv("EDGEWISE_SIM_RESET", str(PWRON_RESET)))


def unique_id():
    return bytes(
        int(os.getenv("EDGEWISE_SIM_MAC", "240ac4a1b2c3")[i : i + 2], 16) for i in range(0, 12, 2)
    )


def idle():
    world.rest()


def reset():
    # Without any clean-up, as on the board.
    world.save_position()
    _exit(EXIT_RESET)


def deepsleep(ms):
    world.save_position()
    _exit(EXIT_SLEEP)


class Pin:
    IN, OUT = 1, 3

    def __init__(self, number, mode=IN, value=0):
        self.number = number
        self._value = None  # floats
        if mode == self.OUT:
            if _TRACE and number >= 34:
                raise ValueError("pin can only be input")
            self.value(value)

    def value(self, value=None):
        if value is None:
            return self._value or 0
        if _TRACE and value != self._value:
            print("pin %d = %d" % (self.number, value))
        self._value = value


class RTC:
    # The file `rtc` in the folder of the node is the memory that an ESP32 keeps powered.
    def datetime(self, value):
        pass  # the simulated clock is right

    def memory(self, data=None):
        if data is None:
            try:
                with open("rtc", "rb") as f:
                    return f.read()
            except OSError:
                return b""
        if len(data) > 2048:
            raise ValueError("buffer too long")
        with open("rtc", "wb") as f:
            f.write(data)


class WDT:
    # Ends the process like the watchdog: SIGPROF after `timeout` ms of processor time, SIGALRM
    # after a long time in which the process blocks.
    def __init__(self, id=0, timeout=5000):
        us = timeout * 1000 // world.rate
        self._limit = struct.pack("llll", 0, 0, us // 1000000, us % 1000000)
        self.feed()

    def feed(self):
        _setitimer(_ITIMER_PROF, self._limit, None)
        _alarm(_BLOCKED_S)
