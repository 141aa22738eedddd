"""docs/archive.md: its program fills an empty database with what an archive holds."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from tests.archive.past import NODES, fill, past, teach
from tests.archive.stores import make_folder
from tests.archive.test_archive import save, stored

from edgewise.database import open_db
from edgewise.database.schema import label


def test_the_program_of_the_docs_restores_an_archive(
    engine: Engine, tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_folder(tmp_path)
    for node in NODES:
        fill(engine, past(node, 5))
        teach(engine, node, 1, 2, "warm")
        save(engine, url)
        teach(engine, node, 2, 3, "cold")
    save(engine, url)
    (program,) = re.findall("```python\n(.*?)```", (repo / "docs/archive.md").read_text(), re.S)
    restored_url = f"sqlite:///{tmp_path / 'restored.db'}"
    monkeypatch.setattr("sys.argv", ["restore.py", str(tmp_path / "an archive"), restored_url])
    (tmp_path / "restore.py").write_text(program)
    runpy.run_path(str(tmp_path / "restore.py"))
    restored = open_db(restored_url)
    for node in NODES:
        assert stored(restored, node) == stored(engine, node)
    labels = []
    for database in (engine, restored):
        with database.connect() as connection:
            labels.append(set(map(tuple, connection.execute(select(label)))))
    assert labels[0] == labels[1]
    assert len(labels[0]) == 2 * len(NODES)


def test_the_lines_for_other_tools_read_an_archive(
    engine: Engine, tmp_path: Path, repo: Path
) -> None:
    import duckdb
    import pandas

    folder = make_folder(tmp_path).removeprefix("file:")
    for node in NODES:
        fill(engine, past(node, 5))
    save(engine, f"file:{folder}")
    text = (repo / "docs/archive.md").read_text().replace("ARCHIVE/", f"{folder}/")
    (query,) = re.findall(r'duckdb -c "(.+)"', text)
    (expression,) = re.findall(r'print\((pandas.+)\)"', text)
    assert {row[0] for row in duckdb.sql(query).fetchall()} == set(NODES)
    frame = eval(expression, {"pandas": pandas})
    assert len(frame) == sum(len(stored(engine, node)) for node in NODES)
