"""Ports on loopback that nobody uses."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

from edgewise.errors import OutsideError

__all__ = ["HOST", "bind", "free_port"]

HOST = "127.0.0.1"
# Below the ports that Linux, macOS and BSD give to clients: a client that knocks on a closed one
# of those may be given the very same and then talks to itself.
_PORTS = range(20_000, 32_000)
_TRIES = 100


def free_port() -> int:
    """The number of a port on loopback that nobody uses and no client is given."""
    for _ in range(_TRIES):
        port = random.SystemRandom().choice(_PORTS)
        with suppress(OSError):
            bind(port).close()
            return port
    raise OutsideError(f"no free port in {_PORTS}: end what listens there")


def bind(port: int) -> socket.socket:
    """A socket that holds ``port`` without listening: who knocks is refused."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((HOST, port))
    except OSError:
        held.close()
        raise
    return held
