"""InfluxDB's annotated CSV: tables with annotations above their headers."""

from __future__ import annotations

import re

from edgewise.errors import InputError
from edgewise.logs.sheets.delimited import parse_rows
from edgewise.logs.sheets.sheet import Sheet

__all__ = ["is_influx", "read_influx"]

# docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv
_ANNOTATION = re.compile(r"\ufeff?#(group|datatype|default)\b")
_NO_DATA = ("", "result", "table", "_start", "_stop")


def is_influx(text: str) -> bool:
    """Return whether the text begins with an annotation."""
    return bool(_ANNOTATION.match(text.lstrip()))


def read_influx(path: str, text: str) -> Sheet:
    """Return the rows of all tables with the columns that hold data. Raises InputError."""
    rows, line = parse_rows(path, text, ",")
    names: list[str] = []
    header: list[str] = []
    header_line = 0
    records: list[tuple[int, dict[str, str]]] = []
    annotated = False
    for row, number in zip(rows, line, strict=True):
        if row[0].startswith("#"):
            annotated = True
        elif annotated:
            header = [name.strip() for name in row]
            header_line = header_line or number
            annotated = False
            names += [n for n in dict.fromkeys(header) if n not in (*names, *_NO_DATA)]
        elif "error" in header:
            raise InputError(f"{path}:{number}: the query failed: {row[header.index('error')]}")
        elif len(row) != len(header):
            raise InputError(
                f"{path}:{number}: {len(row)} cells where the header has {len(header)}: "
                "complete or remove the row"
            )
        elif row != header:
            records.append((number, dict(zip(header, row, strict=True))))
    if not records:
        raise InputError(f"{path}: no rows below the annotations: export it once more")
    return Sheet(
        path,
        names,
        header_line,
        [[record.get(name, "") for name in names] for _, record in records],
        [number for number, _ in records],
        "InfluxDB annotated CSV",
    )
