"""The time of day over UDP (RFC 4330), asked again now and then, never waited for."""

import time

from ..core.compat import const
from ..errors import LinkError
from .udp import Question

_ASK = b"\x1b" + bytes(47)
_UNIX_S = const(2208988800)  # of 1970-01-01, counted from 1900
_ERA_S = const(4294967296)
_AGE_S = const(21600)  # a crystal of 20 ppm is then 0.4 s off
_RETRY_MS = const((5000, 15000, 60000, 300000))


def unix_s(packet):
    # -> seconds or None: no answer of a server whose own clock is set
    if len(packet) < 48 or packet[0] & 7 != 4 or not 0 < packet[1] < 16 or packet[0] >> 6 == 3:
        return None
    s = int.from_bytes(packet[40:44], "big")
    if s < _UNIX_S:
        s += _ERA_S  # from 2036 on
    return s - _UNIX_S


class Ntp:
    # settled: the clock was set, or a whole round of questions was in vain.
    def __init__(self, host, port, resolver, clock, log):
        self._host = host
        self._port = port
        self._resolver = resolver
        self._clock = clock
        self._log = log
        self._question = Question()
        self._resolving = False
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
            if self._question.asked:
                self._take(self._question.step())
            elif self._resolving:
                self._ask(self._resolver.step())
            elif self._due():
                self._resolving = True
                self._resolver.start(self._host, dns_server)
        except (LinkError, OSError) as e:
            self._failed(e)

    def _due(self):
        age_s = self._clock.age_s()
        if self.wanted:
            pass
        elif age_s is not None and age_s < _AGE_S:
            self.settled = True
            return False
        return time.ticks_diff(time.ticks_ms(), self._due_ms) >= 0

    def _ask(self, ip):
        if ip is not None:
            self._resolving = False
            self._question.ask(_ASK, ip, self._port)

    def _take(self, packet):
        s = unix_s(packet) if packet else None
        if s is not None:
            self.close()
            self._clock.set(s)
            self._failures = 0
            self.settled = True
            self.wanted = False
            self._log("ntp: clock set")

    def _failed(self, e):
        self.close()
        self.settled = True
        self.wanted = False
        wait_ms = _RETRY_MS[min(self._failures, len(_RETRY_MS) - 1)]
        self._failures += 1
        self._due_ms = time.ticks_add(time.ticks_ms(), wait_ms)
        self._log("ntp: %s" % e)

    def close(self):
        self._resolving = False
        self._resolver.close()
        self._question.close()
