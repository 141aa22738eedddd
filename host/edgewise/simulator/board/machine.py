# The part of machine that the node uses; pins print their changes when asked to.
import os
import sys

from edgewise_sim import world

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
    print("machine.reset()", file=sys.stderr)
    sys.exit(1)


def deepsleep(ms):
    # The process ends; `rtc` in its folder is what an ESP32 keeps powered.
    print("machine.deepsleep(%d)" % ms)
    sys.exit(0)


class RTC:
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


class Pin:
    IN, OUT = 1, 3

    def __init__(self, number, mode=IN, value=0):
        self.number = number
        self._value = value

    def value(self, value=None):
        if value is None:
            return self._value
        if _TRACE and value != self._value:
            print("pin %d = %d" % (self.number, value))
        self._value = value
