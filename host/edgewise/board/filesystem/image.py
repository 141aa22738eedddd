"""A LittleFS image, the same as MicroPython's own VfsLfs2 would write to the board's flash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from littlefs import LittleFS, LittleFSError, UserContext

__all__ = ["BLOCK_BYTES", "MICROPYTHON_OPTIONS", "OFFSET", "PARTITION_BYTES", "image"]

# Partition `vfs` of MicroPython's stock image for 4 MB of flash
OFFSET = 0x200000
PARTITION_BYTES = 0x200000
BLOCK_BYTES = 4096
# extmod/vfs_lfs.c: read and prog 32, cache four times that, lookahead 32
MICROPYTHON_OPTIONS: dict[str, Any] = {
    "block_size": BLOCK_BYTES,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
    "name_max": 255,
    "disk_version": 0x00020001,  # with 2.0, the first write on the board copies the root again
}
_CODE = (".py", ".mpy")
# extmod/vfs_lfs.h: nanoseconds since 1970, little endian; an ESP32 that was never set counts from
# 2000
_MTIME = 1
_WRITTEN = (946_684_800 * 10**9).to_bytes(8, "little")
_SPARE_BLOCKS = 4  # LittleFS copies a block before it frees the old one


def image(files: Mapping[str, bytes], folders: Iterable[str] = ()) -> bytes | None:
    """Return a file system with ``files`` (path below the root -> contents); None if too large.

    ``folders``: empty ones in the root, for what the node writes: to make one there costs it 300
    reads.

    It ends after its last used block. It mounts as a whole partition all the same, because the
    missing blocks were never written.
    """
    # LittleFS spreads its data over all blocks. The first file system has all blocks of the
    # partition and only shows how many are needed; the second has no more than those.
    blocks = PARTITION_BYTES // BLOCK_BYTES
    loose = _fill(files, folders, blocks)
    if loose is None:
        return None
    needed = min(loose.used_block_count + _SPARE_BLOCKS, blocks)
    packed = _fill(files, folders, needed) if needed < blocks else loose
    if packed is None:
        return None
    packed.fs_grow(blocks)
    last_of = {PurePosixPath(name).parent: name for name in sorted(files, key=_order)}
    for name in last_of.values():
        _compact(packed, name)
    packed.unmount()
    buffer = bytes(packed.context.buffer)
    used = len(buffer.rstrip(b"\xff"))
    return buffer[: -(-used // BLOCK_BYTES) * BLOCK_BYTES]


def _compact(fs: LittleFS, last: str) -> None:
    """Write until LittleFS copies a folder without its history, which each search would read.

    ``last``: its last file.
    """
    touched: set[int] = set()  # the block that it writes to, and the one that it copies to
    after = _blocks(fs)
    while len(touched) < 2:
        before = after
        fs.setattr(last, _MTIME, _WRITTEN)
        after = _blocks(fs)
        touched |= {n for n, block in enumerate(after) if block != before[n]}


def _blocks(fs: LittleFS) -> list[bytes]:
    buffer = fs.context.buffer
    return [bytes(buffer[at : at + BLOCK_BYTES]) for at in range(0, len(buffer), BLOCK_BYTES)]


def _order(name: str) -> tuple[bool, bool, str]:
    """Sort what a start finds most often last: LittleFS looks from the end of a folder."""
    return "/" not in name, name.endswith(_CODE), name


def _fill(files: Mapping[str, bytes], folders: Iterable[str], blocks: int) -> LittleFS | None:
    context = UserContext(blocks * BLOCK_BYTES)
    fs = LittleFS(context, block_count=blocks, **MICROPYTHON_OPTIONS)
    try:
        for name in folders:
            fs.mkdir(name)
        for name in sorted(files, key=_order):
            fs.makedirs(str(PurePosixPath(name).parent), exist_ok=True)
            with fs.open(name, "wb") as file:
                file.write(files[name])
            # as MicroPython does: where it is missing, each open looks for it in the whole folder
            fs.setattr(name, _MTIME, _WRITTEN)
    except LittleFSError as e:
        if e.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise
        return None
    return fs
