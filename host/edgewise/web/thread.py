"""A server of a command that does other work as well."""

from __future__ import annotations

import socket
import threading
from typing import Any, Self

from edgewise.errors import OutsideError
from edgewise.urls import parse_listen
from edgewise.web.limits import Limits
from edgewise.web.server import Server

__all__ = ["ServerThread"]

_STOP_S = 5


class ServerThread:
    """A context manager that serves the ASGI app ``app`` in a thread, and logs nothing.

    It listens from the start at ``address`` (HOST:PORT, the value of ``option``); `::` is every
    address, of IPv4 too. InputError for another form, OutsideError where it cannot listen.
    """

    def __init__(self, app: Any, limits: Limits, option: str, address: str) -> None:
        self._socket = _listen(option, address)
        self._server = Server(
            app,
            limits,
            ws="none",
            lifespan="off",
            log_level="critical",
            timeout_graceful_shutdown=_STOP_S,
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


def _listen(option: str, address: str) -> socket.socket:
    host, port = parse_listen(option, address)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        is_dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, dualstack_ipv6=is_dual)
    except OSError as e:
        raise OutsideError(
            f"{option} {address}: {e.strerror or e}: take another host or port"
        ) from e
