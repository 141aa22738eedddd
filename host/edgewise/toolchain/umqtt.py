"""umqtt.simple, the MQTT client of the node, from the package index.

A board has it frozen in; the unix port does not. pip can neither install nor download this
archive, because it has no setup.py; the library pypi-simple can download it.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from edgewise.errors import OutsideError
from edgewise.paths import cache_dir, make_cache_dir
from edgewise.toolchain.downloads import Say, move, say_on_stderr

__all__ = ["VERSION", "fetch", "find_installed"]

VERSION = "1.3.4"
_PROJECT = "micropython-umqtt.simple"
_ARCHIVE = f"{_PROJECT}-{VERSION}.tar.gz"
_SHA256 = "b6a2520239e3992c63a7de9370ee9b3d9d27819a90359c521f1c0f7ccab8d12f"
_SIZE_MAX = 1 << 20  # the archive has 4 KB
_TIMEOUT_S = 30
_CURE = "check the network and run python -m edgewise.toolchain again"


def find_installed() -> Path | None:
    """Return the folder that contains umqtt/simple.py, None if it was not downloaded yet."""
    folder = _folder()
    return folder if (folder / "umqtt" / "simple.py").is_file() else None


def fetch(say: Say = say_on_stderr) -> Path:
    """Return the folder that contains umqtt/simple.py (for MICROPYPATH); download it once.

    The index and its certificates are pip's (PIP_INDEX_URL, PIP_CERT, else the public ones).
    Raises OutsideError when the index cannot be reached, lacks the version, or delivers other
    bytes than the known ones.
    """
    if folder := find_installed():
        return folder
    say(f"umqtt.simple {VERSION}: fetching it from the package index ...")
    with tempfile.TemporaryDirectory(prefix="umqtt.", dir=make_cache_dir()) as temporary:
        archive = Path(temporary) / _ARCHIVE
        _download(archive)
        _check(archive)
        new = Path(temporary) / "new"
        _extract(archive, new)
        move(new, _folder(), lambda: find_installed() is not None)
    return _folder()


def _folder() -> Path:
    return cache_dir() / f"umqtt.simple-{VERSION}"


def _download(archive: Path) -> None:
    import pypi_simple
    from requests import RequestException, Session

    endpoint = os.environ.get("PIP_INDEX_URL") or pypi_simple.PYPI_SIMPLE_ENDPOINT
    session = Session()
    session.verify = os.environ.get("PIP_CERT") or True
    try:
        with pypi_simple.PyPISimple(endpoint, session=session) as index:
            page = index.get_project_page(_PROJECT, timeout=_TIMEOUT_S)
            package = next((p for p in page.packages if p.filename == _ARCHIVE), None)
            if package is None:
                raise OutsideError(f"the package index has no {_ARCHIVE}; use another index")
            index.download_package(package, archive, verify=False, timeout=_TIMEOUT_S)
    except (
        RequestException,
        pypi_simple.NoSuchProjectError,
        pypi_simple.UnsupportedContentTypeError,
        pypi_simple.UnsupportedRepoVersionError,
    ) as e:
        raise OutsideError(f"{_ARCHIVE} cannot be fetched ({type(e).__name__}); {_CURE}") from e


def _check(archive: Path) -> None:
    if hashlib.sha256(archive.read_bytes()).hexdigest() != _SHA256:
        raise OutsideError(f"{_ARCHIVE}: not the known bytes (SHA-256); use another index")


def _extract(archive: Path, out: Path) -> None:
    """Write the regular files .../umqtt/NAME.py of the archive and nothing else."""
    (out / "umqtt").mkdir(parents=True)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _extract_one(tar, member, out)
    except (tarfile.TarError, EOFError) as e:
        raise OutsideError(f"{_ARCHIVE}: cannot be unpacked ({type(e).__name__}); {_CURE}") from e
    if not (out / "umqtt" / "simple.py").is_file():
        raise OutsideError(f"{_ARCHIVE}: umqtt/simple.py is not in it; use another index")


def _extract_one(tar: tarfile.TarFile, member: tarfile.TarInfo, out: Path) -> None:
    path = PurePosixPath(member.name)
    if path.parent.name != "umqtt" or path.suffix != ".py" or not member.isreg():
        return
    source = tar.extractfile(member)
    if source is not None and member.size <= _SIZE_MAX:
        (out / "umqtt" / path.name).write_bytes(source.read())
