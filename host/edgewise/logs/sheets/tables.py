"""Spreadsheets, Parquet files and SQLite tables as text cells."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path

from edgewise.errors import InputError
from edgewise.logs.names import read_name
from edgewise.logs.sheets.sheet import Sheet
from edgewise.toolchain import extras

__all__ = ["SQLITE_MARK", "read_parquet", "read_sqlite", "read_xlsx"]

SQLITE_MARK = b"SQLite format 3\0"


def read_xlsx(path: str) -> tuple[list[list[str]], list[int]]:
    """Return the rows of the first sheet of a workbook, and their numbers."""
    extras.require("files")
    import openpyxl

    try:
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            rows = [[_text(v) for v in row] for row in book.worksheets[0].values]
    except Exception as exc:
        raise InputError(f"{path}: no workbook that can be read ({exc}): save it again") from exc
    numbered = [(i, row) for i, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    return [row for _, row in numbered], [i for i, _ in numbered]


def read_parquet(path: str) -> Sheet:
    """Return the columns of a Parquet file, its index with a name or with times included."""
    extras.require("files")
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
        if isinstance(frame.index, pd.DatetimeIndex) and not frame.index.name:
            frame = frame.rename_axis(index="time")
        if any(frame.index.names):
            frame = frame.reset_index()
    except Exception as exc:
        why = str(exc).partition("\n")[0]
        raise InputError(f"{path}: no Parquet file that can be read ({why})") from exc
    columns = [frame[name] for name in frame.columns]
    rows = [[_text(v) for v in row] for row in zip(*columns, strict=True)]
    return _sheet(path, "Parquet", [str(name) for name in frame.columns], rows)


def read_sqlite(path: str) -> Sheet:
    """Return the one table or view of a SQLite file that holds readings."""
    uri = Path(path).resolve().as_uri() + "?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            query = "select name from sqlite_master where type in ('table', 'view')"
            columns = {}
            for (table,) in connection.execute(query).fetchall():
                quoted = '"' + table.replace('"', '""') + '"'
                cursor = connection.execute(f"select * from {quoted} limit 0")
                columns[table] = quoted, [column[0] for column in cursor.description]
            table = _one_table(path, columns)
            rows = connection.execute(f"select * from {columns[table][0]}").fetchall()
    except sqlite3.Error as exc:
        raise InputError(f"{path}: no SQLite file that can be read ({exc})") from exc
    cells = [[_text(v) for v in row] for row in rows]
    return _sheet(path, f"SQLite table {table}", columns[table][1], cells)


def _one_table(path: str, columns: dict[str, tuple[str, list[str]]]) -> str:
    found = [
        table
        for table, (_, names) in columns.items()
        if {"temperature", "humidity"} <= {read_name(name).role for name in names}
    ]
    if len(found) == 1 or len(columns) == 1:
        return (found or list(columns))[0]
    which = f"tables {', '.join(found)} all hold" if found else "no table holds"
    names = ", ".join(found or columns) or "none"
    raise InputError(
        f"{path}: {which} temperature and humidity (tables: {names}): write one as CSV: "
        f"sqlite3 -header -csv {path} 'select * from TABLE' > LOG.csv"
    )


def _sheet(path: str, form: str, header: list[str], rows: list[list[str]]) -> Sheet:
    if not rows:
        raise InputError(f"{path}: no rows: it needs a row for each reading")
    return Sheet(path, header, 1, rows, list(range(2, len(rows) + 2)), form, "", "")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and value.tzinfo is None and value.time() == time():
        value = value.date()  # how a workbook keeps a date
    if isinstance(value, datetime | date | time):
        text = value.isoformat()
        return "" if text == "NaT" else text
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return str(value)
    text = str(value)
    return text[:-2] if text.endswith(".0") else text
