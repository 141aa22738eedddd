"""One question over UDP, asked again when no answer comes; nobody waits for it."""

import socket
import time

from ..core.compat import const
from ..errors import LinkError

_AGAIN_MS = const(1000)
_TRIES = const(4)
_ANSWER_MAX = const(512)  # RFC 1035, 4.2.1


class Question:
    def __init__(self):
        self._io = None

    @property
    def is_open(self):
        return self._io is not None

    def ask(self, packet, ip, port):
        # ip is numeric: getaddrinfo asks nobody then
        self.close()
        self._packet = packet
        self._to = socket.getaddrinfo(ip, port, 0, socket.SOCK_DGRAM)[0][-1]
        self._io = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._io.setblocking(False)
        self._tries = 0
        self._due_ms = time.ticks_ms()

    def step(self):
        # -> what came or None; the caller decides whether that is the answer
        now = time.ticks_ms()
        if time.ticks_diff(now, self._due_ms) >= 0:
            if self._tries == _TRIES:
                raise LinkError("no answer")
            self._tries += 1
            self._due_ms = time.ticks_add(now, _AGAIN_MS)
            self._try(self._io.sendto, self._packet, self._to)
        return self._try(self._io.recv, _ANSWER_MAX)

    def _try(self, call, *what):
        # EAGAIN, and what ICMP tells of an earlier packet (nobody there, no route): the next try
        # or the limit settles it.
        try:
            return call(*what)
        except OSError:
            return None

    def close(self):
        if self._io is not None:
            self._try(self._io.close)
            self._io = None
