"""A table of text cells as it stands in a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgewise.logs.formulas import from_text

__all__ = ["Sheet"]


@dataclass(frozen=True)
class Sheet:
    """``rows``: the rows below the header, each with as many cells as the header; ``line``: the
    line in the file where each row begins; ``form``: what wrote it; ``unit``: of the
    temperature, where the file names it apart from column and cell; ``names``: role -> what the
    file calls it, where the header was made; ``notes``: what a user should
    know of how it was read."""

    path: str
    header: list[str]
    header_line: int
    rows: list[list[str]]
    line: list[int]
    form: str = "CSV"
    encoding: str = "utf-8"
    separator: str = ","
    unit: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def cells(self, column: int) -> list[str]:
        """Return the cells of one column without the spaces around them."""
        return [row[column].strip() for row in self.rows]

    def join_columns(self, columns: tuple[int, ...]) -> list[str]:
        """Return the cells of several columns with a space between them."""
        if len(columns) == 1:
            return self.cells(columns[0])
        parts = zip(*(self.cells(column) for column in columns), strict=True)
        return [" ".join(part).strip() for part in parts]

    def first(self, column: int, missing: frozenset[str]) -> str:
        """Return the first cell of a column that is none of ``missing`` (in lower case)."""
        cells = (row[column].strip() for row in self.rows)
        return next((cell for cell in cells if cell.casefold() not in missing), "")

    def texts(self, column: int) -> list[str]:
        """Return the cells of a column with names, without marks against formulas."""
        return [from_text(cell) for cell in self.cells(column)]

    @property
    def header_place(self) -> str:
        """'FILE:LINE' of the header, 'FILE' where the user gave the names."""
        return f"{self.path}:{self.header_line}" if self.header_line else self.path

    def place(self, row: int, column: int) -> str:
        """Return 'FILE:LINE: column NAME' for an error message."""
        return f"{self.path}:{self.line[row]}: column {self.header[column]}"
