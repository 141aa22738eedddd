"""Text with separators between cells: finds the separator, the header and the rows."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace

from edgewise.errors import InputError
from edgewise.logs.cells.dates import parse_clock, parse_text
from edgewise.logs.choices import Choices
from edgewise.logs.names import HUMIDITY, TEMPERATURE, TIME, read_name
from edgewise.logs.sheets.sheet import Sheet

__all__ = ["is_number", "parse_rows", "read_delimited", "read_table"]

Rows = list[list[str]]

_SAMPLE_LINES = 200
_HEADER_LINES = 60  # a title and remarks may stand above the header
_ANY = (";", "\t", "|", ",")
_WORDS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "\\t": "\t",
    "bar": "|",
    "pipe": "|",
    "space": " ",
    "blank": " ",
    "blanks": " ",
}
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_HEADER_CURE = (
    "no header: name the columns with --columns time,temperature,humidity,status, or put such a "
    "line above the rows"
)


@dataclass(frozen=True)
class _Text:
    # comments: line -> text behind the mark
    text: str
    comments: dict[int, str]
    sep: str | None


def read_delimited(path: str, text: str, choices: Choices) -> Sheet:
    """Return the sheet of a text with one row a line. Raises InputError."""
    plain = _blank_comments(text)
    separator = _separator(path, plain, choices)
    rows, line = parse_rows(path, plain.text, separator)
    commented = _commented_header(plain, separator, line)
    return replace(read_table(path, rows, line, choices, commented), separator=separator)


def read_table(
    path: str,
    rows: Rows,
    line: list[int],
    choices: Choices,
    commented: tuple[list[str], int] | None = None,
) -> Sheet:
    """Return the sheet of rows: finds the header, drops what repeats it, makes rows equally wide.

    ``commented``: a header in a comment, and its line. Raises InputError.
    """
    notes = []
    at = -1
    if choices.columns:
        header, header_line = list(choices.columns), 0
    elif (found := _header_row(rows, choices)) is None and commented:
        header, header_line = commented
    elif not rows:
        raise InputError(f"{path}: is empty: it needs a header and a row for each reading")
    else:
        at = found or 0
        header, header_line = [name.strip() for name in rows[at]], line[at]
        if at:
            notes.append(f"left out above the header: {at} row{'s' * (at > 1)}")
    rows, line, repeated = _drop_headers(rows[at + 1 :], line[at + 1 :], header)
    if repeated:
        notes.append(f"left out, a copy of the header: {repeated} row{'s' * (repeated > 1)}")
    rows = _fit(path, rows, line, header, header_line)
    if not choices.columns:
        _refuse_numbers(path, header, header_line)
    if not rows:
        raise InputError(f"{path}: no rows below the header: it needs a row for each reading")
    return Sheet(path, header, header_line, rows, line, notes=tuple(notes))


def _blank_comments(text: str) -> _Text:
    # Empties each line that begins with #, and a first line sep=; the lines keep their numbers.
    comments: dict[int, str] = {}
    sep = None
    if "#" not in text and not text[:6].strip('"').lower().startswith("sep="):
        return _Text(text, comments, None)
    out, inside = [], False
    for number, match in enumerate(_LINE.finditer(text), 1):
        part = match[0]
        found = _SEP_LINE.fullmatch(part) if number == 1 else None
        if found:
            sep, part = found[1], "\n"
        elif not inside and part.lstrip().startswith("#"):
            comments[number] = part.strip().lstrip("#").strip()
            part = part[len(part.rstrip("\r\n")) :]
        elif part.count('"') % 2:
            inside = not inside
        out.append(part)
    return _Text("".join(out), comments, sep)


def parse_rows(path: str, text: str, separator: str) -> tuple[Rows, list[int]]:
    """Return the rows that are not blank, and the line where each begins. Raises InputError."""
    rows, line, first_line = [], [], 1
    if separator == " ":
        for number, part in enumerate(_LINE.findall(text), 1):
            if part.strip():
                rows.append(part.split())
                line.append(number)
        return rows, line
    reader = csv.reader(
        io.StringIO(text, newline=""), strict=True, delimiter=separator, skipinitialspace=True
    )
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row):
                rows.append(row)
                line.append(first_line)
            first_line = reader.line_num + 1
    except csv.Error as exc:
        raise InputError(f"{path}:{first_line}: {exc}: check the quotes in this row") from exc
    return rows, line


def _separator(path: str, plain: _Text, choices: Choices) -> str:
    if choices.sep:
        sep = _WORDS.get(choices.sep.casefold(), choices.sep)
        if len(sep) != 1 or sep.isalnum():
            raise InputError(
                f"--sep {choices.sep}: one character is expected, or comma, semicolon, tab, bar, "
                "space"
            )
        return sep
    if plain.sep:
        return plain.sep
    sample = "".join(_LINE.findall(plain.text)[:_SAMPLE_LINES])
    scores = {sep: _score(path, sample, sep, choices) for sep in (*_ANY, " ")}
    best = max(scores, key=lambda sep: scores[sep])
    return best if scores[best] > (0.0, 0.0) else ","


def _score(path: str, sample: str, separator: str, choices: Choices) -> tuple[float, float]:
    # How well the separator takes the sample apart: names found, rows of one width, columns.
    try:
        rows, _ = parse_rows(path, sample, separator)
    except InputError as exc:
        if "end of data" not in str(exc):  # the sample may end inside quotes
            return (-1.0, 0.0)
        rows = []
    if not rows:
        return (-1.0, 0.0)
    widths = [len(row) for row in rows]
    usual = max(set(widths), key=widths.count)
    if usual < 2:
        return (0.0, 0.0)
    if choices.columns:
        found = float(usual == len(choices.columns))
    else:
        found = float(max(_roles(row, choices) for row in rows[:_HEADER_LINES]))
    share = widths.count(usual) / len(rows)
    if separator == " ":  # dates and names have blanks in them
        return (min(found, 1.0), share / 2)
    return (found, share)


def _roles(row: list[str], choices: Choices) -> int:
    # how many of the columns that are needed the cells name
    if any(is_number(cell) for cell in row):
        return 0
    named = {choices.temperature: TEMPERATURE, choices.humidity: HUMIDITY}
    named |= dict.fromkeys([choices.time, *(choices.time or "").split(",")], TIME)
    named = {name.casefold(): role for name, role in named.items() if name}
    names = [cell.strip().casefold() for cell in row]
    return len({named.get(name) or read_name(name).role for name in names} - {None})


def is_number(cell: str) -> bool:
    """Return whether the cell is a number and no name."""
    try:
        float(cell.strip().replace(",", "."))
    except ValueError:
        return False
    return cell.strip().casefold() not in ("nan", "inf", "infinity")


def _header_row(rows: Rows, choices: Choices) -> int | None:
    # -> the row that names most columns, at least two; None: there is none
    found = [_roles(row, choices) if len(row) > 1 else 0 for row in rows[:_HEADER_LINES]]
    best = max(found, default=0)
    return found.index(best) if best >= 2 else None


def _commented_header(
    plain: _Text, separator: str, line: list[int]
) -> tuple[list[str], int] | None:
    # "# time,temperature,humidity" above the first row
    before = [n for n in plain.comments if not line or n < line[0]]
    for number in reversed(before):
        cells = next(csv.reader([plain.comments[number]], delimiter=separator), [])
        if separator == " ":
            cells = plain.comments[number].split()
        if _roles(cells, Choices()) >= 2:
            return [cell.strip() for cell in cells], number
    return None


def _drop_headers(rows: Rows, line: list[int], header: list[str]) -> tuple[Rows, list[int], int]:
    # Loggers write the header again at each start.
    names = [name.strip() for name in header]
    first = names[0]
    repeats = {
        i
        for i, row in enumerate(rows)
        if row[0].strip() == first and [cell.strip() for cell in row] == names
    }
    if not repeats:
        return rows, line, 0
    remaining = [i for i in range(len(rows)) if i not in repeats]
    return [rows[i] for i in remaining], [line[i] for i in remaining], len(repeats)


def _fit(path: str, rows: Rows, line: list[int], header: list[str], header_line: int) -> Rows:
    # Every row as wide as the header; separators at the end of a line are none.
    while (
        header and not header[-1] and all(len(r) < len(header) or not r[-1].strip() for r in rows)
    ):
        rows = [row[: len(header) - 1] for row in rows]
        header.pop()
    width = len(header)
    widths = [len(row) for row in rows]
    usual = max(set(widths), key=widths.count) if rows else width
    if 2 * widths.count(usual) <= len(rows):
        usual = width
    fitted = []
    for row, number in zip(rows, line, strict=True):
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            row = row[:width]
        if len(row) == usual < width:  # columns that only the first rows have
            row = [*row, *[""] * (width - usual)]
        if len(row) != width:
            what = "the header has" if header_line else "--columns names"
            raise InputError(
                f"{path}:{number}: {len(row)} cells where {what} {width}: "
                "complete or remove the row"
            )
        fitted.append(row)
    return fitted


def _refuse_numbers(path: str, header: list[str], header_line: int) -> None:
    if any(is_number(name) or parse_text(name) or parse_clock(name) for name in header):
        raise InputError(f"{path}:{header_line}: {_HEADER_CURE}")
