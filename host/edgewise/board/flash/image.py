"""A MicroPython image as it is downloaded: bootloader, partition table and application in one.

Layout from ESP-IDF: esp_app_format.h (headers), esp_flash_partitions.h (the table). Offsets from
MicroPython's ports/esp32/makeimg.py.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from edgewise.board.flash.chips import Chip, find_by_id
from edgewise.errors import InputError

__all__ = ["Image", "Partition", "parse", "read"]

_MAGIC = 0xE9
_TABLE_OFFSET = 0x8000  # in flash
_ENTRY_MAGIC, _ENTRY_BYTES, _ENTRIES_MAX = b"\xaa\x50", 32, 95
_TABLE_HASH = b"\xeb\xeb"
_APP_TYPE, _DATA_TYPE = 0, 1
# names that MicroPython has if it mounts a partition romfs as /rom at its start
_MOUNTS_ROMFS = (b"VfsRom", b"rom_ioctl")
_CURE = "download it again, or use --image auto"
_VFS_AT_START = (1, 26)  # from this version on `vfs` is all flash behind the last partition


@dataclass(frozen=True)
class Partition:
    """A row of the partition table; ``offset`` and ``size`` in bytes of flash."""

    name: str
    type: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True)
class Image:
    """A checked image; ``flash_bytes``: the smallest flash that its bootloader accepts."""

    name: str
    data: bytes
    chip: Chip
    version: str
    flash_bytes: int
    partitions: tuple[Partition, ...]

    def vfs(self, flash_bytes: int) -> Partition:
        """Return the file system's partition on a flash of that size; InputError without one."""
        for part in self.partitions:
            if part.name == "vfs":
                return part
        end = max(p.end for p in self.partitions)
        if _numbers(self.version) < _VFS_AT_START or end >= flash_bytes:
            raise InputError(
                f"{self.name}: no partition vfs for the file system in {flash_bytes >> 20} MB of "
                "flash: use a generic MicroPython image, such as --image auto"
            )
        return Partition("vfs", _DATA_TYPE, end, flash_bytes - end)

    def romfs(self) -> Partition | None:
        """Return the partition that MicroPython mounts as /rom, None if the image has none."""
        if not all(name in self.data for name in _MOUNTS_ROMFS):
            return None
        parts = (p for p in self.partitions if (p.name, p.type) == ("romfs", _DATA_TYPE))
        return next(parts, None)


def read(path: Path) -> Image:
    """Read and check a .bin file. InputError names what is wrong with it and the cure."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise InputError(
            f"{path}: cannot be read ({e.strerror}): name MicroPython's .bin file, or auto"
        ) from e
    return parse(path.name, data)


def parse(name: str, data: bytes) -> Image:
    """Check the bytes of an image; InputError as in `read`."""
    if len(data) < 24 or data[0] != _MAGIC:
        raise InputError(f"{name}: is no ESP32 firmware (.bin of one of MicroPython's boards)")
    (chip_id,) = struct.unpack_from("<H", data, 12)
    chip = find_by_id(chip_id)
    if chip is None:
        raise InputError(f"{name}: is for a chip (id {chip_id}) on which no node runs")
    _check_digest(name, data, 0)
    parts = _table(name, data, chip.offset)
    app = next((p for p in parts if p.type == _APP_TYPE), None)
    if app is None:
        raise InputError(f"{name}: no application in its partition table: {_CURE}")
    _check_digest(name, data, app.offset - chip.offset)
    return Image(name, data, chip, _version(name, data), 1 << 20 + (data[3] >> 4), parts)


def _table(name: str, data: bytes, base: int) -> tuple[Partition, ...]:
    position = start = _TABLE_OFFSET - base
    if len(data) < start + _ENTRIES_MAX * _ENTRY_BYTES:
        raise InputError(f"{name}: is cut off ({len(data)} bytes): {_CURE}")
    partitions: list[Partition] = []
    while data[position : position + 2] == _ENTRY_MAGIC and len(partitions) < _ENTRIES_MAX:
        kind, _, offset, size, label = struct.unpack_from("<BBII16s", data, position + 2)
        partitions.append(
            Partition(label.rstrip(b"\0").decode("ascii", "replace"), kind, offset, size)
        )
        position += _ENTRY_BYTES
    has_hash = data[position : position + 2] == _TABLE_HASH
    if not partitions:
        raise InputError(
            f"{name}: no partition table: use the .bin for a first installation, not .app-bin"
        )
    if (
        has_hash
        and hashlib.md5(data[start:position]).digest() != data[position + 16 : position + 32]
    ):
        raise InputError(f"{name}: its partition table is damaged: {_CURE}")
    return tuple(partitions)


def _check_digest(name: str, data: bytes, start: int) -> None:
    # Header 24 bytes, segments of 8 + size, checksum that pads to 16, SHA-256 of all that.
    try:
        magic, segments = data[start], data[start + 1]
        offset = start + 24
        for _ in range(segments):
            offset += 8 + struct.unpack_from("<I", data, offset + 4)[0]
        has_hash = data[start + 23] == 1
    except (IndexError, struct.error):
        magic, offset, has_hash = _MAGIC, len(data), False
    end = start + (offset - start) // 16 * 16 + 16
    if magic != _MAGIC or end + 32 * has_hash > len(data):
        raise InputError(f"{name}: is cut off ({len(data)} bytes): {_CURE}")
    if has_hash and hashlib.sha256(data[start:end]).digest() != data[end : end + 32]:
        raise InputError(f"{name}: is damaged (its own SHA-256 differs): {_CURE}")


def _version(name: str, data: bytes) -> str:
    # From MicroPython's banner: stock images leave ESP-IDF's application description empty.
    banner = re.search(rb"MicroPython v(\d+\.\d+[^ ]*) on ", data)
    if banner is None:
        raise InputError(f"{name}: is an ESP32 firmware, but not MicroPython: {_CURE}")
    return banner[1].decode("ascii", "replace")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version)[:2])
