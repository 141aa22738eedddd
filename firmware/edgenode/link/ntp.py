"""When to ask for the time: at the start, every few hours, after a failure; never waited for."""

import time

from ..core.compat import const
from ..core.memory import drop
from ..errors import FAULTS

_AGE_S = const(21600)  # a crystal of 20 ppm is then 0.4 s off
_RETRY_MS = const((5000, 15000, 60000, 300000))


class Ntp:
    # settled: the clock was set, or a whole round of questions was in vain.
    def __init__(self, host, port, clock, log):
        self._host = host
        self._port = port
        self._clock = clock
        self._log = log
        self._exchange = None
        self._failures = 0
        self._due_ms = time.ticks_ms()
        self.settled = not host
        self.wanted = False  # whatever its age

    def step(self, dns_server):
        # Only while the network is up.
        if not self._host:
            self.wanted = False
            return
        try:
            if self._exchange is not None:
                self._take(self._exchange.step())
            elif self._is_due():
                from .sntp import Exchange

                self._exchange = Exchange(self._host, self._port, dns_server)
        except FAULTS as e:
            self._handle_failure(e)

    def _is_due(self):
        age_s = self._clock.age_s()
        if self.wanted:
            pass
        elif age_s is not None and age_s < _AGE_S:
            self.settled = True
            return False
        return time.ticks_diff(time.ticks_ms(), self._due_ms) >= 0

    def _take(self, s):
        if s is not None:
            self.close()
            self._clock.set(s)
            self._failures = 0
            self.settled = True
            self.wanted = False
            self._log("ntp: clock set")

    def _handle_failure(self, e):
        self.close()
        self.settled = True
        self.wanted = False
        wait_ms = _RETRY_MS[min(self._failures, len(_RETRY_MS) - 1)]
        self._failures += 1
        self._due_ms = time.ticks_add(time.ticks_ms(), wait_ms)
        self._log("ntp: %s" % e)

    def close(self):
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None
        drop()
