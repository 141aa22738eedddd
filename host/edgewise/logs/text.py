"""Read a log file as rows of cells. An error names the file, the line and the cure."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import InputError
from edgewise.logs.formulas import from_text

__all__ = ["Sheet", "read_sheet"]


@dataclass(frozen=True)
class Sheet:
    """A table of cells. ``rows``: the rows below the header, each with as many cells as the
    header; ``line``: the line in the file where each row begins."""

    path: str
    header: list[str]
    header_line: int
    rows: list[list[str]]
    line: list[int]

    def cells(self, column: int) -> list[str]:
        """Return the cells of one column without the spaces around them."""
        return [row[column].strip() for row in self.rows]

    def texts(self, column: int) -> list[str]:
        """Return the cells of a column with names, without marks against formulas."""
        return [from_text(cell) for cell in self.cells(column)]

    def place(self, row: int, column: int) -> str:
        """Return 'FILE:LINE: column NAME' for an error message."""
        return f"{self.path}:{self.line[row]}: column {self.header[column]}"


def read_sheet(path: str) -> Sheet:
    """Read a comma-separated UTF-8 file, gzipped or not. Raises InputError."""
    rows, line = _split(path, _decode(path, _read_bytes(path)))
    if not rows:
        raise InputError(f"{path}: is empty: it needs a header and a row for each reading")
    header = [name.strip() for name in rows[0]]
    _check_header(path, line[0], header)
    for row, number in zip(rows, line, strict=True):
        if len(row) != len(header):
            raise InputError(
                f"{path}:{number}: {len(row)} cells where the header has {len(header)}: "
                "complete or remove the row"
            )
    if len(rows) == 1:
        raise InputError(f"{path}: no rows below the header: it needs a row for each reading")
    return Sheet(path, header, line[0], rows[1:], line[1:])


def _read_bytes(path: str) -> bytes:
    file = Path(path)
    try:
        if file.exists() and not file.is_file():
            kind = "a directory" if file.is_dir() else "not a regular file"
            raise InputError(f"{path}: is {kind}: name a CSV file")
        data = file.read_bytes()
    except FileNotFoundError as exc:
        raise InputError(f"{path}: no such file: check the path") from exc
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the path
        why = getattr(exc, "strerror", None) or exc
        raise InputError(f"{path}: cannot be read ({why}): check the path") from exc
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as exc:
        raise InputError(f"{path}: damaged gzip file: copy or download it again") from exc


def _decode(path: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path}:1: UTF-16 text: save the file as UTF-8")
    if (offset := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, offset) + 1
        raise InputError(f"{path}:{line}: binary data: name a CSV text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise InputError(f"{path}:{line}: not UTF-8 text: save the file as UTF-8") from exc


def _split(path: str, text: str) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, line, first_line = [], [], 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                rows.append(row)
                line.append(first_line)
            first_line = reader.line_num + 1
    except csv.Error as exc:
        raise InputError(f"{path}:{first_line}: {exc}: check the quotes in this row") from exc
    return rows, line


def _check_header(path: str, line: int, header: list[str]) -> None:
    if len(header) == 1:
        for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if mark in header[0]:
                raise InputError(
                    f"{path}:{line}: columns are separated by {name}: save the file with commas "
                    "between cells and points in numbers"
                )
    names = [name.casefold() for name in header if name]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}:{line}: two columns named {name}: rename or remove one")
