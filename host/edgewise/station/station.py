"""Start the parts of a station in order, watch them, end them in the opposite order."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edgewise.errors import OutsideError
from edgewise.station.brokers import Broker, check_port, lan_address, lan_broker, local_broker
from edgewise.station.folder import StationFolder
from edgewise.station.part import Part, edgewise_command
from edgewise.urls import parse_broker

__all__ = ["Plan", "Station"]

_START_S = 180.0
_POLL_S = 0.05
_WATCH_S = 0.3
_READY = re.compile(r"(collecting|dashboard at|telling) .*, Ctrl-C ends it")
_URL = re.compile(r"http://\S+(?=,)")
_TOLD = re.compile(r"telling (.*), Ctrl-C ends it")
_BROKER_LINE = re.compile(r"(\d+: )?(error|warning)\b", re.IGNORECASE)
_SINCE = "24h"  # of the log that simulated nodes play before they go on in real time

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What runs on a folder.

    ``broker``: options of one that runs already, else one is started; ``lan``: for the network,
    with passwords for ``nodes``. ``page``: further options of the dashboard.
    """

    folder: Path
    port: int = 8080
    host: str = "127.0.0.1"
    broker_port: int | None = None
    lan: bool = False
    nodes: tuple[str, ...] = ()
    broker: tuple[str, ...] = ()
    demo_nodes: int = 0
    page: tuple[str, ...] = ()


class Station:
    """``has_ended(seconds)`` waits so long for the user's wish to end; returns whether it came."""

    def __init__(self, plan: Plan, has_ended: Callable[[float], bool], say: Say) -> None:
        self._plan, self._has_ended, self._say = plan, has_ended, say
        self._folder = StationFolder(plan.folder)
        self._parts: list[Part] = []

    def run(self) -> None:
        """Run until the user's wish to end; OutsideError when a part dies or does not start.

        InputError if another station runs on the folder.
        """
        with self._folder.locked():
            self._folder.complete()
            reason = ""
            try:
                if self._start():
                    reason = self._watch()
            finally:
                reason = self._stop() or reason
            if reason:
                raise OutsideError(reason)

    def _start(self) -> bool:
        # False: the user's wish to end came first.
        plan, folder = self._plan, self._folder
        if plan.port:
            check_port(plan.host, plan.port, "--port")
        broker = self._broker()
        if broker.command:
            name = "broker"
            part = Part(
                name,
                broker.command,
                broker.folder,
                self._say,
                lambda s: bool(_BROKER_LINE.match(s)),
            )
            self._parts.append(part)
            if not self._wait(part, broker.is_reachable):
                return False
        db = ("--db", folder.DB)
        collector = self._add("collector", broker, "collect", *db, *broker.options)
        options = ("--create", "--host", plan.host, "--port", str(plan.port), *plan.page)
        options += ("--models", folder.MODELS, "--config", folder.config)
        notify_options = ("--notify", folder.NOTIFY) if folder.has_notify else ()
        options += notify_options
        dashboard = self._add("dashboard", broker, "dashboard", *db, *broker.options, *options)
        parts = [collector, dashboard]
        if notify_options:
            parts.append(self._add("notify", broker, "notify", *db, "--config", folder.NOTIFY))
        for part in parts:
            if not self._wait(part, partial(_is_ready, part)):
                return False
        self._say_where(broker, dashboard, parts[2:])
        if plan.demo_nodes:
            self._add("nodes", broker, *self._demo(broker))
        return True

    def _broker(self) -> Broker:
        plan = self._plan
        if plan.broker:
            return Broker(str(parse_broker(plan.broker[1])), plan.broker)
        if plan.lan:
            return lan_broker(self._folder, plan.broker_port, list(plan.nodes))
        return local_broker(self._folder, plan.broker_port)

    def _demo(self, broker: Broker) -> tuple[str, ...]:
        folder, n = self._folder, self._plan.demo_nodes
        options = ("--nodes", str(n), "--node", "demo", "--stay", "--since", _SINCE)
        files = ("--model", folder.add_default_model(), "--config", folder.SIMULATED)
        return ("simulate", *files, *options, *broker.options)

    def _add(self, name: str, broker: Broker, *arguments: str) -> Part:
        part = Part(
            name,
            edgewise_command(*arguments),
            self._folder.path,
            self._say,
            lambda line: not _READY.fullmatch(line),
            broker.env,
        )
        self._parts.append(part)
        return part

    def _wait(self, part: Part, is_ready: Callable[[], bool]) -> bool:
        # False: the user's wish to end came first.
        end_s = time.monotonic() + _START_S
        while not is_ready():
            if part.code is not None:
                raise OutsideError(part.why())
            if time.monotonic() > end_s:
                raise OutsideError(f"{part.name}: does not start within {_START_S:.0f} s")
            if self._has_ended(_POLL_S):
                return False
        part.is_ready = True
        return True

    def _watch(self) -> str:
        # Returns why a part has ended, "" for the user's wish.
        while not self._has_ended(_WATCH_S):
            for part in self._parts:
                if part.code is not None:
                    return part.why()
        return ""

    def _stop(self) -> str:
        # Returns why a part did not end well.
        reason = ""
        for part in reversed(self._parts):
            is_running = part.code is None
            if part.stop() and is_running:
                reason = reason or part.why()
        if self._parts:
            self._say(f"ended: {', '.join(part.name for part in reversed(self._parts))}")
        self._parts.clear()
        return reason

    def _say_where(self, broker: Broker, dashboard: Part, others: list[Part]) -> None:
        plan, folder, say = self._plan, self._folder, self._say
        url = next(filter(None, map(_URL.search, dashboard.lines)))
        say(f"page      {url.group()}")
        say(f"folder    {folder.path}: edgewise.db, {folder.MODELS}/, keys in {folder.config}")
        if plan.lan:
            address = lan_address()
            say(f"broker    {broker.for_nodes}" + (f" ({address})" if address else ""))
        else:
            program = f", {broker.program}" if broker.program else ""
            say(f"broker    {broker.url}{program}")
        for line in (line for part in others for line in part.lines):
            if match := _TOLD.match(line):
                say(f"notify    {match[1]}, as {folder.NOTIFY} says")
        for line in _next(plan, broker, folder):
            say(line)
        say("Ctrl-C ends it all")


def _next(plan: Plan, broker: Broker, folder: StationFolder) -> list[str]:
    lines = []
    if plan.lan:
        lines += [
            f"node      {name}: its broker settings are {folder.broker}/nodes/{name}.toml"
            for name in broker.added
        ]
    if not plan.broker:
        lines.append("a board   make flash, the broker is `here`; then start edgewise up again")
    if not plan.lan and not plan.demo_nodes:
        lines.append(
            f"simulate  edgewise simulate --model {folder.MODELS}/NAME --log LOG.csv --stay "
            f"--config {folder.SIMULATED} --broker {broker.url}"
        )
    lines.append("log in    edgewise dashboard password, once: then label, train and push")
    return lines


def _is_ready(part: Part) -> bool:
    return any(_READY.fullmatch(line) for line in part.lines)
