"""How long a request may take to arrive, and how many connections there may be."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Connections", "Limits"]

_IPV6_PREFIX = 64  # bits; all addresses of such a network are one customer's: RFC 6177


@dataclass(frozen=True)
class Limits:
    """Limits of a server.

    ``head_s``: seconds from the connection, or the last answer, to the end of a request's head;
    ``body_s``: seconds for its body. ``all``: connections in all; ``each``: of one address, but
    for ``proxies``, each of which stands for many visitors.
    """

    head_s: float = 10.0
    body_s: float = 10.0
    all: int = 128
    each: int = 64
    proxies: tuple[str, ...] = ()


class Connection(Protocol):
    """A connection of `Connections`."""

    def sender(self) -> str:
        """The address of the other side."""

    def is_closed(self) -> bool: ...

    def is_waiting(self) -> bool:
        """Whether no whole request has come, or its answer is sent."""

    def abort(self) -> None:
        """Close it at once."""


class Connections:
    """The open connections of a server; a new one that is too many closes an old one.

    The address with the most loses its oldest that waits for a request, or else its oldest.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: list[tuple[str, Connection]] = []  # the oldest first

    def add(self, connection: Connection) -> None:
        """Count ``connection``; close another one if there are too many."""
        self._open = [item for item in self._open if not item[1].is_closed()]
        group = _group(connection.sender())
        counts = Counter(other for other, _ in self._open)
        if counts[group] >= self._limits.each and connection.sender() not in self._limits.proxies:
            self._close_one(group)
        elif len(self._open) >= self._limits.all:
            self._close_one(counts.most_common(1)[0][0])
        self._open.append((group, connection))

    def _close_one(self, group: str) -> None:
        own = [connection for other, connection in self._open if other == group]
        min(own, key=lambda connection: not connection.is_waiting()).abort()


def _group(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 4 or ip.ipv4_mapped:
        return address
    return str(ipaddress.IPv6Network((ip, _IPV6_PREFIX), strict=False))
