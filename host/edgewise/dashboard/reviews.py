"""What is worth a label on each node, found in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from edgewise.dashboard.packages import Packages
from edgewise.database.skips import add_skip, read_skips
from edgewise.errors import EdgewiseError
from edgewise.package.store import Package
from edgewise.review import Proposal, Span, choose, find_candidates, new_model

__all__ = ["Reviews"]

_FRESH_S = 600.0
_RETRY_S = 10.0  # a model that a training has written is found after so long
_NODES_MAX = 50


@dataclass
class _Found:
    candidates: list[Proposal]
    model: Package | None
    skips: list[Span]
    at_s: float
    looked_at_s: float
    labels: Sequence[Span] | None = None
    chosen: list[Proposal] = field(default_factory=list)

    def choose(self, labels: Sequence[Span]) -> list[Proposal]:
        # Pages ask twice a second: it is chosen again when the labels have changed.
        if self.labels != labels:
            self.labels, self.chosen = labels, choose(self.candidates, labels)
        return self.chosen


class Reviews:
    """The candidates of each node, at most ten minutes old; thread-safe.

    One node is looked at at a time: with a new model it takes a second or two.
    """

    def __init__(self, engine: Engine, packages: Packages) -> None:
        self._engine, self._packages = engine, packages
        self._found: dict[str, _Found] = {}
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._is_stopped = False
        self._pool = ThreadPoolExecutor(1, "review")

    def propose(self, node: str, labels: Sequence[Span]) -> list[Proposal] | None:
        """What is worth a label on ``node``; None while that is being found."""
        with self._lock:
            found = self._found.get(node)
            is_due = found is None or time.monotonic() - found.looked_at_s > _RETRY_S
            if is_due and node not in self._waiting and not self._is_stopped:
                self._waiting.add(node)
                self._pool.submit(self._look, node)
        return None if found is None else found.choose([*labels, *found.skips])

    def skip(self, node: str, span: Span) -> None:
        """Propose ``span`` no more: nobody knows what it was. It is stored in the database."""
        add_skip(self._engine, node, *span)
        with self._lock:
            if found := self._found.get(node):
                found.skips = [*found.skips, span]

    def _look(self, node: str) -> None:
        try:
            # a database that is away is asked again when the page asks
            with suppress(SQLAlchemyError, EdgewiseError):
                self._find(node)
        finally:
            with self._lock:
                self._waiting.discard(node)

    def _find(self, node: str) -> None:
        now = time.monotonic()
        old = self._found.get(node)
        model = new_model(self._engine, node, self._packages.readable())
        if old and old.model is model and now - old.at_s < _FRESH_S:
            with self._lock:
                old.skips, old.looked_at_s = self._read_skips(node), now
            return
        try:
            found = find_candidates(self._engine, node, time.time(), model)
        except EdgewiseError:  # of another period: the model that runs can still be unsure
            found = find_candidates(self._engine, node, time.time())
        with self._lock:
            self._found.pop(node, None)
            self._found[node] = _Found(found, model, self._read_skips(node), now, now)
            if len(self._found) > _NODES_MAX:
                del self._found[next(iter(self._found))]

    def _read_skips(self, node: str) -> list[Span]:
        with self._engine.connect() as connection:
            return [Span(*period) for period in read_skips(connection, node)]

    def stop(self) -> None:
        """Look at no further node."""
        with self._lock:
            self._is_stopped = True
        self._pool.shutdown(wait=False, cancel_futures=True)
