"""While the dashboard runs, every hour a round: the health of all nodes."""

from __future__ import annotations

import math
import multiprocessing
import threading
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from edgewise.console import say
from edgewise.database import naming_database, open_db
from edgewise.database.schema import HOUR_S, health, reading
from edgewise.errors import EdgewiseError
from edgewise.package.baseline import DAY_S

__all__ = ["Rounds", "is_due"]

_EVERY_S = 60  # looks whether it is time


def is_due(engine: Engine, now_s: float) -> bool:
    """Whether there are readings of more than a day and nobody has looked in the last hour,
    neither another dashboard nor edgewise health."""
    old = select(reading.c.node).where(reading.c.received_at < now_s - DAY_S).limit(1)
    with engine.connect() as connection:
        looked_s = connection.scalar(select(func.max(health.c.made_at))) or 0
        return looked_s < now_s - HOUR_S and connection.scalar(old) is not None


class Rounds:
    """A thread that starts a process for each round, until `stop`.

    A database that is away has none; the pages say so.
    """

    def __init__(self, engine: Engine, models: Path) -> None:
        self._engine, self._models = engine, models
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and a round that is under way."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        looked_s = -math.inf
        while True:
            with suppress(SQLAlchemyError):
                if time.time() > looked_s + HOUR_S and is_due(self._engine, time.time()):
                    looked_s = time.time()
                    self._look()
            if self._ending.wait(_EVERY_S):
                return

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
        engine = open_db(db, create=False)
        with naming_database(engine):
            check(engine, models)
    except EdgewiseError as e:
        say(f"health: {e}")
