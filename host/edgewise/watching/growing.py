"""A log that grows row by row and is whole at any moment."""

from __future__ import annotations

import csv
import io
import os
from datetime import datetime
from pathlib import Path
from types import TracebackType

from edgewise.errors import InputError
from edgewise.logcsv_write import iso, write_atomic

__all__ = ["GrowingLog"]


class GrowingLog:
    """A context manager around a log CSV: time,node,temperature,humidity and ``last``.

    A file that exists is continued when its header is the same, else InputError; a row that was
    cut off is removed. Rows of a node keep their order in time.
    """

    def __init__(self, path: Path, last: str) -> None:
        self._path = path
        self._header = ["time", "node", "temperature", "humidity", last]
        self._latest: dict[str, float] = {}
        self.rows = 0

    def __enter__(self) -> GrowingLog:
        self._recover()
        try:
            self._file = self._path.open("a", encoding="utf-8", newline="")
        except OSError as e:
            raise self._refused(e) from e
        if self._file.tell() == 0:
            self._write(self._header)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, time_s: float, node: str, t: float | None, h: float | None, last: str) -> bool:
        """Write a row, empty cells for a failed read; False where it is not later than the last
        of its node."""
        if time_s <= self._latest.get(node, float("-inf")):
            return False
        self._latest[node] = time_s
        values = ("", "") if t is None or h is None else (f"{t:.1f}", f"{h:.1f}")
        self._write([iso(time_s), node, *values, last])
        self.rows += 1
        return True

    def undo(self, since_s: float) -> list[str]:
        """Take back the rows from ``since_s`` on; the ``last`` cell of each."""
        self._file.close()
        head, *rows = self._read()
        keep = [row for row in rows if _seconds(row[0]) < since_s]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([head, *keep])
        write_atomic(self._path, text.getvalue().encode())
        self._latest = {row[1]: _seconds(row[0]) for row in keep}
        self._file = self._path.open("a", encoding="utf-8", newline="")
        self.rows -= len(rows) - len(keep)
        return [row[-1] for row in rows[len(keep) :]]

    def _write(self, row: list[str]) -> None:
        # one write a row: a kill leaves it or not
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(row)
        try:
            self._file.write(text.getvalue())
            self._file.flush()
        except OSError as e:
            raise self._refused(e) from e

    def _recover(self) -> None:
        if not self._path.exists() or not self._path.stat().st_size:
            return
        try:
            data = self._path.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            head, *rows = csv.reader(io.StringIO(whole.decode(), newline=""))
            self._latest = {row[1]: _seconds(row[0]) for row in rows}
            if head != self._header:
                raise ValueError
            if len(whole) < len(data):
                os.truncate(self._path, len(whole))
        except OSError as e:
            raise self._refused(e) from e
        except (IndexError, ValueError) as e:
            columns = ",".join(self._header)
            raise InputError(
                f"{self._path}: is not a log with the columns {columns}: name another file"
            ) from e

    def _read(self) -> list[list[str]]:
        with self._path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    def _refused(self, e: OSError) -> InputError:
        return InputError(f"{self._path}: cannot be written ({e.strerror}): choose another place")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
