"""A real mosquitto that tests start, stop and start again on the same port."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest
from tests.shared import LIMIT_S, wait_until

from edgewise.broker.program import find_mosquitto

_reservations: list[socket.socket] = []


def free_port() -> int:
    """A port of loopback that the system gives to nobody else: held here, without listening.

    Linux lets a server with SO_REUSEADDR, as all of them set it, listen there all the same.
    """
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.bind(("127.0.0.1", 0))
    _reservations.append(reservation)
    return int(reservation.getsockname()[1])


def program() -> str:
    path = find_mosquitto()
    if path is None:
        pytest.fail("mosquitto is not installed: make system-deps", pytrace=False)
    return path


def anonymous(folder: Path, config: str = "max_queued_messages 0\n") -> Mosquitto:
    """One on loopback that lets everybody in; ``config`` holds lines of configuration."""
    port = free_port()
    lines = f"listener {port} 127.0.0.1\nallow_anonymous true\n{config}"
    (folder / "mosquitto.conf").write_text(lines)
    return Mosquitto(folder, port)


class Mosquitto:
    """A context manager around ``mosquitto -c mosquitto.conf`` in ``folder``."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"mqtt://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it is reachable."""
        self._log = self.folder.with_name(f"{self.folder.name}-{self.port}.log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [program(), "-v", "-c", "mosquitto.conf"], cwd=self.folder, stderr=log
            )
        try:
            self.wait_until(self._is_reachable, "mosquitto does not start")
        except BaseException:
            self.stop()
            raise

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, by default in good order; SIGKILL is the broker's power cut."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(LIMIT_S)
            self._process = None

    def reload(self) -> None:
        """Let it read users, rights and certificates again and wait until it has."""
        before = self.log().count("Reloading config")
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)
        self.wait_until(lambda: self.log().count("Reloading config") > before, "no reload")

    def log(self) -> str:
        """What it has said since it was started."""
        return self._log.read_text(errors="replace")

    def wait_until(self, condition: Callable[[], bool], message: str) -> None:
        wait_until(condition, lambda: f"{message}: {self.log()}")

    def _is_reachable(self) -> bool:
        assert self._process is None or self._process.poll() is None, self.log()
        try:
            socket.create_connection(("127.0.0.1", self.port), LIMIT_S).close()
        except OSError:
            return False
        return True
