"""The interface to esptool: write, erase and reset a chip in download mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from edgewise.board.flash.plan import Region
from edgewise.board.ports import has_lines, open_port
from edgewise.errors import InputError, OutsideError

if TYPE_CHECKING:
    import serial

__all__ = [
    "Connect",
    "Loader",
    "Progress",
    "check_resets",
    "connect",
    "erase_limit",
    "write_limits",
]

_BEFORE_CHOICES = ("default-reset", "usb-reset", "no-reset", "no-reset-no-sync")
_AFTER_CHOICES = ("hard-reset", "soft-reset", "no-reset", "no-reset-stub", "watchdog-reset")
_ROM_BAUD = 115200
_READ_S = 0.1
_ATTEMPTS, _ATTEMPTS_BY_HAND, _ATTEMPT_S = 7, 60, 0.8
_CABLE = "use a short data cable straight at the computer"
Progress = Callable[[int, int], None]  # bytes done, total bytes


class Loader(Protocol):
    """A chip in download mode. ``mac``: aa:bb:cc:dd:ee:ff; ``flash_bytes``: size of its flash."""

    chip: str
    mac: str
    flash_bytes: int

    def write(self, regions: list[Region], erase: bool, progress: Progress) -> None:
        """Write in one pass and verify the flash; ``erase``: erase all of it before."""

    def erase(self) -> None:
        """Erase the whole flash."""

    def reset(self, after: str) -> serial.Serial:
        """Leave download mode as ``after`` says; return the port, open at 115,200 baud."""

    def close(self) -> None:
        """Close the port."""


Say = Callable[[str], None]
Connect = Callable[[str, int, str, Say], Loader]  # port, baud, before, say


def check_resets(before: str, after: str) -> None:
    """Raise InputError when esptool knows no such way into or out of download mode."""
    for option, value, choices in (
        ("before", before, _BEFORE_CHOICES),
        ("after", after, _AFTER_CHOICES),
    ):
        if value not in choices:
            raise InputError(f"--{option} {value}: use one of {', '.join(choices)}")


def erase_limit() -> str:
    """Return what `Loader.erase` does, and how long it waits for the chip."""
    from esptool.loader import CHIP_ERASE_TIMEOUT

    return f"erasing the flash, up to {CHIP_ERASE_TIMEOUT:.0f} s"


def write_limits(regions: list[Region], erase: bool) -> str:
    """Return what `Loader.write` does, and how long it waits for the chip."""
    from esptool.loader import ERASE_WRITE_TIMEOUT_PER_MB, timeout_per_mb

    sizes = [len(r.data) for r in regions]
    seconds = timeout_per_mb(ERASE_WRITE_TIMEOUT_PER_MB, max(sizes))
    first = f"{erase_limit()}, then " if erase else ""
    return (
        f"{first}writing and verifying {sum(sizes)} bytes, up to {seconds:.0f} s for each answer "
        "of the chip"
    )


def connect(port: str, baud: int, before: str, say: Say) -> Loader:
    """Bring the chip into download mode and connect to it; OutsideError with the cure.

    ``baud`` is the rate for writing; a TCP socket keeps its own. ``say`` is told how long it
    waits, once the port is open.
    """
    from esptool import cmds, loader

    from edgewise.board.flash import esptool_log  # noqa: F401 - its import silences esptool

    line = open_port(port, _ROM_BAUD)
    # esptool sets this for most commands and restores it after: 0.2 s each over rfc2217.
    line.timeout = loader.DEFAULT_TIMEOUT
    by_hand = before.startswith("no-reset") or not has_lines(port)
    attempts = _ATTEMPTS_BY_HAND if by_hand else _ATTEMPTS
    limit_s = attempts * _ATTEMPT_S
    say(f"port {port}: waiting for the chip in download mode, up to {limit_s:.0f} s")
    try:
        with _port_errors(port):
            esp = cmds.detect_chip(line, connect_mode=before, connect_attempts=attempts)
            esp = cmds.run_stub(esp)
            if baud != _ROM_BAUD and has_lines(port):
                esp.change_baud(baud)
            cmds.attach_flash(esp)
            return _Esptool(port, esp)
    except BaseException:
        line.close()
        raise


class _Esptool:
    def __init__(self, port: str, esp: Any) -> None:
        from esptool import cmds, util

        self._port, self._esp = port, esp
        self.chip: str = esp.CHIP_NAME
        self.mac = ":".join(f"{b:02x}" for b in esp.read_mac("BASE_MAC"))
        size = cmds.detect_flash_size(esp)
        if size is None:
            raise OutsideError(f"port {port}: its flash does not answer: try another board")
        self.flash_bytes: int = util.flash_size_bytes(size)

    def write(self, regions: list[Region], erase: bool, progress: Progress) -> None:
        from esptool import cmds

        from edgewise.board.flash.esptool_log import show_progress

        with _port_errors(self._port), show_progress([len(r.data) for r in regions], progress):
            cmds.write_flash(self._esp, [(r.offset, r.data) for r in regions], erase_all=erase)

    def erase(self) -> None:
        from esptool import cmds

        with _port_errors(self._port):
            cmds.erase_flash(self._esp)

    def reset(self, after: str) -> serial.Serial:
        from esptool import cmds

        line: serial.Serial = self._esp._port
        with _port_errors(self._port):
            if line.baudrate != _ROM_BAUD:
                line.baudrate = _ROM_BAUD
            line.timeout = _READ_S
            line.reset_input_buffer()
            cmds.reset_chip(self._esp, after)
        return line

    def close(self) -> None:
        self._esp._port.close()


@contextmanager
def _port_errors(port: str) -> Iterator[None]:
    from esptool.util import FatalError

    try:
        yield
    except FatalError as e:
        # the first sentence; the rest is advice for esptool's command line
        message = str(e).splitlines()[0].split(". ")[0].rstrip(".")
        if "Failed to connect" in message:
            raise OutsideError(
                f"port {port}: no ESP32 in download mode: hold BOOT (IO0), press RESET (EN), let "
                "BOOT go, and try again; or it is another port"
            ) from e
        raise OutsideError(
            f"port {port}: {message}: try again with --baud 115200, or {_CABLE}"
        ) from e
    except OSError as e:  # pyserial's errors too
        raise OutsideError(f"port {port}: was lost ({e}): {_CABLE}, and try again") from e
