"""A log file that grows row by row and has only complete rows at any moment."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType

from edgewise.errors import InputError, unwritable
from edgewise.logs.formulas import as_text, from_text
from edgewise.logs.writing import write_atomic
from edgewise.times import iso

__all__ = ["GrowingLog"]


class GrowingLog:
    """A context manager around a log CSV: time,node,temperature,humidity and ``last``.

    An existing file is continued if its header is the same, else InputError; an incomplete last
    row is removed. The rows of a node are in order of time: ``skipped`` counts rows that are not,
    ``rows`` counts written ones. A new file without rows is deleted.
    """

    def __init__(self, path: Path, last: str) -> None:
        self._path = path
        self._header = ["time", "node", "temperature", "humidity", last]
        self._latest: dict[str, float] = {}
        self._old_rows = 0  # rows of an existing file
        self.rows = self.skipped = 0

    def __enter__(self) -> GrowingLog:
        self._recover()
        try:
            self._is_new = not self._path.exists()
            self._file = self._path.open("ab", buffering=0)
        except OSError as e:
            raise self._write_error(e) from e
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        empty = not os.fstat(self._file.fileno()).st_size
        self._file.close()
        if empty and self._is_new:
            self._path.unlink(missing_ok=True)

    def add(self, time_s: float, node: str, t: float | None, h: float | None, last: str) -> bool:
        """Write a row and return True; False if it is not later than the last row of its node.

        A failed read gets empty cells. A row without a node belongs to the only node in the log.
        OutsideError on a full disk: the row is not written then."""
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
        """Remove rows from ``since_s`` on that were added here; return their ``last`` cells."""
        self._file.close()
        try:
            rows = _rows(self._path.read_bytes())
            first_own = 1 + self._old_rows
            removed = [row for row in rows[first_own:] if _seconds(row[0]) >= since_s]
            remaining = rows[:first_own] + [
                row for row in rows[first_own:] if _seconds(row[0]) < since_s
            ]
            write_atomic(self._path, _text(remaining))
        except OSError as e:
            raise self._write_error(e) from e
        finally:
            self._file = self._path.open("ab", buffering=0)
        self._latest = {row[1]: _seconds(row[0]) for row in remaining[1:]}
        self.rows -= len(removed)
        return [row[-1] for row in removed]

    def _write(self, row: list[str]) -> None:
        # one write for each row: after a kill the row is complete or missing
        size = os.fstat(self._file.fileno()).st_size
        data = _text([row] if size else [self._header, row])
        try:
            while data:  # a disk that fills up writes only a part at first
                data = data[self._file.write(data) :]
        except OSError as e:
            self._file.truncate(size)
            raise self._write_error(e) from e

    def _recover(self) -> None:
        if not self._path.exists() or not self._path.stat().st_size:
            return
        try:
            data = self._path.read_bytes()
            complete = data[: data.rfind(b"\n") + 1]
            header, *rows = _rows(complete)
            self._latest = {row[1]: _seconds(row[0]) for row in rows}
            self._old_rows = len(rows)
            if header != self._header:
                raise ValueError
            if len(complete) < len(data):
                os.truncate(self._path, len(complete))
        except OSError as e:
            raise self._write_error(e) from e
        except (IndexError, ValueError) as e:
            columns = ",".join(self._header)
            raise InputError(
                f"{self._path}: is not a log with the columns {columns}: name another file"
            ) from e

    def _write_error(self, e: OSError) -> Exception:
        return unwritable(self._path, e)


def _rows(data: bytes) -> list[list[str]]:
    rows = csv.reader(io.StringIO(data.decode(), newline=""))
    return [[from_text(cell) for cell in row] for row in rows]


def _text(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    written = csv.writer(text, lineterminator="\n")
    written.writerows([as_text(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
