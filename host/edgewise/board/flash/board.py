"""Flash one board and wait for its first reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgewise import settings
from edgewise.board.flash import chips, download, memory
from edgewise.board.flash.build import Build, with_config
from edgewise.board.flash.esp import Connect, Loader, Progress, connect, erase_limit, write_limits
from edgewise.board.flash.image import Image
from edgewise.board.flash.label import Label
from edgewise.board.flash.plan import plan
from edgewise.board.ports import has_lines
from edgewise.board.serial.first_lines import LIMIT_S, Started, limits, watch
from edgewise.errors import InputError, OutsideError

__all__ = ["Job", "Result", "erase", "flash"]

Say = Callable[[str], None]
_ENTER_DOWNLOAD = "hold BOOT (IO0), press RESET (EN), let BOOT go"


@dataclass(frozen=True)
class Job:
    """What to write to each board.

    ``image`` None: the pinned release for its chip; ``label`` None: the name in the build.
    """

    image: Image | None
    build: Build
    erase: bool
    baud: int
    before: str
    after: str
    limit_s: float = LIMIT_S  # for the node's first reading, see `first_lines.watch`
    label: Label | None = None


@dataclass(frozen=True)
class Result:
    """A board that was written and verified; ``started`` is None if it was not reset.

    ``other_mac``: the board that was flashed before with the same name, None if there is none.
    """

    chip: str
    mac: str
    flash_bytes: int
    written_bytes: int
    started: Started | None
    other_mac: str | None = None

    def __str__(self) -> str:
        return str(self.started or "written and verified; the board stays in download mode")


def flash(port: str, job: Job, say: Say, progress: Progress, connect: Connect = connect) -> Result:
    """Write firmware and files in one pass, verify, reset, and read the node's first lines.

    InputError when image, build and chip do not fit each other: nothing is written then.
    """
    loader = _connect(port, job.baud, job.before, say, connect)
    try:
        chip = chips.find_by_name(loader.chip)
        if chip is None:
            chip_names = ", ".join(c.name for c in chips.CHIPS)
            raise OutsideError(
                f"port {port}: a node does not run on {loader.chip}, but on {chip_names}"
            )
        build = _build_for(loader.mac, chip, job)
        image = job.image or download.fetch(chip, say)
        regions = plan(
            image, build, chip, loader.flash_bytes, lambda text: say(f"port {port}: {text}")
        )
        if job.label and (file := job.label.add_to_fleet(loader.mac)):
            say(f"written: {file}")
        other_mac = memory.other_board(build.config, loader.mac)
        if other_mac:
            say(
                f"node {build.node}: the board {other_mac} was flashed with this name before, "
                f"this one is {loader.mac}: if both run, give each its own name: edgewise flash "
                f"--node '{build.node}-{{mac}}'"
            )
        say(f"port {port}: {write_limits(regions, job.erase)}")
        loader.write(regions, job.erase, progress)
        memory.remember(build.config, loader.mac)
        started = _reset_and_watch(port, loader, job, say)
        size = sum(len(r.data) for r in regions)
        return Result(loader.chip, loader.mac, loader.flash_bytes, size, started, other_mac)
    finally:
        loader.close()


def erase(
    port: str, baud: int, before: str, after: str, say: Say, connect: Connect = connect
) -> Loader:
    """Erase all of the flash; return the closed loader, which still knows its chip."""
    loader = _connect(port, baud, before, say, connect)
    try:
        say(f"port {port}: {erase_limit()}")
        loader.erase()
        loader.reset(after)
    finally:
        loader.close()
    return loader


def _build_for(mac: str, chip: chips.Chip, job: Job) -> Build:
    build = job.build
    if job.label:
        build = with_config(build, job.label.config_json(mac))
    for _, error in settings.pin_errors(build.config | {"chip": chip.name}, (chip.name.lower(),)):
        raise InputError(f"{build.path}: {error}, and build")
    return build


def _connect(port: str, baud: int, before: str, say: Say, connect: Connect) -> Loader:
    if not has_lines(port) or before.startswith("no-reset"):
        say(f"port {port} cannot reset the board: {_ENTER_DOWNLOAD}")
    return connect(port, baud, before, say)


def _reset_and_watch(port: str, loader: Loader, job: Job, say: Say) -> Started | None:
    line = loader.reset(job.after)
    if job.after.startswith("no-reset"):
        return None
    if not has_lines(port):
        say(f"port {port} cannot reset the board: press RESET (EN) now")
    say(f"port {port}: {limits(job.build.talks, job.limit_s)}")
    return watch(line, port, job.build.talks, job.limit_s)
