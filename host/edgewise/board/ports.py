"""Serial ports: find those of boards, open one or say why it does not open."""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from edgewise.errors import InputError, OutsideError

if TYPE_CHECKING:
    import serial

__all__ = ["board_ports", "has_lines", "only_port", "open_port", "port_names"]

# USB vendors of ESP32 boards: Espressif, Silicon Labs (CP210x), WCH (CH340, CH9102), FTDI,
# Arduino, Adafruit
_VENDORS = {0x303A, 0x10C4, 0x1A86, 0x0403, 0x2341, 0x239A}
_NETWORK_SCHEMES = ("socket", "rfc2217")
_NO_BOARD = (
    "no board found on USB: plug it in with a data cable (some only charge), install the driver "
    "of its USB chip (CP210x or CH340), or name the port with --port"
)


def board_ports() -> list[Any]:
    """Return the USB serial ports that look like an ESP32 board, as pyserial's ListPortInfo."""
    from serial.tools import list_ports

    return sorted(p for p in list_ports.comports() if p.vid in _VENDORS)


def port_names() -> list[str]:
    """Return the names of all board_ports(); OutsideError when there is none."""
    names = [str(p.device) for p in board_ports()]
    if not names:
        raise OutsideError(_NO_BOARD)
    return names


def only_port() -> str:
    """Return the name of the only board port; an error when there is none or more than one."""
    names = port_names()
    if len(names) > 1:
        raise InputError(f"several boards: {', '.join(names)}: name one with --port, or all")
    return names[0]


def has_lines(port: str) -> bool:
    """Return whether the port has the lines that reset a board; a plain TCP socket has none."""
    return not port.startswith("socket:")


def open_port(port: str, baud: int = 115200) -> serial.Serial:
    """Open a name or URL for this program alone; OutsideError names the reason and the cure."""
    import serial

    if "://" in port and not _is_complete_url(port):
        raise InputError(f"port {port!r}: no host and port: write socket://host:port")
    try:
        return serial.serial_for_url(port, baudrate=baud, exclusive=True, timeout=0.1)
    except ValueError as e:
        raise InputError(f"port {port!r}: {e}: use a name, socket:// or rfc2217://") from e
    except (OSError, serial.SerialException) as e:  # the second is an OSError too
        raise OutsideError(f"port {port}: {_reason(port, e)}") from e


def _is_complete_url(port: str) -> bool:
    parts = urlsplit(port)
    try:
        return parts.scheme not in _NETWORK_SCHEMES or bool(parts.hostname and parts.port)
    except ValueError:
        return False


def _reason(port: str, e: OSError) -> str:
    message = str(e)
    if e.errno == errno.ENOENT or "FileNotFoundError" in message:
        return "is not there: plug the board in, or see the names with --port auto"
    if e.errno == errno.EACCES and sys.platform.startswith("linux"):
        return (
            "no permission: run sudo usermod -aG dialout $USER (Arch: uucp), then log out and in"
        )
    if e.errno in (errno.EISDIR, errno.ENOTTY) or "Inappropriate ioctl" in message:
        return "is no serial port: name the board's, or try --port auto"
    if e.errno in (errno.EBUSY, errno.EAGAIN) or "lock" in message or "PermissionError" in message:
        return "another program has it open (a monitor, an IDE?): close that"
    if not has_lines(port) or "://" in port:
        return f"nobody answers there ({message.rsplit('] ')[-1]}): start the serial server"
    return f"does not open ({message}): plug the board in again"
