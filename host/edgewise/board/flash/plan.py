"""The regions of flash that one esptool pass writes, if image, build and chip fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgewise.board.flash.build import Build, fit_partition
from edgewise.board.flash.chips import Chip, chips_of_arch
from edgewise.board.flash.image import Image
from edgewise.board.flash.romfs import split
from edgewise.errors import InputError

__all__ = ["Region", "plan"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Region:
    """Bytes for the flash from ``offset`` on."""

    offset: int
    data: bytes


def plan(
    image: Image, build: Build, chip: Chip, flash_bytes: int, say: Say = lambda text: None
) -> list[Region]:
    """Return the regions for firmware and files in the order in which they are written.

    The node's code goes into ROMFS if the image has a partition for it and it fits; ``say`` tells
    where it goes then. LittleFS comes last: its main.py names the code. InputError if something
    does not fit the chip.
    """
    if image.chip != chip:
        raise InputError(
            f"{image.name}: is for {image.chip.name}, this board has {chip.name}: take "
            f"{chip.board}-....bin, or --image auto"
        )
    if build.arch != chip.arch:
        raise InputError(
            f"{build.path}: is for {build.arch} ({chips_of_arch(build.arch)}), {chip.name} runs "
            f"{chip.arch}: run edgewise build --arch {chip.arch}"
        )
    needed = max(image.flash_bytes, *(p.end for p in image.partitions))
    if needed > flash_bytes:
        raise InputError(
            f"{image.name}: needs {needed >> 20} MB of flash, this board has "
            f"{flash_bytes >> 20} MB: take an image for smaller flash, or another board"
        )
    vfs = image.vfs(flash_bytes)
    firmware = Region(chip.offset, image.data)
    build, code = _with_romfs(image, build, firmware, say)
    return [firmware, *code, Region(vfs.offset, fit_partition(build, vfs.size))]


def _with_romfs(
    image: Image, build: Build, firmware: Region, say: Say
) -> tuple[Build, list[Region]]:
    """Return what is for LittleFS, and the region for ROMFS if the image offers it."""
    partition = image.romfs()
    if partition is None:
        return build, []
    rest, code = split(build)
    if not code:
        return build, []
    place = f"the partition romfs ({partition.size >> 10} KB at {partition.offset:#x})"
    if len(code) > partition.size:
        say(f"{place} is too small for the node's {len(code)} bytes: they go into LittleFS")
    elif firmware.offset + len(firmware.data) > partition.offset:
        say(f"{image.name} has content of its own for {place}: the node goes into LittleFS")
    else:
        say(f"the node runs in place from {place}: {len(code)} bytes")
        return rest, [Region(partition.offset, code)]
    return build, []
