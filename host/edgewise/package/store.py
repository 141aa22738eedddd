"""The model package: a folder with all files of one model, for the node and for people.

`model.json` names every other file with its SHA-256. A package with a changed byte or of a newer
format is refused.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core import loader
from edgenode.core.model import Model
from edgewise.errors import EdgewiseError, InputError, unwritable
from edgewise.package import emlearn_c, inline
from edgewise.package.forest import INT16_MAX, Forest
from edgewise.package.heads import is_alone
from edgewise.package.reading import (
    JSON_MAX_BYTES,
    MANIFEST,
    listed_files,
    parse_object,
    read_file,
)
from edgewise.package.schema import check_evidence, check_info
from edgewise.package.sequence import Readings, read_csv
from edgewise.package.signature import SIGNATURE, Signature, read_signature
from edgewise.paths import shipped_model

__all__ = [
    "BASELINE",
    "EVIDENCE",
    "FORMAT",
    "INPUTS",
    "NETWORK",
    "REPORT",
    "SEQUENCE",
    "Package",
    "check_place",
    "golden_csv",
    "json_bytes",
    "load_package",
    "pack_model",
    "write_package",
]

FORMAT = 1
_FORMAT_MAX = 2**16  # a larger number is no format
BASELINE, EVIDENCE, REPORT = "baseline.json", "evidence.json", "report.html"
NETWORK, INPUTS = "network.tflite", "inputs.csv"
_GOLDEN, SEQUENCE = "golden.csv", "golden_sequence.csv"
# what may be in a package besides the files that model.json lists
_UNLISTED = {MANIFEST, SIGNATURE, ".DS_Store", "__pycache__"}


@dataclass(frozen=True)
class Package:
    """A checked package: ``info`` is model.json, ``blob`` is model.bin.

    ``signature``: that of all files, None if the package has none.
    """

    path: Path
    info: dict[str, Any]
    blob: bytes
    signature: Signature | None = None

    @property
    def classes(self) -> list[str]:
        return [str(c) for c in self.info["classes"]]

    @property
    def features(self) -> list[str]:
        return [str(f) for f in self.info["features"]]

    @property
    def filters(self) -> list[dict[str, dict[str, int]]]:
        return list(self.info["filters"])

    @property
    def period_ms(self) -> int:
        return int(self.info["period_ms"])

    @property
    def max_delta(self) -> tuple[int, int]:
        """How many tenths t and h may change between two readings; 0 is no limit."""
        t_dc, h_pm = self.info["max_delta"]
        return t_dc, h_pm

    @property
    def heads(self) -> dict[str, dict[str, Any]]:
        """What the model has beside its trees: `edgenode.core.headcheck` tells the facts."""
        return dict(self.info.get("heads") or {})

    @property
    def is_network(self) -> bool:
        """Whether the model is a network, not trees."""
        return "network" in self.heads

    @cached_property
    def forest(self) -> Forest:
        """The trees of model.bin; InputError for a network."""
        if self.is_network:
            raise InputError(
                f"{self.path}: a network has no form in C and no inline code: run it with "
                "edgewise predict --runtime cpython or micropython"
            )
        return Forest.from_table(loader.unpack(self.blob)[1])

    @property
    def code(self) -> str | None:
        """The inline form; None where the package is not in this form.

        It is made from model.bin: the file model.py may come from a stranger. InputError for
        trees that are too deep for code.
        """
        if self.info.get("form") != "inline":
            return None
        try:
            return inline.source(self.forest)
        except RecursionError as e:
            raise InputError(
                f"{self.path}: trees too deep for the form inline: train again"
            ) from e

    def header(self) -> str:
        """Return emlearn's C, made from model.bin: the file model.h may come from a stranger."""
        try:
            return emlearn_c.corrected_source(self.forest, len(self.features))
        except RecursionError as e:
            raise InputError(f"{self.path}: trees too deep for C: train again") from e

    def golden(self) -> tuple[NDArray[np.int16], list[int]]:
        """Return the vectors of golden.csv, int16[n, features], and the class index of each.

        InputError for a file that does not fit the model.
        """
        path = self.path / _GOLDEN
        try:
            text = _read_unchanged(self.path, self.info, _GOLDEN).decode()
            head, *rows = csv.reader(io.StringIO(text, newline=""))
            vectors = np.array([row[:-1] for row in rows], dtype=np.int64)
            classes = [self.classes.index(row[-1]) for row in rows]
        except (ValueError, IndexError, OverflowError, csv.Error) as e:
            raise InputError(f"{path}: {e}: train again") from e
        if head != [*self.features, "class"] or vectors.shape != (len(rows), len(self.features)):
            raise InputError(f"{path}: its columns are not the model's features: train again")
        if not len(rows) or (np.abs(vectors) > INT16_MAX).any():
            raise InputError(f"{path}: no vectors of whole numbers within 16 bits: train again")
        return vectors.astype(np.int16), classes

    def golden_sequence(self) -> tuple[Readings, list[tuple[int, ...]]] | None:
        """Return the readings of golden_sequence.csv with what a node says of each.

        None for a model without heads. InputError for a file that does not fit the model.
        """
        if not self.heads:
            return None
        path = self.path / SEQUENCE
        try:
            return read_csv(_read_unchanged(self.path, self.info, SEQUENCE))
        except (ValueError, OverflowError, csv.Error) as e:
            raise InputError(f"{path}: {e}: train again") from e

    def evidence(self) -> dict[str, Any] | None:
        """Return the figures of the report; None for a package that no training made.

        InputError for figures that do not fit the model.
        """
        facts = self._read_json(EVIDENCE)
        if facts is not None:
            check_evidence(self.path / EVIDENCE, facts, len(self.classes))
        return facts

    def baseline(self) -> dict[str, Any] | None:
        """Return baseline.json, the spread of the training rows; None in older packages."""
        return self._read_json(BASELINE)

    def content(self, name: str) -> bytes:
        """Return the bytes of a file of the package; InputError where there is none."""
        return _read_unchanged(self.path, self.info, name)

    def has(self, name: str) -> bool:
        """Whether the package has a file of this name."""
        return name in self.info["sha256"]

    def _read_json(self, name: str) -> dict[str, Any] | None:
        if not self.has(name):
            return None
        return parse_object(self.path / name, _read_unchanged(self.path, self.info, name))

    def counts(self) -> tuple[int, int]:
        """Return the numbers of splits and of trees in the table; 0 for a network."""
        if self.is_network:
            return 0, 0
        _, table = loader.unpack(self.blob)
        return int(table[0]), int(table[1])

    def model(self) -> Any:
        """Return this package as the `edgenode.core.model.Model` that the node runs."""
        return Model(self.blob)


