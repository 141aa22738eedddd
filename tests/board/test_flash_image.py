"""What a MicroPython image must be, and how image, build and chip are held against each other."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from littlefs import LittleFS, UserContext
from tests.board.firmware import TABLE, build, firmware

from edgewise.board.flash import build as builds
from edgewise.board.flash.chips import CHIPS, Chip, find_by_name
from edgewise.board.flash.image import Image, parse, read
from edgewise.board.flash.plan import plan
from edgewise.errors import InputError

MB = 1 << 20
OTA = (*TABLE[:2], ("ota_0", 0, 16, 0x10000, 0x180000), ("vfs", 1, 129, 0x310000, 0xF0000))


def chip(name: str) -> Chip:
    match = find_by_name(name)
    assert match
    return match


def image_for(target: Chip, **options: object) -> Image:
    return parse("m.bin", firmware(target.image_id, target.offset, **options))  # type: ignore[arg-type]


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(InputError) as e:
        parse(name, data)
    return str(e.value)


@pytest.mark.parametrize("target", CHIPS, ids=lambda c: c.name)
def test_an_image_tells_chip_version_flash_and_partitions(target: Chip, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(firmware(target.image_id, target.offset, flash_mb=8, version="1.29.0"))
    image = read(path)
    assert (image.name, image.chip, image.version) == ("m.bin", target, "1.29.0")
    assert image.flash_bytes == 8 * MB
    assert [p.name for p in image.partitions] == ["nvs", "phy_init", "factory"]


def test_vfs_is_in_the_table_or_behind_the_last_partition() -> None:
    esp32 = chip("ESP32")
    image = image_for(esp32, version="1.23.0", rows=TABLE)
    for flash_mb in (4, 16):
        assert (image.vfs(flash_mb * MB).offset, image.vfs(flash_mb * MB).size) == (2 * MB, 2 * MB)
    image = image_for(esp32)
    assert (image.vfs(4 * MB).offset, image.vfs(4 * MB).size) == (2 * MB, 2 * MB)
    assert (image.vfs(16 * MB).offset, image.vfs(16 * MB).size) == (2 * MB, 14 * MB)


@pytest.mark.parametrize(("version", "flash_mb"), [("1.25.0", 4), ("1.27.0", 2)])
def test_no_vfs_is_refused(version: str, flash_mb: int) -> None:
    image = image_for(chip("ESP32"), version=version)
    with pytest.raises(InputError, match=r"no partition vfs .* use a generic MicroPython image"):
        image.vfs(flash_mb * MB)


@pytest.mark.parametrize("size", [24, 3000, 0x6FFF, 0x7010, 0xF000, 0xF018, -1])
def test_every_cut_is_found(size: int) -> None:
    message = refusal("m.bin", firmware()[:size])
    assert message.startswith("m.bin: is cut off (") or "partition table is damaged" in message
    assert message.endswith("download it again, or use --image auto")


@pytest.mark.parametrize("offset", [0x100, 0x7004, 0xF000 + 200, -1])
def test_every_changed_byte_that_counts_is_found(offset: int) -> None:
    data = bytearray(firmware())
    data[offset] ^= 1
    assert "damaged" in refusal("m.bin", bytes(data))


def test_what_is_no_micropython_is_refused() -> None:
    assert "is no ESP32 firmware" in refusal("readme.bin", b"hello" * 100)
    assert "is no ESP32 firmware" in refusal("empty.bin", b"")
    assert "is for a chip (id 16) on which no node runs" in refusal("h2.bin", firmware(16, 0))
    changed_firmware = firmware().replace(b"MicroPython v", b"Micropython v")
    assert "damaged" in refusal("x.bin", changed_firmware)
    app_only = firmware()[0xF000:]
    assert "no partition table" in refusal("x.app-bin", app_only)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.bin: cannot be read .*: name MicroPython's"):
        read(tmp_path / "no.bin")


@pytest.mark.parametrize("target", CHIPS, ids=lambda c: c.name)
def test_two_regions_at_the_right_offsets(target: Chip, tmp_path: Path) -> None:
    node_build = builds.read(build(tmp_path, target.arch))
    image = image_for(target)
    firmware_region, files_region = plan(image, node_build, target, 4 * MB)
    assert (firmware_region.offset, firmware_region.data) == (target.offset, image.data)
    assert (files_region.offset, files_region.data) == (2 * MB, (tmp_path / "fs.img").read_bytes())


def test_the_file_system_grows_with_the_flash(tmp_path: Path) -> None:
    s3 = chip("ESP32-S3")
    node_build = builds.read(build(tmp_path))
    _, files = plan(image_for(s3), node_build, s3, 16 * MB)
    context = UserContext(14 * MB)
    context.buffer[:] = files.data.ljust(14 * MB, b"\xff")
    fs = LittleFS(context, block_size=4096, block_count=14 * 256)  # as MicroPython mounts it
    assert fs.open("model.bin", "rb").read() == (tmp_path / "fs" / "model.bin").read_bytes()
    assert len(files.data) == len(node_build.data)


@pytest.mark.parametrize(
    ("image", "arch", "board", "flash_mb", "message"),
    [
        ("ESP32-S3", "xtensawin", "ESP32", 4, "m.bin: is for ESP32-S3, this board has ESP32: "
         "take ESP32_GENERIC-....bin, or --image auto"),
        ("ESP32-C3", "xtensawin", "ESP32-C3", 4, "is for xtensawin (ESP32, ESP32-S2, ESP32-S3), "
         "ESP32-C3 runs rv32imc: run edgewise build --arch rv32imc"),
        ("ESP32", "x64", "ESP32", 4, "is for x64 (no known chip), ESP32 runs xtensawin"),
        ("ESP32", "xtensawin", "ESP32", 2, "m.bin: needs 4 MB of flash, this board has 2 MB"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    image: str, arch: str, board: str, flash_mb: int, message: str, tmp_path: Path
) -> None:
    node_build = builds.read(build(tmp_path, arch))
    with pytest.raises(InputError) as e:
        plan(image_for(chip(image)), node_build, chip(board), flash_mb * MB)
    assert message in str(e.value)


def test_a_partition_smaller_than_the_build_is_refused(tmp_path: Path) -> None:
    node_build = builds.read(build(tmp_path))
    with pytest.raises(
        InputError, match="is for 2048 KB, the partition vfs of this image has 960"
    ):
        plan(image_for(chip("ESP32"), rows=OTA), node_build, chip("ESP32"), 4 * MB)


def test_a_table_that_ends_behind_the_flash_is_refused(tmp_path: Path) -> None:
    node_build = builds.read(build(tmp_path))
    image = image_for(chip("ESP32"), flash_mb=2, rows=TABLE)
    with pytest.raises(InputError, match="needs 4 MB of flash, this board has 2 MB"):
        plan(image, node_build, chip("ESP32"), 2 * MB)


def test_a_build_that_is_missing_or_changed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no build here \(manifest.json\): run edgewise build"):
        builds.read(tmp_path)
    build(tmp_path)
    image = bytearray((tmp_path / "fs.img").read_bytes())
    struct.pack_into("<I", image, 8192, 7)
    (tmp_path / "fs.img").write_bytes(image)
    with pytest.raises(InputError, match=r"is not what manifest\.json names: run edgewise build"):
        builds.read(tmp_path)
    (tmp_path / "manifest.json").write_text('{"arch": "xtensawin"}')
    with pytest.raises(InputError, match="no manifest of this version"):
        builds.read(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(InputError, match="no manifest of this version"):
        builds.read(tmp_path)
