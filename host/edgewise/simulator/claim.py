"""A node's name at a broker, held by the one process of this computer that simulates it."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from edgewise.errors import unwritable
from edgewise.paths import hold, make_cache_dir
from edgewise.urls import BrokerUrl

__all__ = ["claim"]


@contextmanager
def claim(broker: BrokerUrl, base: str, names: list[str]) -> Iterator[None]:
    """Hold ``names`` during the block; InputError if a process of this user holds one already.

    The system frees a name when its process ends, however that ends.
    """
    folder = make_cache_dir() / "simulated"
    with ExitStack() as stack:
        for name in names:
            _lock(stack, folder / _key(broker, base, name), f"node {name} at {broker}")
        yield


def _key(broker: BrokerUrl, base: str, name: str) -> str:
    host = broker.host
    with suppress(OSError):
        host = socket.gethostbyname(host)
    return hashlib.sha256(f"{host}:{broker.port} {base} {name}".encode()).hexdigest()[:32]


def _lock(stack: ExitStack, path: Path, what: str) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        file = stack.enter_context(path.open("a+"))
    except OSError as e:
        raise unwritable(path, e, "set EDGEWISE_CACHE") from e
    hold(
        file,
        lambda process: (
            f"{what}: process {process} simulates it already: end that one, or give this node "
            "another name with --node"
        ),
    )
