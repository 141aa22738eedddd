"""A broker in a process of its own for one run: mosquitto if it is installed, else amqtt."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

from edgewise.broker.free_port import HOST, free_port
from edgewise.broker.program import find_mosquitto
from edgewise.errors import EdgewiseError, OutsideError
from edgewise.urls import check_reachable, parse_broker

__all__ = ["BrokerProcess"]

_START_S = 60
_STOP_S = 60
_POLL_S = 0.02
_TRIES = 3
_CONFIG = """listener {port} {host}
allow_anonymous true
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
"""
_AMQTT_CODE = "from edgewise.cli.main import run; run()"


class BrokerProcess:
    """A context manager around a broker on loopback that accepts every client.

    Raises OutsideError if it does not start.
    """

    @property
    def url(self) -> str:
        """mqtt://host:port of the running broker."""
        return f"mqtt://{HOST}:{self._port}"

    def __enter__(self) -> BrokerProcess:
        self._folder = tempfile.TemporaryDirectory(prefix="edgewise-broker-")
        self._log = Path(self._folder.name) / "broker.log"
        end_s = time.monotonic() + _START_S
        tries = 1
        self._start()
        while not self._is_listening():
            if self._process.poll() is not None and tries < _TRIES:
                tries += 1  # another program may have taken the port meanwhile
                self._start()
            elif self._process.poll() is not None or time.monotonic() > end_s:
                log_lines = self._log.read_text(errors="replace").splitlines()
                self.__exit__(None, None, None)
                raise OutsideError(
                    f"the broker does not start on {HOST}:{self._port}: "
                    f"{log_lines[-1] if log_lines else 'no answer'}: name another with --broker"
                )
            time.sleep(_POLL_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def _start(self) -> None:
        self._port = free_port()
        with self._log.open("wb") as stream:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )

    def _command(self) -> list[str]:
        mosquitto = find_mosquitto()
        if mosquitto is None:
            return [sys.executable, "-c", _AMQTT_CODE, "broker", "--port", str(self._port)]
        config = Path(self._folder.name) / "mosquitto.conf"
        config.write_text(_CONFIG.format(port=self._port, host=HOST))
        return [mosquitto, "-c", str(config)]

    def _is_listening(self) -> bool:
        try:
            check_reachable(parse_broker(self.url))
        except EdgewiseError:
            return False
        return self._process.poll() is None
