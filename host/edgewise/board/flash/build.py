"""The files that `edgewise build` wrote: the image of the file system and its machine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.board.filesystem.image import MICROPYTHON_OPTIONS
from edgewise.board.filesystem.listing import LIST, read_listing
from edgewise.errors import InputError

if TYPE_CHECKING:
    from littlefs import LittleFS

__all__ = ["Build", "contents", "fit_partition", "read", "with_config"]

_CONFIG = "config.json"
_CURE = "run edgewise build --model MODEL --config node.toml"


@dataclass(frozen=True)
class Build:
    """A build. ``data``: the image up to its last used block; ``block``: its size in bytes;
    ``config``: the node's config.json; ``new_config``: what a board gets in its place."""

    path: Path
    arch: str
    data: bytes
    block: int
    config: dict[str, Any]
    new_config: bytes | None = None

    @property
    def talks(self) -> bool:
        """Whether the node prints its readings on the serial line."""
        return bool(self.config.get("serial", True))

    @property
    def node(self) -> str:
        """The name of the node, "" if it takes the one of its MAC."""
        return str(self.config.get("node", ""))


def read(path: Path) -> Build:
    """Read the folder of a build; InputError if it is missing or differs from its manifest."""
    try:
        manifest = json.loads((path / "manifest.json").read_bytes())
        image, arch = manifest["image"], manifest["arch"]
        data = (path / "fs.img").read_bytes()
        config = json.loads((path / "fs" / _CONFIG).read_bytes())
        block, digest = int(image["block"]), image["sha256"]
        config.get("node")
    except FileNotFoundError as e:
        raise InputError(f"{path}: no build here ({Path(e.filename).name}): {_CURE}") from e
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}): correct its permissions") from e
    except (AttributeError, ValueError, TypeError, KeyError) as e:
        raise InputError(f"{path}: no manifest of this version ({e!r}): {_CURE}") from e
    if hashlib.sha256(data).hexdigest() != digest:
        raise InputError(f"{path}/fs.img: is not what manifest.json names: {_CURE}")
    return Build(path, str(arch), data, block, config)


def with_config(build: Build, config_json: bytes) -> Build:
    """Return ``build`` with another config.json for a board."""
    return replace(build, config=json.loads(config_json), new_config=config_json)


def fit_partition(build: Build, part_bytes: int) -> bytes:
    """Return the image for a partition of that size.

    LittleFS mounts only when its superblock names the size of the partition. MicroPython from
    1.26 on gives the partition all flash behind the application. InputError when the partition
    is smaller than the build.
    """
    fs = _mount(build, part_bytes)
    if build.new_config is not None:
        _replace_config(fs, build.new_config)
    old_blocks, new_blocks = fs.fs_stat().block_count, part_bytes // build.block
    if old_blocks == new_blocks and build.new_config is None:
        return build.data
    if old_blocks > new_blocks:
        old_kb, new_kb = old_blocks * build.block >> 10, part_bytes >> 10
        raise InputError(
            f"{build.path}/fs.img: is for {old_kb} KB, the partition vfs of this "
            f"image has {new_kb} KB: use another image, such as --image auto"
        )
    if old_blocks < new_blocks:
        fs.fs_grow(new_blocks)
    fs.unmount()
    buffer = bytes(fs.context.buffer)
    used = len(buffer.rstrip(b"\xff"))
    return buffer[: -(-used // build.block) * build.block]


def contents(build: Build) -> tuple[dict[str, bytes], list[str]]:
    """Return the files in the image of ``build`` by path, and the empty folders in its root."""
    fs = _mount(build, 0)
    files = {}
    for folder, _, names in fs.walk("/"):
        for name in names:
            path = f"{folder}/{name}".strip("/")
            with fs.open(path, "rb") as file:
                files[path] = file.read()
    folders = [path for path in fs.listdir("/") if path not in files and not fs.listdir(path)]
    return files, folders


def _mount(build: Build, part_bytes: int) -> LittleFS:
    from littlefs import LittleFS, LittleFSError, UserContext

    context = UserContext(max(part_bytes, len(build.data)))
    context.buffer[:] = build.data.ljust(len(context.buffer), b"\xff")
    options = MICROPYTHON_OPTIONS | {"block_size": build.block}
    fs = LittleFS(context, block_count=0, mount=False, **options)
    try:
        fs.mount()
    except LittleFSError as e:
        raise InputError(f"{build.path}/fs.img: no LittleFS ({e}): {_CURE}") from e
    return fs


def _replace_config(fs: LittleFS, config_json: bytes) -> None:
    files = {_CONFIG: config_json}
    if LIST in fs.listdir("/"):
        with fs.open(LIST, "rb") as file:
            digests = read_listing(file.read().decode())
        digests[_CONFIG] = hashlib.sha256(config_json).hexdigest()
        files[LIST] = json.dumps(digests, separators=(",", ":")).encode()
    for name, data in files.items():
        with fs.open(name, "wb") as file:
            file.write(data)
