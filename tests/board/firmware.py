"""MicroPython images and builds that the tests make: right headers, tables and digests."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from pathlib import Path

from littlefs import LittleFS

from edgewise.board.filesystem.listing import LIST, listing

__all__ = ["TABLE", "Rows", "build", "firmware", "table"]

# name, type, subtype, offset, size: those of MicroPython's ESP32_GENERIC up to 1.25
TABLE = (
    ("nvs", 1, 2, 0x9000, 0x6000),
    ("phy_init", 1, 1, 0xF000, 0x1000),
    ("factory", 0, 0, 0x10000, 0x1F0000),
    ("vfs", 1, 129, 0x200000, 0x200000),
)
Rows = tuple[tuple[str, int, int, int, int], ...]


def firmware(
    chip_id: int = 0,
    offset: int = 0x1000,
    flash_mb: int = 4,
    version: str = "1.27.0",
    rows: Rows = TABLE[:3],
    names: bytes = b"",
) -> bytes:
    """An image as micropython.org has them; ``offset`` is where it goes in flash.

    ``names``: more of MicroPython's own names.
    """
    greeting = f"MicroPython v{version} on 2025-12-09; Generic".encode() + names
    boot = _app(chip_id, flash_mb, random.Random(1).randbytes(5000))
    app = _app(chip_id, flash_mb, greeting + random.Random(2).randbytes(40000))
    image = boot.ljust(0x8000 - offset, b"\xff") + table(rows)
    return image.ljust(0x10000 - offset, b"\xff") + app


def table(rows: Rows) -> bytes:
    """A partition table with its MD5."""
    entries = b"".join(
        struct.pack("<2sBBII16sI", b"\xaa\x50", kind, sub, offset, size, name.encode(), 0)
        for name, kind, sub, offset, size in rows
    )
    return entries + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(entries).digest()


def _app(chip_id: int, flash_mb: int, data: bytes) -> bytes:
    data += bytes(-len(data) % 4)
    size = (flash_mb.bit_length() - 1) << 4
    head = struct.pack("<BBBBI", 0xE9, 1, 2, size, 0x40080000)
    head += struct.pack("<BBBBHBHH4xB", 0xEE, 0, 0, 0, chip_id, 0, 0, 0, 1)
    body = head + struct.pack("<II", 0x3FFF0000, len(data)) + data
    checksum = 0xEF
    for byte in data:
        checksum ^= byte
    body += bytes(15 - len(body) % 16) + bytes([checksum])
    return body + hashlib.sha256(body).digest()


def build(
    path: Path,
    arch: str = "xtensawin",
    blocks: int = 512,
    serial: bool = True,
    config: bytes | None = None,
) -> Path:
    """A build/ as `edgewise build` leaves it, with a file system of ``blocks`` of 4 KB."""
    files = {
        "main.py": b"print('node')\n",
        "config.json": config or json.dumps({"serial": serial}).encode(),
        "model.bin": random.Random(3).randbytes(9000),
    }
    files[LIST] = listing(files)
    fs = LittleFS(block_size=4096, block_count=blocks, name_max=255, disk_version=0x00020000)
    for name, data in files.items():
        (path / "fs").mkdir(parents=True, exist_ok=True)
        (path / "fs" / name).write_bytes(data)
        with fs.open(name, "wb") as file:
            file.write(data)
    partition = bytes(fs.context.buffer)
    image = partition[: -(-len(partition.rstrip(b"\xff")) // 4096) * 4096]
    (path / "fs.img").write_bytes(image)
    manifest = {
        "arch": arch,
        "files": {n: {"size": len(d), "sha256": _sha256(d)} for n, d in files.items()},
        "versions": {},
        "image": {"size": len(image), "sha256": _sha256(image), "offset": 0x200000, "block": 4096},
    }
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
