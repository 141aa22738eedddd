"""A power cut: what the collector acknowledged is on the disk, by HTTP and by MQTT."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.broker.mosquitto import anonymous, free_port
from tests.collector.test_collector import publish, state, wait_for_rows
from tests.collector.test_http import TOKEN, post, readings
from tests.counts import count
from tests.shared import LIMIT_S

from edgewise.database import open_db
from edgewise.database.schema import reading
from edgewise.toolchain import cc

COLLECT = [sys.executable, "-m", "edgewise.cli.main", "collect"]
SHIM = Path(__file__).with_name("only_synced.c")
N = count(20, 200)


class Disk:
    """A folder with a database that keeps, at a power cut, only what was synced."""

    def __init__(self, folder: Path) -> None:
        self._shim = folder / "only_synced.so"
        cc.build(SHIM.read_text(), self._shim, ("-shared", "-fPIC", "-D_GNU_SOURCE"))
        self._path, self._synced = folder / "disk", folder / "synced"
        self._path.mkdir()
        self._synced.mkdir()
        self.url = f"sqlite:///{self._path / 'a.db'}"
        self._processes: list[subprocess.Popen[str]] = []

    def collect(self, *options: str) -> subprocess.Popen[str]:
        """A collector that writes to this disk and is ready."""
        env = {
            **os.environ,
            "LD_PRELOAD": str(self._shim),
            "EDGEWISE_DISK": str(self._path),
            "EDGEWISE_SYNCED": str(self._synced),
        }
        arguments = [*COLLECT, "--db", self.url, *options]
        process = subprocess.Popen(arguments, env=env, stderr=subprocess.PIPE, text=True)
        self._processes.append(process)
        assert process.stderr is not None
        assert "collecting" in process.stderr.readline()
        return process

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def cut_power(self, process: subprocess.Popen[str]) -> None:
        process.kill()
        process.wait()
        shutil.rmtree(self._path)
        shutil.copytree(self._synced, self._path)

    def seqs(self) -> list[int]:
        engine = open_db(self.url, create=False)
        with engine.connect() as connection:
            rows = connection.scalars(select(reading.c.seq).order_by(reading.c.seq)).all()
        engine.dispose()
        return list(rows)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path)
    yield disk
    disk.close()


def test_http_200_means_on_the_disk(disk: Disk, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"n1:{TOKEN}\n")
    tokens.chmod(0o600)
    address = f"127.0.0.1:{free_port()}"
    process = disk.collect("--http", address, "--token-file", str(tokens))
    for seq in range(N):
        assert post(f"http://{address}/readings", readings(seq))[0] == 200
    disk.cut_power(process)
    assert disk.seqs() == list(range(N))


def test_puback_means_on_the_disk(disk: Disk, tmp_path: Path) -> None:
    with anonymous(tmp_path) as broker:
        process = disk.collect("--broker", broker.url)
        engine = open_db(disk.url)
        for seq in range(N):  # one by one: each in a commit of its own
            publish(broker.url, [("edgewise/n1/state", state(seq))])
            wait_for_rows(engine, seq + 1)
        engine.dispose()
        disk.cut_power(process)
        process = disk.collect("--broker", broker.url)  # what it had not acknowledged comes again
        publish(broker.url, [("edgewise/n1/state", state(N))])
        wait_for_rows(open_db(disk.url), N + 1)
        process.terminate()
        process.communicate(timeout=LIMIT_S)
    assert disk.seqs() == list(range(N + 1))
