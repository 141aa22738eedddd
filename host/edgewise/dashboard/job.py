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

__all__ = ["Job"]


@dataclass
class Job:
    """The current or last training.

    ``state``: idle, running, done or failed. ``progress``: done and total. ``result``: names,
    classes and scores, once the training is done.
    """

    state: str = "idle"
    progress: tuple[int, int] = (0, 0)
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: Any = None

    def start(self, db: str, nodes: list[str], models: Path, current: Path | None) -> bool:
        """Train on the labels of ``nodes``, compare with package ``current``; False when busy."""
        with self._lock:
            if self.state == "running":
                return False
            self.state, self.progress, self.error, self.result = "running", (0, 0), "", {}
        name = time.strftime("taught-%Y%m%d-%H%M%S", time.gmtime())
        spawn = multiprocessing.get_context("spawn")
        receiver, sender = spawn.Pipe(duplex=False)
        arguments = (db, nodes, models / name, current, sender)
        self._process = spawn.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        sender.close()
        threading.Thread(target=self._watch, args=(receiver,), daemon=True).start()
        return True

    def stop(self) -> None:
        """Stop a running training."""
        if self._process is not None:
            self._process.terminate()
            self._process.join()

    def _watch(self, pipe: Connection) -> None:
        try:
            while True:
                kind, value = pipe.recv()
                if kind == "progress":
                    self.progress = value
                elif kind == "done":
                    self.result, self.state = value, "done"
                    return
                else:
                    self.error, self.state = value, "failed"
                    return
        except EOFError:
            self.error, self.state = "the training ended without a word", "failed"


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
    return {
        "name": out.name,
        "classes": trained.classes,
        "new": info["metrics"]["test"],
        "current": _scores(current, test) if current else None,
        "current_name": current.name if current else None,
    }


def _scores(path: Path, test: Any) -> dict[str, float] | None:
    # None if the model knows none of the classes: there is nothing to compare.
    import numpy as np

    from edgewise.package.store import load_package
    from edgewise.prediction.predict import predict_log
    from edgewise.training import score

    package = load_package(path)
    if not set(package.classes) & set(test.label):
        return None
    index = predict_log(package, test).cls
    predicted = np.array([*package.classes, ""], dtype=object)[index]
    rows = (index >= 0) & np.array([name is not None for name in test.label])
    return score(test.label[rows].astype(str), predicted[rows].astype(str)).as_dict()
