"""Looks at the database every few seconds and sends one message about all that is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError

from edgewise.database import reason
from edgewise.database.names import read_names
from edgewise.database.schema import notify_target
from edgewise.notify.notices import keep_known, mark_told, read_due, settle
from edgewise.notify.settings import Settings
from edgewise.notify.sources import look
from edgewise.notify.targets import Target
from edgewise.notify.words import message

__all__ = ["Sender"]

_EVERY_S = 5.0
_EVERY_FACTOR = 10  # times the duration of a look: a large fleet is looked at less often
GROUP_S = 20.0  # the first of several waits so long for the others
_AGAIN = "(You may have got some of this before: edgewise notify was stopped while it sent.)"
_RETRY_S, _RETRY_MAX_S = 30.0, 1800.0


class Sender:
    """Tells ``targets`` what is new in the database.

    What was told to whom is in the database: a message that was taken is not sent again after a
    restart, one that was not is. Only a kill between the two sends one again, and it says so.
    ``say`` gets a line for each message and each failure.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        targets: Sequence[Target],
        say: Callable[[str], None],
    ) -> None:
        self._engine, self._settings, self._targets = engine, settings, targets
        self._say = say
        self._first_due_s: dict[str, float] = {}
        self._is_away = False

    def start(self) -> None:
        """Make the targets known to the database."""
        with self._engine.begin() as connection:
            keep_known(connection, [(target.key, target.name) for target in self._targets])

    def run(self, is_ended: Callable[[float], bool]) -> None:
        """Look and send until ``is_ended(timeout_s)``; a database that is away is waited for."""
        while True:
            begin_s = time.monotonic()
            try:
                self.step(time.time())
                if self._is_away:
                    self._is_away = False
                    self._say("database: it is back")
            except SQLAlchemyError as e:
                if not self._is_away:
                    self._is_away = True
                    self._say(f"database: {reason(e)}: waiting for it")
                self._engine.dispose()
            took_s = time.monotonic() - begin_s
            if is_ended(max(_EVERY_S, _EVERY_FACTOR * min(took_s, _EVERY_S))):
                return

    def step(self, now_s: float) -> None:
        """One look, and the messages that are due at ``now_s`` (unix seconds)."""
        look(self._engine, self._settings, now_s)
        with self._engine.begin() as connection:
            settle(connection, self._settings, now_s)
        quiet = self._settings.quiet
        if quiet is not None and quiet.holds(now_s):
            return
        for target in self._targets:
            self._tell(target, now_s)

    def _tell(self, target: Target, now_s: float) -> None:
        with self._engine.connect() as connection:
            rows = read_due(connection, target.key, now_s)
            this = notify_target.c.target == target.key
            state = connection.execute(select(notify_target).where(this)).one()
            names = read_names(connection) if rows else {}
        if not rows:
            self._first_due_s.pop(target.key, None)
            return
        first_s = self._first_due_s.setdefault(target.key, now_s)
        group_s = min(GROUP_S, self._settings.every_s)
        if now_s < state.next_at or now_s < first_s + group_s:
            return
        title, body = message(rows, self._settings.zone, now_s, names)
        if state.sending_at is not None:
            body += f"\n{_AGAIN}"
        with self._engine.begin() as connection:
            connection.execute(update(notify_target).where(this).values(sending_at=now_s))
        error = target.send(title, body)
        after = self._after_failure(state, error, now_s) if error else self._after_success(now_s)
        with self._engine.begin() as connection:
            if not error:
                mark_told(connection, target.key, rows, now_s)
            change = update(notify_target).where(this)
            connection.execute(change.values(sending_at=None, **after))
        if not error:
            self._first_due_s.pop(target.key, None)
            self._say(f"{target.name}: {title}")
        elif not state.tries:
            self._say(f"{target.name}: {error}: trying again until the message is taken")

    def _after_success(self, now_s: float) -> dict[str, Any]:
        after = {"sent_at": now_s, "next_at": now_s + self._settings.every_s}
        return {**after, "failing_since": None, "tries": 0, "error": ""}

    @staticmethod
    def _after_failure(state: Any, error: str, now_s: float) -> dict[str, Any]:
        wait_s = min(_RETRY_S * 2 ** min(state.tries, 10), _RETRY_MAX_S)
        return {
            "next_at": now_s + wait_s,
            "failing_since": state.failing_since or now_s,
            "tries": min(state.tries + 1, 1000),
            "error": error,
        }
