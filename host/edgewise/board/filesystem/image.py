"""A LittleFS image as MicroPython's own VfsLfs2 would leave it on the board's flash."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from littlefs import LittleFS, LittleFSError, UserContext

__all__ = ["BLOCK_BYTES", "OFFSET", "PARTITION_BYTES", "image"]

# Partition `vfs` of MicroPython's stock image for 4 MB of flash
OFFSET = 0x200000
PARTITION_BYTES = 0x200000
BLOCK_BYTES = 4096
# extmod/vfs_lfs.c: read and prog 32, cache four times that, lookahead 32
_LIKE_MICROPYTHON: dict[str, Any] = {
    "block_size": BLOCK_BYTES,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
    "name_max": 255,
    "disk_version": 0x00020000,  # older firmware mounts nothing newer
}
_SPARE_BLOCKS = 4  # LittleFS copies before it lets go


def image(files: Mapping[str, bytes]) -> bytes | None:
    """The file system with ``files`` (path below the root -> contents), cut after its last block.

    It mounts as a whole partition: what is missing was never written. None: it does not fit.
    """
    # LittleFS spreads what it writes over all that it has. The first, with all the blocks of the
    # partition, only shows how many are needed; the second has no more than those.
    blocks = PARTITION_BYTES // BLOCK_BYTES
    first = _fill(files, blocks)
    if first is None:
        return None
    fewer = min(first.used_block_count + _SPARE_BLOCKS, blocks)
    packed = _fill(files, fewer) if fewer < blocks else first
    if packed is None:
        return None
    packed.fs_grow(blocks)
    packed.unmount()
    buffer = bytes(packed.context.buffer)
    used = len(buffer.rstrip(b"\xff"))
    return buffer[: -(-used // BLOCK_BYTES) * BLOCK_BYTES]


def _fill(files: Mapping[str, bytes], blocks: int) -> LittleFS | None:
    context = UserContext(blocks * BLOCK_BYTES)
    fs = LittleFS(context, block_count=blocks, **_LIKE_MICROPYTHON)
    try:
        for name, data in sorted(files.items()):
            fs.makedirs(str(PurePosixPath(name).parent), exist_ok=True)
            with fs.open(name, "wb") as file:
                file.write(data)
    except LittleFSError as e:
        if e.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise
        return None
    return fs
