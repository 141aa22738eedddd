"""A log that grows row by row and is whole at any moment."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType

from edgewise.errors import InputError, unwritable
from edgewise.logs.writing import iso, write_atomic

__all__ = ["GrowingLog"]


class GrowingLog:
    """A context manager around a log CSV: time,node,temperature,humidity and ``last``.

    A file that exists is continued when its header is the same, else InputError; a row that was
    cut off is removed. Rows of a node keep their order in time: ``skipped`` counts those that
    came too late, ``rows`` those that were written. Without any there is no new file.
    """

    def __init__(self, path: Path, last: str) -> None:
        self._path = path
        self._header = ["time", "node", "temperature", "humidity", last]
        self._latest: dict[str, float] = {}
        self._earlier = 0  # rows that were there
        self.rows = self.skipped = 0

    def __enter__(self) -> GrowingLog:
        self._recover()
        try:
            self._new = not self._path.exists()
            self._file = self._path.open("ab", buffering=0)
        except OSError as e:
            raise self._refuse(e) from e
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        empty = not os.fstat(self._file.fileno()).st_size
        self._file.close()
        if empty and self._new:
            self._path.unlink(missing_ok=True)

    def add(self, time_s: float, node: str, t: float | None, h: float | None, last: str) -> bool:
        """Write a row, empty cells for a failed read; False where it is not later than the last
        of its node. A row without a node is of the only one in the log. OutsideError on a full
        disk: the row is not there then."""
        if not node and len(self._latest) == 1:
            (node,) = self._latest
        if time_s <= self._latest.get(node, float("-inf")):
            self.skipped += 1
            return False
        values = ("", "") if t is None or h is None else (f"{t:.1f}", f"{h:.1f}")
        self._write([iso(time_s), node, *values, last])
        self._latest[node] = time_s
        self.rows += 1
        return True

    def undo(self, since_s: float) -> list[str]:
        """Take back the rows from ``since_s`` on that were added here; the ``last`` cell of
        each."""
        self._file.close()
        try:
            rows = _rows(self._path.read_bytes())
            first = 1 + self._earlier
            gone = [row for row in rows[first:] if _seconds(row[0]) >= since_s]
            keep = rows[:first] + [row for row in rows[first:] if _seconds(row[0]) < since_s]
            write_atomic(self._path, _text(keep))
        except OSError as e:
            raise self._refuse(e) from e
        finally:
            self._file = self._path.open("ab", buffering=0)
        self._latest = {row[1]: _seconds(row[0]) for row in keep[1:]}
        self.rows -= len(gone)
        return [row[-1] for row in gone]

    def _write(self, row: list[str]) -> None:
        # one write a row: a kill leaves it or not
        size = os.fstat(self._file.fileno()).st_size
        data = _text([row] if size else [self._header, row])
        try:
            while data:  # a disk that fills up takes a part and refuses the rest
                data = data[self._file.write(data) :]
        except OSError as e:
            self._file.truncate(size)
            raise self._refuse(e) from e

    def _recover(self) -> None:
        if not self._path.exists() or not self._path.stat().st_size:
            return
        try:
            data = self._path.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            head, *rows = _rows(whole)
            self._latest = {row[1]: _seconds(row[0]) for row in rows}
            self._earlier = len(rows)
            if head != self._header:
                raise ValueError
            if len(whole) < len(data):
                os.truncate(self._path, len(whole))
        except OSError as e:
            raise self._refuse(e) from e
        except (IndexError, ValueError) as e:
            columns = ",".join(self._header)
            raise InputError(
                f"{self._path}: is not a log with the columns {columns}: name another file"
            ) from e

    def _refuse(self, e: OSError) -> Exception:
        return unwritable(self._path, e)


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def _text(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