def pack_model(contract: Mapping[str, Any], table: Any) -> bytes:
    """Return model.bin as the node reads it; the node's `edgenode.core.loader` checks it.

    Without ``heads`` in the contract a node of an older version reads it, too.
    """
    text = json.dumps(contract, separators=(",", ":"), sort_keys=True).encode()
    words = np.asarray(table, dtype="<u2").tobytes()
    digest = hashlib.sha256(text).digest()
    version = loader.VERSION_HEADS if "heads" in contract else loader.VERSION
    head = struct.pack(loader.HEAD, loader.MAGIC, version, 0, len(text), len(words), digest)
    body = head + text + words
    blob = body + struct.pack("<I", zlib.crc32(body))
    try:
        loader.unpack(blob)
    except ValueError as e:
        raise EdgewiseError(f"the node would refuse this model: {e}") from e
    return blob


def golden_csv(features: list[str], x: NDArray[np.int16], classes: list[str]) -> bytes:
    """Return CSV of vectors with their class by scikit-learn; ``x``: int16[n, features]."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow([*features, "class"])
    out.writerows([*row, cls] for row, cls in zip(x.tolist(), classes, strict=True))
    return text.getvalue().encode()


def json_bytes(value: Mapping[str, Any], indent: int | None = None) -> bytes:
    """Return JSON for a file of the package; ValueError for NaN, which is no JSON."""
    return json.dumps(value, indent=indent, allow_nan=False).encode() + b"\n"


def write_package(path: Path, info: dict[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """Write the package as a whole and return its model.json.

    An old package stays until the new one is complete; then its signature is gone, too.
    """
    info = {"format": FORMAT, **info}
    info["sha256"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = json_bytes(info, indent=2)
    check_info(path / MANIFEST, parse_object(path / MANIFEST, manifest))
    try:
        _replace(path, {**files, MANIFEST: manifest})
    except OSError as e:
        raise unwritable(path, e, "choose another place with --out") from e
    return info


def check_place(path: Path) -> None:
    """Raise InputError unless ``path`` is new, an empty folder, or a package and nothing else.

    Writing a package there replaces the whole folder. OSError where it cannot be read.
    """
    if not os.path.lexists(path):
        return
    names = {p.name for p in path.iterdir()} if path.is_dir() else None
    if names == set():
        return
    listed = listed_files(path)
    if names is None or not listed:
        raise InputError(f"{path}: exists and is not a model package: choose another --out")
    others = names - listed - _UNLISTED
    if others:
        raise InputError(
            f"{path / min(others)}: is not a file of the package, which is replaced as a whole: "
            "move it, or choose another --out"
        )


def _replace(path: Path, files: Mapping[str, bytes]) -> None:
    check_place(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        new, old = work / "new", work / "old"
        new.mkdir()
        for name, data in files.items():
            (new / name).write_bytes(data)
        if path.exists():
            os.rename(path, old)
        os.rename(new, path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def load_package(path: Path) -> Package:
    """Return a package after all checks; InputError names the file or key and the cure.

    It is BadSignature where the package has a signature that is not of these files. A plain name
    without such a folder is a package that comes with Edgewise.
    """
    if len(path.parts) == 1 and not path.exists():
        path = shipped_model(path.name) or path
    manifest = path / MANIFEST
    cure = "name a folder that edgewise train wrote"
    data = read_file(manifest, JSON_MAX_BYTES, cure)
    signature = read_signature(path)
    info = parse_object(manifest, data)
    _check_format(manifest, info)
    check_info(manifest, info)
    files = {name: _read_unchanged(path, info, name) for name in info["sha256"]}
    blob = files["model.bin"]
    _compare(manifest, info, blob)
    return Package(path, info, blob, signature)


def _check_format(manifest: Path, info: dict[str, Any]) -> None:
    if type(info.get("format")) is not int or not 0 < info["format"] <= _FORMAT_MAX:
        raise InputError(f"{manifest}: key format is missing or wrong: train again")
    if info["format"] > FORMAT:
        raise InputError(
            f"{manifest}: format {info['format']} is newer than {FORMAT}, which this Edgewise "
            "reads: upgrade Edgewise"
        )
    sums = info.get("sha256")
    if not isinstance(sums, dict) or "model.bin" not in sums:
        raise InputError(f"{manifest}: key sha256 does not name model.bin: train again")


def _read_unchanged(path: Path, info: dict[str, Any], name: str) -> bytes:
    # Returns the bytes of a file that model.json names, the same as when the package was checked.
    if name not in info["sha256"]:
        raise InputError(f"{path / MANIFEST}: key sha256 does not name {name}: train again")
    data = read_file(path / name)
    if hashlib.sha256(data).hexdigest() != info["sha256"][name]:
        raise InputError(
            f"{path / name}: changed after it was written (SHA-256 differs): train again or "
            "restore the file"
        )
    return data


def _compare(manifest: Path, info: dict[str, Any], blob: bytes) -> None:
    # model.json is for people and tools, model.bin is for the node: they must be the same.
    try:
        contract, table = loader.unpack(blob)
    except ValueError as e:
        raise InputError(f"{manifest.parent / 'model.bin'}: {e}: train again") from e
    for key, _ in loader.CONTRACT + loader.HEADS:
        if info.get(key) != contract.get(key):
            raise InputError(f"{manifest}: key {key} differs from model.bin: train again")
    if "network" in contract.get("heads", {}):
        if info["form"] != "table" or info.get("detector"):
            raise InputError(f"{manifest}: key form or detector is not of a network: train again")
        return
    if not _has_limits(info, Forest.from_table(table)):
        raise InputError(f"{manifest}: key detector differs from model.bin: train again")


def _has_limits(info: dict[str, Any], forest: Forest) -> bool:
    # Whether the limits that people read are those of the node: of its head, and of a detector
    # alone also the thresholds of the trees; a row is left of a threshold where its feature is
    # below it.
    head = (info.get("heads") or {}).get("detector")
    if not info.get("detector"):
        return head is None
    limits = [(f["feature"], f["usual"], f["limit"]) for f in info["detector"]["limits"]]
    if head is not None:
        names = [info["features"][i] for i in head["feature"]]
        if limits != list(zip(names, head["usual"], head["limit"], strict=True)):
            return False
    if not is_alone(info):
        return head is not None
    thresholds = {(feature, limit + 1) for feature, _, limit in limits}
    splits = {(info["features"][node[0]], int(node[1])) for node in forest.nodes}
    return thresholds == splits and len(limits) == len(info["features"])
