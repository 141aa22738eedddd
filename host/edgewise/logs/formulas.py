"""Text of others in a CSV file, such that no spreadsheet takes it for a formula."""

from __future__ import annotations

import re

__all__ = ["as_text", "from_text"]

# owasp.org/www-community/attacks/CSV_Injection. An attacker may also begin a cell within his
# text, where a spreadsheet separates cells by semicolons, or at a line end that it does not join.
_BEGINS = r"(?:^|(?<=[;\t\r\n]))"
_FORMULA = r"(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"
_UNMARKED = re.compile(_BEGINS + _FORMULA)
_MARKED = re.compile(_BEGINS + "'" + _FORMULA)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def as_text(cell: str) -> str:
    """Return the cell with an apostrophe before what may begin a formula; numbers stay numbers."""
    return cell if _NUMBER.fullmatch(cell) else _UNMARKED.sub("'", cell)


def from_text(cell: str) -> str:
    """Return the cell as it was before `as_text`."""
    return _MARKED.sub("", cell) if "'" in cell else cell
