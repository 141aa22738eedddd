"""Write a flatbuffer: tables, lists and numbers, in the order in which they are reached."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Table", "Vector", "flatbuffer"]


@dataclass
class Table:
    """A table to write. ``fields``: slot -> ("<format", number), or a Table, a Vector, a list of
    Tables, or text."""

    fields: dict[int, Any]


@dataclass
class Vector:
    """Numbers of one format of `struct`."""

    format: str
    values: Sequence[Any]


def flatbuffer(root: Table, identifier: bytes) -> bytes:
    """Return the bytes of a flatbuffer with this root."""
    out = bytearray(struct.pack("<I4s", 0, identifier))
    struct.pack_into("<I", out, 0, _write(out, root))
    return bytes(out)


def _align(out: bytearray, size: int) -> None:
    out += bytes(-len(out) % size)


def _write(out: bytearray, node: Any) -> int:
    # Returns the place of the node; what it points to comes after it.
    if isinstance(node, Table):
        return _write_table(out, node)
    if isinstance(node, list):
        _align(out, 4)
        place = len(out)
        out += struct.pack("<I", len(node)) + bytes(4 * len(node))
        for i, child in enumerate(node):
            at = place + 4 + 4 * i
            struct.pack_into("<I", out, at, _write(out, child) - at)
        return place
    if isinstance(node, str):
        node = Vector("B", [*node.encode(), 0])
    _align(out, 8)
    out += bytes(4)  # the numbers after the length are aligned to 8
    place = len(out)
    out += struct.pack("<I", len(node.values))
    out += struct.pack(f"<{len(node.values)}{node.format}", *node.values)
    return place


def _write_table(out: bytearray, table: Table) -> int:
    n_slots = max(table.fields, default=-1) + 1
    _align(out, 8)
    offsets, size = [0] * n_slots, 4
    for slot, value in table.fields.items():
        width = struct.calcsize(value[0]) if isinstance(value, tuple) else 4
        size += -size % width
        offsets[slot] = size
        size += width
    vtable = len(out)
    out += struct.pack(f"<HH{n_slots}H", 4 + 2 * n_slots, size, *offsets)
    _align(out, 8)
    place = len(out)
    out += bytes(size)
    struct.pack_into("<i", out, place, place - vtable)
    for slot, value in table.fields.items():
        at = place + offsets[slot]
        if isinstance(value, tuple):
            struct.pack_into(value[0], out, at, value[1])
        else:
            struct.pack_into("<I", out, at, _write(out, value) - at)
    return place
