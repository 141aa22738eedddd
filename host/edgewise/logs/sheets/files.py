"""Read a log file of any kind as a table of text cells."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from pathlib import Path

from edgewise.errors import InputError
from edgewise.logs.choices import Choices
from edgewise.logs.names import HUMIDITY, TEMPERATURE, read_name
from edgewise.logs.sheets.delimited import read_delimited, read_table
from edgewise.logs.sheets.encoding import decode
from edgewise.logs.sheets.influx import is_influx, read_influx
from edgewise.logs.sheets.lines import read_lines
from edgewise.logs.sheets.sheet import Sheet
from edgewise.logs.sheets.tables import SQLITE_MARK, read_parquet, read_sqlite, read_xlsx

__all__ = ["read_sheet"]

_GZIP, _ZIP, _PARQUET, _OLE = b"\x1f\x8b", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"


def read_sheet(path: str, choices: Choices | None = None) -> Sheet:
    """Read a text file, gzipped or not, a workbook, a Parquet or a SQLite file.

    Raises InputError, OutsideError where a library is missing.
    """
    choices = choices or Choices()
    data = _read_bytes(path)
    if data.startswith(SQLITE_MARK):
        return read_sqlite(path)
    if data.startswith(_PARQUET):
        return read_parquet(path)
    if data.startswith(_ZIP):
        rows, line = read_xlsx(path)
        return replace(read_table(path, rows, line, choices), form="workbook", separator="")
    if data.startswith(_OLE):
        raise InputError(f"{path}: an old workbook: save it as .xlsx or as CSV")
    if data.startswith(_GZIP):
        data = _unzip(path, data)
    text, encoding = decode(path, data, choices.encoding)
    return replace(_read_text(path, text, choices), encoding=encoding)


def _read_text(path: str, text: str, choices: Choices) -> Sheet:
    if is_influx(text):
        return read_influx(path, text)
    if not (choices.columns or choices.sep):
        lines = read_lines(path, text, is_table=_has_names(text))
        if lines is not None:
            return lines
    return read_delimited(path, text, choices)


def _has_names(text: str) -> bool:
    # whether one of the first lines names temperature or humidity, and tells no number
    for line in text.splitlines()[:60]:
        roles = {read_name(word.strip(" \"'#")).role for word in _words(line)}
        if roles & {TEMPERATURE, HUMIDITY}:
            return True
    return False


def _words(line: str) -> list[str]:
    for mark in ";\t|":
        line = line.replace(mark, ",")
    cells = line.split(",")
    return [] if any(":" in cell or "=" in cell for cell in cells) else cells


def _read_bytes(path: str) -> bytes:
    file = Path(path)
    try:
        if file.exists() and not file.is_file():
            kind = "a directory" if file.is_dir() else "not a regular file"
            raise InputError(f"{path}: is {kind}: name a CSV file")
        return file.read_bytes()
    except FileNotFoundError as exc:
        raise InputError(f"{path}: no such file: check the path") from exc
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the path
        why = getattr(exc, "strerror", None) or exc
        raise InputError(f"{path}: cannot be read ({why}): check the path") from exc


def _unzip(path: str, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as exc:
        raise InputError(f"{path}: damaged gzip file: copy or download it again") from exc
