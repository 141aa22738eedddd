"""Hourly health checks of all nodes while the dashboard runs."""

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

_POLL_S = 60  # between two looks at whether a check is due


def is_due(engine: Engine, now_s: float) -> bool:
    """Whether a health check is due.

    It is when there are readings older than a day and the last check, by this or another
    dashboard or by edgewise health, is older than an hour.
    """
    old_readings = select(reading.c.node).where(reading.c.received_at < now_s - DAY_S).limit(1)
    with engine.connect() as connection:
        checked_s = connection.scalar(select(func.max(health.c.made_at))) or 0
        return checked_s < now_s - HOUR_S and connection.scalar(old_readings) is not None


class Rounds:
    """A thread that starts a process for each check, until `stop`.

    While the database is away there is no check; the pages show the error.
    """

    def __init__(self, engine: Engine, models: Path) -> None:
        self._engine, self._models = engine, models
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and a check that is running."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        checked_s = -math.inf
        while True:
            with suppress(SQLAlchemyError):
                if time.time() > checked_s + HOUR_S and is_due(self._engine, time.time()):
                    checked_s = time.time()
                    self._start_check()
            if self._stopping.wait(_POLL_S):
                return

    def _start_check(self) -> None:
        db = self._engine.url.render_as_string(hide_password=False)
        spawn = multiprocessing.get_context("spawn")
        process = spawn.Process(target=_check, args=(db, self._models), daemon=True)
        process.start()
        while process.is_alive() and not self._stopping.wait(0.2):
            pass
        process.terminate()
        process.join()


def _check(db: str, models: Path) -> None:
    from edgewise.health import check

    try:
        engine = open_db(db, create=False)
        with naming_database(engine):
            check(engine, models)
    except EdgewiseError as e:
        say(f"health: {e}")
