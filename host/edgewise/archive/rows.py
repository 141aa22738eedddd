"""Rows of a database as an Arrow table: in one order, each once, with a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Float, Integer
from sqlalchemy import Table as DatabaseTable

from edgewise.archive.arrow import Schema, Table, arrow, compute

__all__ = ["digest_of", "in_order", "schema_of", "to_arrow", "without_doubles"]

# One reading that was sent twice differs in when it came. The values are here too: two boards
# with one name send different readings with one key. Readings of a database are in this order.
_SAME = ("ts", "boot", "seq", "t", "h", "cls", "p", "err")


def schema_of(table: DatabaseTable) -> Schema:
    """The Arrow columns of a table of the database."""
    pa = arrow()

    def kind(column: Any) -> Any:
        if isinstance(column.type, Integer):
            return pa.int64()
        return pa.float64() if isinstance(column.type, Float) else pa.string()

    return pa.schema([(column.name, kind(column)) for column in table.columns])


def to_arrow(batches: Iterable[Sequence[Any]], schema: Schema) -> Table:
    """One Arrow table of batches of rows."""
    pa = arrow()
    tables = [schema.empty_table()]
    for rows in batches:
        columns = zip(*rows, strict=True)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
        tables.append(pa.Table.from_arrays(arrays, schema=schema))
    return pa.concat_tables(tables)


def in_order(table: Table, columns: Sequence[str] = (*_SAME, "received_at")) -> Table:
    """The rows sorted by ``columns``, those without a time last."""
    return table.sort_by([(name, "ascending") for name in columns]).combine_chunks()


def without_doubles(tables: Sequence[Table]) -> Table:
    """The readings of all ``tables``, sorted; of one that was sent twice the first to come."""
    pa = arrow()
    pc = compute()
    rows = in_order(pa.concat_tables(tables, promote_options="default"))
    is_new = np.zeros(len(rows), dtype=bool)
    is_new[:1] = True
    for name in _SAME:
        column = rows[name].combine_chunks()
        a, b = column[:-1], column[1:]
        is_same = pc.fill_null(pc.equal(a, b), False)
        both_null = pc.and_(pc.is_null(a), pc.is_null(b))
        is_new[1:] |= ~np.asarray(pc.or_(is_same, both_null))
    return rows if is_new.all() else rows.filter(pa.array(is_new)).combine_chunks()


def digest_of(table: Table) -> str:
    """SHA-256 of the rows in their order, 32 hex digits, whatever wrote them.

    A column without a value does not count: a later version may have more of them.
    """
    digest = hashlib.sha256(str(len(table)).encode())
    for name in sorted(table.column_names):
        column = table[name].combine_chunks()
        if column.null_count < len(column):
            digest.update(name.encode())
            for part in _bytes_of(column):
                digest.update(part)
    return digest.hexdigest()[:32]


def _bytes_of(column: Any) -> Iterator[Any]:
    pa = arrow()
    pc = compute()
    if pa.types.is_string(column.type):
        words = column.dictionary_encode()
        yield repr(words.dictionary.to_pylist()).encode()
        yield np.ascontiguousarray(words.indices.fill_null(-1)).data
        return
    yield np.packbits(np.asarray(pc.is_valid(column)), bitorder="little").data
    yield np.ascontiguousarray(column.fill_null(0)).data
