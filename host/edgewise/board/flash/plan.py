"""The regions of flash that one esptool pass writes, if image, build and chip fit."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.board.flash.build import Build, fit_partition
from edgewise.board.flash.chips import Chip, chips_of_arch
from edgewise.board.flash.image import Image
from edgewise.errors import InputError

__all__ = ["Region", "plan"]


@dataclass(frozen=True)
class Region:
    """Bytes for the flash from ``offset`` on."""

    offset: int
    data: bytes


def plan(image: Image, build: Build, chip: Chip, flash_bytes: int) -> list[Region]:
    """Return the regions for firmware and file system; InputError if one does not fit the chip."""
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
    return [Region(chip.offset, image.data), Region(vfs.offset, fit_partition(build, vfs.size))]
