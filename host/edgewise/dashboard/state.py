"""The state that all pages share: database, models, sessions, training and pushes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from edgewise.dashboard.broker_watch import BrokerWatch
from edgewise.dashboard.chart_data import Palette
from edgewise.dashboard.fleet import Node, fleet
from edgewise.dashboard.guard import Sessions
from edgewise.dashboard.hours import Hours
from edgewise.dashboard.job import Job
from edgewise.dashboard.node_log import NodeLogs
from edgewise.dashboard.packages import Packages
from edgewise.dashboard.password import Attempts
from edgewise.dashboard.reviews import Reviews
from edgewise.dashboard.sparkline import Sparklines
from edgewise.dashboard.units import CELSIUS, Scale
from edgewise.database import reason
from edgewise.database.names import full_name, read_names
from edgewise.database.schema import model
from edgewise.errors import EdgewiseError
from edgewise.package.store import Package, load_package
from edgewise.urls import BrokerUrl

if TYPE_CHECKING:
    from edgewise.ota import Outcome, Plan

__all__ = ["SendTest", "State"]

SendTest = Callable[[], list[tuple[str, str | None]]]

_FRESH_S = 0.3
_FRESH_FACTOR = 4  # times the duration of the query: a large fleet is queried less often
_PUSHES_MAX = 8
_LOG_ANSWER_S = 20.0
_Result = TypeVar("_Result")


@dataclass
class State:
    """The shared state.

    ``private``: nobody reads without a login. ``scale``: of the temperatures on the pages.
    ``zone``: of their times, None for that of each browser. ``verdicts``: node -> text about the
    last push. ``send_test``: sends a test to each target of
    the notifications, and returns name and error of each; None without settings for them.
    """

    engine: Engine
    broker: BrokerUrl | None
    models: Path
    config: Path
    base: str
    private: bool = False
    scale: Scale = CELSIUS
    zone: tzinfo | None = None
    send_test: SendTest | None = None
    sessions: Sessions = field(default_factory=Sessions)
    attempts: Attempts = field(default_factory=Attempts)
    palette: Palette = field(default_factory=Palette)
    hours: Hours = field(default_factory=Hours)
    job: Job = field(default_factory=Job)
    verdicts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._fleet: tuple[float, list[Node]] = (0.0, [])  # fresh until, nodes
        self._pool = ThreadPoolExecutor(_PUSHES_MAX, "push")
        self._is_closing = threading.Event()
        self._watch = BrokerWatch(self.broker) if self.broker else None
        self.packages = Packages(self.models)
        self.reviews = Reviews(self.engine, self.packages)
        self.sparklines = Sparklines(self.scale)
        self.logs = NodeLogs(self._log_connection)

    def fleet(self) -> list[Node]:
        """All nodes. The list is cached for a short time, because many pages ask for it."""
        with self._lock:
            start = time.monotonic()
            if start > self._fleet[0]:
                nodes = fleet(self.engine)
                end = time.monotonic()
                self._fleet = end + max(_FRESH_S, _FRESH_FACTOR * (end - start)), nodes
            return self._fleet[1]

    def forget_fleet(self) -> None:
        """Read the nodes again for the next page that asks: a name has changed."""
        with self._lock:
            self._fleet = 0.0, []

    def broker_problem(self) -> str:
        """Why there is no connection to the broker; "" where there is one, or no broker."""
        return self._watch.problem if self._watch else ""

    def full_names(self, nodes: Iterable[str]) -> dict[str, str]:
        """Node -> how a list of several nodes names it."""
        with self.engine.connect() as connection:
            names = read_names(connection)
        return {node: full_name(names, node) for node in nodes}

    def push(self, name: str, nodes: list[str], plan: Plan) -> None:
        """Send a package to nodes in the background; ``verdicts`` shows the progress."""
        self.verdicts |= dict.fromkeys(nodes, f"{name}: waits for its turn")
        self._pool.submit(self._run_push, name, nodes, plan)

    def roll_back(self, node: str) -> None:
        """Roll a node back to its previous model, in the background."""
        self.verdicts[node] = "rolling back ..."
        self._pool.submit(self._run_action, node, partial(self._roll_back, node))

    def _run_action(self, node: str, action: Callable[[], str]) -> None:
        try:
            self.verdicts[node] = action()
        except EdgewiseError as e:
            self.verdicts[node] = str(e)

    def _run_push(self, name: str, nodes: list[str], plan: Plan) -> None:
        from edgewise.ota import secret_of

        try:
            package = load_package(self.models / name)
            secrets = {node: secret_of(self.config, node) for node in nodes}
            self._with_broker(partial(self._push, package, secrets, plan))
        except EdgewiseError as e:
            self.verdicts |= dict.fromkeys(nodes, str(e))

    def _push(self, package: Package, secrets: dict[str, str], plan: Plan, client: Any) -> None:
        from edgewise.ota import BrokerNodes, Rollout, State, container, statuses

        known = statuses(client, self.base)
        name = package.path.name
        rollout = Rollout(
            BrokerNodes(client, self.base, secrets, container(package)),
            list(secrets),
            package.blob[-4:].hex(),
            plan,
            frozenset(node for node in secrets if known.get(node) == "offline"),
            lambda node, outcome: self._show(package, node, outcome),
            is_stopped=self._is_closing,
        )
        rollout.run()
        failed = ", ".join(rollout.nodes_in(State.failed))
        for node in rollout.nodes_in(State.waiting):
            self.verdicts[node] = f"{name}: not sent, because {failed} rejected it"

    def _show(self, package: Package, node: str, outcome: Outcome) -> None:
        text = _text(outcome)
        if outcome.verdict and outcome.verdict.ok:
            sha256 = package.info["sha256"]["model.bin"]
            row = {"node": node, "name": package.path.name, "sha256": sha256}
            try:
                with self.engine.begin() as connection:
                    connection.execute(model.insert().values(**row, installed_at=time.time()))
            except SQLAlchemyError as e:
                text += f", not stored in the database: {reason(e)}"
        self.verdicts[node] = f"{package.path.name}: {text}"

    def _roll_back(self, node: str) -> str:
        from edgewise.ota import Target, key_of, order
        from edgewise.ota.refusals import with_cure

        target = Target(self.base, node, key_of(self.config, node))
        reply = self._with_broker(lambda client: order(client, target, "model", "rollback"))
        if reply["ok"]:
            return "the model before runs again"
        return f"refused: {with_cure(str(reply['error']))}"

    @contextmanager
    def _log_connection(self) -> Iterator[Callable[[str], object]]:
        from edgewise.ota import Target, key_of, order
        from edgewise.ota.refusals import with_cure
        from edgewise.ota.targets import connection

        if self.broker is None:
            raise EdgewiseError("no broker: start the dashboard with --broker")
        with connection(self.broker) as client:

            def ask(node: str) -> object:
                target = Target(self.base, node, key_of(self.config, node))
                reply = order(client, target, "log", limit_s=_LOG_ANSWER_S)
                if not reply["ok"]:
                    raise EdgewiseError(f"refused: {with_cure(str(reply['error']))}")
                return reply.get("value")

            yield ask

    def _with_broker(self, action: Callable[..., _Result]) -> _Result:
        from edgewise.ota.targets import connection

        if self.broker is None:
            raise EdgewiseError("no broker: start the dashboard with --broker")
        with connection(self.broker) as client:
            return action(client)

    def close(self) -> None:
        """Stop the training and the pushes that have not begun."""
        if self._watch:
            self._watch.stop()
        self.job.stop()
        self.logs.stop()
        self.reviews.stop()
        self._is_closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _text(outcome: Outcome) -> str:
    from edgewise.ota import State

    sent, total = outcome.sent
    if outcome.state == State.confirmed and outcome.verdict:
        return f"confirmed by the node after {outcome.verdict.verdict_s} s"
    if outcome.state in (State.failed, State.unreached, State.offline):
        verb = "rejected" if outcome.state == State.failed else "left for later"
        return f"{verb}: {outcome.error}"
    if outcome.state == State.sending and total:
        return f"{sent} of {total} bytes sent, then its trial"
    return str(outcome.state)
