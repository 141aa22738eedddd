"""What is left after three bad starts: Wi-Fi, MQTT and commands, neither sensor nor model."""

import json

from ..core.compat import const
from ..errors import NodeError

_DIAG_MS = const(300000)
_WAIT_MS = const(1000)
_STAY_S = const(900)  # then it tries again: on a wall there is nobody to send a command


class SafeNode:
    # outputs: core.outputs, whose safe states nothing changes here, or None
    def __init__(self, clock, link, facts, outputs):
        self._clock = clock
        self._link = link
        self._facts = facts
        self._outputs = outputs
        self._diag_ms = clock.ticks_ms()

    def step(self):
        clock = self._clock
        now = clock.ticks_ms()
        if self._outputs:
            self._outputs.step(clock.uptime_s())
        if clock.ticks_diff(now, self._diag_ms) >= 0 and self._link.up:
            self._diag_ms = clock.ticks_add(now, _DIAG_MS)
            self._link.diag(self.diag())
        self._link.step()
        if self._link.idle():
            clock.rest()
        self._link.wait(_WAIT_MS)

    def alive(self):
        return True

    def is_proved(self):
        return self._clock.uptime_s() >= _STAY_S

    def diag(self):
        return json.dumps(self._facts())

    model_name = crc = learner = None

    def set_period(self, period_ms):
        pass  # takes effect with the next start

    def actuate(self, how):
        raise NodeError("no actuator in safe mode")

    def stay_awake(self, minutes):
        pass
