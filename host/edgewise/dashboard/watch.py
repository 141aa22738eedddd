"""While the dashboard runs, every hour a look at the health of all nodes."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from edgewise.baseline import DAY_S
from edgewise.console import say
from edgewise.database import open_db
from edgewise.database.schema import health, reading
from edgewise.errors import EdgewiseError

__all__ = ["Watch"]

_HOUR_S = 3600
_EVERY_S = 60  # looks whether it is time


class Watch:
    """A thread that starts a process for each look, until `stop`.

    It looks where there are readings of more than a day and nobody looked in the last hour,
    another dashboard or edgewise health.
    """

    def __init__(self, engine: Engine, models: Path) -> None:
        self._engine, self._models = engine, models
        self._ending = threading.Event()
        self._process: Any = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and a look that is under way."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            if self._is_due():
                self._look()
            if self._ending.wait(_EVERY_S):
                return

    def _is_due(self) -> bool:
        now = time.time()
        last, first = select(func.max(health.c.made_at)), select(func.min(reading.c.received_at))
        try:
            with self._engine.connect() as connection:
                looked = connection.scalar(last) or 0
                return looked < now - _HOUR_S and (connection.scalar(first) or now) < now - DAY_S
        except SQLAlchemyError:
            return False  # the pages say so

    def _look(self) -> None:
        db = self._engine.url.render_as_string(hide_password=False)
        spawn = multiprocessing.get_context("spawn")
        process = spawn.Process(target=_look, args=(db, self._models), daemon=True)
        process.start()
        while process.is_alive() and not self._ending.wait(0.2):
            pass
        process.terminate()
        process.join()


def _look(db: str, models: Path) -> None:
    from edgewise.health import check

    try:
        check(open_db(db), models)
    except EdgewiseError as e:
        say(f"health: {e}")
