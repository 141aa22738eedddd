"""Where mosquitto is installed."""

from __future__ import annotations

import shutil

__all__ = ["find_mosquitto"]

_SBIN = "/usr/sbin"  # on Debian it is not on the PATH of users


def find_mosquitto() -> str | None:
    """The path of the program; None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_SBIN)
