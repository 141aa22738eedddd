"""A name becomes an address, asked over UDP: the stock getaddrinfo blocks for seconds."""

import os

from ..core.compat import const
from ..errors import LinkError
from .udp import Question

_PORT = const(53)
_MDNS = ("224.0.0.251", 5353)  # RFC 6762
_A_IN = b"\0\1\0\1"


def is_address(host):
    parts = host.split(".")
    return len(parts) == 4 and all(p.isdigit() and int(p) < 256 for p in parts)


def compose(number, name):
    # RFC 1035, 4.1: header with RD and one question for an A record
    packet = bytearray(number + b"\1\0\0\1\0\0\0\0\0\0")
    for label in name.rstrip(".").encode().split(b"."):
        if not 0 < len(label) < 64:
            raise LinkError("dns: %s is not a name" % name)
        packet.append(len(label))
        packet.extend(label)
    return bytes(packet) + b"\0" + _A_IN


def _after_name(packet, at):
    # Behind a name, which may end in a pointer; IndexError beyond the end.
    while True:
        n = packet[at]
        if n >= 192:
            return at + 2
        at += 1 + n
        if not n:
            return at


def address(packet, number):
    # -> the first address of an answer to this question, "" where there is none, None: not ours
    if len(packet) < 12 or packet[:2] != number or not packet[2] & 0x80:
        return None
    if packet[3] & 15:
        return ""
    at = 12
    try:
        for _ in range(packet[4] << 8 | packet[5]):
            at = _after_name(packet, at) + 4
        for _ in range(packet[6] << 8 | packet[7]):
            at = _after_name(packet, at)
            size = packet[at + 8] << 8 | packet[at + 9]
            kind = bytes((packet[at], packet[at + 1], 0, packet[at + 3] & 1))
            at += 10
            if kind == _A_IN and size == 4:
                return "%d.%d.%d.%d" % (packet[at], packet[at + 1], packet[at + 2], packet[at + 3])
            at += size
    except IndexError:
        return None
    return ""


class Resolver:
    # start(), then step() until it gives an address.
    def __init__(self, port=_PORT):
        self._port = port
        self._question = Question()

    def start(self, name, server):
        self._name = name
        self._direct = name if is_address(name) else None
        if self._direct is not None:
            return
        if not is_address(server) or server == "0.0.0.0":
            raise LinkError("dns: the network names no server for %s" % name)
        to = _MDNS if name.endswith(".local") else (server, self._port)
        self._number = os.urandom(2)
        self._question.ask(compose(self._number, name), to[0], to[1])

    def step(self):
        if self._direct is not None:
            return self._direct
        try:
            data = self._question.step()
        except LinkError:
            self.close()
            raise LinkError("dns: no answer for %s" % self._name)
        found = address(data, self._number) if data else None
        if found is None:
            return None
        self.close()
        if not found:
            raise LinkError("dns: %s is not known" % self._name)
        return found

    def close(self):
        self._question.close()
