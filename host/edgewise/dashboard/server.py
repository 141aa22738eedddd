"""The web server of the dashboard, in its own thread."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from types import TracebackType

from fastapi import FastAPI
from sqlalchemy import Engine

from edgewise.dashboard import password
from edgewise.dashboard.away import watch
from edgewise.dashboard.guard import Guard
from edgewise.dashboard.messages import BYTES_MAX, Checked
from edgewise.dashboard.private import Private
from edgewise.dashboard.rounds import Rounds
from edgewise.dashboard.routes import add_routes
from edgewise.dashboard.state import SendTest, State
from edgewise.dashboard.units import CELSIUS, FAHRENHEIT
from edgewise.errors import InputError, OutsideError
from edgewise.urls import BrokerUrl
from edgewise.web import Limits, Server, log_lines

__all__ = ["Address", "Display", "NodeAccess", "Running", "serve"]

_START_S = 60
_STOP_S = 30


@dataclass(frozen=True)
class Address:
    """Where a dashboard listens, and to whom; ``port`` 0 takes a free one.

    ``proxies``: addresses of reverse proxies whose X-Forwarded-For and -Proto are believed.
    ``private``: nobody reads without a login.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    proxies: tuple[str, ...] = ()
    private: bool = False


class Running:
    """A dashboard that runs until `stop`, also as a context manager; ``url`` is its address."""

    def __init__(self, server: Server, listening: socket.socket, state: State) -> None:
        self._server = server
        self._state = state
        host, port = listening.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._thread = threading.Thread(
            target=server.run, args=([listening],), name="dashboard", daemon=True
        )
        self._thread.start()
        end = time.monotonic() + _START_S
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise OutsideError(f"dashboard at {self.url} does not start: see what it said")
            time.sleep(0.01)
        self._rounds = Rounds(state.engine, state.models)

    def stop(self) -> None:
        """Stop the server, and the trainings, pushes and checks that it started."""
        self._rounds.stop()
        self._state.close()
        self._server.should_exit = True
        self._thread.join(_START_S)

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


@dataclass(frozen=True)
class NodeAccess:
    """How to reach nodes: their broker, the first part of their topics, and the settings file
    with ``update.secret``."""

    broker: BrokerUrl | None = None
    base: str = "edgewise"
    config: Path = Path("node.toml")


@dataclass(frozen=True)
class Display:
    """What the pages show: temperatures in Fahrenheit or Celsius, times in ``zone`` [that of each
    browser]."""

    fahrenheit: bool = False
    zone: tzinfo | None = None


def serve(
    engine: Engine,
    nodes: NodeAccess = NodeAccess(),
    address: Address = Address(),
    models: Path = Path("models"),
    display: Display = Display(),
    send_test: SendTest | None = None,
) -> Running:
    """Start a dashboard of the database; once in a process, because NiceGUI is global.

    ``send_test``: what the button of the status page does, see `State`. Raises InputError where a
    password is needed and none is set, OutsideError where the address is taken.
    """
    _check_password(address)
    listening = _listen(address.host, address.port)
    watch(engine)
    log_lines()
    state = State(
        engine,
        nodes.broker,
        models,
        nodes.config,
        nodes.base,
        address.private,
        FAHRENHEIT if display.fahrenheit else CELSIUS,
        display.zone,
        send_test,
    )
    return Running(_make_server(state, address), listening, state)


def _check_password(address: Address) -> None:
    if password.is_set():
        return
    if not _is_loopback(address.host):
        raise InputError(
            f"--host {address.host}: others could reach the dashboard and it has no password: "
            "set one with edgewise dashboard password"
        )
    if address.private:
        raise InputError(
            "--private: nobody could log in without a password: "
            "set one with edgewise dashboard password"
        )


def _make_server(state: State, address: Address) -> Server:
    app = FastAPI(openapi_url=None)
    add_routes(app, state)
    checked = Checked(app)
    return Server(
        Guard(Private(checked, state.sessions) if address.private else checked, address.host),
        Limits(proxies=address.proxies),
        log_config=None,
        log_level="error",
        timeout_graceful_shutdown=_STOP_S,
        ws_max_size=BYTES_MAX,
        ws_ping_interval=None,  # NiceGUI has its own
        proxy_headers=bool(address.proxies),
        forwarded_allow_ips=list(address.proxies),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as e:
        raise OutsideError(
            f"dashboard: {host}:{port}: {e.strerror or e}: choose another --port or --host"
        ) from e
