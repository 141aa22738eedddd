"""Asks one server for the time of day (RFC 4330); in RAM while it does."""

from ..core.compat import const
from .dns import Resolver
from .udp import Question

_ASK = b"\x1b" + bytes(47)
_UNIX_S = const(2208988800)  # of 1970-01-01, counted from 1900
_ERA_S = const(4294967296)


def unix_s(packet):
    # -> seconds or None: no answer of a server whose own clock is set
    if len(packet) < 48 or packet[0] & 7 != 4 or not 0 < packet[1] < 16 or packet[0] >> 6 == 3:
        return None
    s = int.from_bytes(packet[40:44], "big")
    if s < _UNIX_S:
        s += _ERA_S  # from 2036 on
    return s - _UNIX_S


class Exchange:
    def __init__(self, host, port, dns_server):
        self._port = port
        self._question = Question()
        self._resolver = Resolver()
        self._resolver.start(host, dns_server)

    def step(self):
        # -> unix seconds or None; LinkError: nobody answers
        if self._question.is_open:
            packet = self._question.step()
            return unix_s(packet) if packet else None
        ip = self._resolver.step()
        if ip is not None:
            self._question.ask(_ASK, ip, self._port)

    def close(self):
        self._resolver.close()
        self._question.close()
