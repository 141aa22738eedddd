"""The node's code in ROMFS, where the firmware has a partition for it: it runs there in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edgewise.board.filesystem.bundles import has_mark
from edgewise.board.filesystem.image import BLOCK_BYTES, image
from edgewise.board.filesystem.listing import LIST, listing
from edgewise.board.flash.build import Build, contents

__all__ = ["split"]

_LIB = "lib/"


def split(build: Build) -> tuple[Build, bytes]:
    """Return ``build`` without the node's code, and a ROMFS image with it, empty if there is none.

    The code is the files whose name has the build's mark: whatever another build writes to
    LittleFS later has other names. Data, settings, the model and main.py stay in LittleFS.
    """
    files, folders = contents(build)
    code = {name: files.pop(name) for name in sorted(files) if has_mark(name)}
    if not code:
        return build, b""
    files[LIST] = listing(files)
    data = image(files, folders)
    if data is None:  # it never has more files than before
        return build, b""
    return replace(build, data=data, block=BLOCK_BYTES), _romfs(code)


def _romfs(code: Mapping[str, bytes]) -> bytes:
    from mpremote.romfs import VfsRomWriter

    writer = VfsRomWriter()
    for name, data in code.items():
        if not name.startswith(_LIB):
            writer.mkfile(name, data)
    writer.opendir(_LIB.rstrip("/"))
    for name, data in code.items():
        if name.startswith(_LIB):
            writer.mkfile(name.removeprefix(_LIB), data)
    writer.closedir()
    return bytes(writer.finalise())
