"""Time: ticks for intervals, unix seconds once NTP has answered."""

import time

import machine
import ntptime

# ESP32 counts from 2000, the unix port from 1970.
_EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    ticks_ms = staticmethod(time.ticks_ms)
    ticks_us = staticmethod(time.ticks_us)
    ticks_add = staticmethod(time.ticks_add)
    ticks_diff = staticmethod(time.ticks_diff)
    rest = staticmethod(machine.idle)

    def __init__(self):
        self.synced = False

    def unix_s(self):
        return time.time() + _EPOCH_S if self.synced else None

    def sync(self):
        # Asks NTP, which takes a second at most. -> None or why not.
        try:
            ntptime.settime()
        except (OSError, IndexError, ValueError) as e:
            return str(e)
        self.synced = True
        return None
