"""A firmware with a partition `romfs`: the node's code is there and runs in place."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from littlefs import LittleFS, UserContext
from tests.board.firmware import TABLE, Rows, firmware
from tests.board.flashing import MB
from tests.board.rom_loader import Esp32, Esp32Server
from tests.shared import LIMIT_S

from edgewise import paths, settings
from edgewise.board.filesystem import Built, build
from edgewise.board.filesystem.bundles import has_mark
from edgewise.board.filesystem.listing import LIST, read_listing
from edgewise.board.flash import board
from edgewise.board.flash import build as builds
from edgewise.board.flash.build import Build
from edgewise.board.flash.chips import find_by_name
from edgewise.board.flash.image import Image, parse
from edgewise.board.flash.plan import Region, plan
from edgewise.board.flash.romfs import split
from edgewise.broker.embedded import EmbeddedBroker
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.feed import write_feed
from edgewise.urls import parse_broker

READINGS = 3
ROM_OFFSET, ROM_BYTES = 0x1E0000, 0x20000  # ports/esp32/partitions-4MiB-romfs.csv
NAMES = b"VfsRom rom_ioctl"


def romfs_rows(size: int = ROM_BYTES) -> Rows:
    return (
        *TABLE[:2],
        ("factory", 0, 0, 0x10000, 0x1D0000),
        ("romfs", 1, 0x8F, ROM_OFFSET, size),
    )


def custom_image(rows: Rows, names: bytes = NAMES) -> Image:
    return parse("custom.bin", firmware(rows=rows, names=names))


def regions_of(image: Image, node_build: Build, lines: list[str] | None = None) -> list[Region]:
    chip = find_by_name("ESP32")
    assert chip
    return plan(image, node_build, chip, 4 * MB, ([] if lines is None else lines).append)


def build_node(model: Package, folder: Path, arch: str, port: int = 1883) -> Built:
    values = {"node": "kitchen", "mqtt": {"host": "pi.local", "port": port}, "ntp": {"host": ""}}
    config = settings.write(folder / "node.toml", values)[0]
    if arch == "x64":  # no board, and so no host of its own
        config.write_text(config.read_text().replace("pi.local", "127.0.0.1"))
    return build(model.path, config, folder / "build", arch)


@pytest.fixture(scope="module")
def node_build(model: Package, tmp_path_factory: pytest.TempPathFactory) -> Build:
    built = build_node(model, tmp_path_factory.mktemp("romfs"), "xtensawin")
    return builds.read(built.fs.parent)


def files_of(image: bytes) -> dict[str, bytes]:
    context = UserContext(2 * MB)
    context.buffer[:] = image.ljust(2 * MB, b"\xff")
    fs = LittleFS(context, block_size=4096, block_count=512)  # as MicroPython mounts it
    return {
        f"{folder}/{name}".strip("/"): fs.open(f"{folder}/{name}", "rb").read()
        for folder, _, names in fs.walk("/")
        for name in names
    }


def test_flash_writes_code_and_data_and_verifies_both(node_build: Build) -> None:
    lines: list[str] = []
    image = custom_image(romfs_rows())
    job = board.Job(image, node_build, False, 460800, "default-reset", "no-reset")
    with Esp32Server(Esp32(), lines=True) as server:
        board.flash(server.url, job, lines.append, lambda *counts: None)
    flash, writes = server.chip.flash, server.chip.writes
    assert [offset for offset, _ in writes] == [0x1000, ROM_OFFSET, 2 * MB], "main.py comes last"
    assert server.chip.ops.count(0x13) == 3, "each region is verified in the flash"
    all_files = files_of(node_build.data)
    code = {name: data for name, data in all_files.items() if has_mark(name)}
    kinds = {name.partition("_")[0] for name in code}
    assert {"node", "settings", "start", "lib/command"} < kinds
    rest = {name: data for name, data in all_files.items() if name not in code}
    files = files_of(bytes(flash[2 * MB :]))
    listed = read_listing(files[LIST].decode())
    assert set(listed) == set(rest) - {LIST}
    assert files | {LIST: b""} == rest | {LIST: b""}
    rom = split(node_build)[1]
    assert sum(map(len, code.values())) < len(rom) < ROM_BYTES
    assert all(data in rom for data in code.values())
    assert flash[ROM_OFFSET : ROM_OFFSET + len(rom)] == rom
    place = "the partition romfs (128 KB at 0x1e0000)"
    assert f"port {server.url}: the node runs in place from {place}: {len(rom)} bytes" in lines


def test_a_board_with_a_name_of_its_own(node_build: Build) -> None:
    own_build = builds.with_config(node_build, b'{"node":"kitchen-a1b2c3"}')
    files = files_of(regions_of(custom_image(romfs_rows()), own_build)[2].data)
    assert files["config.json"] == b'{"node":"kitchen-a1b2c3"}'
    assert not any(has_mark(name) for name in files)


@pytest.mark.parametrize(
    ("rows", "names", "image_bytes", "line"),
    [
        (romfs_rows(0x8000), NAMES, 0,
         "the partition romfs (32 KB at 0x1e0000) is too small for the node's "),
        (romfs_rows(), NAMES, ROM_OFFSET,
         "custom.bin has content of its own for the partition romfs (128 KB at 0x1e0000)"),
        (romfs_rows(), b"", 0, None),
        (romfs_rows(), b"VfsRom", 0, None),
        (TABLE[:3], NAMES, 0, None),
    ],
    ids=["small", "taken", "unknown to MicroPython", "not mounted", "none"],
)  # fmt: skip
def test_otherwise_all_goes_into_littlefs(
    rows: Rows, names: bytes, image_bytes: int, line: str | None, node_build: Build
) -> None:
    data = firmware(rows=rows, names=names).ljust(image_bytes, b"\xff")
    image = parse("custom.bin", data)
    lines: list[str] = []
    regions = regions_of(image, node_build, lines)
    whole = builds.fit_partition(node_build, image.vfs(4 * MB).size)
    assert [region.data for region in regions] == [data, whole]
    assert [text.startswith(line or "") for text in lines] == [True] * (line is not None)


def test_the_node_runs_in_place(
    model: Package, log: Log, repo: Path, micropython_command: list[str], tmp_path: Path
) -> None:
    feed = tmp_path / "feed.bin"
    write_feed(log.select(range(READINGS)), feed, model.period_ms, 0)
    with EmbeddedBroker() as broker:
        built = build_node(model, tmp_path, "x64", parse_broker(broker.url).port)
        rest, rom = split(builds.read(built.fs.parent))
        (tmp_path / "rest.img").write_bytes(rest.data)
        (tmp_path / "rom.img").write_bytes(rom)
        script = repo / "tests/node/micropython/from_rom.py"
        arguments = [built.image, "rest.img", "rom.img", feed, "0", str(model.period_ms)]
        places = [*paths.simulator_dirs(), script.parent]
        result = subprocess.run(
            [*micropython_command, "-X", "heapsize=8m", script, *arguments],
            cwd=tmp_path,
            env={**os.environ, "MICROPYPATH": ":".join([*map(str, places), ".frozen"])},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    first, *lines = result.stdout.splitlines()
    report = json.loads(first)
    assert report["files"] == {
        name: facts["sha256"] for name, facts in built.manifest["files"].items() if has_mark(name)
    }
    print(report["heap"])
    assert report["heap"]["flash"] - report["heap"]["rom"] > 20_000
    readings = [json.loads(line[6:]) for line in lines if line.startswith("state ")]
    assert [reading["seq"] for reading in readings] == list(range(1, READINGS + 1))
    assert f"mqtt: {READINGS} delivered, 0 dropped, 0 waiting" in result.stdout
    (node,) = [name for name in report["files"] if name.startswith("node_")]
    assert lines[-1] == f"{node.removesuffix('.mpy')} /rom/{node}"


def test_imports_look_into_romfs_before_the_flash(
    repo: Path, micropython_command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "edgenode").mkdir()
    (tmp_path / "edgenode/board.py").write_text(
        "def main():\n    import sys\n    print(sys.path)\n"
    )
    start = "import sys; sys.path[:] = ['', '.frozen', '/rom', '/rom/lib', '/lib']; "
    source = repo / "firmware/main.py"
    result = subprocess.run(
        [*micropython_command, "-c", f"{start}exec(open({str(source)!r}).read())"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert result.stdout == "['.frozen', '/rom', '/rom/lib', '', '/lib']\n", result.stderr
