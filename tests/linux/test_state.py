"""The state folder: what a start writes, and what it leaves to the node; a disk that is full."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.broker.mosquitto import Mosquitto
from tests.counts import WHOLE
from tests.linux.computer import Computer
from tests.linux.settings import stored, taken
from tests.shared import LIMIT_S, wait_until

from edgewise.collector import Collector, Writer
from edgewise.errors import InputError
from edgewise.linux.state import StateFolder
from edgewise.urls import parse_broker

FILES = {"config.json": b"{}", "model.bin": b"first", "ca.der": b"ca"}


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "state")
    folder.lock().close()
    return folder


def test_what_the_node_changed_stays_until_something_new_comes(state: StateFolder) -> None:
    assert state.install(FILES) == list(FILES)
    (state.path / "model.bin").write_bytes(b"pushed")
    assert state.install(FILES) == []
    assert (state.path / "model.bin").read_bytes() == b"pushed"
    assert state.install({**FILES, "config.json": b"[]"}) == ["config.json"]
    assert (state.path / "model.bin").read_bytes() == b"pushed"
    assert state.install({**FILES, "config.json": b"[]", "model.bin": b"next"}) == ["model.bin"]
    assert (state.path / "model.bin.old").read_bytes() == b"pushed"
    assert (state.path / "config.json.old").read_bytes() == b"{}"


def test_a_file_that_is_gone_comes_again_and_one_that_nobody_names_goes(
    state: StateFolder,
) -> None:
    state.install(FILES)
    (state.path / "model.bin").unlink()
    without_ca = {name: data for name, data in FILES.items() if name != "ca.der"}
    assert state.install(without_ca) == ["model.bin"]
    assert not (state.path / "ca.der").exists()
    (state.path / "deployed.json").write_text("[")
    assert state.install(without_ca) == list(without_ca)


def test_a_start_that_was_cut_off_is_made_again(
    state: StateFolder,
) -> None:
    (state.path / "config.json").mkdir()  # what cannot be replaced
    with pytest.raises(InputError, match=r"config\.json"):
        state.install(dict(reversed(FILES.items())))
    assert (state.path / "ca.der").read_bytes() == b"ca"
    (state.path / "config.json").rmdir()
    assert set(state.install(FILES)) == {*FILES}
    assert state.install(FILES) == []


@pytest.mark.parametrize("name", ["lock", "state"])
def test_a_file_of_the_node_is_not_replaced(state: StateFolder, name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: is a file of the node: rename"):
        state.install({**FILES, name: b"ca"})


def test_a_folder_of_something_else_stays(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"of a package")
    with pytest.raises(InputError, match="holds other files than a node's state: name another"):
        StateFolder(tmp_path).lock()
    assert [path.name for path in tmp_path.iterdir()] == ["model.bin"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="--state"):
        StateFolder(tmp_path / "file/state").lock()


@pytest.fixture
def small_disk(computer: Computer) -> Iterator[Path]:
    """A disk of 256 KB."""
    folder = computer.folder / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=777", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted: needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=LIMIT_S)


@pytest.mark.skipif(not WHOLE, reason="half a minute of a node's time: make test-all")
def test_a_full_disk_in_an_outage(
    computer: Computer,
    arguments: list[str],
    broker: Mosquitto,
    small_disk: Path,
    engine: Engine,
) -> None:
    """Readings wait in memory while the disk is full, and on it when there is room again."""
    broker_url = parse_broker(broker.url)
    with Collector(broker_url, Writer(engine)):
        pass
    place = ["--state", str(small_disk / "state")]
    with computer.start(*arguments, *place) as first:
        wait_until(lambda: len(first.states()) > 0)
        broker.stop()
        fill(small_disk / "filler")
        n = len(first.states())
        wait_until(lambda: len(first.states()) > n + 2)
        (small_disk / "filler").unlink()
        n = len(first.states())
        wait_until(lambda: len(first.states()) > n + 1)
        assert first.end() == 0  # what was in memory alone while the disk was full goes on below
        lost = n  # at most those of the full disk
    fill(small_disk / "filler")
    with computer.start(*arguments, *place) as second:  # it starts on a full disk
        wait_until(lambda: len(second.states()) > 1)
        broker.start()
        with Collector(broker_url, Writer(engine)):
            everything = taken(second)
            wait_until(lambda: everything <= stored(engine), lambda: second.lines)
            assert second.end() == 0
    assert not any("Traceback" in line for line in first.lines + second.lines)
    assert len(taken(first) - stored(engine)) <= lost
    assert len(stored(engine)) > 3


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        end_s = time.monotonic() + LIMIT_S
        while time.monotonic() < end_s:
            try:
                file.write(bytes(1024))
            except OSError:
                return
