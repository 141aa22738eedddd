"""Obeys commands and answers each; one that needs a new start waits for its answer to leave."""

import json

from .core import command
from .core.compat import const
from .errors import NodeError

_ANSWER_MS = const(5000)  # for the answer to leave before a restart


class Control:
    def __init__(self, link, trial, boot, clock, journal, restart):
        # node is set by the owner: diag(), set_period(ms), actuate(text), stay_awake(minutes)
        self._link = link
        self._trial = trial
        self._boot = boot
        self._clock = clock
        self._journal = journal
        self._restart = restart
        self._restart_ms = None
        self.node = None
        self.refused = 0
        link.on_command = self._command
        self._verbs = {
            "ping": self._ping,
            "diag": self._diag,
            "log": self._log,
            "config": self._config,
            "period": self._period,
            "reboot": self._reboot,
            "safe": self._safe,
            "actuator": self._actuator,
            "stay-awake": self._stay_awake,
        }

    def _command(self, verb, payload, retained):
        try:
            verb, name, value = command.parse(verb, payload, retained)
        except (ValueError, MemoryError):  # UnicodeError is a ValueError
            self.refused += 1
            return
        try:
            if verb not in self._verbs:
                raise NodeError("known are " + ", ".join(sorted(self._verbs)))
            self._name = name
            text = self._verbs[verb](value)
        except NodeError as e:
            self._link.answer(verb, command.answer(name, str(e)))
        else:
            if text is not False:
                self._link.answer(verb, command.answer(name, None, text))

    def told(self, verdict):
        name, error = verdict
        self._link.answer("config", command.answer(name, error))

    def step(self):
        # The restart that a command asked for.
        if self._restart_ms is None:
            return
        late_ms = self._clock.ticks_diff(self._clock.ticks_ms(), self._restart_ms)
        if late_ms > 0 or self._link.idle():
            self._boot.ended()
            self._restart()

    def _restart_soon(self):
        self._restart_ms = self._clock.ticks_add(self._clock.ticks_ms(), _ANSWER_MS)

    def _ping(self, value):
        return '{"uptime_s":%d}' % self._clock.uptime_s()

    def _diag(self, value):
        return self.node.diag()

    def _log(self, value):
        return json.dumps(self._journal.lines())

    def _config(self, value):
        if value is None:
            from . import config

            return json.dumps(config.masked(self._trial.given))
        # answered when the node has worked with it for a minute, or went back
        self._trial.begin(value, self._name)
        self._restart_soon()
        return False

    def _period(self, value):
        self._trial.keep({"period_ms": value})
        self.node.set_period(value)

    def _reboot(self, value):
        self._restart_soon()

    def _safe(self, value):
        if not isinstance(value, bool):
            raise NodeError("value must be true or false")
        self._boot.want_safe(value)
        self._restart_soon()

    def _actuator(self, value):
        if value not in ("on", "off", "auto"):
            raise NodeError("value must be on, off or auto")
        self.node.actuate(value)

    def _stay_awake(self, value):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1440:
            raise NodeError("value must be 0..1440 minutes")
        self.node.stay_awake(value)
