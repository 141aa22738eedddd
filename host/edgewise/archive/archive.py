"""The parts of an archive by node and month, and the labels of each node.

A part is never changed: its name is the digest of its rows. A month that gets more readings gets
a new part with all of them, and only then the old one is deleted; so whoever is killed, and
whoever else writes, readings are never missing.

    readings/node=attic/month=2026-03/DIGEST.parquet
    labels/node=attic/000001-DIGEST.parquet           the last one counts
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote, unquote

from edgewise.archive.address import Address
from edgewise.archive.arrow import Schema, Table
from edgewise.archive.part import BrokenPart, read_part, write_part
from edgewise.archive.rows import digest_of, in_order, schema_of, without_doubles
from edgewise.archive.store import Store
from edgewise.database.schema import label, reading
from edgewise.errors import OutsideError

__all__ = ["LABEL_ORDER", "Archive", "Parts", "Saved"]

LABEL_ORDER = ("created_at", "from_ts")
_READINGS, _LABELS = "readings", "labels"
_PART = re.compile(rf"{_READINGS}/node=([^/]+)/month=(\d{{4}}-\d\d)/([0-9a-f]{{32}})\.parquet")
_SNAPSHOT = re.compile(rf"{_LABELS}/node=([^/]+)/(\d{{6}})-([0-9a-f]{{32}})\.parquet")
_TRIES = 3  # of a month that others write as well
_READERS = 8  # at a time: a store answers in some 50 ms

Parts = dict[str, dict[str, list[str]]]  # node -> month -> digests


@dataclass(frozen=True)
class Saved:
    """What was done for a month: ``rows`` are those of its part; ``is_new``: it was written."""

    node: str
    month: str
    rows: int
    bytes: int
    is_new: bool


class Archive:
    """The archive at ``address``. All methods raise InputError or OutsideError, in one line."""

    def __init__(self, address: Address) -> None:
        self.store = Store(address)
        self.url = str(address)
        self._reading, self._label = schema_of(reading), schema_of(label)

    def parts(self, node: str | None = None) -> Parts:
        """The parts of ``node`` [all nodes], by node and month, both sorted."""
        parts: Parts = {}
        folder = _READINGS if node is None else f"{_READINGS}/{_folder(node)}"
        for path in self.store.list(folder):
            if match := _PART.fullmatch(path):
                name, month, digest = unquote(match[1]), match[2], match[3]
                parts.setdefault(name, {}).setdefault(month, []).append(digest)
        return {name: dict(sorted(parts[name].items())) for name in sorted(parts)}

    def read(self, node: str, parts: dict[str, list[str]]) -> Table:
        """The readings of ``node`` in ``parts``, month -> digests, each once and in order."""
        tables: list[Table] = [self._reading.empty_table()]
        pairs = [(month, digest) for month, digests in parts.items() for digest in digests]
        with ThreadPoolExecutor(_READERS) as pool:
            for table in pool.map(lambda pair: self._read(node, *pair), pairs):
                if table is None:  # another one has just put it together with others
                    return self._read_again(node, parts)
                tables.append(table)
        return without_doubles(tables)

    def _read_again(self, node: str, parts: dict[str, list[str]]) -> Table:
        for _ in range(_TRIES):
            listed = self.parts(node).get(node, {})
            now = {month: listed[month] for month in parts if month in listed}
            tables = [self._read(node, m, d) for m, digests in now.items() for d in digests]
            if all(table is not None for table in tables):
                return without_doubles([self._reading.empty_table(), *tables])
        raise OutsideError(f"archive {self.url}: others write it all the time: try again later")

    def save(
        self, node: str, month: str, rows: Table, digests: Sequence[str], is_checked: bool
    ) -> Saved:
        """Add ``rows``, in order, to a month that has the parts ``digests``.

        What is written is read back and compared. ``is_checked``: read back as well what is there
        already, because the rows will be deleted elsewhere.
        """
        if list(digests) == [digest_of(rows)] and not is_checked:
            return Saved(node, month, len(rows), 0, False)
        for _ in range(_TRIES):
            tables = [self._read(node, month, digest) for digest in digests]
            if all(table is not None for table in tables):
                return self._write(node, month, without_doubles([rows, *tables]), digests)
            digests = self.parts(node).get(node, {}).get(month, [])
        raise OutsideError(f"archive {self.url}: others write it all the time: try again later")

    def _write(self, node: str, month: str, rows: Table, old: Sequence[str]) -> Saved:
        digest = digest_of(rows)
        size = 0
        if digest not in old:  # an old part was read just now
            data = write_part(rows)
            size = len(data)
            self.store.write(_path(node, month, digest), data)
            if self._read(node, month, digest) is None:
                raise OutsideError(
                    f"archive {self.url}: {_path(node, month, digest)} was written and is not "
                    "there: check the rules of the bucket"
                )
        for other in old:
            if other != digest:
                self.store.delete(_path(node, month, other))
        return Saved(node, month, len(rows), size, bool(size))

    def _read(self, node: str, month: str, digest: str) -> Table | None:
        path = _path(node, month, digest)
        data = self.store.read(path)
        return None if data is None else self._checked(path, data, self._reading, node, digest)

    def _checked(self, path: str, data: bytes, schema: Schema, node: str, digest: str) -> Table:
        try:
            return read_part(data, schema, node, digest)
        except BrokenPart as e:
            raise OutsideError(
                f"archive {self.url}: {path}: {e}: delete that object; what the database still "
                "has is archived again"
            ) from e

    def labels(self, nodes: Sequence[str] | None = None) -> dict[str, Table]:
        """Node -> its labels as they were last saved, the oldest label first."""
        found = self._snapshots()
        names = [n for n in sorted(found) if nodes is None or n in nodes]
        return {node: self._read_labels(node, *found[node]) for node in names}

    def save_labels(self, labels: dict[str, Table]) -> int:
        """Save labels, node -> table in order, where they have changed; return how many did.

        Earlier states stay: labels are the work of people.
        """
        found, n = self._snapshots(), 0
        for node, rows in labels.items():
            number, old_digest = found.get(node, (0, ""))
            if (digest := digest_of(rows)) != old_digest:
                self.store.write(_label_path(node, number + 1, digest), write_part(rows))
                self._read_labels(node, number + 1, digest)
                n += 1
        return n

    def _snapshots(self) -> dict[str, tuple[int, str]]:
        found: dict[str, tuple[int, str]] = {}
        for path in self.store.list(_LABELS):  # sorted: the last one stays
            if match := _SNAPSHOT.fullmatch(path):
                found[unquote(match[1])] = int(match[2]), match[3]
        return found

    def _read_labels(self, node: str, number: int, digest: str) -> Table:
        path = _label_path(node, number, digest)
        data = self.store.read(path)
        if data is None:
            raise OutsideError(f"archive {self.url}: {path}: deleted meanwhile: try again")
        return in_order(self._checked(path, data, self._label, node, digest), LABEL_ORDER)


def _folder(node: str) -> str:
    # Letters of other languages stay: the name of a folder on a disk has at most 255 bytes.
    return "node=" + "".join(
        c if c > "\x7f" and c.isprintable() else quote(c, safe="") for c in node
    )


def _path(node: str, month: str, digest: str) -> str:
    return f"{_READINGS}/{_folder(node)}/month={month}/{digest}.parquet"


def _label_path(node: str, number: int, digest: str) -> str:
    return f"{_LABELS}/{_folder(node)}/{number:06}-{digest}.parquet"
