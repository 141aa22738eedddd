"""Get public data sets: from a folder, from the cache, by download, or generated and named so."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgewise import console
from edgewise.errors import InputError, OutsideError
from edgewise.logs import synthetic
from edgewise.logs.log import Log
from edgewise.logs.writing import write_atomic
from edgewise.paths import cache_dir

__all__ = [
    "BASE_URL",
    "CITATION",
    "NAMES",
    "RAW_SHA256",
    "SHA256",
    "Dataset",
    "copy",
    "get",
    "name_classes",
]

NAMES = ("occupancy",)
CITATION = (
    "UCI Occupancy Detection, doi 10.24432/C5X01N, CC BY 4.0; cite L. M. Candanedo, V. Feldheim, "
    "Energy and Buildings 112 (2016) 28-39"
)
BASE_URL = (
    "https://raw.githubusercontent.com/LuisM78/Occupancy-detection-data/"
    "ba2b1d7b53a71292ff61b867d3e16f0e539c7eb6/"
)
RAW_SHA256 = {
    "datatraining.txt": "b2c4d0ce2b9e4e453c476f7125ef31aeec2d1f5c7f5572d0e80de3df6521ab56",
    "datatest.txt": "1b92c7c1b2838963464fa891a610cf3c5db4becb7189189b29b330107a584c7f",
    "datatest2.txt": "d026d1bd5aeccd4aff4f3b3710d48e40613bd5fc370db7e61bbdcaa50d985095",
}
SHA256 = "803975d45137186434d57abe0c0de8323df54b29dedcc756b4b3860c94d4aed5"  # of _FILE

_FOLDER, _FILE = "uci_occupancy", "uci_occupancy_th.csv"
_SYNTHETIC_FILE = "SYNTHETIC_occupancy.csv"
_SPLITS = {"datatraining.txt": "train", "datatest.txt": "test1", "datatest2.txt": "test2"}
_HEADER = ("split", "time", "temp_c", "rh", "occupied")
_CLASSES = {"0": "empty", "1": "occupied"}
_TIMEOUT_S = (5, 30)  # to connect, to the next byte


@dataclass(frozen=True)
class Dataset:
    """A log on disk. ``source``: where it came from, as the end of a sentence for people."""

    path: Path
    synthetic: bool
    source: str


def get(
    name: str = "occupancy",
    out: Path | None = None,
    *,
    base_url: str = BASE_URL,
    raw_sha256: Mapping[str, str] = RAW_SHA256,
    say: Callable[[str], None] = console.say,
) -> Dataset:
    """Return the log ``name``; ``out``, a file or an existing folder, gets a copy.

    The columns are split (train, test1, test2), time, temp_c, rh, occupied. The sources, in this
    order:

    1. the folder or file that EDGEWISE_DATA names;
    2. the cache;
    3. a download from the author's repository. pooch checks each raw file, and the converted CSV
       must have the checksum SHA256 (numpy's rounding to 3 decimals gives exactly that file);
    4. without a network, a generated log. Its name and its column origin say SYNTHETIC.

    ``say`` gets messages for people; the default writes them to stderr.

    Raises InputError for an unknown name, an EDGEWISE_DATA without the file or a place that
    cannot be written, OutsideError for a download that is not the published one.
    """
    if name not in NAMES:
        raise InputError(f"no data set {name!r}: there is {', '.join(NAMES)}")
    dataset = _from_folder() or _from_cache() or _download(base_url, raw_sha256, say)
    if out is None:
        return dataset
    return copy(dataset, out / dataset.path.name if out.is_dir() else out)


def copy(dataset: Dataset, path: Path) -> Dataset:
    """Copy a data set to the file ``path`` and return the copy; InputError if it cannot."""
    write_atomic(path, _read(dataset.path))
    return Dataset(path, dataset.synthetic, dataset.source)


def name_classes(log: Log) -> Log:
    """Return the occupancy log with the classes empty and occupied for the published 0 and 1."""
    if log.label is None:
        return log
    return replace(log, label=np.array([_CLASSES.get(c, c) for c in log.label], dtype=object))


def _from_folder() -> Dataset | None:
    folder = os.environ.get("EDGEWISE_DATA")
    if not folder:
        return None
    top = Path(folder).expanduser()
    for path in (top / _FOLDER / _FILE, top / _FILE, top):
        if path.is_file():
            if _sha256(_read(path)) != SHA256:
                raise InputError(f"{path}: is not the published file: replace or remove it")
            return Dataset(path, False, f"EDGEWISE_DATA={folder}")
    raise InputError(
        f"EDGEWISE_DATA={folder}: holds no {_FOLDER}/{_FILE}: name the folder that does, "
        "or unset it to download"
    )


def _from_cache() -> Dataset | None:
    path = cache_dir() / "data" / _FILE
    if not path.is_file() or _sha256(_read(path)) != SHA256:
        return None
    return Dataset(path, False, "the cache")


def _download(base_url: str, raw_sha256: Mapping[str, str], say: Callable[[str], None]) -> Dataset:
    folder = _cache_folder()
    say(f"downloading the occupancy log (1.5 MB) from {base_url}")
    try:
        raw = _fetch(folder, base_url, raw_sha256)
    except ConnectionError as exc:
        say(f"cannot download ({exc}), and EDGEWISE_DATA names no folder that holds the log:")
        say("using a SYNTHETIC log; what it shows is no result about a real room")
        path = folder / _SYNTHETIC_FILE
        write_atomic(path, _csv(synthetic.HEADER, synthetic.occupancy_rows()))
        return Dataset(path, True, "SYNTHETIC: generated, not measured")
    data = _convert(raw)
    if _sha256(data) != SHA256:
        raise OutsideError(f"{base_url}: the data are not the published ones: set EDGEWISE_DATA")
    write_atomic(folder / _FILE, data)
    say(CITATION)
    return Dataset(folder / _FILE, False, base_url)


def _cache_folder() -> Path:
    folder = cache_dir() / "data"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OutsideError(
            f"{folder}: cannot be made ({exc.strerror}): name a cache with EDGEWISE_CACHE"
        ) from exc
    return folder


def _fetch(folder: Path, base_url: str, raw_sha256: Mapping[str, str]) -> dict[str, str]:
    # Raises ConnectionError without an answer, OutsideError for an answer that is not the data.
    import pooch
    from requests import RequestException

    pooch.get_logger().setLevel(logging.WARNING)
    raw = {}
    part = tempfile.mkdtemp(dir=folder)
    try:
        for name in _SPLITS:
            file = pooch.retrieve(
                base_url + name,
                known_hash=f"sha256:{raw_sha256[name]}",
                fname=name,
                path=part,
                downloader=pooch.HTTPDownloader(timeout=_TIMEOUT_S),
            )
            raw[name] = Path(file).read_text("utf-8")
    except RequestException as exc:
        raise ConnectionError(type(exc).__name__) from exc
    except ValueError as exc:  # pooch: the checksum differs
        raise OutsideError(
            f"{base_url}{name}: checksum differs from the published file's: "
            "try again, or set EDGEWISE_DATA"
        ) from exc
    except OSError as exc:
        raise OutsideError(f"{folder}: cannot be written ({exc}): set EDGEWISE_CACHE") from exc
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return raw


def _convert(raw: Mapping[str, str]) -> bytes:
    # A raw row has one cell more than the header: its first cell is the row number.
    rows = []
    for name, split in _SPLITS.items():
        for _, time, celsius, percent, *_, occupied in list(csv.reader(io.StringIO(raw[name])))[
            1:
        ]:
            rows.append((split, time, _round3(celsius), _round3(percent), occupied))
    return _csv(_HEADER, rows)


def _round3(text: str) -> str:
    return repr(float(np.round(float(text), 3)))


def _csv(header: Iterable[str], rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows(rows)
    return text.getvalue().encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise InputError(f"{path}: cannot be read ({exc.strerror}): check permissions") from exc


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
