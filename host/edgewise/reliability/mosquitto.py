"""Run a real mosquitto that can be stopped and started again."""

from __future__ import annotations

import asyncio
import getpass
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from edgewise.broker.free_port import free_port
from edgewise.broker.program import find_mosquitto
from edgewise.errors import EdgewiseError, OutsideError
from edgewise.urls import check_reachable, parse_broker

__all__ = ["Mosquitto"]

_LIMIT_S = 60
_POLL_S = 0.02
_CONFIG = """listener {port} 127.0.0.1
allow_anonymous true
max_queued_messages 0
persistence {persistence}
user {user}
log_dest stderr
log_type error
log_type subscribe
"""


class Mosquitto:
    """An async context manager around a broker on loopback; ``folder`` has all its files.

    ``persistent``: subscriptions and queued messages outlive a stop. Raises OutsideError.
    """

    def __init__(self, folder: Path, persistent: bool = True) -> None:
        self.port = free_port()
        self._folder = folder
        self._log = folder / "mosquitto.log"
        self._log_start = 0  # offset in the log at the last start
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "mosquitto.conf").write_text(
            _CONFIG.format(
                port=self.port,
                persistence="true" if persistent else "false",
                user=getpass.getuser(),  # by default, root becomes a user that cannot write here
            )
        )

    @property
    def url(self) -> str:
        """mqtt://host:port"""
        return f"mqtt://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Mosquitto:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the broker and wait until it listens."""
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [_program(), "-c", "mosquitto.conf"], cwd=self._folder, stderr=log
            )
        await self._wait_until(self._is_listening, "listen")

    async def stop(self) -> None:
        """End the broker with SIGTERM, so that it saves its data."""
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait, _LIMIT_S)
            self._process = None

    async def wait_for_subscription(self, client_id: str) -> None:
        """Wait until ``client_id`` has subscribed after the last start."""
        await self._wait_until(
            lambda: f" {client_id} ".encode() in self._read_log(), "hear the collector"
        )

    def _read_log(self) -> bytes:
        return self._log.read_bytes()[self._log_start :]

    def _is_listening(self) -> bool:
        try:
            check_reachable(parse_broker(self.url))
        except EdgewiseError:
            return False
        return True

    async def _wait_until(self, is_done: Callable[[], bool], step: str) -> None:
        for _ in range(round(_LIMIT_S / _POLL_S)):
            if is_done():
                return
            await asyncio.sleep(_POLL_S)
        lines = self._read_log().decode(errors="replace").strip().splitlines()
        last_line = lines[-1] if lines else "it said nothing"
        raise OutsideError(f"mosquitto does not {step}: {last_line}")


def _program() -> str:
    path = find_mosquitto()
    if path is None:
        raise OutsideError("mosquitto is not installed: make system-deps")
    return path
