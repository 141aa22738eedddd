"""What is archived is what the database has: once, whole, and the same when it is done again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete
from tests.archive.past import NODES, START_S, fill, past, teach
from tests.archive.stores import every_store, make_folder

from edgewise.archive import Archive, parse_archive
from edgewise.archive.rows import digest_of, schema_of, to_arrow, without_doubles
from edgewise.archive.writing import save_labels, save_readings
from edgewise.database import open_db
from edgewise.database.schema import label, reading
from edgewise.errors import OutsideError

DIGESTS = {"8f2aa230d75980fea4034bfb74edbb6d", "98439dafd527f5e95d6b76cd61cd3b19"}


def save(engine: Engine, url: str) -> list[bool]:
    """Archive everything; whether each month was written."""
    archive = Archive(parse_archive(url))
    save_labels(engine, archive)
    return [saved.is_new for saved in save_readings(engine, archive)]


def objects(url: str) -> dict[str, bytes | None]:
    store = Archive(parse_archive(url)).store
    return {path: store.read(path) for path in store.list("readings") + store.list("labels")}


def read(url: str, node: str) -> list[tuple[Any, ...]]:
    archive = Archive(parse_archive(url))
    table = archive.read(node, archive.parts(node).get(node, {}))
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=repr)


def stored(engine: Engine, node: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        query = reading.select().where(reading.c.node == node)
        return sorted(map(tuple, connection.execute(query)), key=repr)


@every_store
def test_every_column_of_every_reading_comes_back(engine: Engine, archive_url: str) -> None:
    for node in NODES:
        fill(engine, past(node, 33 if node == "attic" else 2))
        teach(engine, node, 3, 8, "warm")
    is_new = save(engine, archive_url)
    assert len(is_new) > len(NODES)
    assert all(is_new)
    assert list(Archive(parse_archive(archive_url)).parts()) == sorted(NODES)
    for node in NODES:
        assert read(archive_url, node) == stored(engine, node)
    before = objects(archive_url)
    assert not any(save(engine, archive_url))
    assert objects(archive_url) == before
    labels = Archive(parse_archive(archive_url)).labels()
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(label.select().order_by(label.c.node))]
    assert [tuple(r.values()) for n in sorted(NODES) for r in labels[n].to_pylist()] == rows


def test_late_readings_join_their_month(engine: Engine, archive_url: str) -> None:
    rows = past("attic", 45)
    fill(engine, rows[::2])
    save(engine, archive_url)
    with engine.begin() as connection:  # as retention does
        connection.execute(delete(reading))
    fill(engine, rows[1::2])
    again = [{**rows[0], "received_at": START_S + 9e6, "late": 1}]  # sent twice
    fill(engine, again)
    assert any(save(engine, archive_url))
    parts = Archive(parse_archive(archive_url)).parts("attic")["attic"]
    assert {len(digests) for digests in parts.values()} == {1}
    assert read(archive_url, "attic") == sorted(map(tuple, _whole(rows)), key=repr)


def _whole(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [[row.get(column.name) for column in reading.c] for row in rows]


def test_two_who_write_at_once_lose_nothing(engine: Engine, tmp_path: Path) -> None:
    url, rows = make_folder(tmp_path), past("attic", 20)
    fill(engine, rows[:300])
    save(engine, url)
    parts = Archive(parse_archive(url)).parts("attic")["attic"]
    # both have seen the same part; each has readings that the other one has not
    month, digests = next((m, d) for m, d in parts.items() if m == "2026-03")
    archive, new_rows = Archive(parse_archive(url)), [r for r in rows[300:] if "clock" not in r]
    for some in (new_rows[:10], new_rows[10:20]):
        table = without_doubles([to_arrow([_whole(some)], schema_of(reading))])
        archive.save("attic", month, table, digests, is_checked=False)
    seqs = {row[2] for row in read(url, "attic")}
    assert seqs == {r["seq"] for r in [*rows[:300], *new_rows[:20]]}
    # who listed the old part before it went gets the new ones
    assert len(archive.read("attic", parts)) == len(seqs)
    fill(engine, new_rows[:20])
    save(engine, url)
    assert len(Archive(parse_archive(url)).parts("attic")["attic"][month]) == 1
    assert read(url, "attic") == stored(engine, "attic")


def test_both_databases_make_the_archive_of_every_version(url: str, tmp_path: Path) -> None:
    engine = open_db(url)
    fill(engine, past("attic", 9))
    save(engine, make_folder(tmp_path))
    assert {p.stem for p in tmp_path.rglob("*.parquet")} == DIGESTS


def test_a_digest_is_of_the_rows_and_not_of_empty_columns() -> None:
    rows = [("attic", 1, i, float(i), None if i else 1.5) for i in range(3)]
    names = ("node", "boot", "seq", "ts", "t")
    pairs = list(zip(names, zip(*rows, strict=True), strict=True))
    import pyarrow as pa

    table = pa.table({name: list(values) for name, values in pairs})
    wider = table.append_column("v", pa.nulls(3, pa.string()))
    assert digest_of(table) == digest_of(wider)
    assert digest_of(table) != digest_of(table.slice(1))
    for name, value in (("seq", 7), ("t", 0.0), ("node", "b")):
        i = table.column_names.index(name)
        column = pa.array([*table[name].to_pylist()[:2], value], table[name].type)
        assert digest_of(table.set_column(i, name, column)) != digest_of(table), name


@pytest.mark.parametrize("keep", [0, 10, 0.5, -1])
def test_a_torn_part_is_never_taken_for_whole(engine: Engine, tmp_path: Path, keep: float) -> None:
    url = make_folder(tmp_path)
    fill(engine, past("attic", 3))
    save(engine, url)
    path = max(tmp_path.rglob("*.parquet"), key=lambda p: p.stat().st_size)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(OutsideError, match=rf"{path.stem}.*not a whole Parquet file"):
        read(url, "attic")
    archive = Archive(parse_archive(url))
    parts = archive.parts()["attic"]
    month = path.parent.name.removeprefix("month=")
    rows = archive._reading.empty_table()
    with pytest.raises(OutsideError, match="delete that object"):
        archive.save("attic", month, rows, parts[month], is_checked=True)
    path.unlink()  # what the line says
    assert sum(save(engine, url)) == 1
    assert path.read_bytes() == data


def test_a_part_in_another_place_is_refused(engine: Engine, tmp_path: Path) -> None:
    url = make_folder(tmp_path)
    fill(engine, past("attic", 3) + past("cellar", 3))
    save(engine, url)
    a, b = sorted(tmp_path.glob("*/readings/*/month=2026-03/*.parquet"))
    content = a.read_bytes()
    a.write_bytes(b.read_bytes())
    with pytest.raises(OutsideError, match="other rows than were written"):
        read(url, "attic")
    a.write_bytes(content)
    b.with_name(a.name).write_bytes(content)
    with pytest.raises(OutsideError, match="not of node 'cellar'"):
        read(url, "cellar")


def test_labels_keep_their_earlier_states(engine: Engine, archive_url: str) -> None:
    teach(engine, "attic", 1, 2, "warm")
    save(engine, archive_url)
    teach(engine, "attic", 2, 3, "cold")
    save(engine, archive_url)
    save(engine, archive_url)
    assert [path for path in objects(archive_url) if "/000002-" in path] != []
    assert len(objects(archive_url)) == 2
    assert Archive(parse_archive(archive_url)).labels()["attic"]["cls"].to_pylist() == [
        "warm",
        "cold",
    ]
    with engine.begin() as connection:  # a new database
        connection.execute(delete(label))
    save(engine, archive_url)
    assert len(Archive(parse_archive(archive_url)).labels()["attic"]) == 2
