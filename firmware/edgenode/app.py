"""One node: sense -> validate -> filter -> ring -> features -> predict -> decide -> report."""

import gc
import json
from array import array

from .core import decode
from .core.compat import const
from .core.decide import Confirm, rule
from .core.pipeline import Pipeline
from .core.records import UNSURE

_DIAG_MS = const(300000)
_WAIT_MS = const(1000)
_GOOD_S = const(60)  # of work, then this start was a good one
_ALIVE_PERIODS = const(3)
_WARM_MS = const(1000)  # a sensor that was just powered, AM2302 datasheet


class Node:
    # sensor: drivers.sensor; checks: (core.plausible, calibration of t and h or None each,
    # core.gate or None, core.hold); output.set(on); parts: (drivers.clock, link.uplink,
    # link.outbox); facts(): what every node reports in diag. start.wiring builds all of them.
    def __init__(self, sensor, checks, output, parts, model, facts, settings):
        self._sensor = sensor
        self._output = output
        self._clock, self._link, self._outbox = parts
        self._model = model
        self._plausible, self._calibration, self._gate, self._hold = checks
        self._facts = facts
        from .core.choice import make_heads, make_outlook  # used once

        contract = model.contract
        self._pipeline = Pipeline(model.features, contract["filters"])
        self._confirm = Confirm(*rule(settings["confirm"], model.heads), len(model.classes))
        self._on = settings["actuator"]["on"]
        self._safe = settings["actuator"]["safe"] == "on"
        self._period_ms = settings["period_ms"] or contract["period_ms"]
        self._heads = make_heads(model, self._period_ms)
        self.learner = self._heads.learner
        self._outlook = make_outlook(model, settings["limits"], self._period_ms)
        self._follows_limits = settings["actuator"]["follow"] == "limit"
        self.console = None  # a drivers.console, set by the owner
        self._manual = False
        self._raw = array("h", (0, 0))
        self._slot = self._seq = self._read = self._failed = self._missed = self._late = 0
        self._predict_us = 0
        self._visits = contract["visits"]
        self._diag_ms = self._clock.ticks_ms()
        self._next_ms = self._clock.ticks_add(self._diag_ms, _WARM_MS)

    def step(self):
        clock = self._clock
        now = clock.ticks_ms()
        late_ms = clock.ticks_diff(now, self._next_ms)
        if late_ms >= 0:
            self._begin_slot(now, late_ms)
        code = self._sensor.poll(now, self._raw)
        if code is not None:
            self._handle_reading(self._check(code))
        waited_ms = clock.ticks_diff(now, self._diag_ms)
        if waited_ms >= _DIAG_MS or (waited_ms >= 0 and self._link.up):
            self._diag_ms = clock.ticks_add(now, _DIAG_MS)
            self._send_diag()
        self._link.step()
        self._rest()

    def _rest(self):
        clock = self._clock
        now = clock.ticks_ms()
        wait_ms = clock.ticks_diff(self._next_ms, now)
        due_ms = self._sensor.due_ms(now)
        if due_ms is not None:
            wait_ms = min(wait_ms, due_ms)
        if wait_ms > 0:
            if self._link.idle():
                clock.rest()
            self._link.wait(min(wait_ms, _WAIT_MS))

    def alive(self):
        # Whether sampling keeps turning: the latest slot is not long ago.
        late_ms = self._clock.ticks_diff(self._clock.ticks_ms(), self._next_ms)
        return late_ms < _ALIVE_PERIODS * self._period_ms

    def is_proved(self):
        # Whether this start has proved itself.
        return self._read > 0 and self._clock.uptime_s() >= _GOOD_S

    def _begin_slot(self, now, late_ms):
        # Slots keep their places in time; those that were slept through are counted.
        missed = late_ms // self._period_ms
        self._missed += missed
        if 10 * late_ms > self._period_ms:
            self._late += 1
        self._slot += 1 + missed
        self._next_ms = self._clock.ticks_add(self._next_ms, (1 + missed) * self._period_ms)
        self._outbox.keep()
        self._sensor.start(now)

    def _check(self, code):
        # -> code; what the frame says is plausible, and calibrated
        if code:
            return code
        raw = self._raw
        code = self._plausible.check(self._slot, raw[0], raw[1])
        if code:
            self._sensor.refuse(code)
            return code
        for i in range(2):
            if self._calibration[i] is not None:
                raw[i] = self._calibration[i].push(raw[i])
        return 0

    def _handle_reading(self, code):
        clock = self._clock
        self._read += 1
        now_s = clock.uptime_s()
        if code:
            self._failed += 1
            if self._gate:
                self._gate.push(now_s, 0, 0, -1)
            self._note_unusual(False)
            self._report(code, 0, 0)
            if self._hold.note_failed(now_s):
                self._report_fault(decode.ERRORS[code])
            return
        raw = self._raw
        x = self._pipeline.push(self._slot, raw[0], raw[1])
        start_us = clock.ticks_us()
        cls = self._cls = self._heads.push(x, self._pipeline.age)
        self._predict_us = clock.ticks_diff(clock.ticks_us(), start_us)
        outlook = self._outlook
        changed = outlook.push(self._slot, raw[0], raw[1], self._pipeline.age) if outlook else 0
        if not self._gate or self._gate.push(now_s, raw[0], raw[1], cls):
            self._report(0, cls, self._heads.p_pc, self._heads.u)
        if self._hold.note_good(now_s):
            self._link.event(self._seq, "fault", '"from":"fault","to":"ok"}')
        self._note_unusual(True)
        if self.learner:
            self.learner.tell(self._link, self._seq)
        before = self._confirm.confirmed
        if cls != UNSURE and self._confirm.push(cls):
            self._report_class(before, cls)
        if changed:
            self._drive()
            outlook.limits.tell(self._link, self._seq, changed)

    def _note_unusual(self, is_read):
        detector = self._heads.detector
        if detector and detector.note(self._slot, is_read, self._period_ms):
            for tail in detector.tails(self._period_ms):
                self._link.event(self._seq, "unusual", tail)

    def _report(self, code, cls, p_pc, u=-1):
        # Only what is reported has a number: a gap in the numbers is a loss.
        self._seq += 1
        ts = self._clock.unix_s()
        raw = self._raw
        t_dc, h_pm = (0, 0) if code else (raw[0], raw[1])
        self._outbox.push(self._seq, ts, self._clock.uptime_s(), t_dc, h_pm, cls, p_pc, code, u)
        if self._link.error is not None:  # nothing will take it before the next one is due
            self._outbox.keep()
        if self.console is not None:
            self.console.reading(ts, self._seq, t_dc, h_pm, cls, p_pc, code, u)
        if self._outlook and not code:
            self._outlook.say(self._link, self._seq)

    def _report_fault(self, name):
        # Held long enough: nothing is known any more.
        self._confirm.clear()
        if self._outlook:
            self._outlook.clear()
        self._drive()
        self._link.event(self._seq, "fault", '"from":"ok","to":"fault","err":"%s"}' % name)

    def _report_class(self, before, cls):
        classes = self._model.classes
        self._drive()
        was = json.dumps(classes[before] if before >= 0 else None)
        tail = '"from":%s,"to":%s}' % (was, json.dumps(classes[cls]))
        self._link.event(self._seq, "class", tail)

    def _drive(self):
        if self._manual:
            return
        if self._follows_limits:
            self._output.set(self._outlook.limits.is_on(self._on, self._safe))
            return
        cls = self._confirm.confirmed
        self._output.set(self._safe if cls < 0 else self._model.classes[cls] == self._on)

    def actuate(self, how):
        self._manual = how != "auto"
        if self._manual:
            self._output.set(how == "on")
        else:
            self._drive()

    @property
    def model_name(self):
        return self._model.contract["name"]

    @property
    def crc(self):
        return self._model.crc

    def set_period(self, period_ms):
        # 0: the model's
        self._period_ms = period_ms or self._model.contract["period_ms"]
        self._sensor.period_ms = self._period_ms
        self._pipeline.clear()
        if self._outlook:
            self._outlook.set_period(self._period_ms)
        if self.learner:
            self.learner.set_period(self._period_ms)
        self._next_ms = self._clock.ticks_ms()

    def stay_awake(self, minutes):
        pass  # this node never sleeps

    def _send_diag(self):
        text = self.diag()
        self._link.diag(text)
        if self.console is not None:
            self.console.diag(text)

    def diag(self):
        n = self._read
        good = n - self._failed
        model = self._model
        gc.collect()
        told = self._facts()
        told.update(self._sensor.status())
        if self.learner:
            told.update(self.learner.status())
        told.update(
            {
                "taken": self._seq,
                "missed": self._missed,
                "late": self._late,
                "runtime": model.runtime,
                "predict_us": self._predict_us,
                "r_ingest": 5000 * good / (self._period_ms * n) if n else 0,
                "e_buffer": min(1, self._outbox.delivered / self._seq) if self._seq else 1,
                "r_noise": good / n if n else 1,
                "s_feature": model.contract["s_feature"],
                "l_infer": self._visits * self._predict_us / model.visits(self._pipeline.x) / 1e6,
                "a_forecast": self._a_forecast(),
                "accuracy": model.contract["accuracy"],
            }
        )
        return json.dumps(told)

    def _a_forecast(self):
        outlook = self._outlook
        return 1 - outlook.error / outlook.size if outlook and outlook.size else None
