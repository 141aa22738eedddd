"""A broker inside the process: amqtt on loopback, for the demo, tests and first steps."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from edgewise.errors import OutsideError

__all__ = ["EmbeddedBroker"]

_START_S = 60


class EmbeddedBroker:
    """A context manager around an amqtt broker; ``port`` 0 takes a free one.

    Anyone who reaches the address may connect: keep it on loopback unless the network is yours.
    ``say`` is told of clients that had to be cut off.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._host = host
        self._port = port
        self._say = say
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    @property
    def url(self) -> str:
        """mqtt://host:port of the running broker."""
        return f"mqtt://{self._host}:{self._port}"

    def __enter__(self) -> EmbeddedBroker:
        _check_free(self._host, self._port)
        self._thread.start()
        if not self._started.wait(_START_S) or self._error is not None:
            raise OutsideError(
                f"the broker does not start on {self._host}:{self._port}: "
                f"{self._error or 'no answer'}: choose another --port"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_S)

    def _run(self) -> None:
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        try:
            asyncio.run(self._serve())
        except Exception as e:  # noqa: BLE001 - raised by the thread that waits for the start
            self._error = e
            self._started.set()

    async def _serve(self) -> None:
        from edgewise.broker.amqtt_broker import AmqttBroker

        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        config: dict[str, Any] = {
            "listeners": {
                "default": {"type": "tcp", "bind": f"{self._host}:{self._port}"},
            },
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
        broker = AmqttBroker(config, self._say)
        await broker.start()
        # for port 0 the system chose one; a port chosen before could be taken meanwhile
        self._port = broker.port
        self._started.set()
        await self._stop.wait()
        await broker.shutdown()


def _check_free(host: str, port: int) -> None:
    try:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((host, port))
    except OSError as e:
        raise OutsideError(
            f"broker: {host}:{port} cannot be taken ({e.strerror}): choose another --port"
        ) from e
