"""The programs that run on a database: each writes a row about itself every few seconds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from edgewise.database.schema import service

__all__ = ["BEAT_S", "COLLECTOR", "FORECAST", "NOTIFY", "Beat", "Service", "services"]

COLLECTOR, FORECAST, NOTIFY = "collect", "forecast", "notify"
BEAT_S = 10.0
_GONE_S = 45.0  # four beats, and the time that a busy database takes


@dataclass(frozen=True)
class Service:
    """A program; ``started_at``, ``seen_at``: unix seconds; ``facts``: what it says of itself."""

    name: str
    started_at: float
    seen_at: float
    facts: dict[str, Any]

    def is_alive(self, now_s: float) -> bool:
        """Whether it wrote its row lately; False after it was ended."""
        return not self.facts.get("ended") and now_s - self.seen_at < _GONE_S


def services(engine: Engine) -> dict[str, Service]:
    """The rows of all programs, by name."""
    with engine.connect() as connection:
        rows = connection.execute(select(service)).all()
    return {
        row.name: Service(row.name, row.started_at, row.seen_at, json.loads(row.facts))
        for row in rows
    }


class Beat:
    """A context manager: a thread that writes ``facts()`` as the row of ``name`` until its end.

    A database that is away is left to others to tell.
    """

    def __init__(self, engine: Engine, name: str, facts: Callable[[], dict[str, Any]]) -> None:
        self._engine, self._name, self._facts = engine, name, facts
        self._started_at = time.time()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)

    def __enter__(self) -> Beat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(BEAT_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._write({})
            self._stopping.wait(BEAT_S)
        self._write({"ended": True})

    def _write(self, more: dict[str, Any]) -> None:
        row = {"name": self._name, "started_at": self._started_at, "seen_at": time.time()}
        try:
            facts = json.dumps({**self._facts(), **more})
            with self._engine.begin() as connection:
                connection.execute(delete(service).where(service.c.name == self._name))
                connection.execute(insert(service).values(**row, facts=facts))
        except SQLAlchemyError:
            return
