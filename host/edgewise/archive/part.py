"""A part of an archive: rows as the bytes of a Parquet file, which says what it must hold."""

from __future__ import annotations

import json
from typing import Any

from edgewise.archive.arrow import Schema, Table, arrow, compute, parquet
from edgewise.archive.rows import digest_of

__all__ = ["BrokenPart", "read_part", "write_part"]

_META = b"edgewise"
_FORMAT = 1
_TIMES = ("ts", "received_at")
# Tenths and classes repeat, times and counters do not.
_ENCODINGS = dict.fromkeys(_TIMES, "BYTE_STREAM_SPLIT") | {"seq": "DELTA_BINARY_PACKED"}


class BrokenPart(Exception):
    """The bytes are not those of a whole part of this archive; the text says why."""


def write_part(rows: Table) -> bytes:
    """The bytes of a part with ``rows``."""
    pa = arrow()
    pq = parquet()
    names = rows.column_names
    meta = {_META: json.dumps({"format": _FORMAT, **_facts(rows)}).encode()}
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows.replace_schema_metadata(meta),
        sink,
        compression="zstd",
        use_dictionary=[name for name in names if name not in _ENCODINGS],
        column_encoding={name: code for name, code in _ENCODINGS.items() if name in names},
    )
    return bytes(sink.getvalue())


def read_part(data: bytes, schema: Schema, node: str, digest: str) -> Table:
    """The rows of a part of ``node`` that has ``digest`` in its name, with all of ``schema``.

    BrokenPart where they are not the rows, by count, range and digest, that were written; where
    they are of another node, or where a later Edgewise wrote them.
    """
    pa = arrow()
    pq = parquet()
    try:
        rows = pq.read_table(pa.BufferReader(data))
        meta = json.loads(rows.schema.metadata[_META])
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as e:
        raise BrokenPart("not a whole Parquet file of Edgewise") from e
    unknown = [name for name in rows.column_names if name not in schema.names]
    if meta.get("format") != _FORMAT or unknown:
        raise BrokenPart("written by a later Edgewise: upgrade Edgewise")
    if {"format": _FORMAT, **_facts(rows)} != meta or meta["digest"] != digest:
        raise BrokenPart("other rows than were written")
    if rows["node"].unique().to_pylist() != [node]:
        raise BrokenPart(f"not of node {node!r}")
    for field in schema:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(len(rows), field.type))
    return rows.select(schema.names).cast(schema)


def _facts(rows: Table) -> dict[str, Any]:
    pc = compute()
    times = [name for name in _TIMES if name in rows.column_names]
    ranges = {name: list(pc.min_max(rows[name]).as_py().values()) for name in times}
    return {"rows": len(rows), "digest": digest_of(rows), **ranges}
