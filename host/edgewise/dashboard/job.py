"""Training in a separate process, one at a time; the pages show its progress."""

from __future__ import annotations

import multiprocessing
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from edgewise.database import reason
from edgewise.errors import EdgewiseError
from edgewise.logs.log import Log

__all__ = ["Job", "Training", "compare_models"]


@dataclass
class Training:
    """The last training that the page of a node started.

    ``state``: idle, running, done or failed. ``progress``: done and total. ``result``: names,
    classes and scores, once it is done.
    """

    state: str = "idle"
    progress: tuple[int, int] = (0, 0)
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)


class Job:
    """The trainings: one at a time; the outcome stays with the node that asked for it."""

    def __init__(self) -> None:
        self._trainings: dict[str, Training] = {}
        self._current = Training()
        self._lock = threading.Lock()
        self._process: Any = None

    def training_of(self, node: str) -> Training:
        """The last training that was started for ``node``."""
        return self._trainings.get(node) or Training()

    def start(
        self, db: str, node: str, nodes: list[str], models: Path, current: Path | None
    ) -> bool:
        """Train for ``node`` on the labels of ``nodes`` [all]; False while another one runs.

        The result is compared with the package ``current``.
        """
        with self._lock:
            if self._current.state == "running":
                return False
            self._current = self._trainings[node] = Training("running")
        name = time.strftime("taught-%Y%m%d-%H%M%SZ", time.gmtime())
        spawn = multiprocessing.get_context("spawn")
        receiver, sender = spawn.Pipe(duplex=False)
        arguments = (db, nodes, models / name, current, sender)
        self._process = spawn.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        sender.close()
        training = self._current
        threading.Thread(target=_watch, args=(receiver, training), daemon=True).start()
        return True

    def stop(self) -> None:
        """Stop a running training."""
        if self._process is not None:
            self._process.terminate()
            self._process.join()


def _watch(pipe: Connection, training: Training) -> None:
    try:
        while True:
            kind, value = pipe.recv()
            if kind == "progress":
                training.progress = value
            elif kind == "done":
                training.result, training.state = value, "done"
                return
            else:
                training.error, training.state = value, "failed"
                return
    except EOFError:
        training.error, training.state = (
            "it was ended from outside: start it again",
            "failed",
        )


def _work(db: str, nodes: list[str], out: Path, current: Path | None, pipe: Connection) -> None:
    try:
        result = _train(
            db, nodes, out, current, lambda *progress: pipe.send(("progress", progress))
        )
    except EdgewiseError as e:
        pipe.send(("failed", str(e)))
    except SQLAlchemyError as e:
        pipe.send(("failed", f"database: {reason(e)}"))
    else:
        pipe.send(("done", result))


def _train(
    db: str, nodes: list[str], out: Path, current: Path | None, progress: Any
) -> dict[str, Any]:
    from edgewise.compile import compile_model
    from edgewise.database import open_db
    from edgewise.database.labels import held_out, log_sha256, read_labelled
    from edgewise.training import train

    log = read_labelled(open_db(db), nodes)
    fit, test = held_out(log)
    trained = train(fit, test, progress=progress, jobs=1)
    info = compile_model(trained, out, {"database": log_sha256(log)})
    result = {
        "name": out.name,
        "classes": trained.classes,
        "new": info["metrics"]["test"],
        "current": None,
        "current_name": None,
        "current_classes": [],
        "current_seen": 0,
    }
    return result | (compare_models(out, current, log) if current else {})


def compare_models(new: Path, current: Path, log: Log) -> dict[str, Any]:
    """The entries of a result that compare ``new`` with ``current`` on the test part of ``log``.

    Readings that ``current`` was trained on do not count: ``current_seen`` is their number.
    ``current``: None where no reading is left, or the model knows none of their classes.
    """
    from edgewise.comparison import compare, find_unseen
    from edgewise.database.labels import last_days, log_sha256
    from edgewise.package.store import load_package

    packages = [load_package(path) for path in (new, current)]
    is_test = last_days(log)
    test = log.select(is_test)
    rows = find_unseen(packages[1:], log, log_sha256(log))[is_test]
    scored, old = compare(packages, test, rows)
    entries = {
        "current": old.scores,
        "current_name": old.name,
        "current_classes": old.classes,
        "current_seen": int((~rows).sum()),
    }
    return entries | ({"new": scored.scores} if old.scores else {})
