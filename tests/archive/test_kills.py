"""kill -9 at any moment, then once more: the bytes of an archive that nobody disturbed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from tests.archive.past import NODES, fill, past, teach
from tests.archive.stores import make_folder
from tests.archive.test_archive import objects, read, save
from tests.archive.test_keeping import count_hours, keep
from tests.counts import WHOLE, count
from tests.shared import LIMIT_S

from edgewise.archive.store import Store
from edgewise.collector import retention
from edgewise.database import open_db
from edgewise.database.schema import reading

_PROCESSES = multiprocessing.get_context("forkserver")  # threads of pyarrow would not be forked
MOMENTS = count([22], range(0, 200, 5))


def die_at(moment: int, work: Callable[[str, str], Any], db: str, url: str) -> bool:
    """Run ``work(db, url)`` in a process that is killed at its ``moment``: before and after every
    step on the store and on the disk; whether there was such a moment."""
    process = _PROCESSES.Process(target=_work_until, args=(moment, work, db, url))
    process.start()
    process.join(LIMIT_S)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def save_all(db: str, url: str) -> None:
    save(open_db(db), url)


def keep_all(db: str, url: str) -> None:
    keep(open_db(db), url)


def _work_until(moment: int, work: Callable[[str, str], Any], db: str, url: str) -> None:
    moments = iter(range(moment + 1))

    def tick() -> None:
        if next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **options: Any) -> Any:
            tick()
            result = function(*arguments, **options)
            tick()
            return result

        return wrapper

    for owner, name in (
        (Store, "write"),
        (Store, "delete"),
        (os, "fsync"),
        (Path, "replace"),
        (retention, "_fold_step"),
    ):
        setattr(owner, name, around(getattr(owner, name)))
    work(db, url)
    os._exit(0)


@pytest.mark.parametrize("late", count([True], [False, True]))
def test_an_archive_that_was_killed_is_completed(
    engine: Engine, tmp_path: Path, late: bool
) -> None:
    rows = past(NODES[1], 33) + past("cellar", 5)
    fill(engine, rows[::2])
    teach(engine, "cellar", 1, 2, "warm")
    undisturbed = make_folder(tmp_path)
    save(engine, undisturbed)
    if late:
        fill(engine, rows[1::2])
        save(engine, undisturbed)
    expected = objects(undisturbed)
    for moment in MOMENTS:
        (tmp_path / str(moment)).mkdir()
        url = make_folder(tmp_path / str(moment))
        if late:
            _copy_half(rows, url, tmp_path / f"{moment}.db")
        was_killed = die_at(moment, save_all, str(engine.url), url)
        save(engine, url)
        assert objects(url) == expected, moment
        if not was_killed:
            break
    assert was_killed == (MOMENTS[-1] < 100)  # the last moment of all is found


def _copy_half(rows: list[dict[str, Any]], url: str, path: Path) -> None:
    # the archive as it was before the late readings came
    early = open_db(f"sqlite:///{path}")
    fill(early, rows[::2])
    teach(early, "cellar", 1, 2, "warm")
    save(early, url)
    early.dispose()


@pytest.mark.skipif(not WHOLE, reason="a process for each moment: make test-all")
def test_retention_that_was_killed_loses_nothing(tmp_path: Path) -> None:
    rows = past("attic", 33)
    for moment in MOMENTS:
        folder = tmp_path / str(moment)
        folder.mkdir()
        url, db = make_folder(folder), f"sqlite:///{folder / 'a.db'}"
        engine = open_db(db)
        fill(engine, rows)
        engine.dispose()
        was_killed = die_at(moment, keep_all, db, url)
        engine = open_db(db)
        left = _keys(engine)
        archived = {row[2] for row in read(url, "attic")}
        assert left | archived == {row["seq"] for row in rows}
        keep(engine, url)
        assert count_hours(engine) == len(rows) - len(_keys(engine))
        assert {row["seq"] for row in rows} - _keys(engine) <= {r[2] for r in read(url, "attic")}
        if not was_killed:
            break
    assert was_killed == (MOMENTS[-1] < 100)  # the last moment of all is found


def _keys(engine: Engine) -> set[int]:
    with engine.connect() as connection:
        return set(connection.scalars(select(reading.c.seq)))
