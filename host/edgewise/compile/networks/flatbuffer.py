"""Read tables of a flatbuffer. A stranger may have written it: every offset is checked."""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["Table", "root"]

_ITEMS_MAX = 10_000  # tables of a list


class Table:
    """A table of a flatbuffer; a field is named by its slot, its number in the schema.

    All methods raise ValueError for an offset beyond the file.
    """

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self._vtable = at - _number(data, at, "<i")
        self._size = _number(data, self._vtable, "<H")

    def number(self, slot: int, kind: str, default: int | float = 0) -> Any:
        """Return the number of a slot; ``kind``: its format in `struct`, as ``<i``."""
        at = self._place(slot)
        return default if at is None else _number(self._data, at, kind)

    def table(self, slot: int) -> Table | None:
        """Return the table of a slot; None where there is none."""
        at = self._place(slot)
        return None if at is None else Table(self._data, self._follow(at))

    def tables(self, slot: int) -> list[Table]:
        """Return the tables of a list; empty where there is none."""
        at, n = self._list(slot)
        if n > _ITEMS_MAX:
            raise ValueError(f"list of {n} tables")
        return [Table(self._data, self._follow(at + 4 * i)) for i in range(n)]

    def numbers(self, slot: int, kind: str) -> list[Any]:
        """Return the numbers of a list; ``kind``: as of `number`."""
        at, n = self._list(slot)
        size = struct.calcsize(kind)
        return [v for (v,) in struct.iter_unpack(kind, self._slice(at, size * n))]

    def content(self, slot: int) -> bytes:
        """Return the bytes of a list of bytes or of a text."""
        at, n = self._list(slot)
        return self._slice(at, n)

    def _place(self, slot: int) -> int | None:
        entry = 4 + 2 * slot
        if entry + 2 > self._size:
            return None
        offset = _number(self._data, self._vtable + entry, "<H")
        return self._at + offset if offset else None

    def _follow(self, at: int) -> int:
        return at + int(_number(self._data, at, "<I"))

    def _list(self, slot: int) -> tuple[int, int]:
        at = self._place(slot)
        if at is None:
            return 0, 0
        at = self._follow(at)
        return at + 4, _number(self._data, at, "<I")

    def _slice(self, at: int, size: int) -> bytes:
        if at + size > len(self._data):
            raise ValueError(f"list at byte {at} ends beyond the file")
        return self._data[at : at + size]


def root(data: bytes) -> Table:
    """Return the first table of a flatbuffer."""
    return Table(data, _number(data, 0, "<I"))


def _number(data: bytes, at: int, kind: str) -> Any:
    if not 0 <= at <= len(data) - struct.calcsize(kind):
        raise ValueError(f"offset {at} is beyond the file")
    return struct.unpack_from(kind, data, at)[0]
