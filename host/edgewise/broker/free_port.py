"""Unused ports on loopback."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

from edgewise.errors import OutsideError

__all__ = ["HOST", "bind", "free_port"]

HOST = "127.0.0.1"
# Below the ports that Linux, macOS and BSD give to clients. A client that connects to a closed
# port in their range may be given that same port and then talks to itself.
_PORTS = range(20_000, 32_000)
_TRIES = 100
_given: set[int] = set()  # what listens there may be away for a while


def free_port() -> int:
    """Return an unused port on loopback, outside the range that clients are given.

    In one process each port is returned once.
    """
    for _ in range(_TRIES):
        port = random.SystemRandom().choice(_PORTS)
        if port in _given:
            continue
        with suppress(OSError):
            bind(port).close()
            _given.add(port)
            return port
    raise OutsideError(f"no free port in {_PORTS}: end what listens there")


def bind(port: int) -> socket.socket:
    """Return a socket that is bound to ``port`` but does not listen: connections are refused."""
    bound_socket = socket.socket()
    bound_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound_socket.bind((HOST, port))
    except OSError:
        bound_socket.close()
        raise
    return bound_socket
