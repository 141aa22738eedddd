"""The files that `edgewise build` wrote: the image of the file system and its machine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import InputError

__all__ = ["Build", "fit_partition", "read"]

_CURE = "run edgewise build --model MODEL --config node.toml"


@dataclass(frozen=True)
class Build:
    """A build. ``data``: the image up to its last used block; ``block``: its size in bytes;
    ``talks``: whether the node prints its readings on the serial line; ``node``: its name, "" if
    the node takes the one of its MAC."""

    path: Path
    arch: str
    data: bytes
    block: int
    talks: bool
    node: str


def read(path: Path) -> Build:
    """Read the folder of a build; InputError if it is missing or differs from its manifest."""
    try:
        manifest = json.loads((path / "manifest.json").read_bytes())
        image, arch = manifest["image"], manifest["arch"]
        data = (path / "fs.img").read_bytes()
        settings = json.loads((path / "fs" / "config.json").read_bytes())
        block, digest = int(image["block"]), image["sha256"]
        talks, node = bool(settings.get("serial", True)), str(settings.get("node", ""))
    except FileNotFoundError as e:
        raise InputError(f"{path}: no build here ({Path(e.filename).name}): {_CURE}") from e
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}): correct its permissions") from e
    except (AttributeError, ValueError, TypeError, KeyError) as e:
        raise InputError(f"{path}: no manifest of this version ({e!r}): {_CURE}") from e
    if hashlib.sha256(data).hexdigest() != digest:
        raise InputError(f"{path}/fs.img: is not what manifest.json names: {_CURE}")
    return Build(path, str(arch), data, block, talks, node)


def fit_partition(build: Build, part_bytes: int) -> bytes:
    """Return the image for a partition of that size.

    LittleFS mounts only when its superblock names the size of the partition. MicroPython from
    1.26 on gives the partition all flash behind the application. InputError when the partition
    is smaller than the build.
    """
    from littlefs import LittleFS, LittleFSError, UserContext

    context = UserContext(max(part_bytes, len(build.data)))
    context.buffer[:] = build.data.ljust(len(context.buffer), b"\xff")
    fs = LittleFS(context, block_size=build.block, block_count=0, mount=False)
    try:
        fs.mount()
    except LittleFSError as e:
        raise InputError(f"{build.path}/fs.img: no LittleFS ({e}): {_CURE}") from e
    old_blocks, new_blocks = fs.fs_stat().block_count, part_bytes // build.block
    if old_blocks == new_blocks:
        return build.data
    if old_blocks > new_blocks:
        old_kb, new_kb = old_blocks * build.block >> 10, part_bytes >> 10
        raise InputError(
            f"{build.path}/fs.img: is for {old_kb} KB, the partition vfs of this "
            f"image has {new_kb} KB: use another image, such as --image auto"
        )
    fs.fs_grow(new_blocks)
    fs.unmount()
    used = len(bytes(context.buffer).rstrip(b"\xff"))
    return bytes(context.buffer[: -(-used // build.block) * build.block])
