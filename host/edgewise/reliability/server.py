"""A collector to which nodes post, on loopback; it can be stopped and started."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager

from sqlalchemy import Engine

from edgewise.broker.free_port import HOST, free_port
from edgewise.collector import Writer
from edgewise.collector.http import HttpInput
from edgewise.collector.tokens import Tokens

__all__ = ["NODE", "TOKEN", "Server"]

NODE, TOKEN = "a1b2c3", "reliability-0123"
_TOKENS = Tokens([(NODE, TOKEN)])


class Server:
    """An async context manager: a collector for ``uplink``, "http" or "coap", at ``port``.

    ``duplicates``: readings that came again, once it has stopped.
    """

    def __init__(self, uplink: str, engine: Engine) -> None:
        self.port = free_port()
        self.duplicates = 0
        self._uplink, self._engine = uplink, engine
        self._writer: Writer | None = None

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; OutsideError where that cannot be."""
        self._writer = Writer(self._engine)
        self._input = self._make_input(self._writer)
        self._writer.start()
        await asyncio.to_thread(self._input.__enter__)

    def _make_input(self, writer: Writer) -> AbstractContextManager[object]:
        address = f"{HOST}:{self.port}"
        if self._uplink == "http":
            return HttpInput(address, _TOKENS, writer)
        from edgewise.collector.coap import CoapInput

        return CoapInput(address, _TOKENS, writer)

    async def stop(self) -> None:
        """Store what is here, and listen no more."""
        if self._writer is not None:
            await asyncio.to_thread(self._writer.stop)
            await asyncio.to_thread(self._input.__exit__, None, None, None)
            self.duplicates += self._writer.counts.duplicates
            self._writer = None
