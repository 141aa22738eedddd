"""Time: ticks for intervals, seconds since the start, unix seconds once they are known."""

import time

import machine

from ..core.compat import const

# ESP32 counts from 2000, the unix port from 1970.
_EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0
_EARLIEST_S = const(1300000000)  # a board that was never set counts from 2000


class Clock:
    ticks_ms = staticmethod(time.ticks_ms)
    ticks_us = staticmethod(time.ticks_us)
    ticks_add = staticmethod(time.ticks_add)
    ticks_diff = staticmethod(time.ticks_diff)
    rest = staticmethod(machine.idle)

    def __init__(self):
        self._ticks_ms = time.ticks_ms()
        self._rest_ms = self._uptime_s = 0
        self._set_s = None
        self.on_moved = None  # (ms that it was set forward)
        # the clock of the ESP32 runs on over a reset, not over a power cut
        self.synced = time.time() + _EPOCH_S > _EARLIEST_S

    def uptime_s(self):
        # ticks_ms wraps after 12 days: to be called more often than that
        now = time.ticks_ms()
        ms = self._rest_ms + time.ticks_diff(now, self._ticks_ms)
        self._ticks_ms = now
        self._uptime_s += ms // 1000
        self._rest_ms = ms % 1000
        return self._uptime_s

    def unix_s(self):
        return time.time() + _EPOCH_S if self.synced else None

    def started_s(self):
        # unix seconds of the start, None while the clock is not set
        return self.unix_s() - self.uptime_s() if self.synced else None

    def age_s(self):
        # seconds since it was set in this run
        return None if self._set_s is None else self.uptime_s() - self._set_s

    def local_ms(self):
        # milliseconds since 1970 as the clock shows them, set or not
        return time.time_ns() // 1000000 + 1000 * _EPOCH_S

    def set(self, unix_s):
        before_ms = self.local_ms()
        y, mo, d, h, mi, s, wd, _ = time.gmtime(unix_s - _EPOCH_S)
        machine.RTC().datetime((y, mo, d, wd, h, mi, s, 0))
        self._set_s = self.uptime_s()
        self.synced = True
        if self.on_moved is not None:
            self.on_moved(self.local_ms() - before_ms)
