"""`--image auto`: download the pinned MicroPython release for a chip into the cache."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from edgewise.board.flash import chips
from edgewise.board.flash.image import Image, read
from edgewise.errors import InputError, OutsideError
from edgewise.paths import cache_dir

__all__ = ["fetch"]

_TIMEOUT_S = (5, 30)  # to connect, to the next byte
_CURE = "download it in a browser and name the file with --image"
_lock = threading.Lock()


def fetch(chip: chips.Chip, say: Callable[[str], None]) -> Image:
    """Return the checked image for ``chip``; it is downloaded once.

    EDGEWISE_IMAGES names a mirror: the address before the file's name. If no checksum is known,
    the image is checked with its own digest, and ``say`` reports that. OutsideError when the
    download fails or has other bytes.
    """
    with _lock:  # several boards at once want the same file
        folder = cache_dir() / "images"
        path = folder / chip.file
        if not path.is_file():
            _download(chip.file, say)
        try:
            return read(path)
        except InputError as e:
            path.unlink(missing_ok=True)
            raise OutsideError(f"{e}; {_CURE}") from e


def _download(name: str, say: Callable[[str], None]) -> None:
    import pooch
    from requests import RequestException

    pooch.get_logger().setLevel(logging.WARNING)
    url = (os.environ.get("EDGEWISE_IMAGES") or chips.BASE_URL).rstrip("/") + "/" + name
    digest = chips.SHA256.get(name)
    say(f"downloading {url}, up to {_TIMEOUT_S[1]} s for each part")
    if digest is None:
        say(f"{name}: no published checksum; its own SHA-256 is checked, its origin is not")
    try:
        pooch.retrieve(
            url,
            known_hash=digest and f"sha256:{digest}",
            fname=name,
            path=cache_dir() / "images",
            downloader=pooch.HTTPDownloader(timeout=_TIMEOUT_S),
        )
    except RequestException as e:
        raise OutsideError(f"{url}: cannot be downloaded ({type(e).__name__}): {_CURE}") from e
    except ValueError as e:  # pooch: the checksum differs, or no such scheme
        raise OutsideError(f"{url}: its SHA-256 is not the known one: {_CURE}") from e
    except OSError as e:
        raise OutsideError(f"{cache_dir()}: cannot be written ({e}): set EDGEWISE_CACHE") from e
