"""The chips that a node runs on, and the MicroPython release that is made for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BASE_URL",
    "CHIPS",
    "SHA256",
    "VERSION",
    "Chip",
    "chips_of_arch",
    "find_by_id",
    "find_by_name",
]

VERSION = "1.27.0"  # tested; its .mpy ABI is 6.3
BASE_URL = "https://micropython.org/resources/firmware/"
# file -> SHA-256. MicroPython publishes none; add one here after comparing it by hand.
SHA256: dict[str, str] = {}


@dataclass(frozen=True)
class Chip:
    """A chip: ``name`` in esptool, ``image_id`` in byte 12 of an image (ESP-IDF,
    esp_app_format.h), ``offset`` of the image in flash (MicroPython, boards/*/board.json:
    flash_offset), ``arch`` of its native .mpy code."""

    name: str
    image_id: int
    offset: int
    arch: str
    board: str

    @property
    def file(self) -> str:
        """The name of the file of the pinned release."""
        return f"{self.board}-20251209-v{VERSION}.bin"


CHIPS = (
    Chip("ESP32", 0, 0x1000, "xtensawin", "ESP32_GENERIC"),
    Chip("ESP32-S2", 2, 0x1000, "xtensawin", "ESP32_GENERIC_S2"),
    Chip("ESP32-S3", 9, 0x0, "xtensawin", "ESP32_GENERIC_S3"),
    Chip("ESP32-C3", 5, 0x0, "rv32imc", "ESP32_GENERIC_C3"),
    Chip("ESP32-C6", 13, 0x0, "rv32imc", "ESP32_GENERIC_C6"),
)


def find_by_id(image_id: int) -> Chip | None:
    """Return the chip whose images have this id."""
    return next((c for c in CHIPS if c.image_id == image_id), None)


def find_by_name(name: str) -> Chip | None:
    """Return the chip with this name in esptool."""
    return next((c for c in CHIPS if c.name == name), None)


def chips_of_arch(arch: str) -> str:
    """Return the names of the chips that run ``arch``, "no known chip" if there is none."""
    return ", ".join(c.name for c in CHIPS if c.arch == arch) or "no known chip"
