"""The logs of nodes, asked for over MQTT again and again while a page shows them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from edgewise.board.filesystem.tracebacks import locate
from edgewise.console import printable
from edgewise.errors import EdgewiseError

__all__ = ["NodeLog", "NodeLogs", "merge"]

_EVERY_S = 5.0  # between two orders to one node
_WANTED_S = 10.0  # a page that has not looked for so long is closed
_LOGS_MAX = 8  # nodes at once, of all pages
_LINES_MAX = 500
_ANSWER_MAX = 200  # lines of an answer; a node has 50
_CHARS_MAX = 300
_MISSED = "..."

# opens a connection, and yields a function: node -> its answer to `log`
Connect = Callable[[], AbstractContextManager[Callable[[str], object]]]


class NodeLog:
    """What is known of the log of a node.

    ``lines``: the oldest first, None before the first answer. ``problem``: why there is no
    newer answer, "" while there is.
    """

    def __init__(self) -> None:
        self.lines: list[str] | None = None
        self.problem = ""
        self.looked_s = time.monotonic()

    def is_wanted(self) -> bool:
        return time.monotonic() < self.looked_s + _WANTED_S


class NodeLogs:
    """The logs that pages show; a thread for each asks its node, until no page looks any more."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._logs: dict[str, NodeLog] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def look(self, node: str) -> NodeLog:
        """The log of ``node``; call it often while a page shows it."""
        with self._lock:
            log = self._logs.get(node)
            if log is None:
                log = NodeLog()
                if len(self._logs) >= _LOGS_MAX:
                    log.problem = f"{_LOGS_MAX} logs are open already: close one of them"
                    return log
                self._logs[node] = log
                threading.Thread(
                    target=self._follow, args=(node, log), name="node log", daemon=True
                ).start()
            log.looked_s = time.monotonic()
            return log

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()

    def _follow(self, node: str, log: NodeLog) -> None:
        while not self._has_ended(node, log):
            try:
                with self._connect() as ask:
                    while not self._has_ended(node, log):
                        log.lines = merge(log.lines or [], _texts(ask(node)))
                        log.problem = ""
                        self._stopping.wait(_EVERY_S)
            except EdgewiseError as e:
                log.problem = str(e)
                self._stopping.wait(_EVERY_S)

    def _has_ended(self, node: str, log: NodeLog) -> bool:
        # A page that looks again afterwards starts another thread.
        with self._lock:
            if self._logs.get(node) is log and not log.is_wanted():
                del self._logs[node]
            return self._logs.get(node) is not log or self._stopping.is_set()


def merge(known: Sequence[str], newest: Sequence[str]) -> list[str]:
    """``known`` lines with those of ``newest`` that follow them, 500 at most.

    Where none of them overlap, a line of three dots stands between them: some may be missing.
    """
    for n in range(min(len(known), len(newest)), 0, -1):
        if list(known[-n:]) == list(newest[:n]):
            return [*known, *newest[n:]][-_LINES_MAX:]
    between = [_MISSED] if known and newest else []
    return [*known, *between, *newest][-_LINES_MAX:]


def _texts(answer: object) -> list[str]:
    # An answer comes from the network: anything may be in it.
    if not isinstance(answer, list):
        raise EdgewiseError("the node's answer is no log: update its firmware with make deploy")
    lines = [line for entry in answer[-_ANSWER_MAX:] for line in str(entry).splitlines()]
    return [_locate(printable(line[:_CHARS_MAX])) for line in lines[-_ANSWER_MAX:]]


def _locate(line: str) -> str:
    try:
        return locate(line)
    except EdgewiseError:  # no compiler here, so nobody knows what it joined
        return line
