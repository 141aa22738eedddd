"""What all pages share: the database, the models, who is logged in, what is being done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from edgewise.dashboard.chart_data import Palette
from edgewise.dashboard.fleet import Node, fleet
from edgewise.dashboard.guard import Sessions
from edgewise.dashboard.hours import Hours
from edgewise.dashboard.job import Job
from edgewise.dashboard.password import Attempts
from edgewise.database import reason
from edgewise.database.schema import model
from edgewise.errors import EdgewiseError
from edgewise.package.store import load_package
from edgewise.urls import BrokerUrl

__all__ = ["State"]

_FRESH_S = 0.3
_SHARE = 4  # of the time that asking took: a large fleet is asked for less often
_AT_ONCE = 8
_Result = TypeVar("_Result")


@dataclass
class State:
    """``verdicts``: node -> what became of the last push to it, for people."""

    engine: Engine
    broker: BrokerUrl | None
    models: Path
    config: Path
    base: str
    sessions: Sessions = field(default_factory=Sessions)
    attempts: Attempts = field(default_factory=Attempts)
    palette: Palette = field(default_factory=Palette)
    hours: Hours = field(default_factory=Hours)
    job: Job = field(default_factory=Job)
    verdicts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._fleet: tuple[float, list[Node]] = (0.0, [])  # until when it is fresh
        self._pool = ThreadPoolExecutor(_AT_ONCE, "push")

    def fleet(self) -> list[Node]:
        """All nodes; many pages ask, the database is asked now and then."""
        with self._lock:
            start = time.monotonic()
            if start > self._fleet[0]:
                found = fleet(self.engine)
                end = time.monotonic()
                self._fleet = end + max(_FRESH_S, _SHARE * (end - start)), found
            return self._fleet[1]

    def packages(self) -> list[str]:
        """Names of the packages below ``models``, the youngest first."""
        found = self.models.glob("*/model.json")
        return [p.parent.name for p in sorted(found, key=lambda p: -p.stat().st_mtime)]

    def push(self, name: str, nodes: list[str]) -> None:
        """Send a package to nodes in the background; ``verdicts`` tells how it goes."""
        for node in nodes:
            self.verdicts[node] = f"sending {name} ..."
            self._pool.submit(self._ask_node, node, partial(self._push, name, node))

    def roll_back(self, node: str) -> None:
        """Ask a node to go back to the model before, in the background."""
        self.verdicts[node] = "going back ..."
        self._pool.submit(self._ask_node, node, partial(self._roll_back, node))

    def _ask_node(self, node: str, act: Callable[[], str]) -> None:
        try:
            self.verdicts[node] = act()
        except EdgewiseError as e:
            self.verdicts[node] = str(e)

    def _push(self, name: str, node: str) -> str:
        from edgewise.ota import Target, container, push, secret_of

        loaded = load_package(self.models / name)
        target = Target(self.base, node, secret_of(self.config, node))

        def tell(done: int, of: int) -> None:
            self.verdicts[node] = f"sending {name}: {done} of {of} bytes, then its trial"

        verdict = self._with_broker(
            lambda client: push(client, target, container(loaded), progress=tell)
        )
        if not verdict.ok:
            return f"{name} rejected: {verdict.error}"
        row = {"node": node, "name": name, "sha256": loaded.info["sha256"]["model.bin"]}
        said = f"{name} confirmed by the node after {verdict.verdict_s} s"
        try:
            with self.engine.begin() as connection:
                connection.execute(model.insert().values(**row, installed_at=time.time()))
        except SQLAlchemyError as e:
            said += f", not stored in the database: {reason(e)}"
        return said

    def _roll_back(self, node: str) -> str:
        from edgewise.ota import ask

        said = self._with_broker(lambda client: ask(client, self.base, node, "model", "rollback"))
        return "the model before is back" if said["ok"] else f"refused: {said['error']}"

    def _with_broker(self, act: Callable[..., _Result]) -> _Result:
        from edgewise.ota.targets import connect

        if self.broker is None:
            raise EdgewiseError("no broker: start the dashboard with --broker")
        client = connect(self.broker)
        try:
            return act(client)
        finally:
            client.disconnect()
            client.loop_stop()

    def close(self) -> None:
        """End what is under way."""
        self.job.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
