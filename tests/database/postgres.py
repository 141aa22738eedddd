"""A real PostgreSQL in a folder of its own, on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from tests.broker.mosquitto import free_port
from tests.shared import LIMIT_S

USER = "nobody"  # who runs it where the tests are root, which PostgreSQL refuses


def program(name: str) -> str:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(places[-1]) if places else shutil.which(name)
    if path is None:
        pytest.fail("PostgreSQL is not installed: make system-deps", pytrace=False)
    return path


@contextmanager
def run_server(folder: Path) -> Iterator[str]:
    """The URL of an empty database; ``folder`` must be short, a socket has its path."""
    data = folder / "pg"
    data.mkdir()
    if os.getuid() == 0:
        user = pwd.getpwnam(USER)
        os.chown(data, user.pw_uid, user.pw_gid)
        for place in (folder, *folder.parents):
            place.chmod(place.stat().st_mode | 0o011)
    port = free_port()
    _run(data, "initdb", "-U", "edge", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    _start(data, port)
    try:
        yield f"postgresql://edge@127.0.0.1:{port}/postgres"
    finally:
        _run(data, "pg_ctl", "-m", "immediate", "stop")


@contextmanager
def stop_server(url: str) -> Iterator[None]:
    """The server of ``url`` is gone for a while."""
    address = make_url(url)
    engine = create_engine(address)
    with engine.connect() as connection:
        data = Path(connection.execute(text("SHOW data_directory")).scalar_one())
    engine.dispose()
    _run(data, "pg_ctl", "-w", "-m", "immediate", "stop")
    try:
        yield
    finally:
        assert address.port is not None
        _start(data, address.port)


def _start(data: Path, port: int) -> None:
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    _run(data, "pg_ctl", "-w", "-l", str(data / "log"), "-o", options, "start")


def _run(data: Path, name: str, *arguments: str) -> None:
    root = os.getuid() == 0
    subprocess.run(
        [program(name), "-D", str(data), *arguments],
        check=True,
        timeout=LIMIT_S,
        stdout=subprocess.DEVNULL,
        user=USER if root else None,
        group=pwd.getpwnam(USER).pw_gid if root else None,
        cwd=data,
    )
