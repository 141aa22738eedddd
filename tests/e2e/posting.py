"""A collector for nodes that post, and a proxy that speaks TLS before one that does not."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select
from tests.broker.mosquitto import free_port

from edgewise.collector import Writer
from edgewise.collector.coap import CoapInput
from edgewise.collector.http import HttpInput
from edgewise.collector.tokens import Tokens
from edgewise.database import open_db
from edgewise.database.schema import reading

NODE, TOKEN = "a1b2c3", "0123456789abcdef"


@dataclass(frozen=True)
class Server:
    """``config``: the settings of a node that sends here."""

    config: dict[str, Any]
    writer: Writer
    engine: Engine

    def count(self) -> int:
        with self.engine.connect() as connection:
            query = select(func.count()).select_from(reading)
            return int(connection.execute(query).scalar_one())


def config_for(uplink: str, url: str, **server: str) -> dict[str, Any]:
    """The settings of `NODE`, whose clock is right."""
    server = {"url": url, "token": TOKEN} | server
    return {"node": NODE, "ntp": {"host": ""}, "uplink": uplink, "server": server}


@contextmanager
def run_server(uplink: str, folder: Path, path: str = "") -> Iterator[Server]:
    """A collector with a database in ``folder``."""
    engine = open_db(f"sqlite:///{folder / 'a.db'}")
    tokens, address = Tokens([(NODE, TOKEN)]), f"127.0.0.1:{free_port()}"
    kinds = {"http": HttpInput, "coap": CoapInput}
    with Writer(engine) as writer, kinds[uplink](address, tokens, writer):
        yield Server(config_for(uplink, f"{uplink}://{address}{path}"), writer, engine)
    engine.dispose()


@contextmanager
def run_tls_proxy(context: ssl.SSLContext, port: int) -> Iterator[int]:
    """Its port: what comes there in TLS goes to ``port`` without."""
    loop = asyncio.new_event_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        near, far = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, far), pump(near, writer))

    server = loop.run_until_complete(
        asyncio.start_server(serve, "127.0.0.1", free_port(), ssl=context)
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
